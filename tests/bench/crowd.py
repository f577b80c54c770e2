"""A venue that has sold a great many tickets: a database as full as after years, made by SQL.

Orders of four open-dated tickets in two wallets each, copied from one that the product issued.
Their numbers follow from their places, so that a load can name them without asking.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from tests.stack import Stack

ASSETS_PER_WALLET = 2
WALLETS_PER_ORDER = 2
# So many rows a statement; more would only use more memory.
_BATCH = 100_000


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
        for table, count, source, made in (
            ("orders_order", orders, "id = %(order)s", _ORDER),
            ("orders_orderline", orders, "order_id = %(order)s", _LINE),
            ("history_event", orders, "subject_id = %(order)s AND name = 'issued'", _EVENT),
            ("wallets_wallet", wallets, "order_id = %(order)s", _WALLET),
            ("wallets_asset", assets, "wallet_id = %(wallet)s", _ASSET),
        ):
            _copy(stack, table, count, source % template, made)
    stack.sql("VACUUM (ANALYZE)")


def _copy(stack: Stack, table: str, count: int, source: str, made: str) -> None:
    """Copy the one row that the condition finds; `made` are the members that differ by place n."""
    for start in range(0, count, _BATCH):
        last = min(start + _BATCH, count) - 1
        stack.sql(
            f"INSERT INTO {table} SELECT (jsonb_populate_record(source, {made})).*"
            f" FROM {table} AS source, generate_series({start}, {last}) AS n WHERE {source}"
        )


def _issue_one(stack: Stack) -> dict[str, str]:
    """Sell one open-dated ticket; return the ids of its order and wallet, quoted for SQL."""
    with stack.seller() as seller:
        line = {"itemNumber": "ANYDAY", "quantity": 1}
        order = seller.create(seller.order("CROWD", line)).body
        issued = seller.wait(order["orderId"]).body
    wallet = issued["items"][0]["wallets"][0]
    return {"order": f"'{issued['orderId']}'", "wallet": f"'{wallet['walletId']}'"}


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
    return f"('01a0000{kind}-0000-7000-8000-' || lpad(to_hex({place}), 12, '0'))"


def _number(prefix: str, kind: str) -> str:
    return f"'{prefix}' || upper(left(md5('{kind} ' || n), 16))"


_ORDER = f"""jsonb_build_object('id', {_id(0, "n")}, 'token', md5('order ' || n),
    'sell_to_order_reference', 'CROWD-' || n, 'buy_from_order_reference', 'CROWD-' || n)"""
_LINE = f"jsonb_build_object('id', {_id(1, 'n')}, 'order_id', {_id(0, 'n')})"
_EVENT = f"""jsonb_build_object('id', nextval(pg_get_serial_sequence('history_event', 'id')),
    'subject_id', {_id(0, "n")})"""
_WALLET = f"""jsonb_build_object('id', {_id(2, "n")}, 'seq_no', mod(n, {WALLETS_PER_ORDER}) + 1,
    'order_id', {_id(0, f"n / {WALLETS_PER_ORDER}")},
    'line_id', {_id(1, f"n / {WALLETS_PER_ORDER}")}, 'token', left(md5('token ' || n), 32),
    'reference_number', {_number("W", "wallet")}, 'external_reference_number', 'CROWD-' || n)"""
_ASSET = f"""jsonb_build_object('id', {_id(3, "n")}, 'unit', mod(n, {ASSETS_PER_WALLET}) + 1,
    'wallet_id', {_id(2, f"n / {ASSETS_PER_WALLET}")},
    'reference_number', {_number("T", "asset")})"""
