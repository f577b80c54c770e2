"""A guest's number is unique among living wallets of a mode; test wallets are found by index.

Built without keeping orders from being taken meanwhile, so it is not one transaction. A build that
was broken off leaves an index marked invalid: drop it (`DROP INDEX CONCURRENTLY`) and migrate again.

Going back is refused by the database while a live and a test order's wallets share a number: remove the tests
first.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

_PATIENCE = "SET statement_timeout = 0; SET lock_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET lock_timeout"
_NAME = "external_reference_once_among_living"
_LIVING = models.Q(("status", "Destroyed"), _negated=True)


def _swap(columns: str) -> list[str]:
    return [
        f"CREATE UNIQUE INDEX CONCURRENTLY {_NAME}_next ON wallets_wallet ({columns})"
        " WHERE NOT (status = 'Destroyed')",
        f"DROP INDEX CONCURRENTLY {_NAME}",
        f"ALTER INDEX {_NAME}_next RENAME TO {_NAME}",
    ]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("wallets", "0005_test_wallets")]

    operations = [
        # A large table takes longer than a request may.
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    _swap("venue_id, external_reference_number, test_mode"),
                    _swap("venue_id, external_reference_number"),
                )
            ],
            state_operations=[
                migrations.RemoveConstraint("wallet", _NAME),
                migrations.AddConstraint(
                    "wallet",
                    models.UniqueConstraint(
                        condition=_LIVING,
                        fields=("venue", "external_reference_number", "test_mode"),
                        name=_NAME,
                    ),
                ),
            ],
        ),
        AddIndexConcurrently(
            "wallet",
            models.Index(
                condition=models.Q(("test_mode", True)), fields=["id"], name="wallet_of_a_test"
            ),
        ),
        migrations.RunSQL(_NO_MORE, _PATIENCE),
    ]
