"""A closed day finds the lines it touches by index.

Built without keeping orders from being taken meanwhile, so it is not one transaction. A build that
was broken off leaves an index marked invalid: drop it (`DROP INDEX CONCURRENTLY`) and migrate again.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

_PATIENCE = "SET statement_timeout = 0; SET lock_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET lock_timeout"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("orders", "0006_days_are_closed")]

    operations = [
        # A large table takes longer than a request may.
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        AddIndexConcurrently(
            model_name="orderline",
            index=models.Index(
                condition=models.Q(("visit_date__isnull", False)),
                fields=["visit_date"],
                name="line_by_visit_date",
            ),
        ),
        AddIndexConcurrently(
            model_name="orderline",
            index=GinIndex(
                condition=models.Q(("component_schedule", []), _negated=True),
                fields=["component_schedule"],
                name="line_component_visits",
                opclasses=("jsonb_path_ops",),
            ),
        ),
        migrations.RunSQL(_NO_MORE, _PATIENCE),
    ]
