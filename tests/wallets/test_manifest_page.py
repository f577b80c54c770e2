"""The page a guest opens: what is on it, and in which language and look."""

from __future__ import annotations

import base64
import datetime
import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Dating, Item
from orders.models import Order
from partners.models import Venue
from tests.conftest import TOMORROW, ApiClient
from tests.factories import (
    AttractionFactory,
    SeatPlanFactory,
    SessionFactory,
    sellable_package,
)
from tests.wallets.conftest import TOMORROW_IN_WORDS, Guest, picture, visible_lines
from wallets.manifest import spaced
from wallets.models import Asset, Wallet

Issued = Callable[..., Order]
DAY = {"itemNumber": "DAY", "visitDate": TOMORROW.isoformat()}
UNKNOWN = "A" * 32


def order_page(order: Order) -> str:
    return f"/m/{order.token}"


def wallet_page(order: Order) -> str:
    return f"/w/{Wallet.objects.get(order=order).token}"


def test_the_page_of_a_wallet_says_all_a_guest_needs(
    issued: Issued, guest: Guest, day_for_emma: dict[str, Any]
) -> None:
    order = issued(day_for_emma)
    wallet, asset = Wallet.objects.get(order=order), Asset.objects.get(wallet__order=order)
    assert guest.read(f"/w/{wallet.token}") == [
        "Dune Park",
        "Your ticket",
        f"1 ticket · {TOMORROW_IN_WORDS}",
        "Have the QR code scanned at the entrance, from your screen or from paper.",
        "Download PDF",
        "Print",
        f"Dune Park · {order.buy_from_order_reference}",
        "Name of DAY",
        "Emma de Vries",
        "Ticket",
        "DAY entry",
        f"[QR code of number {spaced(asset.reference_number)}]",
        spaced(asset.reference_number),
        "Date",
        TOMORROW_IN_WORDS,
        "Time",
        "08:00 – 20:00",
        "Number at Sunny Trips",
        "SUN-1",
        "Wallet number",
        spaced(wallet.reference_number),
        "Your order",
        "Order number at Sunny Trips",
        "WEB-1",
        "Reference at Dune Park",
        order.buy_from_order_reference,
        "Sold by Sunny Trips",
        "Dune Park",
        "Address",
        "Strandweg 1, 1970 AA Duinstad",
        "Telephone",
        "+31 20 555 0100",
        "E-mail",
        "guests@example.com",
    ]


def test_the_page_of_an_order_shows_every_wallet_in_order(issued: Issued, guest: Guest) -> None:
    order = issued(
        {"itemNumber": "BUNDLE", "visitDate": TOMORROW.isoformat()},
        {**DAY, "quantity": 2, "wallet": {"names": ["Emma", "Noah"]}},
    )
    assets = Asset.objects.filter(wallet__order=order)
    lines = guest.read(order_page(order))
    assert lines[1:3] == ["Your tickets", f"4 tickets, 1 coupon · {TOMORROW_IN_WORDS}"]
    told = ("Rides and lunch", "Name of DAY", "Emma", "Noah", "Ticket", "Coupon")
    assert [line for line in lines if line in told or " of 3" in line] == [
        *("1 of 3", "Rides and lunch", "Ticket", "Ticket", "Coupon"),
        *("2 of 3", "Name of DAY", "Emma", "Ticket"),
        *("3 of 3", "Name of DAY", "Noah", "Ticket"),
    ]
    shown = [line for line in lines if line.startswith("[")]
    assert sorted(shown) == sorted(
        f"[QR code of number {spaced(asset.reference_number)}]" for asset in assets
    )


def test_the_page_of_an_order_links_to_each_wallets_own(issued: Issued, guest: Guest) -> None:
    order = issued({**DAY, "quantity": 2})
    html = guest.open(order_page(order)).content.decode()
    wallets = Wallet.objects.filter(order=order).order_by("seq_no")
    assert re.findall(r'href="(/w/[^"]+)"', html) == [f"/w/{wallet.token}" for wallet in wallets]
    for wallet in wallets:
        assert guest.open(f"/w/{wallet.token}").status_code == 200


def test_the_addresses_the_api_gives_are_the_pages(
    issued: Issued, api: ApiClient, guest: Guest
) -> None:
    order = issued(DAY)
    told = api.get(f"{api.base}/{order.pk}").json()
    urls = [told["manifestUrl"], told["items"][0]["wallets"][0]["manifestUrl"]]
    paths = [url.removeprefix("http://127.0.0.1:8000") for url in urls]
    assert paths == [order_page(order), wallet_page(order)]
    assert [guest.open(path).status_code for path in paths] == [200, 200]


