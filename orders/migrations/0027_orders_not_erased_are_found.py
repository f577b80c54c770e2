"""Orders that are not erased yet are found by age, and those that are name nobody.

Built without keeping orders from being taken meanwhile, so it is not one transaction; what was
broken off is done anew.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models

_PATIENCE = "SET statement_timeout = 0; SET lock_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET lock_timeout"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("orders", "0026_personal_data_is_erased")]

    operations = [
        # A large table takes longer than a request may.
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        ValidateConstraint("order", "erased_order_names_nobody"),
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS order_not_erased", migrations.RunSQL.noop
        ),
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
