"""The tickets and the receipt of a paid order, as PDF, in the guest's language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pypdfium2
import pytest

from catalog.models import Item, Session
from orders.dialects.voordemensen import documents
from orders.models import Order
from orders.payment_receipt_texts import TEXTS
from partners.models import Dialect, Partner, Venue
from partners.storefronts import open_storefront
from tests.conftest import ApiClient
from tests.dialects.voordemensen.shop import Shop, order_of, pay
from tests.factories import sellable_package
from tests.orders.expected import Clock
from tests.orders.sessions import counters
from tests.wallets.scanning import scan
from wallets.models import Asset

pytestmark = pytest.mark.usefixtures("clock", "matinee", "play")

Issue = Callable[[str], Order]


@pytest.fixture
def key(shop: Shop, clock: Clock, issue: Issue) -> str:
    """An order of two shows and a seat, paid by credit card and issued."""
    method = shop.method("Credit card")
    evening = shop.wish(1, "19:30:00", "Name of PLAY")
    key = shop.bought(clock, shop.wish(2), evening, payment_id=method)
    issue(str(order_of(key).pk))
    return key


def pdf_of(response: Any) -> Any:
    """Return the PDF of an answer, which nobody may keep."""
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "application/pdf"
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Robots-Tag"] == "noindex, nofollow, noarchive"
    return pypdfium2.PdfDocument(response.content)


def text_of(document: Any) -> list[str]:
    """Return the lines of a PDF."""
    lines = [page.get_textpage().get_text_range() for page in document]
    return "\n".join(lines).replace("\r", "").replace("\u00a0", " ").split("\n")


def test_the_tickets_are_one_pdf_whose_codes_scan(shop: Shop, key: str) -> None:
    response = shop.get(f"{shop.pages}/order/{key}/ticket")
    number = order_of(key).buy_from_order_reference
    assert response["Content-Disposition"] == f'inline; filename="tickets-{number}.pdf"'
    sheets = [page.render(scale=150 / 72).to_pil() for page in pdf_of(response)]
    found = sorted(code for sheet in sheets for code in scan(sheet))
    assert found == sorted(Asset.objects.values_list("reference_number", flat=True))
    assert len(sheets) == 3


def test_the_receipt_says_what_was_bought_the_vat_and_how_it_was_paid(
    shop: Shop, key: str, venue: Venue
) -> None:
    response = shop.get(f"{shop.pages}/order/{key}/receipt/")
    order = order_of(key)
    number = order.buy_from_order_reference
    assert response["Content-Disposition"] == f'inline; filename="receipt-{number}.pdf"'
    assert text_of(pdf_of(response)) == [
        "Dune Park",
        "Receipt",
        f"Number: {number}",
        "Date: Friday 20 November 2026, 12:00",
        f"Order number at Sunny Trips: {key}",
        "Sold to",
        "Jo Smit",
        "Molenweg 1",
        "1234 AB Molendorp",
        "jo@example.org",
        "Description Quantity Price Amount",
        "Name of SHOW",
        "Monday 23 November 2026, 14:00",
        "2 €12.50 €25.00",
        "Name of PLAY",
        "Monday 23 November 2026, 19:30, Seats A1",
        "1 €29.00 €29.00",
        "Total, VAT included €54.00",
        "VAT Without VAT VAT With VAT",
        "9 % €49.55 €4.45 €54.00",
        "Cost of payment €1.50",
        "Paid by credit card €55.50",
    ]


def test_each_vat_rate_has_its_own_line(shop: Shop, clock: Clock, issue: Issue) -> None:
    Item.objects.filter(number="PLAY-ENTRY").update(vat_rate="21.00")
    key = shop.bought(clock, shop.wish(), shop.wish(1, "19:30:00", "Name of PLAY"))
    lines = text_of(pdf_of(shop.get(f"{shop.pages}/order/{key}/receipt")))
    assert "9 % €11.47 €1.03 €12.50" in lines
    assert "21 % €23.97 €5.03 €29.00" in lines


@pytest.mark.parametrize(
    ("asked", "says", "amount"),
    [
        ("nl-NL,nl;q=0.9", "Bon", "€ 12,50"),
        ("de", "Beleg", "12,50 €"),
        ("*", "Bon", "€ 12,50"),
        ("", "Bon", "€ 12,50"),
        ("fr", "Bon", "€ 12,50"),
        ("en;q=1", "Receipt", "€12.50"),
        ("<script>", "Bon", "€ 12,50"),
    ],
)
def test_documents_are_in_the_guests_language_else_the_venues(
    shop: Shop, clock: Clock, issue: Issue, venue: Venue, asked: str, says: str, amount: str
) -> None:
    Venue.objects.update(language="nl")
    body = shop.purchase(shop.cart(shop.wish()))
    (made,) = shop.ok(shop.post("order/create", body, headers={"Accept-Language": asked}))
    pay(made["order_key"], clock)
    lines = text_of(pdf_of(shop.get(f"{shop.pages}/order/{made['order_key']}/receipt")))
    assert says in lines
    assert any(line.endswith(amount) for line in lines)


def test_there_is_no_document_before_it_is_paid(shop: Shop) -> None:
    key = shop.order(shop.cart(shop.wish()))["order_key"]
    for document in ("ticket", "receipt"):
        refused = shop.get(f"{shop.pages}/order/{key}/{document}")
        assert shop.ok(refused, 404) == {"message": "The order is not paid"}


def test_tickets_that_are_not_made_yet_are_not_there_yet(
    shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "WAIT_SECONDS", 0)
    key = shop.bought(clock, shop.wish())
    shop.refused(shop.get(f"{shop.pages}/order/{key}/ticket"), 404, "not ready")
    pdf_of(shop.get(f"{shop.pages}/order/{key}/receipt"))


def test_the_receipt_of_a_cancelled_order_says_so(shop: Shop, key: str, api: ApiClient) -> None:
    assert api.delete(str(order_of(key).pk)).status_code == 200
    receipt = text_of(pdf_of(shop.get(f"{shop.pages}/order/{key}/receipt")))
    assert "This order was cancelled." in receipt


def test_the_receipt_of_a_test_order_says_so(
    partner: Partner, clock: Clock, matinee: Session
) -> None:
    open_storefront(
        partner=partner,
        dialect=Dialect.VOORDEMENSEN,
        test_mode=True,
        public_id="molenpark-test",
        now=clock.now,
    )
    tester = Shop("molenpark-test")
    key = tester.bought(clock, tester.wish())
    receipt = text_of(pdf_of(tester.get(f"{tester.pages}/order/{key}/receipt")))
    assert "Test order: nothing was sold" in receipt
    assert counters() == {}


def test_the_receipt_of_what_was_free_says_that_nothing_was_due(shop: Shop, venue: Venue) -> None:
    sellable_package(venue, "FREE", "0.00", dating="open")
    key = shop.order(shop.cart(shop.wish(1, "00:00:00", "Name of FREE")))["order_key"]
    receipt = text_of(pdf_of(shop.get(f"{shop.pages}/order/{key}/receipt")))
    assert receipt[-1] == "Nothing was due."


def test_receipts_say_the_same_things_in_every_language() -> None:
    assert {frozenset(texts) for texts in TEXTS.values()} == {frozenset(TEXTS["en"])}
    assert all(text for texts in TEXTS.values() for text in texts.values())
