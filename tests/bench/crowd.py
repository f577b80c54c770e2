"""A venue that has sold a great many tickets: a database as full as after years, made by SQL.

Orders of two open-dated tickets, each in a wallet of its own, with all the rows that the product
leaves for one: request, line, wallets, tickets, events, money. Copied from one that it issued. Each
came half a minute after the one before, from another guest. Their numbers follow from their places,
counted from 0, the newest, so that a load can name them without asking.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench import shape
from tests.stack import Stack

WALLETS_PER_ORDER = 2
SECONDS_APART = 30
FAMILY = shape.Family("CROWD", "01a", WALLETS_PER_ORDER, SECONDS_APART)
# So many rows a statement; more would only use more memory.
_BATCH = 200_000
_ALL = (*shape.ACCEPTED, *shape.ISSUED)


def order_id(place: int) -> str:
    """Return the id of an order."""
    return FAMILY.order_id(place)


def wallet_token(place: int) -> str:
    """Return what opens a wallet's manifest; wallets of an order follow one another."""
    return _digest("wallet", place).lower()


def asset_number(place: int) -> str:
    """Return the number of the ticket in a wallet."""
    return f"T{_digest('asset', place)[:16]}"


def wallet_number(place: int) -> str:
    """Return the number of a wallet."""
    return f"W{_digest('wallet', place)[:16]}"


def partners_number(place: int) -> str:
    """Return the partner's number for a wallet."""
    return f"CROWD-{place}"


def fill_up(stack: Stack, *, orders: int) -> None:
    """Add orders until there are so many; needs a worker, for the first one, which is copied.

    About three minutes for a million.
    """
    ((there,),) = stack.sql(
        "SELECT count(*)::int FROM orders_order WHERE buy_from_order_reference LIKE 'CROWD-%%'"
    )
    if there >= orders:
        return
    copied = template(stack)
    with _written_at_once(stack):
        for rows in _ALL:
            per = WALLETS_PER_ORDER if rows.of_wallet else 1
            for start in range(there * per, orders * per, _BATCH):
                places = range(start, min(start + _BATCH, orders * per))
                stack.sql(shape.copying(stack, rows, FAMILY, copied, places).replace("%", "%%"))


def template(stack: Stack) -> str:
    """Return the id of the order that all are copied from; sell it the first time."""
    known = "SELECT id::text FROM orders_order WHERE sell_to_order_reference = 'CROWD'"
    if found := stack.sql(known):
        return str(found[0][0])
    if not stack.workers:
        stack.start_worker()
    with stack.seller() as seller:
        line = {"itemNumber": "ANYDAY", "quantity": WALLETS_PER_ORDER}
        order = seller.create(seller.order("CROWD", line)).body
        seller.wait(order["orderId"])
    return str(order["orderId"])


@contextmanager
def _written_at_once(stack: Stack) -> Iterator[None]:
    """Check no foreign keys for a while, and make most indexes when all is there.

    Millions of look-ups would find what we put there, and an index is many times as slow to add to
    as to make. In the end everything is on disk before anything is measured.
    """
    tables = list(dict.fromkeys(rows.table for rows in _ALL))
    indexes = stack.sql(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid = ANY(%s::regclass[]) AND NOT EXISTS (SELECT 1 FROM pg_constraint"
        " WHERE conindid = indexrelid)",
        tables,
    )
    stack.sql("SET session_replication_role = 'replica'")
    stack.sql("SET synchronous_commit = off")
    stack.sql("SET maintenance_work_mem = '1GB'")
    for name, _definition in indexes:
        stack.sql(f"DROP INDEX {name}")
    try:
        yield
    finally:
        stack.sql("RESET session_replication_role")
    for _name, definition in indexes:
        stack.sql(definition.replace("%", "%%"))
    stack.sql(f"VACUUM (ANALYZE) {', '.join(tables)}")
    stack.sql("RESET maintenance_work_mem")
    stack.sql("RESET synchronous_commit")
    stack.sql("CHECKPOINT")


def _digest(kind: str, place: int) -> str:
    text = f"CROWD {kind} {place}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()
