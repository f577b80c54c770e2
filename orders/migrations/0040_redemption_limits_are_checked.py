"""What lines say of when and how often they admit holds for all rows; checked while they go on."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations

_RULES = ("line_max_redemptions_1_to_1000", "line_redeem_window_in_order")


class Migration(migrations.Migration):
    dependencies = [("orders", "0039_allotments_may_go_meanwhile")]

    operations = [ValidateConstraint("orderline", name) for name in _RULES]
