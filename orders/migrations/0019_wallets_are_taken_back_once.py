"""A wallet is taken back once in the ledger, and the rest of a sale once.

Built without keeping orders from being issued meanwhile, so it is not one transaction. A build that
was broken off leaves an index marked invalid: drop it (`DROP INDEX CONCURRENTLY`) and migrate again.

Going back is refused by the database once a wallet was cancelled by itself.
"""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations, models

_PATIENCE = "SET statement_timeout = 0; SET lock_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET lock_timeout"
_SALE = "ledger_sale_reversed_once"
_WALLET = "ledger_wallet_reversed_once"
_TABLE = "orders_ledgerentry"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("orders", "0018_wallets_are_cancelled_singly")]

    operations = [
        # A large table takes longer than a request may.
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        ValidateConstraint("orderline", "line_cancelled_within_its_wallets"),
        ValidateConstraint("ledgerentry", "ledger_wallet_is_taken_back"),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    [
                        f"CREATE UNIQUE INDEX CONCURRENTLY {_WALLET} ON {_TABLE} (wallet_id)"
                        " WHERE wallet_id IS NOT NULL",
                        f"CREATE UNIQUE INDEX CONCURRENTLY {_SALE}_next ON {_TABLE} (reverses_id)"
                        " WHERE wallet_id IS NULL",
                        f"ALTER TABLE {_TABLE} DROP CONSTRAINT {_SALE}",
                        f"ALTER INDEX {_SALE}_next RENAME TO {_SALE}",
                    ],
                    [
                        f"CREATE UNIQUE INDEX CONCURRENTLY {_SALE}_next ON {_TABLE} (reverses_id)",
                        f"DROP INDEX CONCURRENTLY {_SALE}",
                        f"ALTER TABLE {_TABLE}"
                        f" ADD CONSTRAINT {_SALE} UNIQUE USING INDEX {_SALE}_next",
                        f"DROP INDEX CONCURRENTLY {_WALLET}",
                    ],
                )
            ],
            state_operations=[
                migrations.RemoveConstraint("ledgerentry", _SALE),
                migrations.AddConstraint(
                    "ledgerentry",
                    models.UniqueConstraint(
                        condition=models.Q(("wallet__isnull", True)),
                        fields=("reverses",),
                        name=_SALE,
                    ),
                ),
                migrations.AddConstraint(
                    "ledgerentry",
                    models.UniqueConstraint(
                        condition=models.Q(("wallet__isnull", False)),
                        fields=("wallet",),
                        name=_WALLET,
                    ),
                ),
            ],
        ),
        migrations.RunSQL(_NO_MORE, _PATIENCE),
    ]
