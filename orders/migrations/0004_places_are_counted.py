"""Sessions count their places themselves: the allocations' triggers keep held, sold and allotments.

One pass per statement, however many rows it has: the sessions are locked in the order of their
keys, so that two orders that touch the same ones wait for each other one way only. A session's
check constraint refuses what does not fit; a session that is not on sale and an allotment that is
used up are refused here, under names that the application knows.
"""

from django.db import migrations

_TRIGGERS = {
    "INSERT": "REFERENCING NEW TABLE AS new_rows",
    "UPDATE": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "REFERENCING OLD TABLE AS old_rows",
}
_MOVED = """
    SELECT session_id, allotment_id, hold_id IS NOT NULL AS is_held, {sign}quantity AS quantity
    FROM {rows}
"""


def _branch(rows: str) -> str:
    return f"""
        SELECT array_agg(session_id), array_agg(held), array_agg(sold)
        INTO sessions, held_more, sold_more
        FROM (
            SELECT session_id,
                   coalesce(sum(quantity) FILTER (WHERE is_held), 0)::integer AS held,
                   coalesce(sum(quantity) FILTER (WHERE NOT is_held), 0)::integer AS sold
            FROM ({rows}) AS moved GROUP BY session_id
        ) AS summed;
        SELECT array_agg(allotment_id), array_agg(session_id), array_agg(quantity)
        INTO allotments, used_sessions, used_more
        FROM (
            SELECT allotment_id, session_id, sum(quantity)::integer AS quantity
            FROM ({rows}) AS moved WHERE allotment_id IS NOT NULL
            GROUP BY allotment_id, session_id ORDER BY allotment_id, session_id
        ) AS summed;
    """  # noqa: S608 - all of it is written here


_NEW = _MOVED.format(sign="", rows="new_rows")
_OLD = _MOVED.format(sign="-", rows="old_rows")
FUNCTION = f"""
CREATE FUNCTION orders_count_places() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sessions uuid[]; held_more integer[]; sold_more integer[];
    allotments uuid[]; used_sessions uuid[]; used_more integer[];
    refused uuid;
BEGIN
    IF TG_OP = 'INSERT' THEN {_branch(_NEW)}
    ELSIF TG_OP = 'DELETE' THEN {_branch(_OLD)}
    ELSE {_branch(f"{_OLD} UNION ALL {_NEW}")}
    END IF;
    IF sessions IS NULL THEN
        RETURN NULL;
    END IF;

    PERFORM 1 FROM catalog_session WHERE id = ANY(sessions) ORDER BY id FOR NO KEY UPDATE;
    UPDATE catalog_session AS s SET held = s.held + m.held, sold = s.sold + m.sold
    FROM unnest(sessions, held_more, sold_more) AS m(id, held, sold)
    WHERE s.id = m.id AND (m.held <> 0 OR m.sold <> 0);

    IF TG_OP = 'INSERT' THEN
        -- One that was removed while we waited for it is not on sale either.
        SELECT wanted.id INTO refused FROM unnest(sessions) AS wanted(id)
        LEFT JOIN catalog_session AS s ON s.id = wanted.id
        WHERE s.is_on_sale IS NOT TRUE ORDER BY wanted.id LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'session % is not on sale', refused
                USING ERRCODE = 'check_violation', CONSTRAINT = 'session_on_sale',
                      TABLE = 'catalog_session';
        END IF;
    END IF;

    IF allotments IS NOT NULL THEN
        INSERT INTO catalog_allotmentuse AS u (allotment_id, session_id, taken)
        SELECT m.allotment, m.session, 0
        FROM unnest(allotments, used_sessions, used_more) AS m(allotment, session, quantity)
        WHERE m.quantity > 0 -- nothing is given back to an allotment that is being removed
        ON CONFLICT ON CONSTRAINT allotment_use_once_per_session DO NOTHING;
        UPDATE catalog_allotmentuse AS u SET taken = u.taken + m.quantity
        FROM unnest(allotments, used_sessions, used_more) AS m(allotment, session, quantity)
        WHERE u.allotment_id = m.allotment AND u.session_id = m.session;
        IF TG_OP = 'INSERT' THEN
            SELECT u.session_id INTO refused FROM catalog_allotmentuse AS u
            JOIN catalog_allotment AS a ON a.id = u.allotment_id
            WHERE u.allotment_id = ANY(allotments) AND u.session_id = ANY(used_sessions)
                AND u.taken > a.places LIMIT 1;
            IF FOUND THEN
                RAISE EXCEPTION 'an allotment of session % is used up', refused
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'allotment_not_exceeded',
                          TABLE = 'catalog_allotmentuse';
            END IF;
        END IF;
    END IF;
    RETURN NULL;
END $$;
"""  # noqa: S608 - all of it is written here


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_holds_and_allocations")]
    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION orders_count_places();"),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER orders_places_{event.lower()} AFTER {event} ON orders_allocation"
                f" {tables} FOR EACH STATEMENT EXECUTE FUNCTION orders_count_places();",
                f"DROP TRIGGER orders_places_{event.lower()} ON orders_allocation;",
            )
            for event, tables in _TRIGGERS.items()
        ),
    ]
