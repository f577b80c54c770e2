"""What a period's page shows: statements, the bridge of each currency, differences, its history."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Max
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from channel_manager.history.models import Event
from channel_manager.lib.admin.columns import money
from orders.admin.finance.looks import (
    DECISION_COLOURS,
    PERIOD_COLOURS,
    PERIOD_LOOKS,
    PERIOD_MEANINGS,
    STATE_COLOURS,
    STATEMENT_COLOURS,
)
from orders.finance import closing
from orders.finance.bridge import Bridge
from orders.finance.decisions import is_settled_for_good
from orders.finance.differences import Difference
from orders.finance.figures import contract_of
from orders.finance.reconciling import is_being_matched
from orders.finance.states import MatchState
from orders.models import DecisionAction, Export, Order, Period, PeriodStatus, Statement
from partners.actors import name_actors
from partners.timeline import tell

PAGE_SIZE = 100
UNDECIDED = "undecided"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tab:
    """A way to look at some of the differences."""

    name: str
    title: str
    count: int
    url: str
    is_chosen: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class BridgeLine:
    """A row of the bridge as it is shown."""

    title: str
    colour: str
    counts: str
    stated: str
    ours: str
    difference: str
    is_off: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """A difference as it is shown."""

    difference: Difference
    title: str
    colour: str
    stated: str
    ours: str
    amount: str
    who: str
    is_settled: bool
    order_url: str
    suggestions: Sequence[tuple[str, str]]


def read(request: HttpRequest, period: Period) -> Mapping[str, Any]:
    """Return all that the page of a period shows."""
    may = {
        name: request.user.has_perm(f"orders.{permission}")
        for name, permission in (
            ("decide", "decide_difference"),
            ("close", "close_period"),
            ("reopen", "reopen_period"),
            ("upload", "add_statement"),
        )
    }
    # Before the differences: what is decided on in between is refused, not overwritten.
    seen = period.decisions.aggregate(last=Max("pk"))["last"] or 0
    review = closing.review_of(period)
    differences = review.differences
    chosen = request.GET.get("show", "")
    shown = [one for one in differences if is_shown(one, chosen)]
    page = Paginator(shown, PAGE_SIZE).get_page(request.GET.get("p"))
    in_review = period.status == PeriodStatus.IN_REVIEW
    return {
        "period": period,
        "colour": PERIOD_COLOURS[period.status],
        "meaning": PERIOD_MEANINGS[period.status],
        "may": may,
        "may_decide": may["decide"] and in_review,
        "is_being_matched": is_being_matched(period),
        "is_current": review.is_current,
        "obstacles": closing.obstacles_of(review) if in_review else [],
        "contract": contract_of(period),
        "statements": _statements(period),
        "statement_colours": STATEMENT_COLOURS,
        "bridges": [(bridge, _lines(bridge), _figures(bridge)) for bridge in review.bridges],
        "tabs": _tabs(period, differences, chosen),
        "seen": seen,
        "difference_count": len(differences),
        "page": page,
        "rows": _rows(list(page.object_list)),
        "shown_query": urlencode({"show": chosen}) if chosen else "",
        "decision_colours": DECISION_COLOURS,
        "actions": DecisionAction.choices,
        "carried": [(one, money(one.difference, one.currency)) for one in review.carried],
        "has_disputes": any(
            one.decision is not None and one.decision.action == DecisionAction.DISPUTE
            for one in differences
        )
        or period.decisions.filter(action=DecisionAction.DISPUTE, settles__isnull=False).exists(),
        "may_export": may["close"] and closing.may_export_again(period),
        "exports": Export.objects.filter(period=period).order_by("started_at"),
        "happenings": tell(
            Event.objects.filter(kind="period", subject_id=period.pk).order_by("-id"), PERIOD_LOOKS
        ),
        "zone": period.partner.venue.timezone,
    }


def is_shown(difference: Difference, chosen: str) -> bool:
    """Tell whether a tab shows a difference; chosen: a state, UNDECIDED, or empty for all."""
    if chosen == UNDECIDED:
        return difference.decision is None
    return chosen in {"", difference.state}


def _statements(period: Period) -> list[tuple[Statement, str]]:
    rows = list(Statement.objects.filter(period=period).order_by("uploaded_at", "pk"))
    names = name_actors({row.uploaded_by for row in rows})
    return [(row, names[row.uploaded_by]) for row in rows]


def _lines(bridge: Bridge) -> list[BridgeLine]:
    return [
        BridgeLine(
            title=row.state.label,
            colour=STATE_COLOURS[row.state],
            counts=_counts(row.lines, row.positions),
            stated=money(row.stated, bridge.currency),
            ours=money(row.ours, bridge.currency),
            difference=money(row.difference, bridge.currency),
            is_off=bool(row.difference),
        )
        for row in bridge.rows
    ]


def _figures(bridge: Bridge) -> Mapping[str, Any]:
    return {
        "stated": money(bridge.stated, bridge.currency),
        "ours": money(bridge.ours, bridge.currency),
        "difference": money(bridge.difference, bridge.currency),
        "rest": money(bridge.rest, bridge.currency),
        "is_explained": not bridge.unexplained,
        "unexplained": [
            (money(one.amount, bridge.currency), one.why) for one in bridge.unexplained
        ],
    }


def _counts(lines: int, positions: int) -> str:
    parts = [
        f"{count:,} {noun}{'' if count == 1 else 's'}"
        for count, noun in ((lines, "line"), (positions, "order"))
        if count
    ]
    return ", ".join(parts)


def _tabs(period: Period, differences: Sequence[Difference], chosen: str) -> list[Tab]:
    counts = Counter(str(one.state) for one in differences)
    undecided = sum(1 for one in differences if one.decision is None)
    ways = [
        ("", "All", len(differences)),
        (UNDECIDED, "Not decided on", undecided),
        *((str(state), state.label, counts[state]) for state in MatchState if counts[state]),
    ]
    address = reverse("admin:orders_period_change", args=[period.pk])
    return [
        Tab(
            name=name or "all",
            title=title,
            count=count,
            url=f"{address}?{urlencode({'show': name})}#differences"
            if name
            else f"{address}#differences",
            is_chosen=name == chosen,
        )
        for name, title, count in ways
    ]


def _rows(differences: Sequence[Difference]) -> list[Row]:
    names = name_actors({one.decision.actor for one in differences if one.decision})
    wanted = {key for one in differences for line in one.lines for key in line.suggestions}
    numbers = dict(
        Order.objects.filter(pk__in=wanted).values_list("pk", "buy_from_order_reference")
    )
    known = {one.order_id for one in differences if one.order_id}
    there = set(Order.objects.filter(pk__in=known).values_list("pk", flat=True))
    return [
        Row(
            difference=one,
            title=one.state.label,
            colour=STATE_COLOURS[one.state],
            stated=money(one.stated, one.currency),
            ours=money(one.ours, one.currency),
            amount=money(one.amount, one.currency),
            who=names[one.decision.actor] if one.decision else "",
            is_settled=is_settled_for_good(one),
            order_url=(
                reverse("admin:orders_order_change", args=[one.order_id])
                if one.order_id in there and one.state != MatchState.WRONG_PARTNER
                else ""
            ),
            suggestions=[
                (str(key), numbers[key])
                for line in one.lines
                for key in line.suggestions
                if key in numbers and one.position is None
            ],
        )
        for one in differences
    ]
