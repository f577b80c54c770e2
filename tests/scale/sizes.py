"""What an order leaves on the disk: rows and bytes of every table that grew, measured."""

from __future__ import annotations

from dataclasses import dataclass

from tests.scale.site import Site

# What the tables that hold no order are for: a queue is as long as its backlog.
_QUEUE = "procrastinate_"
_SIZES = """
    SELECT c.relname, pg_total_relation_size(c.oid)::bigint, pg_relation_size(c.oid)::bigint
    FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
"""


@dataclass(frozen=True)
class Size:
    """A table: bytes with its indexes and without, and rows."""

    total: int
    rows_only: int
    rows: int


@dataclass(frozen=True)
class Growth:
    """What one order added to a table on average."""

    table: str
    rows: float
    bytes: float
    index_bytes: float


def read_sizes(site: Site) -> dict[str, Size]:
    """Return all tables by name."""
    return {
        name: Size(total, own, int(site.stack.sql(f"SELECT count(*) FROM {name}")[0][0]))
        for name, total, own in site.stack.sql(_SIZES)
    }


def orders_between(before: dict[str, Size], after: dict[str, Size]) -> int:
    """Return how many orders came."""
    return after["orders_order"].rows - before["orders_order"].rows


def growth(before: dict[str, Size], after: dict[str, Size]) -> list[Growth]:
    """Return what grew for each new order, the largest first."""
    orders = orders_between(before, after)
    grown = [
        Growth(
            table=name,
            rows=round((size.rows - before[name].rows) / orders, 2),
            bytes=round((size.total - before[name].total) / orders),
            index_bytes=round(
                (size.total - size.rows_only - before[name].total + before[name].rows_only) / orders
            ),
        )
        for name, size in after.items()
        if name in before and not name.startswith(_QUEUE)
    ]
    return sorted((one for one in grown if one.bytes >= 1), key=lambda one: one.bytes, reverse=True)
