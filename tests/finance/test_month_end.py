"""A month end: statements are matched with the ledger, differences decided on, the period closed."""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone

from orders import cancellation
from orders.finance import carrying, closing, decisions, exports, reconciling
from orders.finance.bridge import bridges_of
from orders.finance.decisions import CannotBeDecided
from orders.finance.differences import differences_of
from orders.finance.disputes import read_letter
from orders.finance.periods import PeriodConflict
from orders.finance.receiving import AlreadyUploaded
from orders.models import (
    Decision,
    DecisionAction,
    Export,
    LedgerEntry,
    Order,
    Period,
    PeriodStatus,
    Position,
    StatementLine,
)
from tests.conftest import ApiClient
from tests.finance import months
from tests.finance.months import decide, match, review, stated, states, upload
from tests.orders.expected import line, settle

pytestmark = pytest.mark.usefixtures("clock")
Issue = Callable[[str], Order]


def sold(api: ApiClient, issue: Issue, theirs: str, *items: dict[str, Any]) -> Order:
    """Sell a day ticket of 34.50, or items, by the partner's number."""
    order_id = settle(api, issue, *(items or (line(),)), sellToOrderReference=theirs)["orderId"]
    return Order.objects.get(pk=order_id)


def cancel(order: Order) -> Order:
    return cancellation.cancel_order(
        orders=Order.objects.all(), order_id=order.pk, actor="staff:1", now=timezone.now()
    )


def bridge(period: Period) -> list[tuple[str, str, str, str]]:
    """Return the one bridge of a period: state, stated, ours, difference."""
    (found,) = bridges_of(period)
    return [
        (str(row.state), *(f"{amount:.2f}" for amount in (row.stated, row.ours, row.difference)))
        for row in found.rows
    ]


def test_a_statement_that_says_what_we_have_is_matched_and_closed(
    api: ApiClient, issue: Issue, period: Period
) -> None:
    first, second = sold(api, issue, "WEB-1"), sold(api, issue, "WEB-2")
    statement = upload(
        period,
        stated("WEB-1", first.buy_from_order_reference),
        stated("WEB-2", second.buy_from_order_reference),
    )
    assert (statement.status, statement.line_count) == ("Read", 2)
    assert states(statement) == [(2, "matched"), (3, "matched")]
    assert bridge(period) == [("matched", "55.20", "55.20", "0.00")]
    assert differences_of(period) == []
    review(period)
    closed = closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())
    assert closed.status == PeriodStatus.CLOSED


@pytest.mark.django_db(transaction=True)
def test_the_figures_that_a_period_is_closed_with_are_exported_and_hashed(
    api: ApiClient, issue: Issue, period: Period
) -> None:
    order = sold(api, issue, "WEB-1")
    upload(period, stated("WEB-1", order.buy_from_order_reference))
    review(period)
    closed = closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())
    export = Export.objects.get(period=closed)
    exports.write_export(export_id=export.pk, clock=timezone.now)
    export.refresh_from_db()
    written = b"".join(exports.read_file(export))
    assert (export.status, export.sha256) == ("Done", hashlib.sha256(written).hexdigest())
    rows = csv.DictReader(io.StringIO(written.decode("utf-8-sig")))
    names = ("Side", "Our number", "Row", "Net", "State")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("ours", order.buy_from_order_reference, "", "27.60", "Matched"),
        ("statement", order.buy_from_order_reference, "2", "27.60", "Matched"),
    ]
    with pytest.raises(IntegrityError, match="kept"), transaction.atomic():
        Export.objects.update(sha256="0" * 64)


