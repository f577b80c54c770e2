"""A partner's references and its list of orders are kept apart by mode; tests are found by index.

Built without keeping orders from being taken meanwhile, so it is not one transaction. A build that
was broken off leaves an index marked invalid: drop it (`DROP INDEX CONCURRENTLY`) and migrate again.

Going back is refused by the database while a live and a test order share a reference: remove the tests
first.
"""

from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations, models

_PATIENCE = "SET statement_timeout = 0; SET lock_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET lock_timeout"
_NAME = "order_reference_once_per_partner"
_LIST = "order_by_partner"


def _swap(columns: str) -> list[str]:
    return [
        f"CREATE UNIQUE INDEX CONCURRENTLY order_reference_next ON orders_order ({columns})",
        f"ALTER TABLE orders_order DROP CONSTRAINT {_NAME},"
        f" ADD CONSTRAINT {_NAME} UNIQUE USING INDEX order_reference_next",
    ]


def _replace(columns: str) -> list[str]:
    return [
        f"CREATE INDEX CONCURRENTLY {_LIST}_next ON orders_order ({columns})",
        f"DROP INDEX CONCURRENTLY {_LIST}",
        f"ALTER INDEX {_LIST}_next RENAME TO {_LIST}",
    ]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("orders", "0010_test_orders")]

    operations = [
        # A large table takes longer than a request may.
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        ValidateConstraint("order", "only_test_order_loses_webhooks"),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    _swap("partner_id, sell_to_order_reference, test_mode"),
                    _swap("partner_id, sell_to_order_reference"),
                )
            ],
            state_operations=[
                migrations.RemoveConstraint("order", _NAME),
                migrations.AddConstraint(
                    "order",
                    models.UniqueConstraint(
                        fields=("partner", "sell_to_order_reference", "test_mode"), name=_NAME
                    ),
                ),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    _replace("partner_id, test_mode, received_at, id"),
                    _replace("partner_id, received_at, id"),
                )
            ],
            state_operations=[
                migrations.RemoveIndex("order", _LIST),
                migrations.AddIndex(
                    "order",
                    models.Index(fields=["partner", "test_mode", "received_at", "id"], name=_LIST),
                ),
            ],
        ),
        AddIndexConcurrently(
            "order",
            models.Index(
                condition=models.Q(("test_mode", True)),
                fields=["received_at", "id"],
                name="order_of_a_test",
            ),
        ),
        migrations.RunSQL(_NO_MORE, _PATIENCE),
    ]
