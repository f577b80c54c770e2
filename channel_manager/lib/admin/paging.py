"""Pages of long lists, without counting a whole table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, Q, QuerySet
from django.utils.functional import cached_property

from channel_manager.lib.admin.typed import Paginator
from channel_manager.lib.pagination import open_key, sign_key

LIMIT = 10_000


class CappedPaginator(Paginator[Any]):
    """Pages through the first 10,000 rows; one goes on behind them by a key, or searches."""

    template_name = "admin/capped_pagination.html"

    @cached_property
    def count(self) -> int:
        """Count the rows, up to the limit: a bounded read however long the table is."""
        rows: Any = self.object_list
        found: int = rows.order_by()[: LIMIT + 1].count()
        self.is_capped = found > LIMIT
        return min(found, LIMIT)

    is_capped = False


def key_behind(rows: QuerySet[Any], bound_to: str) -> str:
    """Return the key of what stands behind the first 10,000 rows; empty if there is none.

    bound_to: which list in which order it is good for.
    """
    if columns := _columns(rows):
        places = rows.values_list(*(field.attname for field, _falls in columns))
        # None: rows were removed since they were counted.
        for last in places[LIMIT - 1 : LIMIT]:
            return sign_key(bound_to, *map(str, last))
    return ""


def rows_behind(rows: QuerySet[Any], key: str, bound_to: str) -> QuerySet[Any] | None:
    """Return the rows that stand behind what a key names; None for a key that is not of the list."""
    columns, last = _columns(rows), open_key(key, bound_to, [])
    if last is None or len(last) != len(columns):
        return None
    behind, beside = Q(pk__in=[]), Q()
    for (field, falls), text in zip(columns, last, strict=True):
        value = field.to_python(text)
        behind |= beside & Q(**{f"{field.name}__{'lt' if falls else 'gt'}": value})
        beside &= Q(**{field.name: value})
    # Implied by the others, but an index can be searched by it.
    (first, falls), *_rest = columns
    hint = Q(**{f"{first.name}__{'lte' if falls else 'gte'}": first.to_python(last[0])})
    return rows.filter(hint, behind)


def _columns(rows: QuerySet[Any]) -> Sequence[tuple[Field[Any, Any], bool]]:
    """Return the columns that rows are ordered by, and whether each falls; none if one is no column.

    A column of another table, or without a value, gives a row no place that can be named.
    """
    columns = []
    for name in rows.query.order_by:
        plain = str(name).removeprefix("-")
        try:
            field = rows.model._meta.pk if plain == "pk" else rows.model._meta.get_field(plain)
        except FieldDoesNotExist:
            return ()
        if not isinstance(field, Field) or field.is_relation or field.null:
            return ()
        columns.append((field, str(name).startswith("-")))
    return columns
