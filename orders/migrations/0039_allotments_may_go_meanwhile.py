"""Places of an allotment that is removed while they are waited for are refused, not half taken."""

from importlib import import_module

from django.db import migrations

_DEFINED: str = import_module("orders.migrations.0004_places_are_counted").FUNCTION
_IN_PAIRS = import_module("orders.migrations.0009_allotments_are_held_pair_by_pair")
_EARLIER = _DEFINED.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION").replace(
    _IN_PAIRS._CROSSWISE, _IN_PAIRS._IN_PAIRS
)
_COUNTING = """    IF allotments IS NOT NULL THEN
"""
_STILL_THERE = """    IF TG_OP = 'INSERT' AND allotments IS NOT NULL THEN
        -- Whoever removes one has the sessions first; from here on it stays until we commit.
        PERFORM 1 FROM catalog_allotment WHERE id = ANY(allotments) ORDER BY id FOR KEY SHARE;
        SELECT wanted.session INTO refused
        FROM unnest(allotments, used_sessions) AS wanted(allotment, session)
        LEFT JOIN catalog_allotment AS a ON a.id = wanted.allotment
        WHERE a.id IS NULL LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'an allotment of session % was removed', refused
                USING ERRCODE = 'check_violation', CONSTRAINT = 'allotment_not_exceeded',
                      TABLE = 'catalog_allotmentuse';
        END IF;
    END IF;

"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0038_guests_wait_in_queues")]
    operations = [
        migrations.RunSQL(_EARLIER.replace(_COUNTING, _STILL_THERE + _COUNTING, 1), _EARLIER)
    ]
