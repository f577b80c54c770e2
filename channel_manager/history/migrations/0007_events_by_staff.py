"""Events of staff are found by their moment; built without keeping events from being written."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

_PATIENCE = "SET statement_timeout = 0; SET lock_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET lock_timeout"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("history", "0006_audit_log")]

    operations = [
        # A large table takes longer than a request may.
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        AddIndexConcurrently(
            model_name="event",
            index=models.Index(
                condition=models.Q(("actor__startswith", "staff:")),
                fields=["at"],
                name="event_by_staff",
            ),
        ),
        migrations.RunSQL(_NO_MORE, _PATIENCE),
    ]
