"""An Idempotency-Key stands for one request of each mode.

The index is built beside the old one, without keeping requests from being answered meanwhile, so it
is not one transaction. A build that was broken off leaves an index marked invalid: drop it and
migrate again.
"""

from django.db import migrations, models

_PATIENCE = "SET statement_timeout = 0; SET lock_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET lock_timeout"
_FORGET = "DELETE FROM partners_idempotencyrecord WHERE test_mode"


def _swap(columns: str) -> list[str]:
    table, name = "partners_idempotencyrecord", "idempotency_key_once"
    return [
        f"CREATE UNIQUE INDEX CONCURRENTLY {name}_next ON {table} ({columns})",
        f"ALTER TABLE {table} DROP CONSTRAINT {name},"
        f" ADD CONSTRAINT {name} UNIQUE USING INDEX {name}_next",
    ]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("partners", "0006_test_keys")]

    operations = [
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    _swap("partner_id, key, test_mode"),
                    [_FORGET, *_swap("partner_id, key")],
                )
            ],
            state_operations=[
                migrations.RemoveConstraint("idempotencyrecord", "idempotency_key_once"),
                migrations.AddConstraint(
                    "idempotencyrecord",
                    models.UniqueConstraint(
                        fields=("partner", "key", "test_mode"), name="idempotency_key_once"
                    ),
                ),
            ],
        ),
        migrations.RunSQL(_NO_MORE, _PATIENCE),
    ]
