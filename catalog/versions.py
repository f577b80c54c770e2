"""What a partner's item number has meant, means and will mean: one row of a mapping each.

Whoever sold under a version keeps it. What a number means from a day on is the next version, and
the one before ends the day before. Every change is an event of the number, whatever becomes of its
rows.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from catalog.models import Package, PackageMapping
from catalog.rescheduling import in_words
from channel_manager.history import runner
from channel_manager.history.models import Event
from channel_manager.lib.database import broken_constraint
from channel_manager.lib.errors import ErrorCode, NotFound, Refusal

# The subject of the events is the number, not the row: versions may be removed.
NUMBER_KIND = "item_number"
_NAMESPACE = uuid.UUID("5b1f5b7e-4a0c-5d0e-9a53-6f2d3c1e8a47")
_A_DAY = datetime.timedelta(days=1)

# What an event's number is: its subject is a key that does not say.
_NUMBER = "itemNumber"

_Days = tuple[datetime.date | None, datetime.date | None]


class NotChangeable(Refusal):
    """The version does not allow the change: the text says why."""

    code = ErrorCode.ORDER_STATE_CONFLICT


def number_key(partner_id: uuid.UUID, item_number: str) -> uuid.UUID:
    """Return the subject that the events of a partner's item number have."""
    return uuid.uuid5(_NAMESPACE, f"{partner_id}:{item_number}")


def shared_days(one: PackageMapping, other: PackageMapping) -> _Days | None:
    """Return the days that both versions cover, None when there are none; an open end is None."""
    starts = [day for day in (one.valid_from, other.valid_from) if day]
    ends = [day for day in (one.valid_until, other.valid_until) if day]
    first, last = max(starts, default=None), min(ends, default=None)
    return None if first and last and last < first else (first, last)


def find_clashes(mapping: PackageMapping) -> list[tuple[PackageMapping, _Days]]:
    """Return the active versions of the same number that cover some of its days, and which.

    Nothing when the mapping is not active, or is not complete. One statement.
    """
    if not (mapping.is_active and mapping.partner_id and mapping.item_number):
        return []
    others = PackageMapping.objects.filter(
        partner=mapping.partner_id, item_number=mapping.item_number, is_active=True
    )
    rows = others.exclude(pk=mapping.pk).select_related("package").order_by("version")
    return [(other, days) for other in rows if (days := shared_days(mapping, other))]


def store(*, mapping: PackageMapping, actor: str, now: datetime.datetime, reason: str = "") -> None:
    """Save a new or a changed version and record what it was and what it is.

    Raises NotChangeable when it was sold under in the meantime, IntegrityError when it clashes with
    another one.
    """
    with _sales_noticed():
        before = runner.lock(PackageMapping.objects.filter(pk=mapping.pk).select_related("package"))
        mapping.save(force_insert=mapping._state.adding)
        # Another number counts anew.
        mapping.refresh_from_db(fields=["version"])
        record(
            "mapping_changed" if before else "mapping_added",
            [(mapping, before[0] if before else None)],
            actor=actor,
            now=now,
            reason=reason,
        )


def remove(*, mapping: PackageMapping, actor: str, now: datetime.datetime) -> None:
    """Remove a version that nobody sold under, and record what it was.

    Raises NotChangeable when an order was sold under it.
    """
    with _sales_noticed():
        record("mapping_removed", [(mapping, None)], actor=actor, now=now)
        mapping.delete()


@contextmanager
def _sales_noticed() -> Iterator[None]:
    """Run a block in a transaction; raise NotChangeable when an order was sold under a version."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as clash:
        sold = broken_constraint(clash) == "line_sold_under_mapping"
        if sold or isinstance(clash, ProtectedError):
            raise NotChangeable("An order was sold under this version just now.") from clash
        raise


def change_from(
    *,
    mapping_id: uuid.UUID,
    package: Package,
    day: datetime.date,
    actor: str,
    now: datetime.datetime,
    reason: str = "",
) -> PackageMapping:
    """Let a number mean another package from a day on: the next version, which is returned.

    The version ends on the day before and the next one takes its end, in one transaction. Days are
    those of receipt on the venue's calendar. Raises NotFound; NotChangeable when the version does
    not cover the days on both sides, or was sold under and the day has passed, or somebody adds a
    version at the same moment.
    """
    try:
        return _change_from(mapping_id, package, day, actor, now, reason)
    except IntegrityError as clash:
        raise NotChangeable(
            "Somebody else has just changed what this number means. Look again."
        ) from clash


def _change_from(
    mapping_id: uuid.UUID,
    package: Package,
    day: datetime.date,
    actor: str,
    now: datetime.datetime,
    reason: str,
) -> PackageMapping:
    with transaction.atomic():
        locked = runner.lock(
            PackageMapping.objects.filter(pk=mapping_id)
            .select_related("package", "partner__venue")
            .defer("partner__venue__logo")
        )
        if not locked:
            raise NotFound("This mapping was removed meanwhile.")
        current = locked[0]
        _require_change(current, package, day, now)
        following = PackageMapping(
            partner=current.partner,
            item_number=current.item_number,
            package=package,
            valid_from=day,
            valid_until=current.valid_until,
        )
        before = PackageMapping.objects.select_related("package").get(pk=current.pk)
        current.valid_until = day - _A_DAY
        current.save(update_fields=["valid_until"])
        following.save(force_insert=True)
        record("mapping_changed", [(current, before)], actor=actor, now=now, reason=reason)
        record("mapping_added", [(following, None)], actor=actor, now=now, reason=reason)
        return following


def _require_change(
    current: PackageMapping, package: Package, day: datetime.date, now: datetime.datetime
) -> None:
    venue = current.partner.venue
    if package.venue_id != venue.pk:
        raise NotChangeable("This package belongs to another venue.")
    if package.pk == current.package_id:
        raise NotChangeable(f"{current.item_number} means {package.code} already.")
    begins_earlier = current.valid_from is None or current.valid_from < day
    if not current.is_valid_on(day) or not begins_earlier or day == datetime.date.min:
        raise NotChangeable(
            f"{current.title} holds {current.dates}"
            + ("" if current.is_active else " and is switched off")
            + f", so it cannot end the day before {in_words(day)}."
        )
    today = now.astimezone(venue.zone).date()
    if day < today and current.order_lines.exists():
        raise NotChangeable(
            f"Orders were sold under {current.title}, and {in_words(day)} has passed: "
            "choose today or a later day."
        )


def record(
    name: str,
    changes: Iterable[tuple[PackageMapping, PackageMapping | None]],
    *,
    actor: str,
    now: datetime.datetime,
    reason: str = "",
) -> None:
    """Append an event for each version as it is, with what it was before, if it was."""
    Event.objects.bulk_create(
        (
            Event(
                kind=NUMBER_KIND,
                subject_id=number_key(mapping.partner_id, mapping.item_number),
                name=name,
                actor=actor,
                reason=reason,
                data={
                    "partnerId": str(mapping.partner_id),
                    _NUMBER: mapping.item_number,
                    "mappingId": str(mapping.pk),
                    "version": mapping.version,
                    **({"was": before.in_words} if before else {}),
                    ("becomes" if before else "meaning"): mapping.in_words,
                },
                at=now,
            )
            for mapping, before in changes
        ),
        batch_size=1_000,
    )


def without_name(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an event of a number tells, without the number itself: its heading has that."""
    return {key: value for key, value in data.items() if key != _NUMBER}
