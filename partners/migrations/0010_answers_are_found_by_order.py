"""Stored answers are found by their order; built without keeping answers from being stored.

What is left of a build that was broken off is taken away first.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

_PATIENCE = "SET statement_timeout = 0; SET lock_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET lock_timeout"
_LEFT_OVER = "DROP INDEX CONCURRENTLY IF EXISTS idempotency_by_order"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("partners", "0009_kept_answers_name_their_order")]

    operations = [
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        migrations.RunSQL(_LEFT_OVER, migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="idempotencyrecord",
            index=models.Index(
                condition=models.Q(("order_id__isnull", False)),
                fields=["order_id"],
                name="idempotency_by_order",
            ),
        ),
        migrations.RunSQL(_NO_MORE, _PATIENCE),
    ]
