"""All lines are held to the mapping they were sold under, and are found by it.

Nothing held them to it before: a mapping may have been given another package since. Lines that say
something else than their mapping lose it; package and number stay as they were sold.

Looked through without keeping orders from being taken meanwhile, so it is not one transaction; what
was broken off is done anew.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models

# A large table takes longer than a request may; a row that is locked is not waited for any longer.
_TIME = "SET statement_timeout = 0"
_NO_TIME = "RESET statement_timeout"
_PATIENCE = "SET lock_timeout = 0"
_NO_MORE = "RESET lock_timeout"
# A line without a package clashes, too.
_FORGET = """
UPDATE orders_orderline AS l SET mapping_id = NULL
FROM catalog_packagemapping AS m
WHERE m.id = l.mapping_id
    AND (m.package_id, m.item_number) IS DISTINCT FROM (l.package_id, l.item_number)
"""
_VALIDATE = "ALTER TABLE orders_orderline VALIDATE CONSTRAINT line_sold_under_mapping"

# What 0023 and 0020 swap in when they are taken back. An index that cannot be built would stay
# behind and refuse new rows, so the ledger is asked first.
_KEY = "orders_orderline_mapping_id_07781598"
_OLD_KEY = f"{_KEY}_fk_catalog_p"
_OLD_UNIQUE = "ledger_sale_reversed_once_whole"
_IS_WHOLE = """
DO $$ BEGIN
    IF EXISTS (
        SELECT FROM orders_ledgerentry WHERE reverses_id IS NOT NULL
        GROUP BY reverses_id HAVING count(*) > 1
    ) THEN
        RAISE EXCEPTION 'a wallet was cancelled by itself: this cannot be taken back any more';
    END IF;
END $$
"""
_FOR_BEFORE = [
    _IS_WHOLE,
    f"ALTER TABLE orders_orderline VALIDATE CONSTRAINT {_OLD_KEY}",
    f"DROP INDEX CONCURRENTLY IF EXISTS {_KEY}",
    f"CREATE INDEX CONCURRENTLY {_KEY} ON orders_orderline (mapping_id)",
    f"DROP INDEX CONCURRENTLY IF EXISTS {_OLD_UNIQUE}",
    f"CREATE UNIQUE INDEX CONCURRENTLY {_OLD_UNIQUE} ON orders_ledgerentry (reverses_id)",
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("orders", "0021_lines_keep_what_they_were_sold_under")]

    operations = [
        migrations.RunSQL(_TIME, _NO_TIME),
        migrations.RunSQL(_FORGET, migrations.RunSQL.noop),
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        ValidateConstraint("orderline", "mapped_line_has_package"),
        migrations.RunSQL(_VALIDATE, migrations.RunSQL.noop),
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS line_by_mapping", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            model_name="orderline",
            index=models.Index(
                condition=models.Q(("mapping__isnull", False)),
                fields=["mapping", "order"],
                name="line_by_mapping",
            ),
        ),
        migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {_OLD_UNIQUE}", _FOR_BEFORE),
        migrations.RunSQL(_NO_MORE, _PATIENCE),
        migrations.RunSQL(_NO_TIME, _TIME),
    ]
