"""A wallet is taken back once in the ledger; what the next migration needs for the rest of a sale.

Built without keeping orders from being issued meanwhile, so it is not one transaction. An index that
a broken-off build left behind is built anew.

Going back is refused by the database once a wallet was cancelled by itself.
"""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations, models

_PATIENCE = "SET statement_timeout = 0; SET lock_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET lock_timeout"
_TABLE = "orders_ledgerentry"
_SALE = "ledger_sale_reversed_once_next"
_WALLET = "ledger_wallet_reversed_once"


def _built(name: str, columns: str) -> migrations.RunSQL:
    """Build a unique index anew, whatever a broken-off run left."""
    drop = f"DROP INDEX CONCURRENTLY IF EXISTS {name}"
    create = f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {_TABLE} {columns}"
    return migrations.RunSQL([drop, create], drop)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("orders", "0018_wallets_are_cancelled_singly")]

    operations = [
        # A large table takes longer than a request may.
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        ValidateConstraint("orderline", "line_cancelled_within_its_wallets"),
        ValidateConstraint("ledgerentry", "ledger_wallet_is_taken_back"),
        migrations.SeparateDatabaseAndState(
            database_operations=[_built(_WALLET, "(wallet_id) WHERE wallet_id IS NOT NULL")],
            state_operations=[
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
        _built(_SALE, "(reverses_id) WHERE wallet_id IS NULL"),
        migrations.RunSQL(_NO_MORE, _PATIENCE),
    ]
