"""The register lists a venue's orders by the number within our number; an index has that order.

Built without keeping orders from being written meanwhile, so it is not one transaction.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Cast, Coalesce

_PATIENCE = "SET statement_timeout = 0; SET lock_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET lock_timeout"
_DIGITS = models.Func(
    models.F("buy_from_order_reference"),
    models.Value("^[A-Z0-9]+-([0-9]{1,18})$"),
    function="SUBSTRING",
)
_NUMBER = Coalesce(
    Cast(_DIGITS, models.BigIntegerField()), 0, output_field=models.BigIntegerField()
)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("orders", "0034_closed_periods_are_kept")]

    operations = [
        # A large table takes longer than a request may.
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        # What was broken off is done anew.
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS order_by_number", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            "order",
            models.Index(
                models.F("venue"),
                _NUMBER,
                models.F("id"),
                condition=models.Q(("test_mode", False)),
                name="order_by_number",
            ),
        ),
        migrations.RunSQL(_NO_MORE, _PATIENCE),
    ]
