"""A report that is one statement: its pages by key, and all its rows as a stream."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from orders.finance.reports.columns import Row
from orders.finance.reports.filters import ReportFilters
from orders.finance.reports.source import Source


@dataclasses.dataclass(frozen=True, kw_only=True)
class Listing:
    """A SELECT whose first columns are the key that its rows are in order by, never null.

    key: these columns' types in the database, by their names.
    """

    sql: str
    parameters: Sequence[Any]
    key: dict[str, str]

    @property
    def _order(self) -> str:
        return ", ".join(
            f'{name} COLLATE "C"' if kind == "text" else name for name, kind in self.key.items()
        )

    def count(self, source: Source) -> int:
        """Return how many rows there are."""
        sql = f"SELECT count(*) FROM ({self.sql}) found"
        return int(source.all(sql, self.parameters)[0][0])

    def rows(self, source: Source) -> Iterator[tuple[Any, ...]]:
        """Yield all rows, with their keys before them."""
        sql = f"SELECT * FROM ({self.sql}) found ORDER BY {self._order}"
        for batch in source.stream(sql, self.parameters):
            yield from batch

    def page(
        self, source: Source, after: Sequence[Any] | None, size: int
    ) -> list[tuple[tuple[str, ...], tuple[Any, ...]]]:
        """Return up to size + 1 rows behind a key, each with its key as text."""
        sql, parameters = f"SELECT * FROM ({self.sql}) found", [*self.parameters]
        if after is not None:
            given = ", ".join(f"%s::{kind}" for kind in self.key.values())
            sql += f" WHERE ({self._order}) > ({given})"
            parameters.extend(str(value) for value in after)
        found = source.all(f"{sql} ORDER BY {self._order} LIMIT {size + 1:d}", parameters)
        width = len(self.key)
        return [(tuple(str(value) for value in row[:width]), row) for row in found]


# Makes a row of a report of a row of its listing.
Tell = Callable[[Sequence[Any]], Row]


@dataclasses.dataclass(frozen=True)
class Listed:
    """A report that is one listing, read in the ways that the catalogue asks for.

    read: returns the listing that filters ask for at a moment, and what tells its rows.
    """

    read: Callable[[ReportFilters, datetime.datetime], tuple[Listing, Tell]]

    def count(self, source: Source, filters: ReportFilters, now: datetime.datetime) -> int:
        """Return how many rows there are."""
        listing, _tell = self.read(filters, now)
        return listing.count(source)

    def rows(self, source: Source, filters: ReportFilters, now: datetime.datetime) -> Iterator[Row]:
        """Yield all rows, in the order of their keys."""
        listing, tell = self.read(filters, now)
        return (tell(row) for row in listing.rows(source))

    def page(
        self,
        source: Source,
        filters: ReportFilters,
        now: datetime.datetime,
        *,
        after: Sequence[Any] | None,
        size: int,
    ) -> list[tuple[Sequence[Any], Row]]:
        """Return up to size + 1 rows behind a key, each with its key."""
        listing, tell = self.read(filters, now)
        return [(key, tell(row)) for key, row in listing.page(source, after, size)]
