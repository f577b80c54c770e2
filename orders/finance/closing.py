"""Closing a period: what stands in the way, keeping its figures, reopening it."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Sequence

from django.db import transaction

from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.money import rounded
from orders.finance import exports
from orders.finance.bridge import Bridge, bridges_of
from orders.finance.carrying import carried_into
from orders.finance.differences import Difference, differences_of
from orders.finance.periods import PeriodConflict, lock_against_posting, lock_period
from orders.finance.reconciling import is_current
from orders.finance.reports.filters import DateBy, ReportFilters
from orders.models import (
    Decision,
    Export,
    ExportFormat,
    ExportStatus,
    Period,
    PeriodStatus,
    Statement,
    StatementStatus,
)

_UNDER_WAY = (StatementStatus.UPLOADED, StatementStatus.READING)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Review:
    """What a period has come to, read once: for its page, for closing it, and to say what is left."""

    period: Period
    is_current: bool
    differences: Sequence[Difference]
    carried: Sequence[Decision]
    bridges: Sequence[Bridge]


def review_of(period: Period) -> Review:
    """Read what a period has come to as it stands."""
    return Review(
        period=period,
        is_current=period.is_closed or is_current(period),
        differences=differences_of(period),
        carried=carried_into(period),
        bridges=bridges_of(period),
    )


def obstacles_of(review: Review) -> list[str]:
    """Return a sentence for each thing that keeps a period from being closed."""
    period, obstacles = review.period, []
    if period.status != PeriodStatus.IN_REVIEW:
        obstacles.append(f"It is {period.get_status_display()}: only a period in review is closed.")
    unread = Statement.objects.filter(period=period, status__in=_UNDER_WAY).count()
    if unread:
        obstacles.append(f"Not read yet: {_count(unread, 'statement')}.")
    if not review.is_current:
        obstacles.append("The figures have changed since it was matched. Match it again.")
        return obstacles
    undecided = sum(1 for one in review.differences if one.decision is None)
    if undecided:
        obstacles.append(f"Not decided on: {_count(undecided, 'difference')}.")
    carried = len(review.carried)
    if carried:
        obstacles.append(f"Not decided on: {_count(carried, 'difference')} carried from before.")
    for bridge in review.bridges:
        for one in bridge.unexplained:
            amount = f"{rounded(one.amount, bridge.currency)} {bridge.currency}"
            obstacles.append(f"{amount} unexplained: {one.why}")
    return obstacles


def cautions_of(period: Period, now: datetime.datetime) -> list[str]:
    """Return a sentence for each thing that speaks against closing a period now, and allows it."""
    cautions = []
    if now.astimezone(period.partner.venue.zone).date() <= period.last_day:
        cautions.append(
            f"Its last day, {period.last_day:%-d %b %Y}, is not over: what counts until then will "
            "count in the next open days."
        )
    if not Statement.objects.filter(period=period, status=StatementStatus.READ).exists():
        cautions.append("No statement of the partner was read: nobody says what it reports.")
    return cautions


def close_period(
    *, period_id: uuid.UUID, actor: str, now: datetime.datetime, reason: str = ""
) -> Period:
    """Close a period in review: its figures stay, and its lines and orders are exported and hashed.

    Raises NotFound; PeriodConflict with everything that stands in the way.
    """
    with transaction.atomic():
        period = lock_against_posting(period_id)
        review = review_of(period)
        if obstacles := obstacles_of(review):
            raise PeriodConflict(" ".join(obstacles))
        runner.apply_to(
            [period],
            lambda row: row.close(now=now),
            change=Change(
                name="closed", actor=actor, now=now, reason=reason, data=_figures(review)
            ),
        )
        _export(period, actor=actor, now=now)
        return period


def export_again(*, period_id: uuid.UUID, actor: str, now: datetime.datetime) -> Export:
    """Have the figures of a closed period written once more, where their file has failed.

    Raises NotFound, PeriodConflict.
    """
    with transaction.atomic():
        period = lock_period(period_id)
        if not may_export_again(period):
            raise PeriodConflict(
                "The file that the period was closed with is there, or on its way."
            )
        return _export(period, actor=actor, now=now)


def may_export_again(period: Period) -> bool:
    """Tell whether a closed period has no file of its figures, and none is being written."""
    newest = period.exports.order_by("started_at", "pk").last()
    return period.is_closed and (newest is None or newest.status == ExportStatus.FAILED)


def _export(period: Period, *, actor: str, now: datetime.datetime) -> Export:
    return exports.request_export(
        report="matched",
        format=ExportFormat.CSV,
        filters=ReportFilters(
            first_day=period.first_day,
            last_day=period.last_day,
            date_by=DateBy.COUNTING,
            partner=period.partner_id,
        ),
        actor=actor,
        now=now,
        period=period,
    )


def reopen_period(
    *, period_id: uuid.UUID, actor: str, now: datetime.datetime, reason: str
) -> Period:
    """Let the figures of a closed period change again, for the owner; what it was closed with stays.

    Raises NotFound, PeriodConflict.
    """
    if not reason.strip():
        raise PeriodConflict("Say why it is reopened.")
    with transaction.atomic():
        period = lock_against_posting(period_id)
        if not period.is_closed:
            raise PeriodConflict(f"It is {period.get_status_display()}, not closed.")
        if any(export.is_under_way for export in period.exports.all()):
            raise PeriodConflict("The file it was closed with is still being written. Wait for it.")
        runner.apply_to(
            [period],
            lambda row: row.reopen(),
            change=Change(name="reopened", actor=actor, now=now, reason=reason),
        )
        return period


def _figures(review: Review) -> dict[str, object]:
    """Return what the event of closing says: both nets per currency, and what was matched."""
    bridges = review.bridges
    return {
        "statementNet": [f"{rounded(one.stated, one.currency)} {one.currency}" for one in bridges],
        "ourNet": [f"{rounded(one.ours, one.currency)} {one.currency}" for one in bridges],
        "matchedAs": review.period.matched_as,
    }


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
