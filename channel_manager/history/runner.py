"""The one runner of life-cycle transitions: lock, change, save, record."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from django.db import models, transaction

from channel_manager.history.models import Event
from channel_manager.lib.inserting import insert_together

# The actor of what nobody asked for: the background.
WORKER = "worker"

_Row = TypeVar("_Row", bound=models.Model)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Change:
    """The record of a transition: what is done, by whom, when and why.

    actor: `partner:<id>`, `staff:<id>` or `worker`; now: aware moment; data: ids and numbers only.
    """

    name: str
    actor: str
    now: datetime.datetime
    reason: str = ""
    data: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def lock(rows: models.QuerySet[_Row]) -> list[_Row]:
    """Select rows for update in primary-key order, inside the open transaction.

    FOR NO KEY UPDATE: a plain FOR UPDATE deadlocks with inserts of referencing rows.
    """
    return list(rows.order_by("pk").select_for_update(no_key=True, of=("self",)))


def lock_if_free(rows: models.QuerySet[_Row]) -> list[_Row]:
    """Lock as `lock` does, but leave out the rows that somebody else holds."""
    return list(rows.order_by("pk").select_for_update(no_key=True, of=("self",), skip_locked=True))


def apply_to(
    rows: Sequence[_Row],
    transition: Callable[[_Row], object],
    *,
    change: Change | None = None,
    beside: Sequence[models.Model] = (),
) -> None:
    """Run a transition on rows that are locked or new, save them at once, and record the change.

    Rows of the same outcome share one UPDATE. beside: as `record` takes it. Raises TransitionNotAllowed; nothing is saved then.
    """
    before = [_status(row) for row in rows]
    for row in rows:
        transition(row)
    if change is not None:
        record(rows, change=change, before=before, beside=beside)
    save(rows)


def save(rows: Sequence[_Row]) -> None:
    """Write the life-cycle columns of rows of one model in as few statements as they allow.

    A model's `LIFECYCLE_FIELDS` are the columns its transitions may change, the status among them.
    """
    if not rows:
        return
    model = type(rows[0])
    names: tuple[str, ...] = model.LIFECYCLE_FIELDS  # type: ignore[attr-defined]
    outcomes = {tuple(getattr(row, name) for name in names) for row in rows}
    if len(outcomes) == 1:
        values = dict(zip(names, outcomes.pop(), strict=True))
        model._default_manager.filter(pk__in=[row.pk for row in rows]).update(**values)
    else:
        model._default_manager.bulk_update(rows, names, batch_size=500)


def run(
    rows: models.QuerySet[_Row], transition: Callable[[_Row], object], *, change: Change
) -> list[_Row]:
    """Lock rows, run a transition on each, save and record, in one transaction.

    Returns the rows as they are now. Raises TransitionNotAllowed when one refuses; none is changed.
    """
    with transaction.atomic():
        locked = lock(rows)
        apply_to(locked, transition, change=change)
        return locked


def record(
    rows: Iterable[models.Model],
    *,
    change: Change,
    before: Iterable[str | None],
    beside: Sequence[models.Model] = (),
    new: Sequence[models.Model] = (),
) -> None:
    """Append one event per row.

    beside: new rows of another model that tell of the same, written in the same statement; new:
    those of the rows themselves that are not stored yet, and are by it.
    """
    events = [
        Event(
            kind=row._meta.model_name or "",
            subject_id=_as_uuid(row.pk),
            name=change.name,
            from_state=state or "",
            to_state=_status(row),
            actor=change.actor,
            reason=change.reason,
            data=dict(change.data),
            at=change.now,
        )
        for row, state in zip(rows, before, strict=True)
    ]
    insert_together(events, beside, new)


def note(row: models.Model, *, change: Change, beside: Sequence[models.Model] = ()) -> None:
    """Append the event of what left a row in its status; beside: as `record` takes it."""
    record([row], change=change, before=[_status(row)], beside=beside)


def _status(row: models.Model) -> str:
    return str(row.status)  # type: ignore[attr-defined]


def _as_uuid(key: Any) -> uuid.UUID:
    return key if isinstance(key, uuid.UUID) else uuid.UUID(str(key))
