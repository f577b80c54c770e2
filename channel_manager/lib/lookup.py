"""Finding one row, and the rows that its keys lead to, by a statement that is written once.

Every request begins with such a look-up. The ORM takes three times as long to write the statement as
the database takes to answer it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, models

from channel_manager.lib import prepared

_Model = TypeVar("_Model", bound=models.Model)


class Lookup(Generic[_Model]):
    """Finds a row by a unique column; the rows along a path of foreign keys are at hand.

    path: names of foreign keys that are never null, each of the model that the one before leads to.
    without: names of large columns that are read when they are needed.
    """

    def __init__(
        self, model: type[_Model], *path: str, by: str, without: Collection[str] = ()
    ) -> None:
        self._path = path
        steps: list[Any] = [model]
        joins = ""
        for position, name in enumerate(path):
            key = steps[-1]._meta.get_field(name)
            steps.append(key.related_model)
            joins += (
                f' JOIN "{steps[-1]._meta.db_table}" t{position + 1}'
                f' ON t{position + 1}."{steps[-1]._meta.pk.column}" = t{position}."{key.column}"'
            )
        columns = []
        self._parts: list[tuple[Any, list[str]]] = []
        for position, step in enumerate(steps):
            fields = [one for one in step._meta.concrete_fields if one.name not in without]
            columns += [f't{position}."{one.column}"' for one in fields]
            self._parts.append((step, [one.attname for one in fields]))
        table, column = model._meta.db_table, model._meta.get_field(by).column  # type: ignore[union-attr]
        self._statement = (
            f'SELECT {", ".join(columns)} FROM "{table}" t0{joins} WHERE t0."{column}" = %s'  # noqa: S608 - of names of models
        )

    def find(self, value: str) -> _Model | None:
        """Return the row with this value; one statement."""
        rows = prepared.rows_of(self._statement, [value])
        if not rows:
            return None
        row = rows[0]
        made: list[Any] = []
        for model, names in self._parts:
            made.append(model.from_db(DEFAULT_DB_ALIAS, names, row[: len(names)]))
            row = row[len(names) :]
        for name, owner, owned in zip(self._path, made, made[1:], strict=False):
            setattr(owner, name, owned)
        found: _Model = made[0]
        return found
