"""The foreign key that named a mapping alone goes, with its index: a longer one takes its place."""

import django.db.models.deletion
from django.db import migrations, models

_INDEX = "orders_orderline_mapping_id_07781598"
_KEY = f"{_INDEX}_fk_catalog_p"
_DROP = f"""
ALTER TABLE orders_orderline DROP CONSTRAINT IF EXISTS {_KEY};
DROP INDEX IF EXISTS {_INDEX};
"""
# The migration before looks rows through and builds the index when it is taken back.
_ADD = f"""
ALTER TABLE orders_orderline ADD CONSTRAINT {_KEY} FOREIGN KEY (mapping_id)
    REFERENCES catalog_packagemapping (id) DEFERRABLE INITIALLY DEFERRED NOT VALID;
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0022_lines_are_held_to_their_mappings")]

    operations = [
        migrations.RunSQL(
            _DROP,
            _ADD,
            state_operations=[
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
            ],
        ),
    ]
