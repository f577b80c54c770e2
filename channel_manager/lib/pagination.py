"""Keyset pages: an opaque signed key that names the last row seen and binds the filters."""

import dataclasses
import datetime
import uuid
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet

from channel_manager.lib.canonical import fingerprint
from channel_manager.lib.errors import Fault, InvalidRequest

DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 1000

_Row = TypeVar("_Row", bound=Model)


@dataclasses.dataclass(frozen=True)
class Page(Generic[_Row]):
    """Some rows of a list and the key of the next page, None on the last one."""

    rows: list[_Row]
    next_key: str | None


def read_page(
    rows: QuerySet[_Row],
    *,
    moment_field: str,
    filters: Mapping[str, str],
    page_size: int,
    page_key: str | None,
) -> Page[_Row]:
    """Read one page, oldest first by (moment_field, primary key), in one statement.

    `filters` are what the caller asked for, as sent: a key is good for the same ones only. Raises
    InvalidRequest for a key that we did not sign or that belongs to other filters.
    """
    bound_to = fingerprint(rows.model._meta.label, dict(filters))
    if page_key is not None:
        faults: list[Fault] = []
        named = open_key(page_key, bound_to, faults)
        if named is None:
            raise InvalidRequest(faults)
        moment, last = datetime.datetime.fromisoformat(named[0]), uuid.UUID(named[1])
        # The first condition is implied by the second, but an index can be searched by it.
        rows = rows.filter(**{f"{moment_field}__gte": moment}).filter(
            Q(**{f"{moment_field}__gt": moment}) | Q(**{moment_field: moment, "pk__gt": last})
        )
    found = list(rows.order_by(moment_field, "pk")[: page_size + 1])
    page = found[:page_size]
    if len(found) <= page_size:
        return Page(page, None)
    moment = getattr(page[-1], moment_field)
    return Page(page, sign_key(bound_to, moment.isoformat(), str(page[-1].pk)))


def read_page_size(params: Mapping[str, str], faults: list[Fault], name: str = "pageSize") -> int:
    """Return how many rows a page is to have; what is wrong with it is added to the faults."""
    text = params.get(name)
    if text is None:
        return DEFAULT_PAGE_SIZE
    if text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MAX_PAGE_SIZE:
        return int(text)
    detail = f"Must be a whole number from 1 to {MAX_PAGE_SIZE}."
    faults.append(Fault(f"?{name}", "invalid_page_size", detail))
    return DEFAULT_PAGE_SIZE


_SALT = "page-key"


def sign_key(bound_to: str, *last: str | int) -> str:
    """Return the key of the page behind a row; bound_to: what list and filters it is good for."""
    return signing.dumps([bound_to, *last], salt=_SALT)


def open_key(page_key: str, bound_to: str, faults: list[Fault]) -> list[Any] | None:
    """Return what `sign_key` was told of the last row; None, and a fault, for any other key."""
    last: list[Any]
    try:
        signed_for, *last = signing.loads(page_key, salt=_SALT)
    except (signing.BadSignature, UnicodeError, ValueError):
        signed_for, last = None, []
    if signed_for == bound_to:
        return last
    detail = "This pageKey was not given out by us for these filters; use nextPageURL as it is."
    faults.append(Fault("?pageKey", "invalid_page_key", detail))
    return None
