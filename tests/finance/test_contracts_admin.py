"""Contracts in the admin: added, ended, agreed anew, never changed; the effect is shown first."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from channel_manager.history.models import Event
from orders.models import Order
from partners.models import Contract, Partner
from tests.conftest import ApiClient
from tests.finance.agreed import agree
from tests.orders.expected import Clock, settle
from tests.staff import messages_of, person, signed_in, text_of, viewer

CONTRACTS = "/admin/partners/contract/"
Issue = Callable[[str], Order]


@pytest.fixture(autouse=True)
def clock(db: None, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make time stand still at NOON."""
    standing = Clock()
    monkeypatch.setattr(timezone, "now", standing)
    return standing


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The accountant's browser."""
    return signed_in(order_desk)


def answers(**changes: Any) -> dict[str, Any]:
    return {
        "valid_from": "2026-12-01",
        "valid_until": "",
        "terms": "commission_of_gross",
        "percent": "15",
        "fee": "0",
        "currency": "EUR",
        "date_basis": "visit",
        "billed_by": "partner",
        "tolerance": "0.05",
        "note": "",
        **changes,
    }


def versions() -> list[tuple[int, str, str, str]]:
    return [
        (one.version, one.rate, str(one.valid_from), str(one.valid_until))
        for one in Contract.objects.order_by("version")
    ]


def test_a_contract_is_added_in_the_venues_currency_and_told_in_the_partners_history(
    desk: Client, partner: Partner
) -> None:
    form = desk.get(f"{CONTRACTS}add/?partner={partner.pk}").context["adminform"].form
    assert (form.initial["currency"], str(form.initial["valid_from"])) == ("EUR", "2026-11-20")
    answer = desk.post(f"{CONTRACTS}add/", answers(partner=partner.pk, currency=""))
    assert answer.status_code == 302
    assert versions() == [(1, "15 % of gross", "2026-12-01", "None")]
    event = Event.objects.get(kind="partner", name__startswith="contract_")
    assert (event.name, event.data["terms"], event.data["from"]) == (
        *("contract_agreed", "15 % of gross", "2026-12-01"),
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"percent": "0"}, "How many percent is the commission?"),
        ({"terms": "fee_per_unit", "percent": "0"}, "How much is the fee?"),
        ({"terms": "net_rate"}, "These terms have no percentage: leave it 0."),
        ({"fee": "1"}, "These terms have no fee: leave it 0."),
        ({"currency": "USD"}, "The venue sells in EUR."),
        ({"percent": "101"}, "Ensure this value is less than or equal to 100."),
        ({"valid_from": "2026-11-20"}, "Another contract of this partner covers some of these"),
        ({"valid_until": "2026-11-30"}, "This is before the first day."),
    ],
)
def test_a_form_says_what_does_not_go_together(
    desk: Client, partner: Partner, changes: dict[str, str], told: str
) -> None:
    agree(partner, valid_until=datetime.date(2026, 11, 30))
    page = desk.post(f"{CONTRACTS}add/", answers(partner=partner.pk, **changes))
    assert page.status_code == 200
    assert told in text_of(page)
    assert Contract.objects.count() == 1


def test_the_list_says_the_terms_in_words(desk: Client, partner: Partner) -> None:
    agree(partner, valid_until=datetime.date(2026, 10, 31))
    agree(
        partner,
        "fee_per_unit",
        fee=Decimal("1.5"),
        valid_from=datetime.date(2026, 11, 1),
        billed_by="venue",
    )
    text = text_of(desk.get(CONTRACTS))
    for told in ("20 % of gross", "1.50 EUR per unit", "1 Jan 2026 – 31 Oct 2026", "Holds today"):
        assert told in text, told
    assert "Ended" in text


def test_one_that_is_there_is_looked_at_only(desk: Client, partner: Partner) -> None:
    contract = agree(partner)
    page = desk.get(f"{CONTRACTS}{contract.pk}/change/")
    assert [one.label for one in page.context["state_bar"].buttons] == [
        "Agree anew from a day",
        "End on a day",
    ]
    assert 'name="_save"' not in page.content.decode()
    changed = desk.post(f"{CONTRACTS}{contract.pk}/change/", answers(partner=partner.pk))
    assert changed.status_code == 403
    assert versions() == [(1, "20 % of gross", "2026-01-01", "None")]


def test_it_ends_on_a_day_once_the_effect_was_seen(
    desk: Client, api: ApiClient, issue: Issue, partner: Partner
) -> None:
    contract = agree(partner)
    settle(api, issue)
    address = f"{CONTRACTS}{contract.pk}/end/"
    asked = {"last_day": "2026-11-19", "reason": "They left"}
    shown = desk.post(address, asked)
    assert "Version 1 (20 % of gross, from 1 Jan 2026) ends on 19 Nov 2026." in text_of(shown)
    assert (
        "1 sale of orders that were received since 20 Nov 2026 keep the terms of version 1"
        in text_of(shown)
    )
    assert versions() == [(1, "20 % of gross", "2026-01-01", "None")]
    done = desk.post(address, {**asked, "_agreed": shown.context["stop"].shown}, follow=True)
    assert messages_of(done) == ["Sunny Trips, version 1 ends on 19 Nov 2026."]
    assert versions() == [(1, "20 % of gross", "2026-01-01", "2026-11-19")]
    event = Event.objects.get(kind="partner", name__startswith="contract_")
    assert (event.name, event.reason) == ("contract_ended", "They left")


