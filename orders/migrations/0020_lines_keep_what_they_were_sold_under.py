"""A line keeps the mapping it was sold under: its number and package there cannot change.

The foreign key of the line names them both beside the mapping's own key, and takes the place of the
one that named the key alone. It is checked with each statement, so that a clash is known at once.
Built without keeping orders from being taken meanwhile, so it is not one transaction.
"""

import django.db.models.deletion
from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations, models

_PATIENCE = "SET statement_timeout = 0; SET lock_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET lock_timeout"
_ADD_KEY = """
ALTER TABLE orders_orderline ADD CONSTRAINT line_sold_under_mapping
    FOREIGN KEY (mapping_id, package_id, item_number)
    REFERENCES catalog_packagemapping (id, package_id, item_number) NOT VALID
"""
_DROP_KEY = "ALTER TABLE orders_orderline DROP CONSTRAINT line_sold_under_mapping"
_VALIDATE = "ALTER TABLE orders_orderline VALIDATE CONSTRAINT line_sold_under_mapping"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("catalog", "0006_mapping_versions_are_held"),
        ("orders", "0019_wallets_are_taken_back_once"),
    ]

    operations = [
        # A large table takes longer than a request may.
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        AddConstraintNotValid(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("mapping__isnull", True), ("package__isnull", False), _connector="OR"
                ),
                name="mapped_line_has_package",
            ),
        ),
        ValidateConstraint("orderline", "mapped_line_has_package"),
        AddIndexConcurrently(
            model_name="orderline",
            index=models.Index(
                condition=models.Q(("mapping__isnull", False)),
                fields=["mapping", "order"],
                name="line_by_mapping",
            ),
        ),
        migrations.RunSQL(_ADD_KEY, _DROP_KEY),
        migrations.RunSQL(_VALIDATE, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="orderline",
            name="mapping",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="order_lines",
                to="catalog.packagemapping",
            ),
        ),
        migrations.RunSQL(_NO_MORE, _PATIENCE),
    ]
