"""What is left over of closed periods among the open items, until a later period settles it."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from orders.finance import carrying, closing
from orders.models import (
    Decision,
    DecisionAction,
    Order,
    Period,
    Position,
    Statement,
    StatementLine,
    StatementStatus,
)
from partners.models import Partner
from tests.conftest import ApiClient
from tests.finance import months
from tests.finance.conftest import Reading
from tests.orders.expected import NOON, line, settle

pytestmark = pytest.mark.usefixtures("clock")
Issued = Callable[..., Order]


def month(partner: Partner, first: str, last: str) -> Period:
    """Add a period that is in review."""
    return Period.objects.create(
        partner=partner, first_day=first, last_day=last, status="In review"
    )


@pytest.fixture
def november(partner: Partner) -> Period:
    """November of our partner."""
    return month(partner, "2026-11-01", "2026-11-30")


@pytest.fixture
def december(partner: Partner) -> Period:
    """December of our partner."""
    return month(partner, "2026-12-01", "2026-12-31")


def close(period: Period) -> None:
    Period.objects.filter(pk=period.pk).update(status="Closed", closed_at=NOON)


def stand(period: Period, order: Order, state: str = "amount_differs", **members: Any) -> Position:
    """Let a period have an order in a state."""
    amounts = dict.fromkeys(("gross", "vat", "commission", "net"), Decimal(0))
    facts = {"currency": "EUR", "state": state, "counts_in": state, "quantity": 1, **amounts}
    return Position.objects.create(period=period, order=order, **{**facts, **members})


def lines(period: Period, *states: str, **members: Any) -> list[StatementLine]:
    """Let a statement of a period have lines in these states, all of one order."""
    statement = Statement.objects.create(
        partner=period.partner,
        period=period,
        status=StatementStatus.READ,
        file_name="a.csv",
        sha256=f"{period.pk}",
        uploaded_by="staff:1",
        uploaded_at=NOON,
    )
    return [
        StatementLine.objects.create(
            **{
                "statement": statement,
                "row": row,
                "their_reference": "THEIRS-1",
                "net": Decimal(5),
                "currency": "EUR",
                "state": state,
                **members,
            }
        )
        for row, state in enumerate(states, start=2)
    ]


def decide(period: Period, action: str, **members: Any) -> Decision:
    """Decide on a difference of 4.50, which is an amount that differs."""
    return Decision.objects.create(
        **{
            "period": period,
            "state": "amount_differs",
            "difference": Decimal("-4.5"),
            "currency": "EUR",
            "action": action,
            "reason": action.title(),
            "actor": "staff:1",
            "at": NOON,
            **members,
        }
    )


@pytest.fixture
def left(read: Reading) -> Callable[[], list[tuple[Any, ...]]]:
    """Read what is left over of closed periods: period, state, and the decision."""

    def reading() -> list[tuple[Any, ...]]:
        rows = read("open-items", lastDay="2027-01-31")
        closed = [row for row in rows if "closed." in row["why"] and "not closed" not in row["why"]]
        return [(row["period"], row["state"], row["decision"]) for row in closed]

    return reading


Left = Callable[[], list[tuple[Any, ...]]]


@pytest.mark.parametrize("action", ["dispute", "carry"])
def test_a_line_of_another_partners_order_shows_nothing_of_that_order(
    api: ApiClient, rival: ApiClient, issue: Callable[[str], Order], november: Period, read: Reading,
    action: str,
) -> None:  # fmt: skip
    theirs = settle(rival, issue, line(), sellToOrderReference="RIVALS-OWN")
    number = theirs["buyFromOrderReference"]
    (wrong,) = lines(november, "wrong_partner", our_reference=number, order_id=theirs["orderId"])
    decide(november, action, line=wrong, state="wrong_partner")
    close(november)
    rows = [row for row in read("open-items", lastDay="2026-12-31") if row["period"]]
    told = ("partner", "buyFromOrderReference", "sellToOrderReference", "status")
    assert [tuple(row[name] for name in told) for row in rows] == [
        ("Sunny Trips", number, "THEIRS-1", None)
    ]
    # Nor can it be asked for by that order's status.
    assert [row for row in read("open-items", lastDay="2026-12-31", state="Issued")
            if row["partner"] == "Sunny Trips"] == []  # fmt: skip
    answer = api.get("/channelManager/reports/open-items?lastDay=2026-12-31").json()
    assert len(answer["data"]) == 1
    assert "RIVALS-OWN" not in json.dumps(answer)


def test_a_decision_on_another_line_of_the_order_hides_no_dispute(
    issued: Issued, november: Period, left: Left
) -> None:
    order = issued()
    first, second = lines(november, "duplicate", "duplicate", order_id=order.pk)
    decide(november, "dispute", line=first, state="duplicate")
    decide(november, "accept", line=second, state="duplicate")
    close(november)
    assert left() == [("November 2026", "Duplicate", "Dispute: Dispute")]


def test_a_decision_of_a_later_period_on_the_order_itself_hides_no_dispute(
    issued: Issued, november: Period, december: Period, left: Left
) -> None:
    order = issued()
    stand(november, order)
    stand(december, order)
    decide(november, "dispute", order=order)
    decide(december, "accept", order=order)
    close(november)
    close(december)
    assert left() == [("November 2026", "Amount differs", "Dispute: Dispute")]


@pytest.mark.parametrize("action", ["accept", "dispute", "carry"])
def test_what_was_carried_is_told_until_a_decision_settles_it_and_never_twice(
    issued: Issued, november: Period, december: Period, left: Left, action: str
) -> None:
    order = issued()
    stand(november, order)
    carried = decide(november, "carry", order=order)
    close(november)
    assert left() == [("November 2026", "Amount differs", "Carry to the next period: Carry")]
    decide(december, action, order=order, settles=carried)
    close(december)
    told = {
        "accept": [],
        "dispute": [("December 2026", "Amount differs", "Dispute: Dispute")],
        "carry": [("December 2026", "Amount differs", "Carry to the next period: Carry")],
    }
    assert left() == told[action]


def test_a_line_that_was_carried_and_settled_is_not_told(
    november: Period, december: Period, left: Left
) -> None:
    (one,) = lines(november, "missing_at_us")
    carried = decide(november, "carry", line=one, state="missing_at_us")
    close(november)
    assert left() == [("November 2026", "Missing at us", "Carry to the next period: Carry")]
    decide(december, "accept", line=one, state="missing_at_us", settles=carried)
    assert left() == []


def test_a_line_carried_from_month_to_month_is_told_once_of_the_last_month_that_was_closed(
    rival: ApiClient, issue: Callable[[str], Order], period: Period, left: Left
) -> None:
    theirs = settle(rival, issue, line(), sellToOrderReference="RIVALS-OWN")
    months.upload(period, months.stated("WEB-1", theirs["buyFromOrderReference"]))
    months.review(period)
    months.decide(period, "carry", "Whose is it?")
    closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())
    carried = ("Wrong partner", "Carry to the next period: Whose is it?")
    assert left() == [("November 2026", *carried)]
    for year, number, title in ((2026, 12, "December 2026"), (2027, 1, "January 2027")):
        following = months.review(months.match(months.month(period.partner, year, number)))
        carrying.settle_carried(
            period_id=following.pk,
            decision_ids=[one.pk for one in carrying.carried_into(following)],
            action=DecisionAction.CARRY if number == 12 else DecisionAction.ACCEPT,
            reason="Whose is it?",
            actor="staff:1",
            now=timezone.now(),
        )
        closing.close_period(period_id=following.pk, actor="staff:1", now=timezone.now())
        assert left() == ([(title, *carried)] if number == 12 else [])


def test_the_decision_that_was_taken_back_in_its_period_is_not_told(
    issued: Issued, november: Period, left: Left
) -> None:
    order = issued()
    stand(november, order)
    decide(november, "carry", order=order)
    decide(november, "accept", order=order)
    close(november)
    assert left() == []


def test_a_difference_that_was_gone_when_its_period_was_closed_is_not_told(
    issued: Issued, november: Period, left: Left
) -> None:
    mended, counted, gone = issued(), issued(), issued()
    stand(november, mended, "matched")
    stand(november, counted, "duplicate", counts_in="amount_differs")
    agreed, open_line = lines(november, "matched", "missing_at_us")
    for order in (mended, counted, gone):
        decide(november, "carry", order=order, reason=order.buy_from_order_reference)
    decide(november, "dispute", line=agreed, state="missing_at_us")
    decide(november, "dispute", line=open_line, state="missing_at_us", reason="Open")
    close(november)
    assert sorted(row[2] for row in left()) == [
        f"Carry to the next period: {counted.buy_from_order_reference}",
        "Dispute: Open",
    ]


def test_a_line_of_a_statement_that_was_withdrawn_is_not_told(november: Period, left: Left) -> None:
    (one,) = lines(november, "missing_at_us")
    decide(november, "dispute", line=one, state="missing_at_us")
    Statement.objects.update(status=StatementStatus.WITHDRAWN)
    close(november)
    assert left() == []


def test_an_order_in_an_open_period_is_told_with_its_own_decision(
    issued: Issued, november: Period, read: Reading
) -> None:
    order = issued()
    (repeat,) = lines(november, "duplicate", order_id=order.pk)
    stand(november, order)
    of_october = decide(month(november.partner, "2026-10-01", "2026-10-31"), "carry", order=order)
    decide(november, "dispute", order=order)
    decide(november, "accept", line=repeat, state="duplicate")
    decide(november, "accept", order=order, settles=of_october)
    (row,) = read("open-items")
    assert (row["decision"], row["why"]) == (
        "Dispute: Dispute",
        "Disputed, and November 2026 is not closed.",
    )


def test_the_figures_of_a_period_have_its_own_decisions_only(
    issued: Issued, november: Period, december: Period, read: Reading
) -> None:
    order = issued()
    for period in (november, december):
        stand(period, order)
    (one,) = lines(november, "missing_at_us")
    on_line = decide(november, "carry", line=one, state="missing_at_us")
    on_order = decide(november, "carry", order=order)
    decide(december, "dispute", order=order)
    decide(december, "accept", line=one, state="missing_at_us", settles=on_line)
    decide(december, "accept", order=order, settles=on_order)
    told = [(row["period"], row["side"], row["decision"]) for row in read("matched")]
    assert told == [
        ("November 2026", "ours", "Carry to the next period"),
        ("November 2026", "statement", "Carry to the next period"),
        ("December 2026", "ours", "Dispute"),
    ]
