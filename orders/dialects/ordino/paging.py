"""Pages of lists, by `page` and `page_size`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TypeVar

from django.db import models
from django.db.models import QuerySet

from orders.dialects.ordino.errors import InvalidFields

_USUAL_SIZE = 10
_LARGEST_SIZE = 100
_LAST = 100_000
_Row = TypeVar("_Row", bound=models.Model)


@dataclasses.dataclass(frozen=True)
class Page:
    """Which page of a list is asked for; they count from 1."""

    number: int
    size: int

    def cut(self, rows: QuerySet[_Row]) -> list[_Row]:
        """Return the rows of the page."""
        first = (self.number - 1) * self.size
        return list(rows[first : first + self.size])


def read_page(query: Mapping[str, str]) -> Page:
    """Return the page that a query asks for; raises InvalidFields with all its faults."""
    faults: dict[str, list[str]] = {}
    number = _read(query, "page", 1, _LAST, faults)
    size = _read(query, "page_size", _USUAL_SIZE, _LARGEST_SIZE, faults)
    if faults:
        raise InvalidFields(faults)
    return Page(number, size)


def _read(
    query: Mapping[str, str], name: str, usual: int, largest: int, faults: dict[str, list[str]]
) -> int:
    text = query.get(name, str(usual))
    if text.isascii() and text.isdigit() and len(text) < 7 and 1 <= int(text) <= largest:
        return int(text)
    field = name[:1].upper() + name[1:]
    faults[field] = [f"The field {field} must be between 1 and {largest}."]
    return usual
