"""What must hold of checkouts and payments after any torture, asked in SQL of its own."""

from __future__ import annotations

from collections.abc import Mapping

# Each finds rows only where something is wrong; the first column says which.
PAYMENT_RULES: Mapping[str, str] = {
    "money has come that neither an order nor staff know of": """
        SELECT p.id, c.status FROM orders_payment p JOIN orders_checkout c ON c.id = p.checkout_id
        WHERE p.captured_amount > 0 AND c.status IN ('Open', 'AwaitingPayment', 'Cancelled', 'Expired')
    """,
    "a checkout is ordered without an order, and its order was not removed": """
        SELECT c.id FROM orders_checkout c WHERE c.status = 'Ordered' AND c.order_id IS NULL
    """,
    "an order was made of a checkout that is not ordered": """
        SELECT c.id, c.status FROM orders_checkout c
        WHERE c.order_id IS NOT NULL AND c.status <> 'Ordered'
    """,
    "a checkout that has ended still holds places": """
        SELECT DISTINCT c.id, c.status FROM orders_checkout c
        JOIN orders_checkoutitem i ON i.checkout_id = c.id
        JOIN orders_allocation a ON a.hold_id = i.hold_id
        WHERE c.status IN ('Ordered', 'Cancelled', 'PaidLate', 'Settled')
    """,
    "a payment waits though its checkout is an order": """
        SELECT p.id FROM orders_payment p JOIN orders_checkout c ON c.id = p.checkout_id
        WHERE c.status = 'Ordered' AND p.status = 'waiting' AND p.captured_amount = 0
    """,
}
