"""The page of a storefront: who lets it sell on account, and what is kept of that."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from channel_manager.history.models import AuditEntry
from partners import outward, storefronts
from partners.models import ApiKey, Dialect, Partner, Storefront
from partners.storefronts import open_storefront
from tests.orders.expected import NOON
from tests.staff import person, signed_in, text_of


@pytest.fixture
def storefront(partner: Partner) -> Storefront:
    """Our partner's storefront in VoordeMensen's words."""
    return open_storefront(
        partner=partner, dialect=Dialect.VOORDEMENSEN, public_id="molenpark", now=NOON
    )


@pytest.fixture
def desk(order_desk: User) -> Client:
    return signed_in(order_desk)


def page_of(storefront: Storefront) -> str:
    return reverse("admin:partners_storefront_change", args=[storefront.pk])


def test_staff_let_a_storefront_sell_on_account_and_it_is_kept_who_did(
    desk: Client, storefront: Storefront, order_desk: User
) -> None:
    text = text_of(desk.get(page_of(storefront)))
    assert "For a partner's server, not for a shop with guests" in text
    assert desk.post(page_of(storefront), {"sells_on_account": "on"}).status_code == 302
    storefront.refresh_from_db()
    assert (storefront.sells_on_account, storefront.public_id) == (True, "molenpark")
    (entry,) = AuditEntry.objects.filter(subject_id=str(storefront.pk))
    assert (entry.actor, entry.changes) == (
        f"staff:{order_desk.pk}",
        [{"field": "Sells on account", "before": "no", "after": "yes", "hidden": False}],
    )
    desk.post(page_of(storefront), {})
    storefront.refresh_from_db()
    assert storefront.sells_on_account is False


@pytest.mark.parametrize("dialect", [Dialect.OPENTICKET, Dialect.VOORDEMENSEN])
def test_whoever_knew_the_id_of_on_account_does_not_once_it_was_off(
    desk: Client, partner: Partner, dialect: Dialect
) -> None:
    row = open_storefront(partner=partner, dialect=dialect, now=NOON)
    desk.post(page_of(row), {"sells_on_account": "on"})

    def id_of_account() -> str:
        kind, key = storefronts.PAYMENT_METHOD, storefronts.ON_ACCOUNT
        return outward.values_of(row, kind, [key], shape=outward.number)[key]

    before = id_of_account()
    desk.post(page_of(row), {"sells_on_account": "on", "mails_tickets": "on"})
    assert id_of_account() == before
    desk.post(page_of(row), {})
    assert not row.outward_ids.exists()
    desk.post(page_of(row), {"sells_on_account": "on"})
    assert id_of_account() != before


def test_nothing_else_of_a_storefront_is_changed_by_its_form(
    desk: Client, storefront: Storefront, rival: object
) -> None:
    desk.post(
        page_of(storefront),
        {"sells_on_account": "on", "public_id": "other", "dialect": "onebox", "test_mode": "on"},
    )
    storefront.refresh_from_db()
    assert (storefront.public_id, storefront.dialect, storefront.test_mode) == (
        *("molenpark", "voordemensen", False),
    )


@pytest.mark.parametrize("dialect", [Dialect.ORDINO, Dialect.ONEBOX])
def test_a_storefront_whose_guests_pay_elsewhere_is_not_asked(
    desk: Client, partner: Partner, dialect: Dialect
) -> None:
    row = open_storefront(partner=partner, dialect=dialect, now=NOON)
    assert "on account" not in text_of(desk.get(page_of(row)))
    desk.post(page_of(row), {"sells_on_account": "on"})
    row.refresh_from_db()
    assert row.sells_on_account is False


def test_guests_of_an_openticket_shop_are_mailed_until_that_is_turned_off(
    desk: Client, partner: Partner
) -> None:
    row = open_storefront(partner=partner, dialect=Dialect.OPENTICKET, now=NOON)
    assert row.mails_tickets is True
    desk.post(page_of(row), {})
    row.refresh_from_db()
    assert row.mails_tickets is False
    desk.post(page_of(row), {"mails_tickets": "on"})
    row.refresh_from_db()
    assert row.mails_tickets is True


def test_it_takes_a_right_of_its_own(storefront: Storefront) -> None:
    seeing = signed_in(person("seeing", "partners.view_storefront", "partners.add_storefront"))
    assert seeing.post(page_of(storefront), {"sells_on_account": "on"}).status_code == 403
    storefront.refresh_from_db()
    assert storefront.sells_on_account is False


def test_a_client_of_voordemensen_gets_a_secret_once_it_sells_on_account(
    desk: Client, storefront: Storefront
) -> None:
    address = reverse("admin:partners_storefront_new_secret", args=[storefront.pk])
    assert address not in desk.get(page_of(storefront)).content.decode()
    assert desk.post(address, {"name": "Park next door"}).status_code == 403
    desk.post(page_of(storefront), {"sells_on_account": "on"})
    assert address in desk.get(page_of(storefront)).content.decode()
    shown = desk.post(address, {"name": "Park next door"})
    assert "Header Authorization, without Bearer" in text_of(shown)
    assert ApiKey.objects.get().dialect == Dialect.VOORDEMENSEN
