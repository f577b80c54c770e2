"""Failures are found by their cause; built without keeping orders from being taken meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models

_PATIENCE = "SET statement_timeout = 0; SET lock_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET lock_timeout"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("orders", "0012_failures_have_fingerprints")]

    operations = [
        # A large table takes longer than a request may.
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        ValidateConstraint("order", "failure_has_fingerprint"),
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(
                condition=models.Q(("status", "Error")),
                fields=["failure_fingerprint", "received_at"],
                name="order_in_error_by_cause",
            ),
        ),
        migrations.RunSQL(_NO_MORE, _PATIENCE),
    ]