def test_every_line_and_every_order_has_one_state_and_the_bridge_adds_up(
    api: ApiClient, rival: ApiClient, issue: Issue, period: Period
) -> None:
    good, less, cut, gone, unlisted, _twice = (
        sold(api, issue, f"WEB-{number}") for number in range(1, 7)
    )
    cancel(gone)
    theirs = Order.objects.get(
        pk=settle(rival, issue, line(), sellToOrderReference="RIVAL-1")["orderId"]
    )
    draft = settle(api, issue, line(), sellToOrderReference="WEB-9", paymentReference=None)
    statement = upload(
        period,
        stated("WEB-1", good.buy_from_order_reference),
        stated("WEB-2", less.buy_from_order_reference, "30,00", "24,00"),
        stated("WEB-3", cut.buy_from_order_reference, "34,50", "25,00"),
        stated("WEB-4", gone.buy_from_order_reference),
        stated("WEB-6", ""),
        stated("WEB-6", ""),
        stated("X-1", "CM26-0009999"),
        stated("X-2", theirs.buy_from_order_reference),
        stated("WEB-9", draft["buyFromOrderReference"]),
    )
    assert states(statement) == [
        (2, "matched"),
        (3, "amount_differs"),
        (4, "commission_differs"),
        (5, "cancelled_here"),
        (6, "matched"),
        (7, "duplicate"),
        (8, "missing_at_us"),
        (9, "wrong_partner"),
        (10, "not_billable"),
    ]
    positions = Position.objects.filter(period=period).order_by("buy_from_order_reference")
    assert [(row.sell_to_order_reference, row.state) for row in positions] == [
        ("WEB-1", "matched"),
        ("WEB-2", "amount_differs"),
        ("WEB-3", "commission_differs"),
        ("WEB-4", "cancelled_here"),
        ("WEB-5", "missing_at_partner"),
        ("WEB-6", "duplicate"),
    ]
    (found,) = bridges_of(period)
    assert (found.stated, found.ours) == (Decimal("242.20"), Decimal("138.00"))
    assert sum(row.difference for row in found.rows) == found.difference
    assert (found.rest, list(found.unexplained)) == (0, [])
    assert sum(row.lines for row in found.rows) == statement.line_count
    assert sum(one.amount for one in differences_of(period)) == found.difference
    causes = dict(StatementLine.objects.filter(statement=statement).values_list("state", "cause"))
    assert all(causes[state] for state in causes if state != "matched")
    assert "Rival" not in " ".join(causes.values())
    assert unlisted.status == "Issued"


def test_nothing_of_a_statement_is_written_to_orders(
    api: ApiClient, issue: Issue, period: Period
) -> None:
    order = sold(api, issue, "WEB-1")
    before = Order.objects.values().get(), list(LedgerEntry.objects.values())
    upload(period, stated("WEB-1", order.buy_from_order_reference, "30,00", "20,00"))
    assert (Order.objects.values().get(), list(LedgerEntry.objects.values())) == before


def test_the_same_file_twice_is_refused(api: ApiClient, issue: Issue, period: Period) -> None:
    order = sold(api, issue, "WEB-1")
    row = stated("WEB-1", order.buy_from_order_reference)
    upload(period, row)
    with pytest.raises(AlreadyUploaded, match="November 2026, on 20 Nov 2026"):
        upload(period, row, name="november again.csv")


def test_a_difference_keeps_a_period_from_being_closed_until_it_is_decided_on(
    api: ApiClient, issue: Issue, period: Period
) -> None:
    order = sold(api, issue, "WEB-1")
    upload(period, stated("WEB-1", order.buy_from_order_reference, "30,00", "24,00"))
    review(period)
    with pytest.raises(PeriodConflict, match="Not decided on: 1 difference"):
        closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())
    (decision,) = decide(period, reason="A rebate we had agreed to")
    assert (decision.difference, decision.state) == (Decimal("-3.60"), "amount_differs")
    closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())


