"""Hold that an asset's count fits its state, and find the number of a destroyed wallet by index.

Outside a transaction, so that gates and partners go on while a full table is read: constraints
hold for new rows at once and are checked for old ones after, and the index is built alongside.
"""

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations, models

CONSTRAINTS = (
    models.CheckConstraint(
        condition=models.Q(("admitted__lte", models.F("admissions"))),
        name="asset_not_over_admitted",
    ),
    models.CheckConstraint(
        condition=models.Q(
            ("status", "Destroyed"),
            models.Q(("admitted", models.F("admissions")), ("status", "Used")),
            models.Q(
                models.Q(("status", "Used"), _negated=True),
                ("admitted__lt", models.F("admissions")),
            ),
            _connector="OR",
        ),
        name="asset_used_when_all_taken",
    ),
    models.CheckConstraint(
        condition=models.Q(
            models.Q(("status", "Minted"), _negated=True), ("admitted", 0), _connector="OR"
        ),
        name="asset_not_valid_yet_admits_nobody",
    ),
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("wallets", "0003_used_assets_are_admitted")]

    operations = [
        *(AddConstraintNotValid("asset", constraint) for constraint in CONSTRAINTS),
        *(ValidateConstraint("asset", constraint.name) for constraint in CONSTRAINTS),
        AddIndexConcurrently(
            "wallet",
            models.Index(
                condition=models.Q(
                    ("external_reference_number__isnull", False), ("status", "Destroyed")
                ),
                fields=["venue", "external_reference_number"],
                name="wallet_destroyed_reference",
            ),
        ),
    ]
