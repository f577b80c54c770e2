"""What a guest sees of tickets that another system of the venue's has issued."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import pytest

from orders.models import Order
from tests.issued_elsewhere import issue_elsewhere
from tests.wallets.conftest import Guest
from tests.wallets.test_manifest_pdf import Paper
from wallets.models import Asset

PAGE = "https://tickets.example/orders/THERE-1"


@pytest.fixture
def order(issued: Callable[..., Order], day_for_emma: dict[str, Any]) -> Order:
    """An Issued order of one ticket, in English."""
    return issued(day_for_emma, sellToLanguage="en")


def manifest(guest: Guest, order: Order) -> dict[str, Any]:
    answer = guest.open(f"/m/{order.token}", accept="application/json")
    assert answer.status_code == 200
    return dict(answer.json())


def assets(guest: Guest, order: Order) -> list[dict[str, Any]]:
    return [asset for wallet in manifest(guest, order)["wallets"] for asset in wallet["assets"]]


def codes_of(document: bytes) -> list[str]:
    """Return what a scanner reads on the pages of a PDF, from the top down or in any order."""
    return sorted(chain(*Paper(document).scans()))


def html(guest: Guest, order: Order) -> str:
    return str(guest.open(f"/m/{order.token}").content.decode())


def test_the_code_is_of_the_number_that_the_other_gate_scans(order: Order, guest: Guest) -> None:
    issue_elsewhere(Asset.objects.get(), "OB-0042", urls=[f"{PAGE}.pdf"])
    (asset,) = assets(guest, order)
    assert (asset["qrContent"], asset["referenceNumber"]) == ("OB-0042", "OB-0042")
    assert asset["outside"] == {
        "system": "Onebox",
        "orderReference": "THERE-1",
        "number": "OB-0042",
        "ticketUrl": f"{PAGE}.pdf",
        "status": "Valid",
        "note": "Issued by Onebox.",
    }
    page = html(guest, order)
    assert "[QR code of number OB-0042]" in guest.read(f"/m/{order.token}")
    assert (
        f'<a class="button" href="{PAGE}.pdf" target="_blank" rel="noopener noreferrer">'
        "Open at Onebox</a>" in page
    )


@pytest.mark.parametrize(
    ("language", "system", "url", "said"),
    [
        ("en", "ordino", "", "Ordino has issued this ticket, as order THERE-1."),
        ("nl", "ordino", "", "Ordino heeft dit ticket uitgegeven, als bestelling THERE-1."),
        ("de", "ordino", "", "Ordino hat dieses Ticket ausgestellt, als Bestellung THERE-1."),
        ("en", "voordemensen", PAGE, "This ticket is at VoordeMensen. Open it there"),
        ("nl", "voordemensen", PAGE, "Dit ticket staat bij VoordeMensen. Open het daar"),
        ("de", "voordemensen", PAGE, "Dieses Ticket liegt bei VoordeMensen. Öffnen Sie es dort"),
    ],
)
def test_without_a_number_there_is_no_code_and_the_page_says_where_the_ticket_is(
    order: Order, guest: Guest, language: str, system: str, url: str, said: str
) -> None:
    Order.objects.update(sell_to_language=language)
    order.lines.update(sell_to_language=language)
    ticket = Asset.objects.get()
    issue_elsewhere(ticket, "", system=system, tickets_url=url)
    (asset,) = assets(guest, order)
    assert (asset["qrContent"], asset["outside"]["ticketUrl"]) == (None, url or None)
    assert asset["outside"]["note"].startswith(said)
    page = html(guest, order)
    assert "<svg" not in page
    assert said in page
    assert (f'href="{url}"' in page) == bool(url)
    document = guest.open(f"/m/{order.token}.pdf").content
    assert codes_of(document) == []


def test_each_ticket_of_a_group_has_its_own_code(order: Order, guest: Guest) -> None:
    ticket = Asset.objects.get()
    Asset.objects.update(admissions=3)
    issue_elsewhere(ticket, "G-1", "G-2", "G-3")
    shown = manifest(guest, order)
    assert shown["ticketCount"] == 3
    assert [one["qrContent"] for one in assets(guest, order)] == ["G-1", "G-2", "G-3"]
    assert {one["admissions"] for one in assets(guest, order)} == {1}
    assert codes_of(guest.open(f"/m/{order.token}.pdf").content) == ["G-1", "G-2", "G-3"]


def test_a_group_without_numbers_is_shown_once(order: Order, guest: Guest) -> None:
    Asset.objects.update(admissions=2)
    issue_elsewhere(Asset.objects.get(), "", "", tickets_url=PAGE)
    (asset,) = assets(guest, order)
    assert (asset["admissions"], asset["outside"]["ticketUrl"]) == (2, PAGE)


def test_the_page_of_the_whole_order_is_on_the_manifest_of_one_wallet_only_if_that_is_all_of_it(
    issued: Callable[..., Order], day_for_emma: dict[str, Any], guest: Guest
) -> None:
    another = {name: told for name, told in day_for_emma.items() if name != "wallet"}
    order = issued(day_for_emma, another, sellToLanguage="en")
    first, second = Asset.objects.order_by("wallet__line__line_no").select_related("wallet")
    issue_elsewhere(first, "", system="voordemensen", tickets_url=PAGE)

    def shown(path: str) -> list[tuple[str, str]]:
        page = guest.open(path, accept="application/json").json()
        told = [one["outside"] for wallet in page["wallets"] for one in wallet["assets"]]
        return [(one["ticketUrl"], one["note"][:39]) for one in told if one]

    there = (PAGE, "This ticket is at VoordeMensen. Open it")
    hidden = (None, "This ticket is at VoordeMensen, togethe")
    assert shown(f"/w/{first.wallet.token}") == [there]
    issue_elsewhere(second, "", system="voordemensen")
    for asset in (first, second):
        assert shown(f"/w/{asset.wallet.token}") == [hidden]
        assert PAGE not in guest.open(f"/w/{asset.wallet.token}").content.decode()
    assert shown(f"/m/{order.token}") == [there, there]


@pytest.mark.parametrize(
    ("there", "shown"), [("Used", "Used"), ("Ended", "Cancelled"), ("Left", "Cancelled")]
)
def test_what_was_used_or_cancelled_there_is_crossed_off(
    order: Order, guest: Guest, there: str, shown: str
) -> None:
    issue_elsewhere(Asset.objects.get(), "OB-1", status=there)
    (asset,) = assets(guest, order)
    assert asset["statusText"] == shown
    assert 'class="asset closed"' in html(guest, order)


def test_numbers_of_a_hundred_characters_scan_and_fit(order: Order, guest: Guest) -> None:
    number = "ab-" + "9" * 97
    issue_elsewhere(Asset.objects.get(), number, urls=[f"{PAGE}/{'x' * 460}"])
    assert codes_of(guest.open(f"/m/{order.token}.pdf").content) == [number]
    assert number in html(guest, order)


def test_an_address_that_is_not_https_is_not_shown(order: Order, guest: Guest) -> None:
    issue_elsewhere(Asset.objects.get(), "", urls=["javascript:alert(1)"])
    page = html(guest, order)
    assert "javascript" not in page
    assert "Onebox has issued this ticket, as order THERE-1." in page
