"""The rest of a sale is taken back once, beside its wallets; until now it was all of it or nothing.

Only names change hands here, within the time that one waits for a lock.
"""

from django.db import migrations, models

_TABLE = "orders_ledgerentry"
_SALE = "ledger_sale_reversed_once"
_SWAP = f"""
ALTER TABLE {_TABLE} DROP CONSTRAINT {_SALE};
ALTER INDEX {_SALE}_next RENAME TO {_SALE};
"""
# The whole one is there, unless migrations are taken back before they have got to 0022.
_SWAP_BACK = f"""
CREATE UNIQUE INDEX IF NOT EXISTS {_SALE}_whole ON {_TABLE} (reverses_id);
ALTER INDEX {_SALE} RENAME TO {_SALE}_next;
ALTER TABLE {_TABLE} ADD CONSTRAINT {_SALE} UNIQUE USING INDEX {_SALE}_whole;
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0019_wallets_are_taken_back_once")]

    operations = [
        migrations.RunSQL(
            _SWAP,
            _SWAP_BACK,
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
            ],
        ),
    ]