def test_adjusting_posts_to_the_ledger_and_the_order_is_matched_anew(
    api: ApiClient, issue: Issue, period: Period
) -> None:
    order = sold(api, issue, "WEB-1")
    statement = upload(period, stated("WEB-1", order.buy_from_order_reference, "34,50", "25,00"))
    assert states(statement) == [(2, "commission_differs")]
    review(period)
    (decision,) = decide(period, "adjust", "They keep more since October")
    posted = LedgerEntry.objects.get(kind="adjustment")
    assert decision.posted == posted
    assert (posted.gross, posted.commission, posted.net) == (0, Decimal("2.60"), Decimal("-2.60"))
    assert (posted.order, posted.reason) == (order, "They keep more since October")
    with pytest.raises(PeriodConflict, match="have changed since"):
        closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())
    match(period)
    assert states(statement) == [(2, "matched")]
    closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())


def test_adjusting_takes_over_gross_and_commission_as_they_are_stated(
    api: ApiClient, issue: Issue, period: Period
) -> None:
    order = sold(api, issue, "WEB-1")
    statement = upload(
        period,
        stated("WEB-1", order.buy_from_order_reference, "40,00", "32,00"),
        stated("X-1", ""),
    )
    review(period)
    decide(period, "adjust", "The new price")
    adjustments = LedgerEntry.objects.filter(kind="adjustment").order_by("pk")
    assert [(row.order, row.gross, row.commission, row.net) for row in adjustments] == [
        (order, Decimal("5.50"), Decimal("1.10"), Decimal("4.40")),
        (None, Decimal("34.50"), Decimal("6.90"), Decimal("27.60")),
    ]
    match(period)
    assert states(statement) == [(2, "matched"), (3, "missing_at_us")]
    assert bridge(period) == [
        ("matched", "32.00", "32.00", "0.00"),
        ("missing_at_us", "27.60", "0.00", "27.60"),
        ("adjustment", "0.00", "27.60", "-27.60"),
    ]
    closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())


def test_what_is_cancelled_after_closing_counts_in_the_open_days_and_points_back(
    api: ApiClient, issue: Issue, period: Period
) -> None:
    order = sold(api, issue, "WEB-1")
    upload(period, stated("WEB-1", order.buy_from_order_reference))
    review(period)
    closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())
    figures = list(Position.objects.filter(period=period).values())
    cancel(order)
    reversal = LedgerEntry.objects.get(kind="reversal")
    assert reversal.accounting_date == datetime.date(2026, 12, 1)
    assert reversal.corrects == period
    assert reversal.reverses is not None
    assert list(Position.objects.filter(period=period).values()) == figures
    december = match(months.month(period.partner, 2026, 12))
    (position,) = Position.objects.filter(period=december)
    assert (position.net, position.state) == (Decimal("-27.60"), "missing_at_partner")


def test_a_closed_period_is_kept_by_the_database(
    api: ApiClient, issue: Issue, period: Period
) -> None:
    order = sold(api, issue, "WEB-1")
    statement = upload(period, stated("WEB-1", order.buy_from_order_reference, "30,00", "24,00"))
    review(period)
    decide(period)
    closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())
    period.refresh_from_db()
    row = StatementLine.objects.get()
    for change in (
        lambda: Position.objects.update(net=0, gross=0, commission=0),
        lambda: Position.objects.all().delete(),
        lambda: StatementLine.objects.update(state="matched"),
        lambda: StatementLine.objects.bulk_create(
            [StatementLine(statement=statement, row=99, net=1, currency="EUR", kind="sale")]
        ),
        lambda: type(statement).objects.update(line_count=5),
        lambda: Period.objects.update(last_day=datetime.date(2026, 11, 29)),
        lambda: Period.objects.filter(pk=period.pk)._raw_delete("default"),
        lambda: row.decisions.create(
            period=period,
            state="matched",
            difference=0,
            currency="EUR",
            action="accept",
            reason="Late",
            actor="staff:1",
            at=timezone.now(),
        ),
    ):
        with pytest.raises(IntegrityError, match="closed"), transaction.atomic():
            change()
    StatementLine.objects.update(guest_name="")  # people may still be erased


