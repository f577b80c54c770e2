"""The manifest as a PDF: it scans, says the same, and takes whatever names people have."""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

import pypdfium2
import pytest
from reportlab import rl_config

from orders import manifests
from orders.models import Order
from partners.models import Venue
from tests.conftest import TOMORROW
from tests.wallets.conftest import BROWSER, TOMORROW_IN_WORDS, Guest, picture
from tests.wallets.scanning import scan
from wallets import pdf
from wallets.manifest import ManifestPage, spaced
from wallets.models import Asset, Wallet

BUNDLE = {"itemNumber": "BUNDLE", "visitDate": TOMORROW.isoformat()}
A4_POINTS = (595, 842)
# 150 dots an inch, what a plain office printer does at its worst.
DOTS_PER_POINT = 150 / 72


class Paper:
    """A PDF as printed."""

    def __init__(self, content: bytes) -> None:
        self._document = pypdfium2.PdfDocument(content)
        self.pages = list(self._document)

    def texts(self) -> list[list[str]]:
        """Return the lines of each page."""
        return [page.get_textpage().get_text_bounded().splitlines() for page in self.pages]

    def scans(self) -> list[list[str]]:
        """Return what a scanner reads on each page."""
        return [scan(page.render(scale=DOTS_PER_POINT).to_pil()) for page in self.pages]


def numbers_of(wallets: list[Wallet]) -> list[list[str]]:
    return [
        sorted(Asset.objects.filter(wallet=wallet).values_list("reference_number", flat=True))
        for wallet in wallets
    ]


@pytest.fixture
def printed(guest: Guest) -> Callable[[str], Paper]:
    """Print the PDF of a path."""

    def print_now(path: str) -> Paper:
        response = guest.open(f"{path}.pdf")
        assert response.status_code == 200, response.content
        return Paper(response.content)

    return print_now


def test_each_wallet_has_a_page_whose_codes_scan(
    issued: Callable[..., Order], printed: Callable[[str], Paper]
) -> None:
    order = issued({**BUNDLE, "quantity": 3}, {**BUNDLE, "itemNumber": "DAY", "quantity": 2})
    wallets = list(Wallet.objects.filter(order=order).order_by("line__line_no", "seq_no"))
    paper = printed(f"/m/{order.token}")
    assert paper.scans() == numbers_of(wallets)
    assert {tuple(map(round, page.get_size())) for page in paper.pages} == {A4_POINTS}


def test_a_page_says_what_the_guest_needs(
    issued: Callable[..., Order],
    printed: Callable[[str], Paper],
    day_for_emma: dict[str, Any],
) -> None:
    order = issued(day_for_emma)
    wallet, asset = Wallet.objects.get(order=order), Asset.objects.get(wallet__order=order)
    (lines,) = printed(f"/w/{wallet.token}").texts()
    assert sorted(lines) == sorted(
        [
            "Dune Park Your ticket",
            "Name of DAY",
            "Emma de Vries",
            "Ticket",
            "DAY entry",
            *("Date", TOMORROW_IN_WORDS),
            *("Time", "08:00 – 20:00"),
            spaced(asset.reference_number),
            *("Number at Sunny Trips", "SUN-1"),
            *("Wallet number", spaced(wallet.reference_number)),
            *("Order number at Sunny Trips", "WEB-1"),
            *("Reference at Dune Park", order.buy_from_order_reference),
            "Sold by Sunny Trips",
            "Have the QR code scanned at the entrance, from your screen or from paper.",
            "Dune Park · Strandweg 1, 1970 AA Duinstad · +31 20 555 0100 · guests@example.com",
        ]
    )


def test_a_page_is_in_the_orders_language(
    issued: Callable[..., Order], printed: Callable[[str], Paper]
) -> None:
    order = issued({**BUNDLE, "quantity": 2}, sellToLanguage="de")
    Order.objects.filter(pk=order.pk).update(test_mode=True)
    Asset.objects.filter(wallet__order=order, position=0).update(status="Used", admitted=1)
    text = " ".join(printed(f"/m/{order.token}").texts()[0])
    told = {
        "Ihre Tickets",
        "1 von 2",
        "Testbestellung: berechtigt nicht zum Eintritt",
        "Benutzt",
        "Gutschein",
        "Datum",
        "Uhrzeit",
        "08:00 – 20:00 Uhr",
        "Bestellnummer bei Sunny Trips",
        "Verkauft von Sunny Trips",
    }
    assert {phrase for phrase in told if phrase not in text} == set()


def test_many_assets_run_on_to_further_pages_uncut(
    issued: Callable[..., Order], printed: Callable[[str], Paper], bundle: Any
) -> None:
    bundle.components.update(quantity=4)
    order = issued(BUNDLE, sellToOrderReference="R" * 128)
    wallet = Wallet.objects.get(order=order)
    paper = printed(f"/w/{wallet.token}")
    scans = paper.scans()
    assert len(scans) > 2
    assert sorted(chain(*scans)) == numbers_of([wallet])[0]
    assert [lines[-1] for lines in paper.texts()[1:]] == [
        f"Page {number}" for number in range(2, len(scans) + 1)
    ]


