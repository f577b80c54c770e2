"""Entries of before count on the day their order was booked; indexes find entries by their day.

Filled in and built without keeping orders from being issued meanwhile, so it is not one
transaction; what was broken off goes on where it stopped.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models

_PATIENCE = "SET statement_timeout = 0; SET lock_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET lock_timeout"
_AT_ONCE = 5000
_FILL = """
UPDATE orders_ledgerentry e
SET accounting_date = (o.received_at AT TIME ZONE v.timezone)::date
FROM orders_order o JOIN partners_venue v ON v.id = o.venue_id
WHERE o.id = e.order_id AND e.accounting_date IS NULL AND e.contract_id IS NULL
    AND e.id > %s AND e.id <= %s
"""
_INDEXES = (
    models.Index(fields=("partner", "accounting_date", "id"), name="ledger_by_day"),
    models.Index(
        fields=("partner", "line"),
        condition=models.Q(("accounting_date__isnull", True)),
        name="ledger_not_counting_yet",
    ),
)


def _fill(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(min(id), 0) - 1, coalesce(max(id), 0) FROM orders_ledgerentry"
        )
        after, last = cursor.fetchone()
        while after < last:
            cursor.execute(_FILL, [after, after + _AT_ONCE])
            after += _AT_ONCE


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("orders", "0031_ledger_has_terms")]

    operations = [
        # A large table takes longer than a request may.
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        migrations.RunPython(_fill, migrations.RunPython.noop),
        ValidateConstraint("ledgerentry", "ledger_sale_is_of_a_line"),
        ValidateConstraint("ledgerentry", "ledger_adjustment_says_why_and_when"),
        *(
            migrations.RunSQL(
                f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop
            )
            if is_dropped
            else AddIndexConcurrently("ledgerentry", index)
            for index in _INDEXES
            for is_dropped in (True, False)
        ),
        migrations.RunSQL(_NO_MORE, _PATIENCE),
    ]
