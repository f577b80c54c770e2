"""An allotment is judged in the sessions that are taken under it, not in others of the same order."""

from importlib import import_module

from django.db import migrations

_EARLIER: str = import_module("orders.migrations.0004_places_are_counted").FUNCTION.replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)
_CROSSWISE = "u.allotment_id = ANY(allotments) AND u.session_id = ANY(used_sessions)"
_IN_PAIRS = """(u.allotment_id, u.session_id)
                IN (SELECT * FROM unnest(allotments, used_sessions))"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0008_allotments_count_what_was_sold")]
    operations = [migrations.RunSQL(_EARLIER.replace(_CROSSWISE, _IN_PAIRS), _EARLIER)]
