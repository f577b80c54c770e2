"""A batch has what its action needs; what older code cannot know goes when this is taken back."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

# Older code knows replays of one cause, and no other outcomes than theirs.
_FORGET = """
DELETE FROM orders_batchorder USING orders_batch
    WHERE batch_id = orders_batch.id AND fingerprint = '';
DELETE FROM orders_batch WHERE fingerprint = '';
"""
_RULES = {
    "batch_status_known": models.Q(("status__in", ["Running", "Done", "Stopped"])),
    "ended_batch_says_when": models.Q(
        ("finished_at__isnull", False), ("status", "Running"), _connector="XOR"
    ),
    "batch_action_known": models.Q(("action__in", ["replay", "confirm", "move", "cancel"])),
    "batch_moves_to_another_day": models.Q(
        models.Q(
            ("action", "move"),
            ("from_date__isnull", False),
            ("to_date__isnull", False),
            models.Q(("to_date", models.F("from_date")), _negated=True),
        ),
        models.Q(
            models.Q(("action", "move"), _negated=True), ("from_date", None), ("to_date", None)
        ),
        _connector="OR",
    ),
    "batch_is_confirmed_with_a_payment": models.Q(
        models.Q(("payment_reference", ""), _negated=True),
        models.Q(("action", "confirm"), _negated=True),
        _connector="XOR",
    ),
    "cancelling_or_moving_batch_says_why": models.Q(
        models.Q(("action__in", ("cancel", "move")), _negated=True),
        models.Q(("reason", ""), _negated=True),
        _connector="OR",
    ),
    "batch_of_a_cause_is_replayed": models.Q(
        ("fingerprint", ""), ("action", "replay"), _connector="OR"
    ),
}


class Migration(migrations.Migration):
    dependencies = [("orders", "0015_replays_become_batches")]

    operations = [
        migrations.RunSQL(migrations.RunSQL.noop, _FORGET),
        *(
            AddConstraintNotValid(
                model_name="batch",
                constraint=models.CheckConstraint(condition=condition, name=name),
            )
            for name, condition in _RULES.items()
        ),
    ]
