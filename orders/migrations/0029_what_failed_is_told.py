"""An order's page tells what batches and closed days could not do with it; an index finds that.

Built without keeping anything from being written meanwhile, so it is not one transaction.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


def _index(kind: str) -> models.Index:
    return models.Index(
        fields=("order_id", "settled_at"),
        condition=models.Q(("outcome", "failed")),
        name=f"{kind}_order_failed",
    )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("orders", "0028_names_are_found_without_accents")]

    operations = [
        # What was broken off is done anew.
        migrations.RunSQL(
            f"DROP INDEX CONCURRENTLY IF EXISTS {kind}_order_failed", migrations.RunSQL.noop
        )
        if is_dropped
        else AddIndexConcurrently(f"{kind}order", _index(kind))
        for kind in ("batch", "closure")
        for is_dropped in (True, False)
    ]