def test_reopening_needs_a_reason(period: Period) -> None:
    review(period)
    match(period)
    closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())
    Export.objects.all().delete()
    with pytest.raises(PeriodConflict, match="Say why"):
        closing.reopen_period(period_id=period.pk, actor="staff:1", now=timezone.now(), reason=" ")
    reopened = closing.reopen_period(
        period_id=period.pk, actor="staff:1", now=timezone.now(), reason="A file was missing"
    )
    assert reopened.status == PeriodStatus.IN_REVIEW


def test_a_carried_difference_is_decided_on_in_the_next_period(
    api: ApiClient, issue: Issue, period: Period
) -> None:
    sold(api, issue, "WEB-1")
    order = sold(api, issue, "WEB-2")
    upload(period, stated("WEB-2", order.buy_from_order_reference))
    review(period)
    decide(period, "carry", "They list it in December")
    closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())
    december = review(match(months.month(period.partner, 2026, 12)))
    (carried,) = carrying.carried_into(december)
    with pytest.raises(PeriodConflict, match="1 difference carried from before"):
        closing.close_period(period_id=december.pk, actor="staff:1", now=timezone.now())
    carrying.settle_carried(
        period_id=december.pk,
        decision_ids=[carried.pk],
        action=DecisionAction.ACCEPT,
        reason="They never will",
        actor="staff:1",
        now=timezone.now(),
    )
    assert carrying.carried_into(december) == []
    closing.close_period(period_id=december.pk, actor="staff:1", now=timezone.now())


def test_a_total_that_is_not_the_sum_of_its_lines_is_unexplained(
    api: ApiClient, issue: Issue, period: Period
) -> None:
    order = sold(api, issue, "WEB-1")
    statement = upload(
        period,
        stated("WEB-1", order.buy_from_order_reference),
        "Total;;;;44,50;8,90;35,60",
    )
    assert statement.line_count == 1
    (found,) = bridges_of(period)
    assert [(one.amount, one.why) for one in found.unexplained] == [
        (Decimal("8.00"), "Rows of totals in the statements are not the sum of their lines.")
    ]
    review(period)
    with pytest.raises(PeriodConflict, match="EUR unexplained"):
        closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())


def test_an_order_that_is_issued_while_matched_waits_for_the_next_match(
    api: ApiClient, issue: Issue, period: Period
) -> None:
    order = sold(api, issue, "WEB-1")
    upload(period, stated("WEB-1", order.buy_from_order_reference))
    review(period)
    sold(api, issue, "WEB-2")
    with pytest.raises(PeriodConflict, match="have changed since"):
        closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())
    assert match(period).matched_as
    assert [one.key for one in differences_of(period)] == [
        f"order:{Order.objects.get(sell_to_order_reference='WEB-2').pk}"
    ]
    assert uuid.UUID(differences_of(period)[0].key.split(":")[1])


def test_a_line_is_adjusted_once(api: ApiClient, issue: Issue, period: Period) -> None:
    sold(api, issue, "WEB-1")
    upload(period, stated("X-1", ""))
    review(period)
    (line_key,) = (one.key for one in differences_of(period) if one.key.startswith("line:"))
    decide(period, "adjust", "We owe it", [line_key])
    match(period)
    for action in ("adjust", "accept"):
        with pytest.raises(CannotBeDecided, match="adjusted already"):
            decide(period, action, "Again", [line_key])
    assert LedgerEntry.objects.filter(kind="adjustment").count() == 1