def test_it_cannot_end_before_it_begins(desk: Client, partner: Partner) -> None:
    contract = agree(partner, valid_from=datetime.date(2026, 12, 1))
    page = desk.post(f"{CONTRACTS}{contract.pk}/end/", {"last_day": "2026-11-30"})
    assert messages_of(page) == ["Version 1 begins on 1 Dec 2026: it cannot end on 30 Nov 2026."]


def test_other_terms_follow_from_a_day_and_are_prefilled(desk: Client, partner: Partner) -> None:
    contract = agree(partner, valid_until=datetime.date(2026, 12, 31))
    address = f"{CONTRACTS}{contract.pk}/agree-anew/"
    form = desk.get(address).context["form"]
    assert (form["percent"].value(), str(form["valid_until"].value())) == ("20", "2026-12-31")
    assert str(form["valid_from"].value()) == "2026-11-21"
    asked = answers(valid_until="2026-12-31")
    shown = desk.post(address, asked)
    for told in (
        "Version 1 (20 % of gross, 1 Jan 2026 – 31 Dec 2026) ends on 30 Nov 2026.",
        "Version 2 (15 % of gross, 1 Dec 2026 – 31 Dec 2026) begins: Visit:",
        "Nothing that was sold changes.",
    ):
        assert told in text_of(shown), told
    assert len(versions()) == 1
    back = desk.post(address, {**asked, "_agreed": "x", "_back": "1"})
    assert back.context["form"]["percent"].value() == "15"
    done = desk.post(address, {**asked, "_agreed": shown.context["stop"].shown}, follow=True)
    assert messages_of(done) == ["Sunny Trips, version 2 holds 1 Dec 2026 – 31 Dec 2026."]
    assert versions() == [
        (1, "20 % of gross", "2026-01-01", "2026-11-30"),
        (2, "15 % of gross", "2026-12-01", "2026-12-31"),
    ]


def test_an_effect_that_is_another_by_now_is_shown_again(desk: Client, partner: Partner) -> None:
    contract = agree(partner)
    address = f"{CONTRACTS}{contract.pk}/agree-anew/"
    shown = desk.post(address, answers())
    Contract.objects.update(valid_until=datetime.date(2027, 6, 30))
    again = desk.post(address, answers(_agreed=shown.context["stop"].shown))
    assert "A colleague has changed this contract since you looked." in text_of(again)
    assert len(versions()) == 1


def test_what_follows_does_not_cover_days_of_a_later_version(
    desk: Client, partner: Partner
) -> None:
    first = agree(partner, valid_until=datetime.date(2026, 12, 31))
    agree(partner, valid_from=datetime.date(2027, 1, 1))
    page = desk.post(f"{CONTRACTS}{first.pk}/agree-anew/", answers())
    assert messages_of(page) == [
        "Another contract of this partner covers some of these days. End it first."
    ]
    assert versions()[0] == (1, "20 % of gross", "2026-01-01", "2026-12-31")


def test_one_that_nothing_was_sold_under_may_be_removed(
    desk: Client, api: ApiClient, issue: Issue, partner: Partner
) -> None:
    unused = agree(partner, valid_until=datetime.date(2026, 10, 31))
    used = agree(partner, valid_from=datetime.date(2026, 11, 1))
    settle(api, issue)
    assert desk.post(f"{CONTRACTS}{used.pk}/delete/", {"post": "yes"}).status_code == 403
    assert desk.post(f"{CONTRACTS}{unused.pk}/delete/", {"post": "yes"}).status_code == 302
    assert [one.pk for one in Contract.objects.all()] == [used.pk]
    assert (
        Event.objects.get(kind="partner", name__startswith="contract_").name == "contract_removed"
    )


def test_a_partners_page_shows_what_holds_or_says_that_nothing_does(
    desk: Client, partner: Partner
) -> None:
    address = f"/admin/partners/partner/{partner.pk}/change/"
    assert "No contract holds today" in text_of(desk.get(address))
    contract = agree(partner)
    page = desk.get(address)
    assert "No contract holds today" not in text_of(page)
    assert "Version 1 Holds today 20 % of gross from 1 Jan 2026 Booked" in text_of(page)
    assert f"{CONTRACTS}{contract.pk}/change/" in page.content.decode()
    stranger = signed_in(person("stranger", "partners.view_partner"))
    assert "20 % of gross" not in text_of(stranger.get(address))


def test_who_only_looks_finds_no_button(partner: Partner) -> None:
    contract = agree(partner)
    browser = signed_in(viewer())
    page = browser.get(f"{CONTRACTS}{contract.pk}/change/")
    assert page.context["state_bar"].buttons == []
    for name in ("end", "agree-anew"):
        assert browser.get(f"{CONTRACTS}{contract.pk}/{name}/").status_code == 403
