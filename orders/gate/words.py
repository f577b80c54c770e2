"""What a gate says, in words that staff can read out. Pure; times are the venue's."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence

from orders.gate.verdict import Candidate, Question
from orders.models import Order, OrderStatus
from wallets.models import ScanCode

# Beyond these a list of items is no longer read out.
_MOST_ITEMS = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class LastAdmission:
    """When and at which device a ticket was admitted last."""

    at: datetime.datetime
    device_name: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Background:
    """What some refusals tell beside the ticket.

    gate_items: descriptions of what the gate is set to. moved_to: the day of the ticket that took
    the place of a moved one.
    """

    last_admission: LastAdmission | None = None
    moved_to: datetime.date | None = None
    gate_items: Sequence[str] = ()


def say_ticket(
    code: ScanCode, candidate: Candidate, question: Question, background: Background
) -> str:
    """Return the verdict on a ticket or coupon in a sentence or two."""
    asset = candidate.asset
    name = "coupon" if candidate.is_coupon else "ticket"
    match code:
        case ScanCode.ADMITTED:
            return _admitted(candidate, question)
        case ScanCode.NOT_VALID_YET | ScanCode.WRONG_DAY | ScanCode.WRONG_TIME | ScanCode.EXPIRED:
            return _untimely(code, candidate, question, name)
        case ScanCode.ALREADY_USED:
            return _used(candidate, question, background.last_admission)
        case ScanCode.REPLACED:
            moved = background.moved_to
            what = f" The visit was moved to {_day(moved, question)}." if moved else ""
            return f"Replaced by a new {name}.{what} Scan the new one."
        case ScanCode.TOO_FEW_LEFT:
            return _too_few(candidate)
        case ScanCode.WRONG_GATE:
            gate = _listed(background.gate_items)
            return f"Not for this gate. This {name} is for {asset.description}. {gate}"
        case ScanCode.COUPON_BY_OWN_NUMBER:
            return f"Scan the coupon itself: {asset.description} is redeemed by its own number."
    return say(code, candidate.order)


def say(code: ScanCode, order: Order | None = None) -> str:
    """Return a refusal that names no ticket."""
    if code == ScanCode.NOT_ISSUED and order is not None and order.status == OrderStatus.ERROR:
        return FAILED
    return _PLAIN[code]


FAILED = "Not issued. Something is wrong with the order: ask the order desk."
WHOLE_ORDER = "This code is for a whole order. Scan one of its tickets."
REMOVED = "Cancelled. Its order was removed."

_PLAIN = {
    ScanCode.CANCELLED: "Cancelled. It is no longer valid.",
    ScanCode.DRAFT: "Not paid yet. The order is not confirmed.",
    ScanCode.NOT_ISSUED: "Not issued yet. The order is still being worked on.",
    ScanCode.TEST_MODE: "Test ticket. It admits nobody.",
    ScanCode.UNKNOWN: "Unknown number. Nothing here has it.",
}


def _admitted(candidate: Candidate, question: Question) -> str:
    """Tell how many were let in. The asset has been admitted already."""
    asset = candidate.asset
    verb = "Redeemed" if candidate.is_coupon else "Admitted"
    if asset.admissions == 1:
        return f"{verb}."
    return f"{verb} {question.quantity}. {asset.admissions_left} of {asset.admissions} left."


def _untimely(code: ScanCode, candidate: Candidate, question: Question, name: str) -> str:
    asset = candidate.asset
    match code:
        case ScanCode.NOT_VALID_YET:
            return f"Not valid yet. Valid from {_moment(asset.valid_from, question)}."
        case ScanCode.WRONG_DAY:
            return f"Wrong day. This {name} is for {_visit(candidate, question)}."
        case ScanCode.WRONG_TIME:
            return f"Too late. Its time ended at {_time(asset.valid_until, question)}."
    return f"Expired. It was valid until {_moment(asset.valid_until, question)}."


def _used(candidate: Candidate, question: Question, last: LastAdmission | None) -> str:
    total = candidate.asset.admissions if candidate.number_left is None else 1
    used = "Already used" if total == 1 else f"All {total} already used, last"
    if last is None:
        return "Already used." if total == 1 else f"All {total} already used."
    return f"{used} {_when(last.at, question)} at {last.device_name}."


def _too_few(candidate: Candidate) -> str:
    asset = candidate.asset
    if asset.admissions == 1 or candidate.number_left is not None:
        left = candidate.admissions_left
        return f"Only {left}. This {'coupon' if candidate.is_coupon else 'ticket'} is for one."
    return f"Only {asset.admissions_left} left of the group of {asset.admissions}."


def _listed(items: Sequence[str]) -> str:
    if not items:
        return "This gate is set to nothing yet."
    shown = list(items[:_MOST_ITEMS])
    if len(items) > _MOST_ITEMS:
        shown.append(f"{len(items) - _MOST_ITEMS} more")
    *first, last = shown
    return f"This gate admits {' and '.join(filter(None, (', '.join(first), last)))}."


def _visit(candidate: Candidate, question: Question) -> str:
    asset = candidate.asset
    day = _day(asset.visit_date or question.local(asset.valid_from).date(), question)
    return f"{day} at {asset.visit_time:%H:%M}" if asset.visit_time else day


def _when(at: datetime.datetime, question: Question) -> str:
    """Return a moment that has passed, such as `today at 10:03`."""
    day = question.local(at).date()
    shown = "today" if day == question.today else f"on {_day(day, question)}"
    return f"{shown} at {_time(at, question)}"


def _moment(at: datetime.datetime, question: Question) -> str:
    """Return a moment, such as `today, 14:00` or `Saturday 21 November, 14:00`."""
    day = question.local(at).date()
    shown = "today" if day == question.today else _day(day, question)
    return f"{shown}, {_time(at, question)}"


def _day(day: datetime.date, question: Question) -> str:
    year = "" if day.year == question.today.year else f" {day.year}"
    return f"{day:%A} {day.day} {day:%B}{year}"


def _time(at: datetime.datetime, question: Question) -> str:
    return f"{question.local(at):%H:%M}"