def test_an_order_that_was_adjusted_comes_to_nothing_when_it_is_cancelled(
    api: ApiClient, issue: Issue, period: Period
) -> None:
    order = sold(api, issue, "WEB-1")
    upload(period, stated("WEB-1", order.buy_from_order_reference, "40,00", "32,00"))
    review(period)
    decide(period, "adjust", "The new price")
    match(period)
    closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())
    cancel(order)
    sums = LedgerEntry.objects.filter(order=order).aggregate(
        incl=Sum("gross"), excl=Sum("excl_vat"), cut=Sum("commission"), units=Sum("quantity")
    )
    assert sums == {"incl": 0, "excl": 0, "cut": 0, "units": 0}
    back = LedgerEntry.objects.filter(kind="adjustment").latest("pk")
    assert (back.gross, back.corrects) == (Decimal("-5.50"), period)


def test_what_is_wrong_with_a_line_that_is_also_repeated_is_its_own_difference(
    api: ApiClient, issue: Issue, period: Period
) -> None:
    order = sold(api, issue, "WEB-1", line(quantity=2))
    row = stated("WEB-1", order.buy_from_order_reference, "69,00", "55,20", quantity=1)
    upload(period, row, row)
    found = [(one.state, one.amount, len(one.lines)) for one in differences_of(period)]
    assert found == [("quantity_differs", 0, 1), ("duplicate", Decimal("55.20"), 1)]
    (whole,) = bridges_of(period)
    assert sum(one.amount for one in differences_of(period)) == whole.difference


def test_two_currencies_are_two_differences(
    api: ApiClient, issue: Issue, period: Period, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(months, "HEADER", f"{months.HEADER};Currency")
    order = sold(api, issue, "WEB-1")
    upload(period, stated("WEB-1", order.buy_from_order_reference) + ";USD")
    assert sorted((one.currency, one.amount) for one in differences_of(period)) == [
        ("EUR", Decimal("-27.60")),
        ("USD", Decimal("27.60")),
    ]
    found = {one.currency: (one.stated, one.ours, one.rest) for one in bridges_of(period)}
    assert found == {"EUR": (0, Decimal("27.60"), 0), "USD": (Decimal("27.60"), 0, 0)}


def test_a_carried_difference_may_be_carried_on_and_is_there_once(
    api: ApiClient, issue: Issue, period: Period
) -> None:
    sold(api, issue, "WEB-1")
    upload(period, stated("X-1", ""))
    review(period)
    decide(period, "carry", "Looked into")
    closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())
    for number in (12, 13):
        year, of_year = (2026, 12) if number == 12 else (2027, 1)
        following = review(match(months.month(period.partner, year, of_year)))
        carried = carrying.carried_into(following)
        assert len(carried) == 2
        settle_all(following, [one.pk for one in carried], "carry")
        with pytest.raises(PeriodConflict, match="settled already"):
            settle_all(following, [one.pk for one in carried], "carry")
        closing.close_period(period_id=following.pk, actor="staff:1", now=timezone.now())


def settle_all(period: Period, keys: list[int], action: str) -> None:
    carrying.settle_carried(
        period_id=period.pk,
        decision_ids=keys,
        action=DecisionAction(action),
        reason="Still looked into",
        actor="staff:1",
        now=timezone.now(),
    )


def test_what_is_disputed_of_what_was_carried_is_in_the_letter(
    api: ApiClient, issue: Issue, period: Period
) -> None:
    sold(api, issue, "WEB-1")
    match(period)
    review(period)
    decide(period, "carry", "They list it in December")
    closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())
    december = review(match(months.month(period.partner, 2026, 12)))
    settle_all(december, [one.pk for one in carrying.carried_into(december)], "dispute")
    (disputed,) = read_letter(period=december, now=timezone.now()).lines
    assert (disputed.their_reference, disputed.difference) == ("WEB-1", Decimal("-27.60"))
    assert disputed.cause == "Missing at partner, carried from November 2026."


