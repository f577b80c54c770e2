"""Periods: added, taken to review, put back."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Iterable

from django.db import IntegrityError, transaction

from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.database import broken_constraint
from channel_manager.lib.errors import ErrorCode, NotFound, Refusal
from orders.models import Period
from partners.models import Partner


class PeriodConflict(Refusal):
    """The period is not in a state for what was asked, or its figures have changed since."""

    code = ErrorCode.ORDER_STATE_CONFLICT


def add_period(
    *,
    partner: Partner,
    first_day: datetime.date,
    last_day: datetime.date,
    actor: str,
    now: datetime.datetime,
) -> Period:
    """Add a period of a partner; both days belong to it. Raises PeriodConflict when days overlap."""
    if last_day < first_day:
        raise PeriodConflict("The last day lies before the first.")
    try:
        with transaction.atomic():
            period = Period.objects.create(partner=partner, first_day=first_day, last_day=last_day)
            runner.note(period, change=Change(name="added", actor=actor, now=now))
    except IntegrityError as error:
        if broken_constraint(error) != "period_days_do_not_overlap":
            raise
        raise PeriodConflict(
            f"Another period of {partner} covers some of these days already."
        ) from error
    return period


def lock_against_posting(period_id: uuid.UUID) -> Period:
    """Lock a period so that no entry is posted on its days meanwhile. Raises NotFound.

    The trigger that dates entries takes a key lock of the row, which only this one waits for.
    """
    list(Period.objects.filter(pk=period_id).select_for_update())
    return lock_period(period_id)


def lock_period(period_id: uuid.UUID) -> Period:
    """Lock a period in the open transaction; sales and cancels go on meanwhile. Raises NotFound."""
    return _the_one(runner.lock(Period.objects.with_venue().filter(pk=period_id)))


def lock_changing(period_id: uuid.UUID) -> Period:
    """Lock a period whose figures may change. Raises NotFound, PeriodConflict when it is closed."""
    return _changing(lock_period(period_id))


def find_changing(period_id: uuid.UUID) -> Period:
    """Return a period whose figures may change, unlocked. Raises NotFound, PeriodConflict."""
    return _changing(_the_one(Period.objects.with_venue().filter(pk=period_id)))


def _the_one(found: Iterable[Period]) -> Period:
    for period in found:
        return period
    raise NotFound("There is no such period.")


def _changing(period: Period) -> Period:
    if period.is_closed:
        raise PeriodConflict(f"{period} is closed: its figures stay as they are.")
    return period


def start_review(
    *, period_id: uuid.UUID, actor: str, now: datetime.datetime, reason: str = ""
) -> Period:
    """Take an open period to review, where differences are decided on."""
    return _move(period_id, Period.review, "review_started", actor, now, reason)


def put_back(
    *, period_id: uuid.UUID, actor: str, now: datetime.datetime, reason: str = ""
) -> Period:
    """Leave a period in review open again."""
    return _move(period_id, Period.put_back, "put_back", actor, now, reason)


def _move(
    period_id: uuid.UUID,
    move: Callable[[Period], object],
    name: str,
    actor: str,
    now: datetime.datetime,
    reason: str,
) -> Period:
    with transaction.atomic():
        period = lock_period(period_id)
        change = Change(name=name, actor=actor, now=now, reason=reason)
        runner.apply_to([period], move, change=change)
        return period
