"""The audit log: whatever staff do that is no event of a life cycle, before and after."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from django.db import models
from django.utils import timezone

from channel_manager.history.models import AuditEntry, AuditRecord, Event
from channel_manager.lib.admin.recording import FieldChange
from channel_manager.lib.strict_fields import is_uuid

# What the keys of entries begin with.
_TABLES: Mapping[str, type[Event] | type[AuditRecord]] = {"e": Event, "r": AuditRecord}


def write(
    *,
    row: models.Model,
    name: str,
    actor: str,
    now: datetime.datetime,
    changes: Sequence[FieldChange] = (),
    reason: str = "",
) -> None:
    """Append what somebody did to a row, in the transaction that does it.

    name: what was done, such as changed or signed_in; actor: `staff:<id>`. Values of secrets and
    people's particulars are not to be among the changes.
    """
    AuditRecord.objects.create(
        kind=row._meta.model_name or "",
        subject_id=str(row.pk),
        subject=str(row)[:200],
        name=name,
        actor=actor,
        reason=reason,
        changes=list(changes),
        at=now,
    )


def write_of_many(
    *, model: type[models.Model], name: str, actor: str, now: datetime.datetime
) -> None:
    """Append what somebody did with rows of a kind and not with one of them, such as export them."""
    AuditRecord.objects.create(
        kind=model._meta.model_name or "",
        subject=str(model._meta.verbose_name_plural),
        name=name,
        actor=actor,
        at=now,
    )


def entry_of(key: str) -> AuditEntry | None:
    """Return the entry of the log with a key, None where there is none: two statements.

    The view makes its keys while it is read; the moment, looked up by the key of the row itself,
    finds the entry by index.
    """
    table, number = _TABLES.get(key[:1]), key[1:]
    if table is None or not (number.isascii() and number.isdecimal()) or len(number) > 18:
        return None
    at = table.objects.filter(pk=int(number)).values_list("at", flat=True).first()
    return AuditEntry.objects.filter(at=at, pk=key).first() if at else None


def about(subject_id: str) -> models.Q:
    """Return the condition on entries of being about a subject: found by moment, hence by index."""
    moments = set(AuditRecord.objects.filter(subject_id=subject_id).values_list("at", flat=True))
    if is_uuid(subject_id):
        events = Event.objects.filter(subject_id=subject_id, actor__startswith="staff:")
        moments |= set(events.order_by().values_list("at", flat=True))
    return models.Q(subject_id=subject_id, at__in=moments)


def write_of_oneself(*, person: models.Model, name: str, reason: str = "") -> None:
    """Append what somebody did to their own log-in, just now: signed in, changed the password."""
    actor = f"staff:{person.pk}"
    write(row=person, name=name, actor=actor, now=timezone.now(), reason=reason)
