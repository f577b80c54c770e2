"""When a manifest is there, who gets it in which shape, and what nobody may do with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from channel_manager.history import runner
from orders.models import Order
from partners.models import Venue
from tests.conftest import TOMORROW, ApiClient
from tests.wallets.conftest import BROWSER, TOMORROW_IN_WORDS, Guest, visible_lines
from wallets.manifest import spaced
from wallets.models import Wallet

Issued = Callable[..., Order]
DAY = {"itemNumber": "DAY", "visitDate": TOMORROW.isoformat()}
UNKNOWN = "A" * 32


def order_page(order: Order) -> str:
    return f"/m/{order.token}"


def wallet_page(order: Order) -> str:
    return f"/w/{Wallet.objects.get(order=order).token}"


@pytest.mark.parametrize("accept", [BROWSER, "application/json", "application/pdf"])
def test_nobody_may_keep_list_or_pass_on_the_address(
    issued: Issued, guest: Guest, api: ApiClient, accept: str
) -> None:
    order = issued(DAY)
    cancelled = issued(DAY, sellToOrderReference="WEB-2")
    assert api.delete(str(cancelled.pk)).status_code == 200
    for path in (order_page(order), wallet_page(order), order_page(cancelled), f"/m/{UNKNOWN}"):
        response = guest.open(path, accept)
        names = ("Cache-Control", "X-Robots-Tag", "Referrer-Policy", "Vary")
        assert [response[name] for name in names] == [
            "private, no-store",
            "noindex, nofollow, noarchive",
            "no-referrer",
            "Accept",
        ]


def test_the_page_itself_asks_not_to_be_listed(issued: Issued, guest: Guest) -> None:
    html = guest.open(order_page(issued(DAY))).content.decode()
    assert '<meta name="robots" content="noindex, nofollow, noarchive">' in html
    assert '<meta name="referrer" content="no-referrer">' in html


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (BROWSER, "text/html"),
        ("*/*", "text/html"),
        ("", "text/html"),
        ("image/png", "text/html"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("text/html, application/json;q=0.9", "text/html"),
        ("application/json, text/plain, */*", "application/json"),
        ("application/json;q=0, */*", "text/html"),
        ("application/*", "application/json"),
        ("application/pdf", "application/pdf"),
        ("application/pdf;q=0.4, application/json;q=0.3", "application/pdf"),
    ],
)
def test_the_caller_chooses_the_media_type(
    issued: Issued, guest: Guest, accept: str, media_type: str
) -> None:
    order = issued(DAY)
    for path in (order_page(order), wallet_page(order)):
        response = guest.open(path, accept)
        assert (response.status_code, response["Content-Type"].split(";")[0]) == (200, media_type)


def test_head_answers_like_get_without_a_body(issued: Issued, guest: Guest) -> None:
    path = order_page(issued(DAY))
    for accept in (BROWSER, "application/json", "application/pdf"):
        head, get = guest.open(path, accept, method="HEAD"), guest.open(path, accept)
        assert (head.status_code, head.content) == (200, b"")
        assert head["Content-Type"] == get["Content-Type"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(issued: Issued, guest: Guest, method: str) -> None:
    order = issued(DAY)
    for path in (order_page(order), f"{wallet_page(order)}.pdf"):
        response = guest.open(path, "application/json", method=method)
        assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["code"] == "method_not_allowed"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [f"/m/{UNKNOWN}", f"/w/{UNKNOWN}", f"/m/{UNKNOWN}.pdf", "/m/1", "/w/" + "x" * 500],
)
def test_an_unknown_address_is_explained_in_the_browsers_language(guest: Guest, path: str) -> None:
    response = guest.open(path, **{"Accept-Language": "de-CH, en;q=0.5"})
    assert response.status_code == 404
    assert visible_lines(response.content.decode())[0] == "Unter dieser Adresse gibt es kein Ticket"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/m/", "/m/a/b", "/m/a%00b", "/w/a.txt", "/m/%F0%9F%8E%9F"])
def test_what_cannot_be_an_address_is_unknown(guest: Guest, path: str) -> None:
    assert guest.open(path, "application/json").status_code == 404


@pytest.mark.parametrize("payment", [None, "PAY-1"])
def test_an_order_that_is_not_issued_has_no_page_yet(
    park: Venue, api: ApiClient, issue: Callable[[str], Order], guest: Guest, payment: str | None
) -> None:
    order = Order.objects.get(pk=api.create(DAY, paymentReference=payment)["orderId"])
    paths = (order_page(order), wallet_page(order))
    assert [guest.open(path).status_code for path in paths] == [404, 404]
    if payment is None:
        assert issue(str(order.pk)).status == "Draft"
        assert [guest.open(path).status_code for path in paths] == [404, 404]
        assert api.confirm(str(order.pk)).status_code == 200
        assert [guest.open(path).status_code for path in paths] == [200, 200]


def test_a_failed_order_has_no_page(
    park: Venue, api: ApiClient, issue: Callable[[str], Order], guest: Guest
) -> None:
    order = issue(api.create({"itemNumber": "NOBODY-KNOWS"})["orderId"])
    assert order.status == "Error"
    assert guest.open(order_page(order)).status_code == 404


def test_a_cancelled_order_says_so_in_the_venues_look(
    issued: Issued, guest: Guest, api: ApiClient, day_for_emma: dict[str, Any]
) -> None:
    order = issued(day_for_emma, sellToLanguage="nl")
    wallet = Wallet.objects.get(order=order)
    assert api.delete(str(order.pk)).status_code == 200
    numbers = [
        *("Bestelnummer bij Sunny Trips", "WEB-1"),
        *("Referentie bij Dune Park", order.buy_from_order_reference),
    ]
    rest = [
        *("Dune Park", "Adres", "Strandweg 1, 1970 AA Duinstad"),
        *("Telefoon", "+31 20 555 0100", "E-mail", "guests@example.com"),
    ]
    said = [
        "De QR-codes geven geen toegang meer tot Dune Park.",
        "Had je dit niet verwacht? Neem dan contact op met Sunny Trips, waar de bestelling is "
        "geplaatst, en noem de nummers hieronder.",
    ]
    own_numbers = [
        *("Nummer bij Sunny Trips", "SUN-1"),
        *("Walletnummer", spaced(wallet.reference_number)),
    ]
    expected = {
        f"/m/{order.token}": ["Deze tickets zijn geannuleerd", *said, *numbers],
        f"/w/{wallet.token}": ["Dit ticket is geannuleerd", *said, *numbers, *own_numbers],
    }
    for path, lines in expected.items():
        for address in (path, f"{path}.pdf"):
            response = guest.open(address)
            assert response.status_code == 410
            html = response.content.decode()
            assert visible_lines(html) == ["Dune Park", *lines, *rest]
            assert "--brand:#0f766e" in html


def destroy(wallet: Wallet) -> None:
    now = timezone.now()
    runner.apply_to([wallet], lambda row: row.destroy(by="desk", why="ill", now=now))


def test_an_order_shows_its_living_wallets_only(issued: Issued, guest: Guest) -> None:
    order = issued({**DAY, "quantity": 2, "wallet": {"names": ["Emma", "Noah"]}})
    emma, noah = Wallet.objects.filter(order=order).order_by("seq_no")
    destroy(emma)
    lines = guest.read(order_page(order))
    assert lines[2] == f"1 ticket · {TOMORROW_IN_WORDS}"
    assert [line for line in lines if line in {"Emma", "Noah"}] == ["Noah"]
    assert [guest.open(f"/w/{w.token}").status_code for w in (emma, noah)] == [410, 200]


def test_the_wallets_of_a_replaced_draft_are_gone(
    park: Venue, api: ApiClient, issue: Callable[[str], Order], guest: Guest
) -> None:
    order = issue(api.create(DAY, paymentReference=None)["orderId"])
    path = wallet_page(order)
    body = api.order_body({**DAY, "quantity": 2}, paymentReference=None)
    assert api.put(str(order.pk), body).status_code == 200
    response = guest.open(path)
    assert response.status_code == 410
    assert visible_lines(response.content.decode())[1] == "This ticket was cancelled"


@pytest.mark.parametrize("accept", [BROWSER, "application/json", "application/pdf"])
@pytest.mark.parametrize("quantity", [1, 60])
def test_a_page_takes_three_statements_whatever_the_number_of_wallets(
    issued: Issued, guest: Guest, statements: Callable[[], Any], accept: str, quantity: int
) -> None:
    order = issued(
        {"itemNumber": "BUNDLE", "visitDate": TOMORROW.isoformat(), "quantity": quantity}
    )
    with statements() as count:
        assert guest.open(order_page(order), accept).status_code == 200
    assert len(count) == 3


def test_the_page_of_a_thousand_wallets_takes_less_than_two_seconds(
    issued: Issued, guest: Guest
) -> None:
    order = issued({**DAY, "quantity": 1000})
    guest.open(f"/m/{UNKNOWN}")  # templates are read once a process
    started = time.process_time()
    html = guest.open(order_page(order)).content.decode()
    assert time.process_time() - started < 2
    assert html.count("<svg") == 1000
