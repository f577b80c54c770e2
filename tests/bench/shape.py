"""What an order leaves in the database, as SQL: by a template's rows, and what differs by place.

One description serves both the crowd, which fills tables by the million, and the scripts of pgbench,
which write the same rows one order at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.stack import Stack

Columns = Mapping[str, str]
# Ids grow with time; places count backwards from the newest.
_NEWEST = 0xFFFFFFFFFFF


@dataclass(frozen=True)
class Family:
    """Orders that are alike: their name, what their ids begin with, and how many wallets each has.

    interval: seconds between two of them; None: all come now.
    """

    name: str
    ids: str
    wallets: int
    interval: int | None = None

    def id_of(self, kind: int, place: str) -> str:
        """Return the SQL of a row's id: as time-ordered as ours are."""
        digits = f"lpad(to_hex({_NEWEST} - ({place})), 12, '0')"
        return f"('{self.ids}0000{kind}-0000-7000-8000-' || {digits})::uuid"

    def order_id(self, place: int) -> str:
        """Return the id of an order, counted from 0, the newest."""
        return f"{self.ids}00000-0000-7000-8000-{_NEWEST - place:012x}"

    def received(self, place: str) -> str:
        """Return the SQL of when it came."""
        return (
            f"now() - interval '{self.interval} seconds' * ({place})" if self.interval else "now()"
        )

    def digest(self, kind: str, place: str) -> str:
        """Return the SQL of 32 characters that tell it from all others."""
        return f"md5('{self.name} {kind} ' || ({place}))"

    def number(self, prefix: str, kind: str, place: str) -> str:
        """Return the SQL of a number on a ticket."""
        return f"'{prefix}' || upper(left({self.digest(kind, place)}, 16))"


@dataclass(frozen=True)
class Rows:
    """The rows of one kind that an order leaves.

    source: what finds the template's row, with `{order}` for its id; columns: those that differ,
    by the place of the order (or, with `of_wallet`, of the wallet).
    """

    table: str
    source: str
    columns: Callable[[Family, str], Columns]
    of_wallet: bool = False


def _order(family: Family, place: str) -> Columns:
    first, last = _word("f", 3_000, place), _word("l", 30_011, place)
    received = family.received(place)
    return {
        "id": family.id_of(0, place),
        "token": family.digest("order", place),
        "job_id": "NULL",
        "sell_to_order_reference": f"'{family.name}-' || ({place})",
        "buy_from_order_reference": f"'{family.name}-' || ({place})",
        "sell_to_name": f"{first} || ' ' || {last}",
        "sell_to_email": f"lower({first} || '.' || {last}) || '@example.org'",
        "received_at": received,
        "status_since": received,
        "updated_at": received,
    }


def _line(family: Family, place: str) -> Columns:
    return {"id": family.id_of(1, place), "order_id": family.id_of(0, place)}


def _request(family: Family, place: str) -> Columns:
    return {
        "id": family.id_of(4, place),
        "order_id": family.id_of(0, place),
        "received_at": family.received(place),
    }


def _allocation(family: Family, place: str) -> Columns:
    return {"id": _next("orders_allocation"), "line_id": family.id_of(1, place)}


def _event(family: Family, place: str) -> Columns:
    return {
        "id": _next("history_event"),
        "subject_id": family.id_of(0, place),
        "at": family.received(place),
    }


def _sale(family: Family, place: str) -> Columns:
    received = family.received(place)
    return {
        "id": _next("orders_ledgerentry"),
        "order_id": family.id_of(0, place),
        "line_id": family.id_of(1, place),
        "buy_from_order_reference": f"'{family.name}-' || ({place})",
        "posted_at": received,
        "accounting_date": f"({received})::date",
    }


def _told(family: Family, place: str) -> Columns:
    return {
        "id": _next("partners_webhookevent"),
        "event_id": family.id_of(5, place),
        "order_id": family.id_of(0, place),
        "position": f"1000000000 + ({place})",
    }


