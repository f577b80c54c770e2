"""What must hold in the database after any torture, asked in SQL of its own.

Nothing of the product is used: a fault there must not hide itself. Call it when all is quiet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.checkout_invariants import CHECKOUT_RULES
from tests.gate_invariants import GATE_RULES
from tests.mode_invariants import MODE_RULES
from tests.outside_invariants import OUTSIDE_RULES
from tests.traffic import Expected

Query = Callable[..., list[tuple[Any, ...]]]

# The places that each resolved line takes in each session, by what was planned at submit.
PLANNED_PLACES = """
    SELECT l.id AS line_id, (entry ->> 'sessionId')::uuid AS session_id,
           (entry ->> 'units')::int * (entry ->> 'admissions')::int
               * (CASE WHEN l.is_group THEN 1 ELSE l.quantity END - cardinality(l.cancelled))
               AS places
    FROM orders_orderline l
    CROSS JOIN LATERAL jsonb_array_elements(l.plan) AS entry
    WHERE l.unresolved_cause = '' AND entry ->> 'sessionId' IS NOT NULL
"""
# Orders that others issue in part: before they are paid nothing of them is made.
ELSEWHERE = """
    SELECT l.order_id FROM orders_orderline l
    CROSS JOIN LATERAL jsonb_array_elements(l.plan) AS entry
    WHERE entry ->> 'isOutside' = 'true'
