"""A venue that has sold a great many tickets: a database as full as after years, made by SQL.

Orders of four open-dated tickets in two wallets each, copied from one that the product issued, and
further ones of which there is no wallet. Each came half a minute after the one before, from another
guest. Their numbers follow from their places, so that a load can name them without asking.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from tests.stack import Stack

ASSETS_PER_WALLET = 2
WALLETS_PER_ORDER = 2
# So many rows a statement; more would only use more memory.
_BATCH = 100_000


@dataclass(frozen=True)
class _Template:
    """The ids of what everything is copied from."""

    order: str
    wallet: str


def asset_number(place: int) -> str:
    """Return the number of a ticket, counted from 0."""
    return f"T{_digest('asset', place)}"


def wallet_number(place: int) -> str:
    """Return the number of a wallet, counted from 0; its tickets follow one another."""
    return f"W{_digest('wallet', place)}"


def partners_number(place: int) -> str:
    """Return the partner's number for a wallet."""
    return f"CROWD-{place}"


def fill(stack: Stack, *, assets: int) -> None:
    """Add tickets that are valid now, with their wallets, lines, orders and an event each.

    About a minute for a million. Needs a worker, for the order they are copied from.
    """
    template = _issue_one(stack)
    wallets = assets // ASSETS_PER_WALLET
    orders = wallets // WALLETS_PER_ORDER
    with _written_at_once(stack):
        _copy_orders(stack, template.order, range(orders))
        _copy(stack, "wallets_wallet", range(wallets), f"id = '{template.wallet}'", _WALLET)
        _copy(stack, "wallets_asset", range(assets), f"wallet_id = '{template.wallet}'", _ASSET)


def fill_up(stack: Stack, *, orders: int) -> None:
    """Add orders, with a line and an event each, until there are so many of the crowd."""
    there, template = stack.sql(
        "SELECT count(*)::int, min(id::text) FROM orders_order"
        " WHERE buy_from_order_reference LIKE 'CROWD-%%'"
    )[0]
    with _written_at_once(stack):
        _copy_orders(stack, template, range(there, orders))


def post(stack: Stack, *, orders: int) -> None:
    """Post the sale of each order of the crowd."""
    ((entry,),) = stack.sql(
        "SELECT min(e.id) FROM orders_ledgerentry e JOIN orders_order o ON o.id = e.order_id"
        " WHERE e.kind = 'sale' AND o.sell_to_order_reference = 'CROWD'"
    )
    with _written_at_once(stack):
        _copy(stack, "orders_ledgerentry", range(orders), f"id = {entry}", _SALE)


def order_id(place: int) -> str:
    """Return the id of an order, counted from 0."""
    return f"01a00000-0000-7000-8000-{place:012x}"


def _copy_orders(stack: Stack, template: str, places: range) -> None:
    _copy(stack, "orders_order", places, f"id = '{template}'", _ORDER)
    _copy(stack, "orders_orderline", places, f"order_id = '{template}'", _LINE)
    issued = f"subject_id = '{template}' AND name = 'issued'"
    _copy(stack, "history_event", places, issued, _EVENT)


def _copy(stack: Stack, table: str, places: range, source: str, made: Mapping[str, str]) -> None:
    """Copy the one row that the condition finds; `made` are the columns that differ by place n."""
    columns = [
        str(name)
        for (name,) in stack.sql(
            "SELECT attname FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            table,
        )
    ]
    values = ", ".join(made.get(name, f"source.{name}") for name in columns)
    for start in range(places.start, places.stop, _BATCH):
        last = min(start + _BATCH, places.stop) - 1
        stack.sql(
            f"INSERT INTO {table} ({', '.join(columns)}) OVERRIDING SYSTEM VALUE SELECT {values}"
            f" FROM {table} AS source, generate_series({start}, {last}) AS n WHERE {source}"
        )


def _issue_one(stack: Stack) -> _Template:
    """Sell one open-dated ticket."""
    with stack.seller() as seller:
        line = {"itemNumber": "ANYDAY", "quantity": 1}
        order = seller.create(seller.order("CROWD", line)).body
        issued = seller.wait(order["orderId"]).body
    wallet = issued["items"][0]["wallets"][0]
    return _Template(issued["orderId"], wallet["walletId"])


