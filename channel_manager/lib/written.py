"""Querysets whose statement the ORM writes once, and not with each request.

Writing a statement takes the ORM several times as long as the database takes to answer it.
"""

from __future__ import annotations

import functools
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.models.query import get_related_populators
from psycopg import sql

from channel_manager.lib import prepared

_Model = TypeVar("_Model", bound=models.Model)
_Row = Sequence[Any]
_Convert = Callable[[Any, Any, Any], Any]


class _Statement(NamedTuple):
    """A statement, which of its values is which key, and how its rows become models."""

    text: str
    order: Sequence[int]
    names: Sequence[str]
    fields: slice
    annotations: Mapping[str, int]
    populators: Sequence[Any]
    converters: Mapping[int, tuple[Sequence[_Convert], Any]]


class Written(Generic[_Model]):
    """A queryset of some keys, which are UUIDs: all else in it is the same each time.

    What is read along with select_related is at hand; prefetches and deferred fields are not for it.
    """

    def __init__(self, make: Callable[..., models.QuerySet[_Model]], *, keys: int = 1) -> None:
        self._make = make
        # Keys that can be told from all other values of the statement. Made here: threads that use
        # it first at the same time have to write it with the same ones.
        self._examples = [uuid.uuid4() for _ in range(keys)]

    def rows(self, *keys: uuid.UUID) -> list[_Model]:
        """Return the rows for these keys; one statement."""
        statement = self._statement
        found = prepared.rows_of(statement.text, [keys[index] for index in statement.order])
        return [self._made(statement, row) for row in found]

    def _made(self, statement: _Statement, row: _Row) -> _Model:
        values = list(row)
        for position, (converters, expression) in statement.converters.items():
            for convert in converters:
                values[position] = convert(values[position], expression, connection)
        made = self._model.from_db(DEFAULT_DB_ALIAS, statement.names, values[statement.fields])
        for populator in statement.populators:
            populator.populate(values, made)
        for name, position in statement.annotations.items():
            setattr(made, name, values[position])
        return made

    @functools.cached_property
    def _model(self) -> type[_Model]:
        return self._make(*self._examples).model

    @functools.cached_property
    def _statement(self) -> _Statement:
        compiler = self._make(*self._examples).query.get_compiler(connection=connection)
        text, values = compiler.as_sql()
        known: dict[str, Any] = compiler.klass_info
        columns = known["select_fields"]
        fields = slice(columns[0], columns[-1] + 1)
        return _Statement(
            text=_with_constants(text, values, self._examples),
            order=[self._examples.index(value) for value in values if value in self._examples],
            names=[column.target.attname for column, *_ in compiler.select[fields]],
            fields=fields,
            annotations=compiler.annotation_col_map,
            populators=get_related_populators(known, compiler.select, DEFAULT_DB_ALIAS),  # type: ignore[call-arg]  # of a later Django
            converters=compiler.get_converters([column for column, *_ in compiler.select]),
        )


def _with_constants(text: str, values: Sequence[Any], keys: Sequence[uuid.UUID]) -> str:
    """Write all values but the keys into a statement: the database takes their types from there."""
    told = iter(values)
    parts = []
    for part in re.split("(%%|%s)", text):
        if part == "%s":
            value = next(told)
            is_key = value in keys
            parts.append("%s::uuid" if is_key else _constant(value))
        else:
            parts.append(part)
    return "".join(parts)


def _constant(value: Any) -> str:
    return sql.Literal(value).as_string().replace("%", "%%")
