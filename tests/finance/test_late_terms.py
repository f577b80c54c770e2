"""Applying a contract to what was sold before it was agreed on: once, and taken back with its sale."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from channel_manager.history.models import Event
from orders import wallet_cancellation
from orders.finance import late_terms
from orders.finance.late_terms import apply_to_earlier
from orders.models import LedgerEntry, Order
from partners.models import Contract, Partner
from tests.conftest import ApiClient
from tests.factories import offer, sell
from tests.finance.agreed import agree, close, posted
from tests.invariants import RULES
from tests.orders.expected import NOON, Clock, line, settle
from tests.orders.racing import at_once
from tests.staff import messages_of, person, signed_in, text_of

Issue = Callable[[str], Order]
TODAY = "2026-11-20"
A_DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def clock(db: None, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make time stand still at NOON."""
    standing = Clock()
    monkeypatch.setattr(timezone, "now", standing)
    return standing


def apply(contract: Contract) -> None:
    apply_to_earlier(contract_id=contract.pk, actor="staff:1", now=NOON)


def cancel_wallets(settled: dict[str, Any], *numbers: int) -> None:
    wallets = settled["items"][0]["wallets"]
    wallet_cancellation.cancel_wallets(
        orders=Order.objects.all(),
        order_id=uuid.UUID(settled["orderId"]),
        wallet_ids=[uuid.UUID(wallets[number - 1]["walletId"]) for number in numbers],
        actor="staff:1",
        now=timezone.now(),
        reason="One is ill",
    )


def test_the_commission_of_what_was_sold_without_terms_is_posted_on_the_day_of_each_entry(
    api: ApiClient, issue: Issue, partner: Partner, clock: Clock
) -> None:
    settled = settle(api, issue, line(quantity=3))
    clock.forward(days=1)
    cancel_wallets(settled, 2)
    contract = agree(partner, percent=Decimal("12.5"))
    apply(contract)
    assert posted()[2:] == [
        ("adjustment", 0, "0", "12.94", TODAY),
        ("adjustment", 0, "0", "-4.31", TODAY),
    ]
    entry = LedgerEntry.objects.get(commission=Decimal("12.94"))
    sale = LedgerEntry.objects.get(kind="sale")
    assert (entry.order, entry.line, entry.contract) == (sale.order, sale.line, contract)
    assert entry.buy_from_order_reference == sale.buy_from_order_reference
    assert entry.reason == "Terms of version 1 applied"
    event = Event.objects.get(name="contract_applied")
    assert (event.kind, event.subject_id, event.data) == (
        "partner",
        partner.pk,
        {"version": 1, "sales": 1, "commission": "8.63 EUR"},
    )


def test_it_is_applied_once_however_often_it_is_asked(
    api: ApiClient, issue: Issue, partner: Partner
) -> None:
    settle(api, issue)
    contract = agree(partner)
    apply(contract)
    apply(contract)
    assert posted()[1:] == [("adjustment", 0, "0", "6.9", TODAY)]


@pytest.mark.django_db(transaction=True)
def test_two_who_press_at_once_post_it_once(api: ApiClient, issue: Issue, partner: Partner) -> None:
    settle(api, issue, *(line() for _ in range(5)))
    contract = agree(partner)
    at_once(*[lambda: apply(contract)] * 3)
    assert posted()[5:] == [("adjustment", 0, "0", "6.9", TODAY)] * 5


def test_only_sales_of_its_days_without_terms_in_open_periods_are_concerned(
    api: ApiClient, rival: ApiClient, issue: Issue, partner: Partner, clock: Clock
) -> None:
    settle(rival, issue, line())
    settle(api, issue, sellToOrderReference="before")
    close(partner, "2026-11-01", TODAY, now=clock())
    clock.forward(days=1)
    settle(api, issue, sellToOrderReference="of its days")
    clock.forward(days=1)
    settle(api, issue, sellToOrderReference="after")
    contract = agree(partner, valid_until=NOON.date() + A_DAY)
    apply(contract)
    assert [entry[3:] for entry in posted() if entry[0] == "adjustment"] == [
        ("6.9", "2026-11-21"),
    ]


def test_what_has_terms_keeps_them(api: ApiClient, issue: Issue, partner: Partner) -> None:
    contract = agree(partner)
    settle(api, issue)
    apply(contract)
    assert posted() == [("sale", 1, "34.5", "6.9", TODAY)]


def test_a_net_rate_has_nothing_to_post(api: ApiClient, issue: Issue, partner: Partner) -> None:
    settle(api, issue)
    apply(agree(partner, "net_rate"))
    assert len(posted()) == 1


