"""The audit log: whatever staff do that is no event of a life cycle, before and after."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.db import models
from django.utils import timezone

from channel_manager.history.models import AuditRecord
from channel_manager.lib.admin.recording import FieldChange


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


def write_of_oneself(*, person: models.Model, name: str, reason: str = "") -> None:
    """Append what somebody did to their own log-in, just now: signed in, changed the password."""
    actor = f"staff:{person.pk}"
    write(row=person, name=name, actor=actor, now=timezone.now(), reason=reason)
