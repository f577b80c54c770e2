"""A line keeps the mapping it was sold under: its number and package there cannot change.

The foreign key of the line names them both beside the mapping's own key. It is checked with each
statement, so that a clash is known at once. Rows from before are looked through by the next
migration.
"""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

_ADD_KEY = """
ALTER TABLE orders_orderline ADD CONSTRAINT line_sold_under_mapping
    FOREIGN KEY (mapping_id, package_id, item_number)
    REFERENCES catalog_packagemapping (id, package_id, item_number) NOT VALID
"""
_DROP_KEY = "ALTER TABLE orders_orderline DROP CONSTRAINT line_sold_under_mapping"


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0006_mapping_versions_are_held"),
        ("orders", "0020_rest_of_a_sale_is_taken_back_once"),
    ]

    operations = [
        AddConstraintNotValid(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("mapping__isnull", True), ("package__isnull", False), _connector="OR"
                ),
                name="mapped_line_has_package",
            ),
        ),
        migrations.RunSQL(_ADD_KEY, _DROP_KEY),
    ]
