"""What must hold of checkouts and their payments after any torture, asked in SQL of its own."""

from collections.abc import Mapping

CHECKOUT_RULES: Mapping[str, str] = {
    "a checkout whose time is over is still under way": """
        SELECT id, status, expires_at FROM orders_checkout
        WHERE status IN ('Open', 'AwaitingPayment', 'PartlyPaid')
            AND expires_at < now() - interval '30 s'
    """,
    "a checkout was paid, and neither became an order nor waits for staff": """
        SELECT id, status, paid_amount FROM orders_checkout
        WHERE paid_amount > 0 AND status NOT IN ('Ordered', 'PartlyPaid', 'PaidLate', 'Settled')
    """,
    "a checkout became an order that says another total": """
        SELECT c.id, c.amount, o.total_incl_vat FROM orders_checkout c
        JOIN orders_order o ON o.id = c.order_id
        WHERE o.status IN ('Submitted', 'Scheduled', 'Processing', 'Issued')
            AND o.total_incl_vat <> c.amount
            AND NOT EXISTS (SELECT 1 FROM orders_orderline l
                            WHERE l.order_id = o.id AND cardinality(l.cancelled) > 0)
    """,
    "a checkout became an order of another partner, mode or reference": """
        SELECT c.id, o.id FROM orders_checkout c
        JOIN partners_storefront s ON s.id = c.storefront_id
        JOIN orders_order o ON o.id = c.order_id
        WHERE o.partner_id <> s.partner_id OR o.test_mode <> s.test_mode
            OR o.sell_to_order_reference <> CASE c.code WHEN '' THEN c.public_id ELSE c.code END
    """,
    "a checkout became an order without its units": """
        SELECT c.id, count(i.id) FROM orders_checkout c
        JOIN orders_checkoutitem i ON i.checkout_id = c.id
        LEFT JOIN orders_orderline l ON l.order_id = c.order_id AND l.line_no = i.line_no
            AND i.seq_no <= l.quantity
        WHERE c.order_id IS NOT NULL AND l.id IS NULL GROUP BY c.id
    """,
    "a checkout has ended, and still holds places": """
        SELECT c.id, c.status, h.id FROM orders_checkout c
        JOIN orders_checkoutitem i ON i.checkout_id = c.id
        JOIN orders_hold h ON h.id = i.hold_id
        WHERE h.status = 'Held' AND h.expires_at < now() - interval '30 s'
            OR h.status = 'Held' AND c.status IN ('Ordered', 'Cancelled', 'PaidLate', 'Settled')
    """,
    "a unit is held by somebody else's hold": """
        SELECT i.id, h.id FROM orders_checkoutitem i
        JOIN partners_storefront s ON s.id = i.storefront_id
        JOIN orders_hold h ON h.id = i.hold_id
        WHERE h.partner_id <> s.partner_id OR h.test_mode <> s.test_mode
    """,
}
