"""What a database holds, in figures: two databases with the same figures hold the same.

Every row counts, by a checksum of its text; so do sequences, and the names of what guards the data.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypedDict, cast

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

# Rows, amounts as text (JSON has no exact ones), and of a table the checksum of its contents.
Figures = dict[str, int | str]
Rows = list[tuple[Any, ...]]

_TABLES = """
    SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
        FILTER (WHERE a.atttypid = 'numeric'::regtype)
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
    GROUP BY c.relname ORDER BY c.relname
"""
_LEDGER = """
    SELECT kind || ' ' || currency, count(*), sum(gross), sum(excl_vat), sum(commission)
    FROM orders_ledgerentry GROUP BY kind, currency ORDER BY 1
"""
_ORDERS = """
    SELECT status || CASE WHEN test_mode THEN ' test ' ELSE ' ' END || currency, count(*),
           sum(total_incl_vat), sum(total_excl_vat)
    FROM orders_order GROUP BY status, test_mode, currency ORDER BY 1
"""
_SEQUENCES = """
    SELECT sequencename, last_value FROM pg_sequences
    WHERE schemaname = current_schema() ORDER BY sequencename
"""
# By name: how PostgreSQL writes a definition changes with versions and with being restored. What
# is there and does not hold (disabled, not valid) says so; what a column is by itself, NOT NULL, is
# a constraint from version 18 on only.
_GUARDS = {
    "extensions": "SELECT extname::text FROM pg_extension ORDER BY 1",
    "functions": """
        SELECT p.oid::regprocedure::text FROM pg_proc p
        WHERE p.pronamespace = current_schema()::regnamespace AND NOT EXISTS (
            SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
        ORDER BY 1
    """,
    "triggers": """
        SELECT t.tgrelid::regclass || '.' || t.tgname
            || CASE t.tgenabled WHEN 'O' THEN '' ELSE ' (off)' END
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace ORDER BY 1
    """,
    "constraints": """
        SELECT k.conrelid::regclass || '.' || k.conname
            || CASE WHEN k.convalidated THEN '' ELSE ' (not valid)' END
        FROM pg_constraint k
        WHERE k.connamespace = current_schema()::regnamespace AND k.contype <> 'n'
            AND k.conrelid <> 0 ORDER BY 1
    """,
    "indexes": """
        SELECT i.indexrelid::regclass || CASE WHEN i.indisvalid THEN '' ELSE ' (not valid)' END
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE c.relnamespace = current_schema()::regnamespace ORDER BY 1
    """,
}


class Sums(TypedDict):
    """A database in figures: tables, ledger and orders by name; sequences; what guards it, by name."""

    ledger: dict[str, Figures]
    orders: dict[str, Figures]
    tables: dict[str, Figures]
    sequences: dict[str, int | None]
    extensions: list[str]
    functions: list[str]
    triggers: list[str]
    constraints: list[str]
    indexes: list[str]


@contextmanager
def standing_still() -> Iterator[BaseDatabaseWrapper]:
    """Give a connection that sees all as it was at one moment, for as long as it takes."""
    reader = connections.create_connection("default")
    try:
        with reader.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            # However this server or this role writes moments and bytes: texts are compared.
            cursor.execute("SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'")
            cursor.execute("SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1")
            cursor.execute("SET LOCAL intervalstyle = 'postgres'")
        yield reader
    finally:
        reader.close()


def read_sums(reader: BaseDatabaseWrapper) -> Sums:
    """Return the figures of a database, ready for JSON; reads every row once.

    ledger, orders: counts and amounts by kind or status and currency. tables: rows, the sum of each
    column of amounts, and `contents`, which differs as soon as one value of one row does.
    """
    return {
        "ledger": {
            name: _amounts(rows=rows, gross=gross, excl_vat=excl_vat, commission=commission)
            for name, rows, gross, excl_vat, commission in _all(reader, _LEDGER)
        },
        "orders": {
            name: _amounts(rows=rows, incl_vat=incl_vat, excl_vat=excl_vat)
            for name, rows, incl_vat, excl_vat in _all(reader, _ORDERS)
        },
        "tables": {
            table: _table(reader, table, amounts or ()) for table, amounts in _all(reader, _TABLES)
        },
        "sequences": dict(_all(reader, _SEQUENCES)),
        "extensions": _names(reader, "extensions"),
        "functions": _names(reader, "functions"),
        "triggers": _names(reader, "triggers"),
        "constraints": _names(reader, "constraints"),
        "indexes": _names(reader, "indexes"),
    }


def parse_sums(text: str) -> Sums:
    """Return figures that were written as JSON; raises ValueError for anything else."""
    figures = json.loads(text)
    if not isinstance(figures, dict):
        raise ValueError("it is no JSON object")
    for name in Sums.__annotations__:
        if not isinstance(figures.get(name), list if name in _GUARDS else dict):
            raise ValueError(f"it has no {name}")
    for sequence, value in figures["sequences"].items():
        if not isinstance(value, int | None):
            raise ValueError(f"its sequence {sequence} is no number")
    return cast("Sums", figures)


def differences(before: Sums, now: Sums) -> list[str]:
    """Return a sentence for everything that is not as it was; empty when nothing is.

    A sequence may have gone on: no snapshot keeps it, and a restored one is moved on purpose.
    """
    found: list[str] = []
    for name in Sums.__annotations__:
        if name == "sequences":
            found.extend(_fallen_back(before["sequences"], now["sequences"]))
        else:
            found.extend(_unlike(name, before.get(name), now.get(name)))
    return found


def _fallen_back(before: Mapping[str, int | None], now: Mapping[str, int | None]) -> Iterator[str]:
    for sequence, value in before.items():
        if sequence not in now or (now[sequence] or 0) < (value or 0):
            yield from _unlike(f"sequences {sequence}", value, now.get(sequence, "missing"))


def _unlike(name: str, before: object, now: object) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in dict.fromkeys((*before, *now)):
            yield from _unlike(f"{name} {key}", before.get(key), now.get(key))
    elif isinstance(before, list) and isinstance(now, list):
        yield from (f"{name}: {entry} is missing" for entry in before if entry not in now)
        yield from (f"{name}: {entry} was not there" for entry in now if entry not in before)
    elif before != now:
        yield f"{name}: was {_shown(before)}, is {_shown(now)}"


def _shown(value: object) -> str:
    return "nothing" if value is None else str(value)


def _table(reader: BaseDatabaseWrapper, table: str, amounts: tuple[str, ...]) -> Figures:
    quote = reader.ops.quote_name
    sums = "".join(f", sum({quote(column)})" for column in amounts)
    ((rows, contents, *found),) = _all(
        reader,
        "SELECT count(*), coalesce(sum(hashtextextended(one::text, 0)), 0)::text"  # noqa: S608
        f"{sums} FROM {quote(table)} AS one",
    )
    return {
        **_amounts(rows=rows, **dict(zip(amounts, found, strict=True))),
        "contents": contents,
    }


def _amounts(*, rows: int, **amounts: Any) -> Figures:
    return {"rows": rows, **{name: str(value or 0) for name, value in amounts.items()}}


def _names(reader: BaseDatabaseWrapper, guards: str) -> list[str]:
    return [name for (name,) in _all(reader, _GUARDS[guards])]


def _all(reader: BaseDatabaseWrapper, sql: str) -> Rows:
    with reader.cursor() as cursor:
        cursor.execute(sql)
        return cast("Rows", cursor.fetchall())
