"""What must hold of orders at outside systems after any torture, asked in SQL of its own."""

from collections.abc import Mapping

# The newest generation of each asset, whether it lives or not.
NEWEST = """
    SELECT DISTINCT ON (wallet_id, component_id, unit) *
    FROM wallets_asset ORDER BY wallet_id, component_id, unit, generation DESC
"""
OUTSIDE_RULES: Mapping[str, str] = {
    "a call was answered that nobody meant to make": """
        SELECT o.id FROM wallets_connectoroutcome o
        LEFT JOIN wallets_connectorcall c ON c.id = o.call_id WHERE c.id IS NULL OR c.at > o.at
    """,
    "an order is Made there by no call that may have made it, and by nobody's word": """
        SELECT x.id, x.reference FROM wallets_outsideorder x
        WHERE x.status = 'Made' AND NOT EXISTS (
            SELECT 1 FROM wallets_connectorcall c
            LEFT JOIN LATERAL (
                SELECT effect FROM wallets_connectoroutcome o
                WHERE o.call_id = c.id ORDER BY o.at DESC, o.id DESC LIMIT 1
            ) AS last ON true
            WHERE c.outside_order_id = x.id AND c.commits AND coalesce(last.effect, '') = 'done'
        ) AND NOT EXISTS (
            SELECT 1 FROM history_event e WHERE e.kind = 'outsideorder' AND e.subject_id = x.id
                AND e.name IN ('settled_as_done', 'found_there')
        )
    """,
    "two orders at one connection stand for one of ours": """
        SELECT order_key, connection_id, count(*) FROM wallets_outsideorder
        WHERE is_current GROUP BY order_key, connection_id HAVING count(*) > 1
    """,
    "an issued ticket that others issue has none behind it": """
        SELECT a.id, a.reference_number FROM wallets_asset a
        JOIN wallets_wallet w ON w.id = a.wallet_id
        JOIN orders_orderline l ON l.id = w.line_id
        JOIN orders_order o ON o.id = l.order_id
        CROSS JOIN LATERAL jsonb_array_elements(l.plan) AS entry
        WHERE o.status = 'Issued' AND NOT o.test_mode AND a.status <> 'Destroyed'
            AND entry ->> 'isOutside' = 'true'
            AND (entry ->> 'componentId')::uuid = a.component_id
            AND NOT EXISTS (
                SELECT 1 FROM wallets_outsideticket t WHERE t.wallet_key = a.wallet_id
                    AND t.component_key = a.component_id AND t.unit = a.unit)
    """,
    "a destroyed ticket admits at the other system still": f"""
        SELECT a.id, t.id, t.status FROM ({NEWEST}) AS a
        JOIN wallets_outsideticket t ON t.wallet_key = a.wallet_id
            AND t.component_key = a.component_id AND t.unit = a.unit
        WHERE a.status = 'Destroyed' AND t.status IN ('Valid', 'Used')
    """,
    "a draft that others issue has something issued": """
        SELECT o.id, w.status, count(a.id) FROM orders_order o
        JOIN wallets_wallet w ON w.order_id = o.id AND w.line_id IS NOT NULL
        LEFT JOIN wallets_asset a ON a.wallet_id = w.id
        WHERE o.status = 'Draft' AND NOT o.test_mode AND EXISTS (
            SELECT 1 FROM orders_orderline l
            CROSS JOIN LATERAL jsonb_array_elements(l.plan) AS entry
            WHERE l.order_id = o.id AND entry ->> 'isOutside' = 'true')
        GROUP BY o.id, w.id HAVING w.status <> 'Reserved' OR count(a.id) > 0
    """,
    "a scan at another system admitted twice": """
        SELECT s.device_id, split_part(s.request_id, ':', 1), count(*) FROM wallets_scan s
        JOIN wallets_gatedevice g ON g.id = s.device_id AND g.connection_id IS NOT NULL
        WHERE s.admitted AND s.undone_at IS NULL
        GROUP BY s.device_id, split_part(s.request_id, ':', 1) HAVING count(*) > 1
    """,
    "an admission stands of a ticket that is not used at its system": """
        SELECT s.id, t.id, t.status FROM wallets_scan s
        JOIN wallets_gatedevice g ON g.id = s.device_id AND g.connection_id IS NOT NULL
        LEFT JOIN wallets_outsideticket t ON t.id::text = split_part(s.request_id, ':', 1)
        WHERE s.admitted AND s.undone_at IS NULL
            AND (t.id IS NULL OR t.status = 'Valid')
    """,
    "a gate of an outside system can be used": """
        SELECT id, name FROM wallets_gatedevice
        WHERE connection_id IS NOT NULL AND (revoked_at IS NULL OR last_used_at IS NOT NULL)
    """,
}