def test_a_period_is_not_reopened_while_its_file_is_written(
    api: ApiClient, issue: Issue, period: Period
) -> None:
    review(match(period))
    closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())
    with pytest.raises(PeriodConflict, match="still being written"):
        closing.reopen_period(
            period_id=period.pk, actor="staff:1", now=timezone.now(), reason="A second file"
        )
    exports.fail_export(
        export_id=Export.objects.get().pk, message="The disk was full.", now=timezone.now()
    )
    again = closing.export_again(period_id=period.pk, actor="staff:1", now=timezone.now())
    assert again.period == period
    with pytest.raises(PeriodConflict, match="on its way"):
        closing.export_again(period_id=period.pk, actor="staff:1", now=timezone.now())


def test_an_order_that_only_an_adjustment_of_ours_is_of_this_period_is_still_known(
    api: ApiClient, issue: Issue, period: Period
) -> None:
    order = sold(api, issue, "WEB-1")
    upload(period, stated("WEB-1", order.buy_from_order_reference, "40,00", "32,00"))
    review(period)
    decide(period, "accept")
    closing.close_period(period_id=period.pk, actor="staff:1", now=timezone.now())
    december = months.month(period.partner, 2026, 12)
    LedgerEntry.objects.create(
        venue=order.venue,
        partner=order.partner,
        order=order,
        kind="adjustment",
        buy_from_order_reference=order.buy_from_order_reference,
        quantity=0,
        gross=0,
        vat=0,
        excl_vat=0,
        commission=Decimal("-1.00"),
        currency="EUR",
        reason="A rebate",
        posted_at=timezone.now(),
        accounting_date=december.first_day,
    )
    statement = upload(december, stated("WEB-1", order.buy_from_order_reference), name="12.csv")
    assert states(statement) == [(2, "wrong_period")]
    assert [row.state for row in Position.objects.filter(period=december)] == ["adjustment"]


def test_a_large_period_is_matched_in_the_background_once(
    api: ApiClient, issue: Issue, period: Period, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = sold(api, issue, "WEB-1")
    statement = upload(period, stated("WEB-1", order.buy_from_order_reference))
    sold(api, issue, "WEB-2")
    monkeypatch.setattr(reconciling, "_AT_ONCE", 2)
    first = reconciling.match_soon(period_id=period.pk, now=timezone.now())
    again = reconciling.match_soon(period_id=period.pk, now=timezone.now())
    assert first.match_job_id == again.match_job_id is not None
    assert reconciling.is_being_matched(again)
    assert not reconciling.is_current(again)
    reconciling.match_in_background(period_id=period.pk, now=timezone.now())
    again.refresh_from_db()
    assert reconciling.is_current(again)
    assert states(statement) == [(2, "matched")]
    assert Position.objects.filter(period=period).count() == 2


def test_what_a_colleague_has_decided_on_since_one_looked_is_not_decided_over(
    api: ApiClient, issue: Issue, period: Period
) -> None:
    order = sold(api, issue, "WEB-1")
    upload(period, stated("WEB-1", order.buy_from_order_reference, "30,00", "24,00"))
    review(period)
    (key,) = (one.key for one in differences_of(period))
    (first,) = decide(period, "accept")
    with pytest.raises(CannotBeDecided, match="since you looked"):
        decide_on(period, key, seen=first.pk - 1)
    (second,) = decide_on(period, key, seen=first.pk)
    assert differences_of(period)[0].decision == second


def decide_on(period: Period, key: str, *, seen: int) -> list[Decision]:
    return decisions.decide(
        period_id=period.pk,
        keys=[key],
        action=DecisionAction.DISPUTE,
        reason="We do not agree",
        actor="staff:2",
        now=timezone.now(),
        seen=seen,
    )


def test_a_difference_without_money_cannot_be_adjusted(
    api: ApiClient, issue: Issue, period: Period
) -> None:
    order = sold(api, issue, "WEB-1", line(quantity=2))
    upload(
        period,
        stated("WEB-1", order.buy_from_order_reference, "69,00", "55,20", quantity=3),
    )
    review(period)
    with pytest.raises(CannotBeDecided, match="no money to adjust"):
        decide(period, "adjust")
    assert not LedgerEntry.objects.filter(kind="adjustment").exists()
