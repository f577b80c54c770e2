"""Orders are found by names with their accents or without: both search indexes are made anew.

Built without keeping orders from being taken meanwhile, so it is not one transaction; what was
broken off is done anew. Processes that still run the code from before search without an index from
the moment that theirs is gone: they see what the newest orders have, and are told.
"""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    UnaccentExtension,
)
from django.db import migrations, models
from django.db.models.functions import Concat, Upper

_PATIENCE = "SET statement_timeout = 0; SET lock_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET lock_timeout"
# unaccent is not immutable, since its rules are a file. That which comes with PostgreSQL is meant:
# an upgrade that changes it wants both indexes made anew. The schema is written out, whichever it
# is, since a dump is restored without a search path.
_FOLDED = """
DO $make$
DECLARE
    home text := (
        SELECT quote_ident(n.nspname) FROM pg_extension e
        JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'unaccent'
    );
BEGIN
    EXECUTE format(
        $function$
            CREATE OR REPLACE FUNCTION orders_folded(text) RETURNS text
            LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
            AS $$ BEGIN RETURN %1$s.unaccent(%2$L::regdictionary, $1); END $$
        $function$,
        home, home || '.unaccent'
    );
END $make$
"""
_BREAK = models.Value("\n")


def _function(name: str, text: models.Expression | models.F) -> models.Func:
    return models.Func(text, function=name, output_field=models.TextField())


def _index(name: str, text: models.Expression, **options: models.Q) -> GinIndex:
    opclass = OpClass(Upper(text), name="gin_trgm_ops")
    return GinIndex(opclass, gin_pending_list_limit=1024, name=name, **options)


def _folded(text: models.Expression | models.F) -> models.Func:
    return _function("orders_folded", text)


def _joined(column: str) -> models.Func:
    return _function("orders_joined", models.F(column))


_OF_ORDER = Concat(
    "buy_from_order_reference",
    _BREAK,
    "sell_to_order_reference",
    _BREAK,
    "payment_reference",
    _BREAK,
    _folded(models.F("sell_to_name")),
    _BREAK,
    "sell_to_email",
    output_field=models.TextField(),
)
_OF_LINE = Concat(
    _folded(Concat("sell_to_name", _BREAK, _joined("names"), output_field=models.TextField())),
    _BREAK,
    "sell_to_email",
    _BREAK,
    _joined("external_reference_numbers"),
    output_field=models.TextField(),
)


def _renamed(model: str, name: str) -> migrations.RunSQL:
    """Give an index made anew the name of the one before; on the way back, also a second time."""
    return migrations.RunSQL(
        f"ALTER INDEX IF EXISTS {name}_anew RENAME TO {name}",
        f"""
        DO $$
        BEGIN
            IF to_regclass('{name}_anew') IS NULL THEN
                ALTER INDEX {name} RENAME TO {name}_anew;
            ELSE
                DROP INDEX IF EXISTS {name};
            END IF;
        END $$
        """,
        state_operations=[migrations.RenameIndex(model, name, old_name=f"{name}_anew")],
    )


_SETTLED = models.Q(("status__in", ("Draft", "Issued", "Cancelled", "Error")))


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("orders", "0027_orders_not_erased_are_found")]

    operations = [
        UnaccentExtension(),
        migrations.RunSQL(_FOLDED, "DROP FUNCTION orders_folded(text)"),
        # A large table takes longer than a request may.
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS order_searched_anew", migrations.RunSQL.noop
        ),
        AddIndexConcurrently("order", _index("order_searched_anew", _OF_ORDER, condition=_SETTLED)),
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS line_searched_anew", migrations.RunSQL.noop
        ),
        AddIndexConcurrently("orderline", _index("line_searched_anew", _OF_LINE)),
        RemoveIndexConcurrently("order", "order_searched"),
        RemoveIndexConcurrently("orderline", "line_searched"),
        _renamed("order", "order_searched"),
        _renamed("orderline", "line_searched"),
        migrations.RunSQL(_NO_MORE, _PATIENCE),
    ]