def test_what_is_cancelled_later_takes_the_commission_back_to_the_cent(
    api: ApiClient, issue: Issue, partner: Partner
) -> None:
    settled = settle(api, issue, line(quantity=7), line())
    apply(agree(partner, percent=Decimal("12.345")))
    cancel_wallets(settled, 4, 1)
    left = sum(entry.commission for entry in LedgerEntry.objects.all())
    assert left == Decimal("29.81") - 2 * Decimal("4.26") + Decimal("4.26")
    api.delete(settled["orderId"])
    assert sum(entry.commission for entry in LedgerEntry.objects.all()) == 0
    assert sum(entry.gross for entry in LedgerEntry.objects.all()) == 0
    with connection.cursor() as cursor:
        for rule in (rule for rule in RULES if "commission" in rule or "terms" in rule):
            cursor.execute(RULES[rule])
            assert cursor.fetchall() == [], rule
    last = LedgerEntry.objects.latest("id")
    assert last.reason.startswith("Commission on what was taken back")


def test_a_press_posts_so_many_and_says_what_is_left(
    api: ApiClient, issue: Issue, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_terms, "AT_ONCE", 2)
    settle(api, issue, *(line() for _ in range(5)))
    contract = agree(partner)
    told = [apply_to_earlier(contract_id=contract.pk, actor="staff:1", now=NOON) for _ in range(4)]
    assert [(one.sales, one.left) for one in told] == [(2, 3), (2, 1), (1, 0), (0, 0)]


@pytest.mark.parametrize(
    ("terms", "members", "commission"),
    [
        ("commission_of_gross", {}, "6.9"),
        ("commission_of_excl_vat", {}, "6.33"),
        ("fee_per_unit", {"fee": Decimal("1.5")}, "1.5"),
        # On what costs 0.04 it rounds to nothing.
        ("commission_of_gross", {"percent": Decimal("0.25")}, "0.09"),
    ],
)
def test_sales_that_no_commission_comes_to_do_not_stand_in_the_way(
    api: ApiClient,
    issue: Issue,
    partner: Partner,
    monkeypatch: pytest.MonkeyPatch,
    terms: str,
    members: dict[str, Any],
    commission: str,
) -> None:
    monkeypatch.setattr(late_terms, "AT_ONCE", 1)
    sell([offer(partner.venue, "FREE", "0.00"), offer(partner.venue, "CHEAP", "0.04")])
    dear = settle(api, issue, line("FREE"), line("CHEAP"), line())["orderId"]
    contract = agree(partner, terms, **members)
    presses = [apply_to_earlier(contract_id=contract.pk, actor="staff:1", now=NOON) for _ in "1234"]
    day_ticket = LedgerEntry.objects.get(order=dear, kind="sale", gross=Decimal("34.5")).line_id
    (entry,) = LedgerEntry.objects.filter(kind="adjustment", line=day_ticket)
    assert f"{entry.commission.normalize():f}" == commission
    assert presses[-1].left == 0
    assert not late_terms.is_anything_without(contract)


def test_a_net_rate_is_not_offered_for_what_was_sold_without_terms(
    api: ApiClient, issue: Issue, partner: Partner
) -> None:
    settle(api, issue)
    assert not late_terms.is_anything_without(agree(partner, "net_rate"))


def test_the_page_shows_the_effect_and_posts_it(
    api: ApiClient, issue: Issue, partner: Partner, order_desk: User
) -> None:
    settle(api, issue, line(quantity=2))
    contract = agree(partner)
    desk = signed_in(order_desk)
    page = desk.get(f"/admin/partners/contract/{contract.pk}/change/")
    (button,) = [one for one in page.context["state_bar"].buttons if "Apply" in one.label]
    told = text_of(desk.get(button.url))
    assert "1 sale of orders received from 1 Jan 2026 had no contract" in told
    assert "20 % of gross comes to EUR 13.80 of commission" in told
    assert len(posted()) == 1
    answer = desk.post(button.url, follow=True)
    assert messages_of(answer) == [
        "1 sale got the terms of Sunny Trips, version 1: EUR 13.80 of commission was posted."
    ]
    assert not [one for one in answer.context["state_bar"].buttons if "Apply" in one.label]
    again = desk.post(button.url, follow=True)
    assert messages_of(again) == ["Nothing was left to apply it to: somebody else was faster."]
    assert "Nothing of these days is without terms." in text_of(desk.get(button.url))


def test_who_may_not_adjust_the_ledger_is_offered_nothing(
    api: ApiClient, issue: Issue, partner: Partner
) -> None:
    settle(api, issue)
    contract = agree(partner)
    browser = signed_in(person("manager", "partners.view_contract", "partners.change_contract"))
    page = browser.get(f"/admin/partners/contract/{contract.pk}/change/")
    assert [one.label for one in page.context["state_bar"].buttons] == ["End on a day"]
    assert browser.post(f"/admin/orders/ledgerentry/late-terms/{contract.pk}/").status_code == 403