def _wallet(family: Family, place: str) -> Columns:
    order = f"({place}) / {family.wallets}"
    return {
        "id": family.id_of(2, place),
        "seq_no": f"mod({place}, {family.wallets}) + 1",
        "order_id": family.id_of(0, order),
        "line_id": family.id_of(1, order),
        "token": family.digest("wallet", place),
        "reference_number": family.number("W", "wallet", place),
        "external_reference_number": f"'{family.name}-' || ({place})",
        "issued_at": family.received(order),
    }


def _asset(family: Family, place: str) -> Columns:
    return {
        "id": family.id_of(3, place),
        "wallet_id": family.id_of(2, place),
        "reference_number": family.number("T", "asset", place),
    }


def _events(*names: str) -> Sequence[Rows]:
    source = "kind = 'order' AND subject_id = '{order}' AND name = "
    return [Rows("history_event", f"{source}'{name}'", _event) for name in names]


_WALLET_OF_ORDER = "order_id = '{order}' AND seq_no = 1"
# What an order leaves when it is accepted, and what it gets when it is issued. Its job is gone then.
ACCEPTED: Sequence[Rows] = (
    Rows("orders_order", "id = '{order}'", _order),
    Rows("orders_orderline", "order_id = '{order}'", _line),
    Rows("orders_receivedrequest", "order_id = '{order}'", _request),
    Rows(
        "orders_allocation",
        "line_id IN (SELECT id FROM orders_orderline WHERE order_id = '{order}')",
        _allocation,
    ),
    Rows("wallets_wallet", _WALLET_OF_ORDER, _wallet, of_wallet=True),
    *_events("submitted"),
)
ISSUED: Sequence[Rows] = (
    Rows(
        "wallets_asset",
        f"wallet_id IN (SELECT id FROM wallets_wallet WHERE {_WALLET_OF_ORDER})",
        _asset,
        of_wallet=True,
    ),
    *_events("scheduled", "started", "issued"),
    Rows("orders_ledgerentry", "order_id = '{order}'", _sale),
)
TOLD = Rows("partners_webhookevent", "order_id = '{order}'", _told)


def copying(stack: Stack, rows: Rows, family: Family, template: str, places: range) -> str:
    """Return the statement that writes such rows of all orders (or wallets) of some places."""
    made = rows.columns(family, "n")
    columns = _columns_of(stack, rows.table)
    values = ", ".join(made.get(name, f"source.{name}") for name in columns)
    return (
        f"INSERT INTO {rows.table} ({', '.join(columns)}) OVERRIDING SYSTEM VALUE SELECT {values}"
        f" FROM {rows.table} AS source, generate_series({places.start}, {places.stop - 1}) AS n"
        f" WHERE {rows.source.format(order=template)}"
    )


def writing(
    stack: Stack, rows: Rows, family: Family, template: str, place: str, **also: str
) -> Sequence[str]:
    """Return the statement that writes such rows of one order; none where the template has none.

    place: SQL of the order's; also: further columns that differ.
    """
    columns = _columns_of(stack, rows.table)
    found = stack.sql(
        f"SELECT {', '.join(f'quote_nullable({name}::text)' for name in columns)}"
        f" FROM {rows.table} WHERE {rows.source.format(order=template)} LIMIT 1"
    )
    if not found:
        return []
    constant = dict(zip(columns, found[0], strict=True))
    places = [place]
    if rows.of_wallet:
        places = [f"({place} * {family.wallets} + {number})" for number in range(family.wallets)]
    values = []
    for one in places:
        made = {**constant, **rows.columns(family, one), **also}
        values.append(f"({', '.join(made[name] for name in columns)})")
    return [
        f"INSERT INTO {rows.table} ({', '.join(columns)}) OVERRIDING SYSTEM VALUE"
        f" VALUES {', '.join(values)};"
    ]


def _columns_of(stack: Stack, table: str) -> list[str]:
    return [
        str(name)
        for (name,) in stack.sql(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
            " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
            table,
        )
    ]


def _next(table: str) -> str:
    return f"nextval(pg_get_serial_sequence('{table}', 'id'))"


def _word(letter: str, count: int, place: str) -> str:
    """Return the SQL of a name, one of so many."""
    digest = f"substr(md5('{letter}' || mod({place}, {count})), 1, 7)"
    return f"initcap(translate({digest}, '0123456789', 'aeiounrstl'))"
