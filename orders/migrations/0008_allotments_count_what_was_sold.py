"""A new allotment counts the places that its partner has sold with the package before.

Those of sessions to come. The sessions are locked first, in the order of their keys, as everybody
does who moves places; an allotment may begin with more taken than it allows.
"""

from django.db import migrations

_FUNCTION = """
CREATE FUNCTION orders_allot_sold_places() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    earlier bigint[];
BEGIN
    SELECT array_agg(a.id) INTO earlier FROM orders_allocation AS a
    JOIN orders_orderline AS l ON l.id = a.line_id
    JOIN orders_order AS o ON o.id = l.order_id
    JOIN catalog_session AS s ON s.id = a.session_id
    WHERE l.package_id = NEW.package_id AND o.partner_id = NEW.partner_id
        AND a.allotment_id IS NULL AND s.ends_at > now();
    PERFORM 1 FROM catalog_session
    WHERE id IN (SELECT session_id FROM orders_allocation WHERE id = ANY(earlier))
    ORDER BY id FOR NO KEY UPDATE;
    UPDATE orders_allocation SET allotment_id = NEW.id
    WHERE id = ANY(earlier) AND allotment_id IS NULL;
    RETURN NULL;
END $$;
"""
_TRIGGER = """
CREATE TRIGGER orders_allotment_insert AFTER INSERT ON catalog_allotment
FOR EACH ROW EXECUTE FUNCTION orders_allot_sold_places();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0007_visits_are_found_by_date"),
        ("catalog", "0003_sessions_have_a_horizon"),
    ]
    operations = [
        migrations.RunSQL(_FUNCTION, "DROP FUNCTION orders_allot_sold_places();"),
        migrations.RunSQL(_TRIGGER, "DROP TRIGGER orders_allotment_insert ON catalog_allotment;"),
    ]