"""
# Each finds rows only where something is wrong; the first column says which.
ORDER_RULES: Mapping[str, str] = {
    "an order has not settled": """
        SELECT id, status FROM orders_order
        WHERE status IN ('Submitted', 'Scheduled', 'Processing')
    """,
    "a job is left of an order that has settled": """
        SELECT id, status, args FROM procrastinate_jobs
        WHERE queue_name = 'orders' AND status IN ('todo', 'doing')
    """,
    "a partner's reference stands on two orders": """
        SELECT sell_to_order_reference, count(*) FROM orders_order
        GROUP BY partner_id, test_mode, sell_to_order_reference HAVING count(*) > 1
    """,
    "a document number stands on two orders, one of them deleted maybe": """
        SELECT number, count(DISTINCT id) FROM (
            SELECT buy_from_order_reference AS number, id FROM orders_order
            UNION ALL
            SELECT data ->> 'buyFromOrderReference', subject_id FROM history_event
            WHERE kind = 'order' AND name = 'deleted'
        ) AS given GROUP BY number HAVING count(DISTINCT id) > 1
    """,
    "an asset was minted twice": """
        SELECT wallet_id, component_id, unit, generation, count(*) FROM wallets_asset
        GROUP BY wallet_id, component_id, unit, generation HAVING count(*) > 1
    """,
    "an asset's number stands on two": """
        SELECT reference_number, count(*) FROM wallets_asset
        GROUP BY venue_id, reference_number HAVING count(*) > 1
    """,
    "a guest's number stands on two living wallets": """
        SELECT external_reference_number, count(*) FROM wallets_wallet
        WHERE status <> 'Destroyed' AND external_reference_number IS NOT NULL
        GROUP BY venue_id, test_mode, external_reference_number HAVING count(*) > 1
    """,
    "a line has not the wallets it was sold with": """
        SELECT l.id, l.quantity, count(w.id) FROM orders_orderline l
        JOIN orders_order o ON o.id = l.order_id
        LEFT JOIN wallets_wallet w ON w.line_id = l.id
            AND (w.status <> 'Destroyed' OR o.status = 'Cancelled' OR w.seq_no = ANY(l.cancelled))
        GROUP BY l.id
        HAVING count(w.id) <> CASE WHEN l.unresolved_cause <> '' THEN 0
            WHEN l.is_group THEN 1 ELSE l.quantity END
    """,
    "a wallet has not the assets that were planned": f"""
        SELECT w.id, planned.component, planned.unit, a.id FROM wallets_wallet w
        JOIN orders_order o ON o.id = w.order_id
        JOIN orders_orderline l ON l.id = w.line_id
        CROSS JOIN LATERAL jsonb_array_elements(l.plan) AS entry
        CROSS JOIN LATERAL (
            SELECT (entry ->> 'componentId')::uuid AS component,
                   generate_series(1, (entry ->> 'units')::int) AS unit
        ) AS planned
        LEFT JOIN wallets_asset a ON a.wallet_id = w.id
            AND a.component_id = planned.component AND a.unit = planned.unit
        WHERE o.status IN ('Draft', 'Issued', 'Cancelled') AND a.id IS NULL
            AND (o.status <> 'Draft' OR o.test_mode OR o.id NOT IN ({ELSEWHERE}))
    """,
    "a wallet has more assets than were planned": """
        SELECT w.id, count(*) FROM wallets_wallet w
        JOIN orders_orderline l ON l.id = w.line_id
        JOIN wallets_asset a ON a.wallet_id = w.id
        GROUP BY w.id, l.id
        HAVING count(DISTINCT (a.component_id, a.unit)) > (
            SELECT sum((entry ->> 'units')::int) FROM jsonb_array_elements(l.plan) AS entry
        )
    """,
    "generations of an asset do not follow one another, or another than the last one lives": """
        SELECT wallet_id, component_id, unit, max(generation) FROM wallets_asset
        GROUP BY wallet_id, component_id, unit
        HAVING count(*) <> max(generation)
            OR min(generation) FILTER (WHERE status <> 'Destroyed') < max(generation)
    """,
    "a wallet's state does not fit its order's": f"""
        SELECT w.id, w.status, o.status FROM wallets_wallet w
        JOIN orders_order o ON o.id = w.order_id
        LEFT JOIN orders_orderline l ON l.id = w.line_id
        WHERE w.status <> CASE
            WHEN w.line_id IS NULL OR o.status = 'Cancelled' OR w.seq_no = ANY(l.cancelled)
                THEN 'Destroyed'
            WHEN o.status = 'Issued' THEN 'Active'
            WHEN o.status = 'Draft' AND (o.test_mode OR o.id NOT IN ({ELSEWHERE})) THEN 'Minted'
            ELSE 'Reserved' END
    """,
    "an asset's state does not fit its wallet's": """
        SELECT a.id, a.status, w.status FROM wallets_asset a
        JOIN wallets_wallet w ON w.id = a.wallet_id
        WHERE NOT (a.status = 'Destroyed' AND EXISTS (
                SELECT 1 FROM wallets_asset b WHERE b.wallet_id = a.wallet_id
                    AND b.component_id = a.component_id AND b.unit = a.unit
                    AND b.generation > a.generation))
            AND NOT (a.status = 'Destroyed' AND w.status = 'Active' AND EXISTS (
                SELECT 1 FROM wallets_outsideticket t WHERE t.wallet_key = a.wallet_id
                    AND t.component_key = a.component_id AND t.unit = a.unit
                    AND t.status = 'Ended'))
            AND NOT CASE w.status
            WHEN 'Active' THEN a.status IN ('Valid', 'Used', 'Expired')
            WHEN 'Minted' THEN a.status = 'Minted'
            WHEN 'Destroyed' THEN a.status = 'Destroyed'
            ELSE false END
    """,
    "the ledger does not add up to the order": """
        SELECT o.id, o.status, o.total_incl_vat, sum(e.gross), sum(e.excl_vat) FROM orders_order o
        LEFT JOIN orders_ledgerentry e ON e.order_id = o.id AND e.kind <> 'adjustment'
        WHERE NOT o.test_mode
        GROUP BY o.id
        HAVING coalesce(sum(e.gross), 0)
                <> CASE WHEN o.status = 'Issued' THEN o.total_incl_vat ELSE 0 END
            OR coalesce(sum(e.excl_vat), 0)
                <> CASE WHEN o.status = 'Issued' THEN o.total_excl_vat ELSE 0 END
    """,
    "an issued or cancelled order was not posted line by line": """
        SELECT l.id, o.status, count(e.id) FROM orders_orderline l
        JOIN orders_order o ON o.id = l.order_id
        LEFT JOIN orders_ledgerentry e ON e.line_id = l.id AND e.kind <> 'adjustment'
        WHERE NOT o.test_mode
        GROUP BY l.id, o.id
        HAVING count(e.id) FILTER (WHERE e.kind = 'sale')
                <> CASE WHEN o.status IN ('Issued', 'Cancelled') THEN 1 ELSE 0 END
            OR coalesce(sum(e.quantity), 0) <> CASE
                WHEN o.status <> 'Issued' THEN 0
                WHEN l.is_group THEN l.quantity * (1 - cardinality(l.cancelled))
                ELSE l.quantity - cardinality(l.cancelled) END
    """,
    "a cancelled order keeps some of its commission": """
        SELECT o.id, sum(e.commission) FROM orders_order o
        JOIN orders_ledgerentry e ON e.order_id = o.id
            AND (e.kind <> 'adjustment' OR (e.line_id IS NOT NULL AND e.contract_id IS NOT NULL))
        WHERE o.status = 'Cancelled'
        GROUP BY o.id HAVING sum(e.commission) <> 0
    """,
    "a reversal has other terms than its sale": """
        SELECT e.id, e.contract_id, s.contract_id FROM orders_ledgerentry e
        JOIN orders_ledgerentry s ON s.id = e.reverses_id
        WHERE e.contract_id IS DISTINCT FROM s.contract_id
    """,
    "a sale has terms of another partner, or of other days": """
        SELECT e.id, c.id FROM orders_ledgerentry e
        JOIN partners_contract c ON c.id = e.contract_id
        JOIN orders_order o ON o.id = e.order_id
        JOIN partners_venue v ON v.id = o.venue_id
        WHERE c.partner_id <> e.partner_id OR c.currency <> e.currency
            OR (o.received_at AT TIME ZONE v.timezone)::date < c.valid_from
    """,
    "a cancelled wallet was not taken back, or another one was": """
        SELECT w.id, count(e.id) FROM wallets_wallet w
        JOIN orders_order o ON o.id = w.order_id
        JOIN orders_orderline l ON l.id = w.line_id
        LEFT JOIN orders_ledgerentry e ON e.wallet_id = w.id
        WHERE NOT o.test_mode
        GROUP BY w.id, l.id
        HAVING count(e.id) <> CASE WHEN w.seq_no = ANY(l.cancelled) THEN 1 ELSE 0 END
    """,
    "an order's events do not follow from one another": """
        SELECT subject_id, name, previous, from_state FROM (
            SELECT subject_id, name, from_state,
                   coalesce(lag(to_state) OVER (PARTITION BY subject_id ORDER BY id), '')
                       AS previous
            FROM history_event WHERE kind = 'order'
        ) AS chain WHERE from_state <> previous
    """,
    "an order's last event does not say where it is": """
        SELECT last.subject_id, last.name, last.to_state, o.status FROM (
            SELECT DISTINCT ON (subject_id) subject_id, name, to_state
            FROM history_event WHERE kind = 'order' ORDER BY subject_id, id DESC
        ) AS last
        LEFT JOIN orders_order o ON o.id = last.subject_id
        WHERE last.to_state IS DISTINCT FROM coalesce(o.status, 'Cancelled')
            OR (o.id IS NULL) <> (last.name = 'deleted')
    """,
    "an order has no event": """
        SELECT o.id FROM orders_order o
        LEFT JOIN history_event e ON e.kind = 'order' AND e.subject_id = o.id
        WHERE e.id IS NULL
    """,
    "a transition was recorded twice": """
        SELECT subject_id, name, count(*) FROM history_event
        WHERE kind = 'order' AND name IN ('submitted', 'confirmed', 'cancelled', 'deleted')
        GROUP BY subject_id, name HAVING count(*) > 1
    """,
    "the events of something of an order's do not follow from one another": """
        SELECT kind, subject_id, name, previous, from_state FROM (
            SELECT kind, subject_id, name, from_state,
                   lag(to_state) OVER (PARTITION BY kind, subject_id ORDER BY id) AS previous
            FROM history_event WHERE kind IN ('outsideorder', 'hold', 'checkout', 'wallet')
        ) AS chain WHERE from_state <> previous
    """,
    "a partner is not told once of each time that its order settled": """
        SELECT e.subject_id, e.settled, coalesce(t.told, 0) FROM (
            SELECT subject_id, count(*) AS settled FROM history_event
            WHERE kind = 'order' AND from_state = 'Processing'
                AND to_state IN ('Draft', 'Issued', 'Error')
            GROUP BY subject_id
        ) AS e
        LEFT JOIN (
            SELECT order_id, count(*) AS told FROM partners_webhookevent
            WHERE type = 'ota_cm_order_processed' GROUP BY order_id
        ) AS t ON t.order_id = e.subject_id
        WHERE e.settled <> coalesce(t.told, 0)
    """,
    "a stored answer names an order that there never was": """
        SELECT r.key, r.order_id FROM partners_idempotencyrecord r
        WHERE r.order_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM history_event e WHERE e.kind = 'order' AND e.subject_id = r.order_id)
    """,
}
PLACE_RULES: Mapping[str, str] = {
    "a session's counts are not the sums of what is allocated": """
        SELECT s.id, s.held, s.sold, sum(a.quantity) FILTER (WHERE a.hold_id IS NOT NULL) AS held,
               sum(a.quantity) FILTER (WHERE a.line_id IS NOT NULL) AS sold
        FROM catalog_session s LEFT JOIN orders_allocation a ON a.session_id = s.id
        GROUP BY s.id
        HAVING s.held <> coalesce(sum(a.quantity) FILTER (WHERE a.hold_id IS NOT NULL), 0)
            OR s.sold <> coalesce(sum(a.quantity) FILTER (WHERE a.line_id IS NOT NULL), 0)
    """,
    "more places of a session are allocated than it has": """
        SELECT s.id, s.capacity, sum(a.quantity) FROM catalog_session s
        JOIN orders_allocation a ON a.session_id = s.id
        GROUP BY s.id HAVING sum(a.quantity) > s.capacity OR s.held + s.sold > s.capacity
    """,
    "an allotment's use is not the sum of what is allocated": """
        SELECT allotment_id, session_id, sum(counted), sum(allocated) FROM (
            SELECT allotment_id, session_id, taken AS counted, 0 AS allocated
            FROM catalog_allotmentuse
            UNION ALL
            SELECT allotment_id, session_id, 0, quantity
            FROM orders_allocation WHERE allotment_id IS NOT NULL
        ) AS both_ways
        GROUP BY allotment_id, session_id HAVING sum(counted) <> sum(allocated)
    """,
    "places are allocated to nobody, or to two": """
        SELECT a.id, a.hold_id, a.line_id FROM orders_allocation a
        LEFT JOIN orders_hold h ON h.id = a.hold_id
        LEFT JOIN orders_orderline l ON l.id = a.line_id
        WHERE (h.id IS NULL) = (l.id IS NULL)
    """,
    "a numbered seat of a session belongs to two": """
        SELECT session_id, seat_id, count(*) FROM orders_allocation
        WHERE seat_id IS NOT NULL GROUP BY session_id, seat_id HAVING count(*) > 1
    """,
    "places of a hall are allocated without a seat, or seats where there is no hall": """
        SELECT a.id, a.session_id, a.seat_id FROM orders_allocation a
        JOIN catalog_session s ON s.id = a.session_id
        LEFT JOIN catalog_seat seat ON seat.id = a.seat_id
        WHERE seat.plan_id IS DISTINCT FROM s.seat_plan_id
    """,
    "a hold that has ended has places": """
        SELECT h.id, h.status, count(a.id) FROM orders_hold h
        JOIN orders_allocation a ON a.hold_id = h.id
        WHERE h.status <> 'Held' GROUP BY h.id
    """,
    "a hold still holds long after its time": """
        SELECT id, expires_at FROM orders_hold
        WHERE status = 'Held' AND expires_at < clock_timestamp() - interval '15 s'
    """,
    "a hold has not the places that it says": """
        SELECT id, session_id, sum(said), sum(allocated) FROM (
            SELECT h.id, (place ->> 'sessionId')::uuid AS session_id,
                   (place ->> 'quantity')::int AS said, 0 AS allocated
            FROM orders_hold h
            CROSS JOIN LATERAL jsonb_array_elements(h.lines) AS line
            CROSS JOIN LATERAL jsonb_array_elements(line -> 'places') AS place
            WHERE h.status = 'Held' AND NOT h.test_mode
            UNION ALL
            SELECT hold_id, session_id, 0, quantity FROM orders_allocation
            WHERE hold_id IS NOT NULL
        ) AS both_ways
        GROUP BY id, session_id HAVING sum(said) <> sum(allocated)
    """,
    "a cancelled order has places": """
        SELECT o.id, count(a.id) FROM orders_order o
        JOIN orders_orderline l ON l.order_id = o.id
        JOIN orders_allocation a ON a.line_id = l.id
        WHERE o.status = 'Cancelled' GROUP BY o.id
    """,
    "a line has not the places that it was sold with": f"""
        SELECT o.id, o.status, both_ways.session_id, sum(planned), sum(allocated) FROM (
            SELECT line_id, session_id, sum(places) AS planned, 0 AS allocated
            FROM ({PLANNED_PLACES}) AS planned GROUP BY line_id, session_id
            UNION ALL
            SELECT line_id, session_id, 0, sum(quantity) FROM orders_allocation
            WHERE line_id IS NOT NULL GROUP BY line_id, session_id
        ) AS both_ways
        JOIN orders_orderline l ON l.id = both_ways.line_id
        JOIN orders_order o ON o.id = l.order_id
        WHERE o.status <> 'Cancelled' AND NOT o.test_mode
        GROUP BY o.id, l.id, both_ways.session_id
        HAVING sum(planned) <> sum(allocated)
            AND NOT (o.status = 'Error' AND sum(allocated) = 0)
    """,
    "an order in Error has some of its places": f"""
        SELECT o.id, sum(planned), sum(allocated) FROM (
            SELECT line_id, sum(places) AS planned, 0 AS allocated
            FROM ({PLANNED_PLACES}) AS planned GROUP BY line_id
            UNION ALL
            SELECT line_id, 0, sum(quantity) FROM orders_allocation
            WHERE line_id IS NOT NULL GROUP BY line_id
        ) AS both_ways
        JOIN orders_orderline l ON l.id = both_ways.line_id
        JOIN orders_order o ON o.id = l.order_id
        WHERE o.status = 'Error' GROUP BY o.id
        HAVING sum(allocated) NOT IN (0, sum(planned))
    """,
    "a line has other seats than its plan says": """
        SELECT line_id, session_id, seat_id, count(*) FROM (
            SELECT l.id AS line_id, (entry ->> 'sessionId')::uuid AS session_id,
                   (seat ->> 'id')::bigint AS seat_id
            FROM orders_orderline l
            JOIN orders_order o ON o.id = l.order_id
            CROSS JOIN LATERAL jsonb_array_elements(l.plan) AS entry
            CROSS JOIN LATERAL jsonb_array_elements(entry -> 'seats') AS seat
            WHERE o.status NOT IN ('Cancelled', 'Error') AND NOT o.test_mode AND seat <> 'null'
            UNION ALL
            SELECT a.line_id, a.session_id, a.seat_id FROM orders_allocation a
            JOIN orders_orderline l ON l.id = a.line_id
            JOIN orders_order o ON o.id = l.order_id
            WHERE a.seat_id IS NOT NULL AND o.status <> 'Error'
        ) AS both_ways
        GROUP BY line_id, session_id, seat_id HAVING count(*) <> 2
    """,
}
RULES: Mapping[str, str] = {
    **ORDER_RULES,
    **PLACE_RULES,
    **GATE_RULES,
    **MODE_RULES,
    **CHECKOUT_RULES,
    **OUTSIDE_RULES,
}


def violations(sql: Query, accepted: Mapping[str, Expected] | None = None) -> list[str]:
    """Return a sentence for everything that is wrong; empty when all is well.

    `sql` runs a statement and returns its rows; `accepted` are orders by id that were answered
    with 201 and not deleted since, with what must have become of them.
    """
    found = [f"{rule}: {row}" for rule, query in RULES.items() for row in _some(sql(query.strip()))]
    return [*found, *_unlike(sql, accepted or {})]


def _unlike(sql: Query, accepted: Mapping[str, Expected]) -> Iterable[str]:
    """Compare accepted orders with what is stored."""
    rows = sql(
        "SELECT o.id::text, o.status, count(DISTINCT w.id), count(a.id) FROM orders_order o"
        " LEFT JOIN wallets_wallet w ON w.order_id = o.id AND w.status <> 'Destroyed'"
        " LEFT JOIN wallets_asset a ON a.wallet_id = w.id AND a.status <> 'Destroyed'"
        " WHERE o.id = ANY(%s::uuid[]) GROUP BY o.id",
        list(accepted),
    )
    stored = {order_id: Expected(*counts) for order_id, *counts in rows}
    for order_id, expected in accepted.items():
        if order_id not in stored:
            yield f"an accepted order is lost: {order_id}"
        elif stored[order_id] != expected:
            yield f"order {order_id} should be {expected} and is {stored[order_id]}"


def _some(rows: list[tuple[Any, ...]]) -> Iterable[str]:
    """Show the first rows of many."""
    for row in rows[:5]:
        yield ", ".join(map(str, row))
    if len(rows) > 5:
        yield f"and {len(rows) - 5} more"