def test_a_group_ticket_says_how_many_it_admits(issued: Issued, guest: Guest) -> None:
    order = issued({"itemNumber": "GROUP", "visitDate": TOMORROW.isoformat(), "quantity": 12})
    assert "Admits 12 people" in guest.read(order_page(order))


def test_a_timed_ticket_says_when_it_starts(issued: Issued, guest: Guest, park: Venue) -> None:
    show_at(park, "14:30")
    order = issued({**DAY, "itemNumber": "SHOW", "visitTime": "14:30"})
    lines = guest.read(order_page(order))
    start = lines.index("Date")
    assert lines[start : start + 6] == [
        *("Date", TOMORROW_IN_WORDS),
        *("Time", "14:30"),
        *("Valid until", "15:30"),
    ]
    assert "Seat" not in lines


@pytest.mark.parametrize(
    ("language", "label"), [("en", "Seat"), ("nl", "Stoel"), ("de", "Sitzplatz")]
)
def test_a_ticket_for_a_numbered_seat_says_which(
    issued: Issued, guest: Guest, park: Venue, language: str, label: str
) -> None:
    show_at(park, "14:30", seat_plan=SeatPlanFactory.create(venue=park, rows={"A": 3}), capacity=3)
    seats = {"quantity": 2, "seats": ["A3", "A1"]}
    line = {**DAY, "itemNumber": "SHOW", "visitTime": "14:30", **seats}
    order = issued(line, sellToLanguage=language)
    lines = guest.read(order_page(order))
    assert [lines[n + 1] for n, text in enumerate(lines) if text == label] == ["A3", "A1"]
    answer = guest.open(order_page(order), "application/json").json()
    assert [one["assets"][0]["seat"] for one in answer["wallets"]] == ["A3", "A1"]


def show_at(park: Venue, time: str, **session: Any) -> None:
    """Sell a show tomorrow that lasts an hour."""
    package = sellable_package(park, "SHOW", dating=Dating.TIMED)
    attraction = AttractionFactory.create(venue=park)
    Item.objects.filter(components__package=package).update(attraction=attraction)
    at = datetime.time.fromisoformat(time)
    SessionFactory.create(attraction=attraction, date=TOMORROW, time=at, **session)


def test_an_open_dated_ticket_says_until_when_it_is_valid(
    issued: Issued, guest: Guest, park: Venue
) -> None:
    sellable_package(park, "OPEN", dating=Dating.OPEN)
    order = issued({"itemNumber": "OPEN"})
    until = Asset.objects.get(wallet__order=order).valid_until.astimezone(park.zone)
    lines = guest.read(order_page(order))
    assert lines[lines.index("Valid until") + 1] == f"{until:%A} {until.day} {until:%B %Y}, 20:00"
    assert "Date" not in lines


def test_a_ticket_valid_on_several_days_says_from_when_until_when(
    issued: Issued, guest: Guest
) -> None:
    order = issued(DAY)
    Asset.objects.filter(wallet__order=order).update(
        valid_from=datetime.datetime(2031, 7, 1, 6, 0, tzinfo=datetime.UTC),
        valid_until=datetime.datetime(2031, 7, 3, 18, 0, tzinfo=datetime.UTC),
    )
    lines = guest.read(order_page(order))
    start = lines.index("Valid from")
    assert lines[start : start + 4] == [
        *("Valid from", "Tuesday 1 July 2031, 08:00"),
        *("Valid until", "Thursday 3 July 2031, 20:00"),
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "Used", "admitted": 1}, "Used"),
        ({"status": "Expired"}, "Expired"),
        (
            {
                "valid_from": datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
                "valid_until": datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC),
            },
            "Expired",
        ),
    ],
)
def test_a_ticket_that_opens_nothing_any_more_says_so(
    issued: Issued, guest: Guest, changes: dict[str, Any], said: str
) -> None:
    order = issued(DAY)
    Asset.objects.filter(wallet__order=order).update(**changes)
    html = guest.open(order_page(order)).content.decode()
    lines = visible_lines(html)
    assert lines[lines.index("Ticket") + 1] == said
    assert 'class="asset closed"' in html


