"""What partners read of tickets that another system of the venue's has issued."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orders.models import Order
from tests.conftest import ApiClient
from tests.issued_elsewhere import issue_elsewhere
from tests.orders.expected import UUID, VISIT, Clock, line
from wallets.models import Asset

Issue = Callable[[str], Order]
PAGE = "https://tickets.example/orders/THERE-1"


@pytest.fixture
def issued(api: ApiClient, clock: Clock, issue: Issue) -> Callable[..., Order]:
    """Make an Issued order of some lines."""

    def make(*lines: Any) -> Order:
        made = api.create(*(lines or (line(),)), paymentReference="PAY-1")
        return issue(made["orderId"])

    return make


def assets(api: ApiClient, order: Order) -> list[dict[str, Any]]:
    response = api.get(f"{api.base}/{order.pk}")
    assert response.status_code == 200
    wallets = [wallet for item in response.json()["items"] for wallet in item["wallets"]]
    return [asset for wallet in wallets for asset in wallet["assets"]]


def test_a_ticket_of_ours_says_nothing_of_other_systems(
    api: ApiClient, issued: Callable[..., Order]
) -> None:
    (asset,) = assets(api, issued())
    assert "outside" not in asset


def test_a_ticket_issued_elsewhere_names_the_system_its_order_number_and_page(
    api: ApiClient, issued: Callable[..., Order]
) -> None:
    order = issued()
    issue_elsewhere(Asset.objects.get(), "OB-0042", urls=[f"{PAGE}/1.pdf"])
    assert assets(api, order) == [
        {
            "assetId": UUID,
            "type": "ticket",
            "referenceNumber": "OB-0042",
            "itemNumber": "DAY-ENTRY",
            "description": "DAY entry",
            "status": "Valid",
            "validFrom": f"{VISIT}T07:00:00.000Z",
            "validUntil": f"{VISIT}T19:00:00.000Z",
            "outside": {
                "system": "Onebox",
                "orderReference": "THERE-1",
                "number": "OB-0042",
                "ticketUrl": f"{PAGE}/1.pdf",
                "status": "Valid",
            },
        }
    ]


def test_what_a_system_does_not_tell_is_null(api: ApiClient, issued: Callable[..., Order]) -> None:
    order = issued()
    row = issue_elsewhere(Asset.objects.get(), "", system="ordino")
    type(row).objects.update(outside_reference="")
    (asset,) = assets(api, order)
    assert asset["outside"] == {
        "system": "Ordino",
        "orderReference": None,
        "number": None,
        "ticketUrl": None,
        "status": "Valid",
    }


def test_the_page_of_the_whole_order_stands_where_a_ticket_has_none(
    api: ApiClient, issued: Callable[..., Order]
) -> None:
    order = issued()
    issue_elsewhere(Asset.objects.get(), "", system="voordemensen", tickets_url=PAGE)
    (asset,) = assets(api, order)
    assert asset["outside"]["ticketUrl"] == PAGE


def test_the_page_of_the_whole_order_is_told_of_no_asset_that_has_others_beside_it(
    api: ApiClient, issued: Callable[..., Order]
) -> None:
    order = issued(line(quantity=2))
    for asset in Asset.objects.all():
        issue_elsewhere(asset, "", system="voordemensen", tickets_url=PAGE)
    told = [one["outside"]["ticketUrl"] for one in assets(api, order)]
    assert told == [None, None]


@pytest.mark.parametrize(
    "url",
    [
        "http://tickets.example/1",
        "javascript:alert(1)",
        "data:text/html,x",
        "//tickets.example/1",
        "https://",
        "https://us@evil.example/1",
        "https://tickets.example/a b",
        "https://[/",
    ],
)
def test_only_https_addresses_are_shown(
    api: ApiClient, issued: Callable[..., Order], url: str
) -> None:
    order = issued()
    issue_elsewhere(Asset.objects.get(), "N-1", urls=[url])
    (asset,) = assets(api, order)
    assert asset["outside"]["ticketUrl"] is None


@pytest.mark.parametrize(
    ("there", "told"),
    [
        ("Valid", "Valid"),
        ("Used", "Used"),
        ("Ending", "Cancelling"),
        ("Left", "Cancelling"),
        ("Ended", "Cancelled"),
    ],
)
def test_the_state_there_is_told(
    api: ApiClient, issued: Callable[..., Order], there: str, told: str
) -> None:
    order = issued()
    issue_elsewhere(Asset.objects.get(), "N-1", status=there)
    (asset,) = assets(api, order)
    assert asset["outside"]["status"] == told


def test_several_tickets_behind_one_asset_are_listed(
    api: ApiClient, issued: Callable[..., Order]
) -> None:
    order = issued()
    ticket = Asset.objects.get()
    issue_elsewhere(ticket, "G-1", "G-2", "", urls=[f"{PAGE}/1"])
    (asset,) = assets(api, order)
    assert asset["referenceNumber"] == ticket.reference_number
    assert asset["outside"] == {
        "system": "Onebox",
        "orderReference": "THERE-1",
        "number": None,
        "ticketUrl": None,
        "status": "Valid",
        "tickets": [
            {"number": "G-1", "ticketUrl": f"{PAGE}/1", "status": "Valid"},
            {"number": "G-2", "ticketUrl": None, "status": "Valid"},
            {"number": None, "ticketUrl": None, "status": "Valid"},
        ],
    }


def test_an_order_is_read_in_as_many_statements_as_one_of_ours(
    api: ApiClient, issued: Callable[..., Order], statements: Callable[[], Any]
) -> None:
    order = issued(line(quantity=3))
    for number, asset in enumerate(Asset.objects.all()):
        issue_elsewhere(asset, f"N-{number}")
    with statements() as count:
        shown = assets(api, order)
    assert len(count) <= 6, "\n".join(count.statements)
    assert [asset["outside"]["number"] for asset in shown] == ["N-0", "N-1", "N-2"]
