"""What must hold of test orders after any torture, asked in SQL of its own."""

from collections.abc import Mapping

MODE_RULES: Mapping[str, str] = {
    "a test order has places": """
        SELECT o.id, count(a.id) FROM orders_order o
        JOIN orders_orderline l ON l.order_id = o.id
        JOIN orders_allocation a ON a.line_id = l.id
        WHERE o.test_mode GROUP BY o.id
    """,
    "a test hold has places": """
        SELECT h.id, count(a.id) FROM orders_hold h
        JOIN orders_allocation a ON a.hold_id = h.id
        WHERE h.test_mode GROUP BY h.id
    """,
    "a test order was posted": """
        SELECT o.id, count(e.id) FROM orders_order o
        JOIN orders_ledgerentry e ON e.order_id = o.id
        WHERE o.test_mode GROUP BY o.id
    """,
    "somebody was admitted with a test ticket": """
        SELECT a.id, a.admitted FROM wallets_asset a
        JOIN wallets_wallet w ON w.id = a.wallet_id
        WHERE w.test_mode AND a.admitted > 0
    """,
    "a wallet has another mode than its order": """
        SELECT w.id, w.test_mode, o.test_mode FROM wallets_wallet w
        JOIN orders_order o ON o.id = w.order_id WHERE w.test_mode <> o.test_mode
    """,
    "a document number is of the other mode": """
        SELECT id, buy_from_order_reference, test_mode FROM orders_order
        WHERE test_mode <> starts_with(buy_from_order_reference, 'T-')
    """,
    "the test ticket was sold": """
        SELECT o.id, l.id FROM orders_order o
        JOIN orders_orderline l ON l.order_id = o.id
        JOIN catalog_package p ON p.id = l.package_id
        WHERE p.is_test AND NOT o.test_mode
    """,
}