@contextmanager
def _written_at_once(stack: Stack) -> Iterator[None]:
    """Check no foreign keys for a while, and make the indexes of a search when all is there.

    A million look-ups would find what we put there, and an index of parts is ten times as slow to
    add to as to make. In the end everything is on disk before anything is measured.
    """
    indexes = stack.sql(
        "SELECT indexname, indexdef FROM pg_indexes WHERE indexdef LIKE '%%USING gin%%'"
        " AND tablename IN ('orders_order', 'orders_orderline', 'wallets_wallet', 'wallets_asset')"
    )
    stack.sql("SET session_replication_role = 'replica'")
    for name, _definition in indexes:
        stack.sql(f"DROP INDEX {name}")
    try:
        yield
    finally:
        stack.sql("RESET session_replication_role")
    for _name, definition in indexes:
        stack.sql(definition.replace("%", "%%"))
    stack.sql("VACUUM (ANALYZE)")
    stack.sql("CHECKPOINT")


def _digest(kind: str, place: int) -> str:
    return hashlib.md5(f"{kind} {place}".encode(), usedforsecurity=False).hexdigest()[:16].upper()


def _id(kind: int, place: str) -> str:
    """Return the SQL of a row's id: as time-ordered as ours are."""
    return f"('01a0000{kind}-0000-7000-8000-' || lpad(to_hex({place}), 12, '0'))::uuid"


def _number(prefix: str, kind: str) -> str:
    return f"'{prefix}' || upper(left(md5('{kind} ' || n), 16))"


def _word(letter: str, count: int) -> str:
    """Return the SQL of a name, one of so many."""
    digest = f"substr(md5('{letter}' || mod(n, {count})), 1, 7)"
    return f"initcap(translate({digest}, '0123456789', 'aeiounrstl'))"


# The last of a million came just now.
_RECEIVED = "now() - interval '30 seconds' * (1000000 - n)"
_FIRST_NAME, _LAST_NAME = _word("f", 3_000), _word("l", 30_011)
_ORDER = {
    "id": _id(0, "n"),
    "token": "md5('order ' || n)",
    "sell_to_order_reference": "'CROWD-' || n",
    "buy_from_order_reference": "'CROWD-' || n",
    "sell_to_name": f"{_FIRST_NAME} || ' ' || {_LAST_NAME}",
    "sell_to_email": f"lower({_FIRST_NAME} || '.' || {_LAST_NAME}) || '@example.org'",
    "received_at": _RECEIVED,
    "status_since": _RECEIVED,
    "updated_at": _RECEIVED,
}
_LINE = {"id": _id(1, "n"), "order_id": _id(0, "n")}
_EVENT = {
    "id": "nextval(pg_get_serial_sequence('history_event', 'id'))",
    "subject_id": _id(0, "n"),
}
_SALE = {
    "id": "nextval(pg_get_serial_sequence('orders_ledgerentry', 'id'))",
    "order_id": _id(0, "n"),
    "line_id": _id(1, "n"),
    "buy_from_order_reference": "'CROWD-' || n",
    "posted_at": _RECEIVED,
    "accounting_date": f"({_RECEIVED})::date",
}
_WALLET = {
    "id": _id(2, "n"),
    "seq_no": f"mod(n, {WALLETS_PER_ORDER}) + 1",
    "order_id": _id(0, f"n / {WALLETS_PER_ORDER}"),
    "line_id": _id(1, f"n / {WALLETS_PER_ORDER}"),
    "token": "md5('wallet ' || n)",
    "reference_number": _number("W", "wallet"),
    "external_reference_number": "'CROWD-' || n",
}
_ASSET = {
    "id": _id(3, "n"),
    "unit": f"mod(n, {ASSETS_PER_WALLET}) + 1",
    "wallet_id": _id(2, f"n / {ASSETS_PER_WALLET}"),
    "reference_number": _number("T", "asset"),
}
