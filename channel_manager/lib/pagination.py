"""Keyset pages: an opaque signed key that names the last row seen and binds the filters."""

import dataclasses
import datetime
import uuid
from collections.abc import Mapping
from typing import Generic, TypeVar

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
        moment, last = _read_key(page_key, bound_to)
        # The first condition is implied by the second, but an index can be searched by it.
        rows = rows.filter(**{f"{moment_field}__gte": moment}).filter(
            Q(**{f"{moment_field}__gt": moment}) | Q(**{moment_field: moment, "pk__gt": last})
        )
    found = list(rows.order_by(moment_field, "pk")[: page_size + 1])
    page = found[:page_size]
    if len(found) <= page_size:
        return Page(page, None)
    moment = getattr(page[-1], moment_field)
    return Page(page, signing.dumps([bound_to, moment.isoformat(), str(page[-1].pk)], salt=_SALT))


_SALT = "page-key"


def _read_key(page_key: str, bound_to: str) -> tuple[datetime.datetime, uuid.UUID]:
    try:
        signed_for, moment, last = signing.loads(page_key, salt=_SALT)
    except (signing.BadSignature, UnicodeError, ValueError):
        signed_for = None
    if signed_for != bound_to:
        detail = "This pageKey was not given out by us for these filters; use nextPageURL as it is."
        raise InvalidRequest([Fault("?pageKey", "invalid_page_key", detail)]) from None
    return datetime.datetime.fromisoformat(moment), uuid.UUID(last)
