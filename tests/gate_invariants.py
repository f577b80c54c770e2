"""What must hold of admissions after any torture, asked in SQL of its own."""

from collections.abc import Mapping

GATE_RULES: Mapping[str, str] = {
    "an asset was not admitted as often as its scans say": """
        SELECT a.id, a.admitted, sum(s.quantity) FROM wallets_asset a
        JOIN wallets_asset b ON b.wallet_id = a.wallet_id AND b.component_id = a.component_id
            AND b.unit = a.unit AND b.generation <= a.generation
        LEFT JOIN wallets_scan s ON s.asset_id = b.id AND s.admitted AND s.undone_at IS NULL
        GROUP BY a.id HAVING a.admitted <> coalesce(sum(s.quantity), 0)
    """,
    "an asset was admitted more often than it is worth": """
        SELECT id, admitted, admissions FROM wallets_asset WHERE admitted > admissions
    """,
    "an asset is Used and not all taken, or all taken and not Used": """
        SELECT id, status, admitted, admissions FROM wallets_asset
        WHERE status <> 'Destroyed' AND (status = 'Used') <> (admitted = admissions)
    """,
    "an admission does not stand once in the history of its order": """
        SELECT s.id, count(e.id) FROM wallets_scan s
        JOIN wallets_asset a ON a.id = s.asset_id
        JOIN wallets_wallet w ON w.id = a.wallet_id
        LEFT JOIN history_event e ON e.kind = 'order' AND e.subject_id = w.order_id
            AND e.name = 'admitted' AND e.data ->> 'scanId' = s.id::text
        WHERE s.admitted GROUP BY s.id HAVING count(e.id) <> 1
    """,
    "an undo does not stand once in the history of its order": """
        SELECT s.id, s.undone_at, count(e.id) FROM wallets_scan s
        LEFT JOIN history_event e ON e.kind = 'order' AND e.name = 'admission_undone'
            AND e.data ->> 'scanId' = s.id::text
        GROUP BY s.id HAVING count(e.id) <> CASE WHEN s.undone_at IS NULL THEN 0 ELSE 1 END
    """,
    "an admission was recorded that no scan made": """
        SELECT e.id, e.data ->> 'scanId' FROM history_event e
        LEFT JOIN wallets_scan s ON s.admitted AND s.id::text = e.data ->> 'scanId'
        WHERE e.kind = 'order' AND e.name IN ('admitted', 'admission_undone') AND s.id IS NULL
    """,
    "somebody was admitted with a ticket of a cancelled order": """
        SELECT e.subject_id, e.data ->> 'scanId' FROM history_event e
        JOIN history_event ended ON ended.kind = 'order' AND ended.subject_id = e.subject_id
            AND ended.name IN ('cancelled', 'deleted') AND ended.id < e.id
        WHERE e.kind = 'order' AND e.name = 'admitted'
    """,
    "an answer does not say what its scan was": """
        SELECT id, code, answer ->> 'code' FROM wallets_scan
        WHERE (answer ->> 'code', answer ->> 'admitted', answer ->> 'scanId')
                IS DISTINCT FROM (code::text, admitted::text, id::text)
            OR answer ->> 'requestId' IS DISTINCT FROM request_id
    """,
}