def test_a_valid_ticket_is_not_crossed_off(issued: Issued, guest: Guest) -> None:
    html = guest.open(order_page(issued(DAY))).content.decode()
    assert "closed" not in html


def test_a_test_order_says_that_it_opens_nothing(issued: Issued, guest: Guest) -> None:
    order = issued(DAY)
    Order.objects.filter(pk=order.pk).update(test_mode=True)
    assert "Test order: not valid for entry" in guest.read(order_page(order))


@pytest.mark.parametrize(
    ("tag", "venue_language", "language", "title"),
    [
        ("nl-NL", "en", "nl", "Je ticket"),
        ("de", "nl", "de", "Ihr Ticket"),
        ("en-GB", "nl", "en", "Your ticket"),
        ("fr", "nl", "nl", "Je ticket"),
        (None, "de", "de", "Ihr Ticket"),
    ],
)
def test_the_page_is_in_the_orders_language_else_the_venues(
    issued: Issued,
    guest: Guest,
    park: Venue,
    tag: str | None,
    venue_language: str,
    language: str,
    title: str,
) -> None:
    park.language = venue_language
    park.save()
    order = issued(DAY, sellToLanguage=tag)
    for path in (order_page(order), wallet_page(order)):
        response = guest.open(path, **{"Accept-Language": "it"})
        html = response.content.decode()
        assert f'<html lang="{language}">' in html
        assert visible_lines(html)[1] == title
        assert response["Content-Language"] == language


def test_a_wallet_speaks_the_language_of_its_line(issued: Issued, guest: Guest) -> None:
    order = issued({**DAY, "sellToLanguage": "de"}, sellToLanguage="nl")
    assert guest.read(order_page(order))[1] == "Je ticket"
    assert guest.read(wallet_page(order))[1] == "Ihr Ticket"


def test_what_others_wrote_is_shown_as_text(issued: Issued, guest: Guest) -> None:
    name = "<script>alert(1)</script>\"'&"
    order = issued({**DAY, "wallet": {"names": [name]}}, sellToOrderReference="<b>&amp;")
    html = guest.open(order_page(order)).content.decode()
    assert "<script>alert" not in html
    assert "<b>" not in html
    assert {name, "<b>&amp;"} <= set(visible_lines(html))


@pytest.mark.parametrize(("kind", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_the_venues_logo_is_on_the_page(
    issued: Issued, guest: Guest, park: Venue, kind: str, media_type: str
) -> None:
    park.logo = picture(kind)
    park.save()
    html = guest.open(order_page(issued(DAY))).content.decode()
    encoded = base64.b64encode(picture(kind)).decode()
    assert f'src="data:{media_type};base64,{encoded}"' in html


@pytest.mark.parametrize("logo", [b"", b"no picture", picture("PNG")[:-10], b"<svg onload=x>"])
def test_a_logo_that_is_no_whole_picture_is_left_out(
    issued: Issued, guest: Guest, park: Venue, logo: bytes
) -> None:
    park.logo = logo
    park.save()
    html = guest.open(order_page(issued(DAY))).content.decode()
    assert "<img" not in html
    assert visible_lines(html)[0] == "Dune Park"


@pytest.mark.parametrize(
    ("color", "style"),
    [
        ("#0F766E", ":root{--brand:#0f766e;--ink:#ffffff}"),
        ("#ffd400", ":root{--brand:#ffd400;--ink:#000000}"),
        ("red;}", ":root{--brand:#334155;--ink:#ffffff}"),
    ],
)
def test_the_page_has_the_venues_colour_and_loads_nothing_from_elsewhere(
    issued: Issued, guest: Guest, park: Venue, color: str, style: str
) -> None:
    park.brand_color = color
    park.save()
    response = guest.open(order_page(issued(DAY)))
    assert f"<style>{style}</style>" in response.content.decode()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert response["Content-Security-Policy"] == (
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; script-src 'self'; "
        f"style-src 'self' 'sha256-{digest}'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; form-action 'none'"
    )


def test_a_replaced_asset_is_not_shown(issued: Issued, guest: Guest) -> None:
    order = issued({"itemNumber": "BUNDLE", "visitDate": TOMORROW.isoformat()})
    gone = Asset.objects.filter(wallet__order=order, position=0)
    gone.update(status="Destroyed")
    lines = guest.read(order_page(order))
    assert spaced(gone.get().reference_number) not in lines
    assert len([line for line in lines if line.startswith("[")]) == 2
