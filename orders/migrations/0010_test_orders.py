"""Holds have a mode, and a test order may ask to lose its webhooks."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0009_allotments_are_held_pair_by_pair")]

    operations = [
        migrations.AddField(
            model_name="hold",
            name="test_mode",
            field=models.BooleanField(
                db_default=False, default=False, help_text="A test: it keeps no places."
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="loses_webhooks",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="A test order that asked for it: nothing is sent to its partner's "
                "endpoints.",
            ),
        ),
        AddConstraintNotValid(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("loses_webhooks", False), ("test_mode", True), _connector="OR"),
                name="only_test_order_loses_webhooks",
            ),
        ),
    ]