@pytest.mark.parametrize(
    "name",
    ["Zoë Müßig-Łukasiewicz", "Αλέξανδρος Παπαδόπουλος", "Илья Ефимович Репин", "Đorđe Žižić"],
)
def test_names_of_europe_are_printed(
    issued: Callable[..., Order], printed: Callable[[str], Paper], name: str
) -> None:
    order = issued({**BUNDLE, "wallet": {"names": [name]}})
    assert name in printed(f"/m/{order.token}").texts()[0]


@pytest.mark.parametrize(
    "name",
    [
        "陳小明",
        "محمد",
        "עברית",
        "🎟️🎉",
        "ภาษาไทย",
        "a\u0301\u200d\ufe0f",
        "W" * 100,
        "a " * 50,
        "<b>&",
    ],
)
def test_no_name_keeps_a_ticket_from_being_printed(
    issued: Callable[..., Order], printed: Callable[[str], Paper], name: str
) -> None:
    order = issued({**BUNDLE, "wallet": {"names": [name]}})
    wallet = Wallet.objects.get(order=order)
    assert printed(f"/m/{order.token}").scans() == numbers_of([wallet])


def test_long_texts_keep_every_code_whole(
    issued: Callable[..., Order], printed: Callable[[str], Paper], park: Venue
) -> None:
    park.name, park.address, park.brand_color = "Donaudampfschifffahrt " * 4, "A" * 200, "#ffd400"
    park.save()
    order = issued(
        {**BUNDLE, "wallet": {"names": ["N" * 100], "externalReferenceNumbers": ["E" * 64]}},
        sellToOrderReference="R" * 128,
    )
    Asset.objects.filter(wallet__order=order).update(description="Verlängerungsmöglichkeit " * 4)
    wallet = Wallet.objects.get(order=order)
    assert sorted(chain(*printed(f"/w/{wallet.token}").scans())) == numbers_of([wallet])[0]


@pytest.mark.parametrize(
    "logo",
    [
        b"",
        picture("JPEG"),
        picture("JPEG", "CMYK"),
        picture("PNG", "P"),
        picture("PNG", "LA"),
        picture("PNG", "I;16"),
        picture("PNG")[:-30] + b"IEND\xaeB`\x82",
        b"\x89PNG\r\n\x1a\nIEND\xaeB`\x82",
        b"\xff\xd8\xff\xff\xd9",
    ],
)
def test_no_logo_keeps_a_ticket_from_being_printed(
    issued: Callable[..., Order], printed: Callable[[str], Paper], park: Venue, logo: bytes
) -> None:
    park.logo = logo
    park.save()
    order = issued(BUNDLE)
    assert printed(f"/m/{order.token}").scans() == numbers_of([Wallet.objects.get(order=order)])


def test_the_file_is_named_after_the_order_or_the_wallet(
    issued: Callable[..., Order], guest: Guest
) -> None:
    order = issued(BUNDLE)
    wallet = Wallet.objects.get(order=order)
    for path, number in (
        (f"/m/{order.token}", order.buy_from_order_reference),
        (f"/w/{wallet.token}", wallet.reference_number),
    ):
        by_suffix, by_accept = (
            guest.open(f"{path}.pdf", BROWSER),
            guest.open(path, "application/pdf"),
        )
        for response in (by_suffix, by_accept):
            assert response["Content-Type"] == "application/pdf"
            assert response["Content-Disposition"] == f'attachment; filename="tickets-{number}.pdf"'


def test_pages_made_at_the_same_time_do_not_disturb_each_other(
    issued: Callable[..., Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Letters with marks are put together of parts, which is what threads could mix up.
    order = issued(
        {**BUNDLE, "wallet": {"names": ["àáâãäåçèéêëìíîïñòóôõöùúûüýÿāăčďěğĩķļńőŕśţůŵžйёї"]}}
    )
    page = manifests.find_order_manifest(
        token=order.token, language_tag=None, now=datetime.datetime.now(datetime.UTC)
    )
    assert isinstance(page, ManifestPage)
    monkeypatch.setattr(rl_config, "invariant", 1)  # no moment and no random id in the file
    alone = pdf.render_page(page)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            made = list(threads.map(lambda _: pdf.render_page(page), range(200)))
    finally:
        sys.setswitchinterval(interval)
    assert [content == alone for content in made] == [True] * 200


def test_fonts_are_embedded(issued: Callable[..., Order], guest: Guest) -> None:
    content = guest.open(f"/m/{issued(BUNDLE).token}.pdf").content
    assert content.count(b"/FontFile2") == 2


def test_a_page_takes_at_most_20_ms(issued: Callable[..., Order], guest: Guest) -> None:
    order = issued({**BUNDLE, "quantity": 100})
    guest.open(f"/m/{order.token}.pdf")  # the fonts are read once a process
    started = time.process_time()
    guest.open(f"/m/{order.token}.pdf")
    assert (time.process_time() - started) / 100 < 0.020
