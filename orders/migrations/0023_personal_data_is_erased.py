"""Orders say when names and addresses of their guests were erased, and who may erase them.

Built without keeping orders from being taken meanwhile, so it is not one transaction.
"""

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations, models

_PATIENCE = "SET statement_timeout = 0; SET lock_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET lock_timeout"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("orders", "0022_guests_are_masked")]

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
        # A large table takes longer than a request may.
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        ValidateConstraint("order", "erased_order_names_nobody"),
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(
                condition=models.Q(("erased_at", None)),
                fields=["received_at", "id"],
                name="order_not_erased",
            ),
        ),
        migrations.RunSQL(_NO_MORE, _PATIENCE),
    ]
