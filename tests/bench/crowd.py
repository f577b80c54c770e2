"""A venue that has sold a great many tickets: a database as full as after years, made by SQL.

Orders of four open-dated tickets in two wallets each, copied from one that the product issued.
Their numbers follow from their places, so that a load can name them without asking.
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
    with _without_triggers(stack):
        _copy(stack, "orders_order", orders, f"id = '{template.order}'", _ORDER)
        _copy(stack, "orders_orderline", orders, f"order_id = '{template.order}'", _LINE)
        issued = f"subject_id = '{template.order}' AND name = 'issued'"
        _copy(stack, "history_event", orders, issued, _EVENT)
        _copy(stack, "wallets_wallet", wallets, f"id = '{template.wallet}'", _WALLET)
        _copy(stack, "wallets_asset", assets, f"wallet_id = '{template.wallet}'", _ASSET)
    stack.sql("VACUUM (ANALYZE)")
    # What was written here is on disk before anything is measured.
    stack.sql("CHECKPOINT")


def _copy(stack: Stack, table: str, count: int, source: str, made: Mapping[str, str]) -> None:
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
    for start in range(0, count, _BATCH):
        last = min(start + _BATCH, count) - 1
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
def _without_triggers(stack: Stack) -> Iterator[None]:
    """Check no foreign keys for a while: a million look-ups would find what we put there."""
    stack.sql("SET session_replication_role = 'replica'")
    try:
        yield
    finally:
        stack.sql("RESET session_replication_role")


def _digest(kind: str, place: int) -> str:
    return hashlib.md5(f"{kind} {place}".encode(), usedforsecurity=False).hexdigest()[:16].upper()


def _id(kind: int, place: str) -> str:
    """Return the SQL of a row's id: as time-ordered as ours are."""
    return f"('01a0000{kind}-0000-7000-8000-' || lpad(to_hex({place}), 12, '0'))::uuid"


def _number(prefix: str, kind: str) -> str:
    return f"'{prefix}' || upper(left(md5('{kind} ' || n), 16))"


_ORDER = {
    "id": _id(0, "n"),
    "token": "md5('order ' || n)",
    "sell_to_order_reference": "'CROWD-' || n",
    "buy_from_order_reference": "'CROWD-' || n",
}
_LINE = {"id": _id(1, "n"), "order_id": _id(0, "n")}
_EVENT = {
    "id": "nextval(pg_get_serial_sequence('history_event', 'id'))",
    "subject_id": _id(0, "n"),
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
