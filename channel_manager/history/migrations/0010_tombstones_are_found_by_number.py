"""Gaps in a venue's numbers are explained by tombstones; an index finds them by number.

Built without keeping events from being written meanwhile, so it is not one transaction.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

_PATIENCE = "SET statement_timeout = 0; SET lock_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET lock_timeout"
_DIGITS = models.Func(
    KeyTextTransform("buyFromOrderReference", "data"),
    models.Value("^[A-Z0-9]+-([0-9]{1,18})$"),
    function="SUBSTRING",
)
_NUMBER = Coalesce(
    Cast(_DIGITS, models.BigIntegerField()), 0, output_field=models.BigIntegerField()
)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("history", "0009_second_factors_are_sealed")]

    operations = [
        # A large table takes longer than a request may.
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        # What was broken off is done anew.
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS event_tombstone_by_number", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            "event",
            models.Index(
                KeyTextTransform("venueId", "data"),
                _NUMBER,
                condition=models.Q(("name", "deleted")),
                name="event_tombstone_by_number",
            ),
        ),
        migrations.RunSQL(_NO_MORE, _PATIENCE),
    ]
