"""Orders say when names and addresses of their guests were erased, and who may erase them.

Rows from before are looked through by the next migration.
"""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0025_guests_are_masked")]

    operations = [
        migrations.AlterModelOptions(
            name="order",
            options={
                "ordering": ("-received_at", "-id"),
                "permissions": [
                    ("confirm_order", "Can confirm an order"),
                    ("cancel_order", "Can cancel an order"),
                    ("cancel_used_order", "Can cancel an order with used tickets"),
                    ("replay_order", "Can replay an order"),
                    ("move_order", "Can move an order to another day"),
                    ("overbook_order", "Can replay an order over the capacity"),
                    ("view_personal_data", "Can see names and e-mail addresses of guests"),
                    ("erase_personal_data", "Can erase personal data"),
                ],
            },
        ),
        migrations.AddField(
            model_name="order",
            name="erased_at",
            field=models.DateTimeField(
                blank=True,
                help_text="Names and addresses of its guests were erased, and nothing came since.",
                null=True,
            ),
        ),
        AddConstraintNotValid(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("erased_at", None),
                    models.Q(("sell_to_email", None), ("sell_to_name", None)),
                    _connector="OR",
                ),
                name="erased_order_names_nobody",
            ),
        ),
    ]
