"""The gate says of a number that a new ticket took its place.

The check is looked through in a transaction of its own: the next migration.
"""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

_CODES = [
    ("admitted", "Admitted"),
    ("not_valid_yet", "Not valid yet"),
    ("wrong_day", "Wrong day"),
    ("wrong_time", "Time window is over"),
    ("expired", "Expired"),
    ("already_used", "Already used"),
    ("too_few_left", "Too few left"),
    ("cancelled", "Cancelled"),
    ("replaced", "Replaced by a new one"),
    ("draft", "Not paid"),
    ("not_issued", "Not issued yet"),
    ("wrong_gate", "Not for this gate"),
    ("coupon_by_own_number", "Coupon by its own number only"),
    ("test_mode", "Test ticket"),
    ("unknown", "Unknown number"),
]


class Migration(migrations.Migration):
    dependencies = [("wallets", "0006_external_references_by_mode")]

    operations = [
        migrations.AlterField(
            model_name="scan",
            name="code",
            field=models.CharField(choices=_CODES, max_length=30),
        ),
        migrations.RemoveConstraint("scan", "scan_code_known"),
        AddConstraintNotValid(
            "scan",
            models.CheckConstraint(
                condition=models.Q(("code__in", [code for code, _label in _CODES])),
                name="scan_code_known",
            ),
        ),
    ]
