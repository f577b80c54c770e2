"""What staff are shown of a ticket that another system has issued, and how they find it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.models import Order
from tests.conftest import TOMORROW, ApiClient
from tests.issued_elsewhere import issue_elsewhere
from tests.staff import signed_in, text_of
from wallets.models import Asset

NUMBER = "ob-0042/" + "x" * 92
PAGE = "https://tickets.example/THERE-1.pdf"


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody at the order desk."""
    return signed_in(order_desk)


@pytest.fixture
def order(api: ApiClient, issue: Callable[[str], Order]) -> Order:
    """An Issued order of one ticket, which Onebox has issued, with the longest number there is."""
    line = {"itemNumber": "DAY", "visitDate": TOMORROW.isoformat()}
    order = issue(api.create(line, paymentReference="PAY-1")["orderId"])
    issue_elsewhere(Asset.objects.get(), NUMBER, urls=[PAGE])
    return order


def test_the_tickets_page_has_system_order_number_link_and_state(
    desk: Client, order: Order
) -> None:
    answer = desk.get(f"/admin/wallets/asset/{Asset.objects.get().pk}/change/")
    told = text_of(answer)
    assert f"Onebox, order THERE-1 {NUMBER} · Valid · open there" in told
    assert f'href="{PAGE}" target="_blank" rel="noopener noreferrer"' in answer.content.decode()
    assert "Onebox has issued it, and is the only one to replace it." in told
    assert "Reissue" not in told


def test_the_wallets_page_names_the_system(desk: Client, order: Order) -> None:
    (wallet,) = order.wallets.all()
    assert "Onebox: Valid" in text_of(desk.get(f"/admin/wallets/wallet/{wallet.pk}/change/"))


def test_the_orders_page_names_it_and_offers_no_reissue(desk: Client, order: Order) -> None:
    answer = desk.get(f"/admin/orders/order/{order.pk}/change/")
    assert "issued by Onebox: Valid there" in text_of(answer)
    assert "/reissue/?of=" not in answer.content.decode()


@pytest.mark.parametrize("where", ["wallets/asset", "orders/order"])
def test_it_is_found_by_its_number_there(desk: Client, order: Order, where: str) -> None:
    found = desk.get(f"/admin/{where}/", {"q": NUMBER}).context["cl"]
    assert found.result_count == 1


@pytest.mark.parametrize("where", ["wallets/asset", "orders/order"])
def test_any_ticket_of_a_group_leads_to_it(desk: Client, order: Order, where: str) -> None:
    issue_elsewhere(Asset.objects.get(), "G-1", "g-2")
    for number in ("G-1", "g-2"):
        found = desk.get(f"/admin/{where}/", {"q": number}).context["cl"]
        assert found.result_count == 1


def test_a_ticket_of_ours_says_nothing_of_other_systems(
    desk: Client, api: ApiClient, issue: Callable[[str], Order]
) -> None:
    line = {"itemNumber": "DAY", "visitDate": TOMORROW.isoformat()}
    issue(api.create(line, paymentReference="PAY-1")["orderId"])
    told = text_of(desk.get(f"/admin/wallets/asset/{Asset.objects.get().pk}/change/"))
    assert "Onebox" not in told
    assert "Reissue ticket" in told
