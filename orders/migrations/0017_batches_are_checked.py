"""What closed days and batches say holds for all rows; checked while they go on."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations

_RULES = (
    ("batch", "batch_status_known"),
    ("batch", "ended_batch_says_when"),
    ("batch", "batch_action_known"),
    ("batch", "batch_moves_to_another_day"),
    ("batch", "batch_is_confirmed_with_a_payment"),
    ("batch", "cancelling_or_moving_batch_says_why"),
    ("batch", "batch_of_a_cause_is_replayed"),
    ("batchorder", "batch_outcome_known"),
    ("closureorder", "closure_outcome_known"),
)


class Migration(migrations.Migration):
    dependencies = [("orders", "0016_batches_hold_what_they_say")]

    operations = [ValidateConstraint(model, name) for model, name in _RULES]
