"""Previews: what an order becomes, by the code that issues it, and nothing of it kept."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.db import InternalError, connection
from django.utils import timezone

from catalog.models import Attraction, Package, PackageMapping, SeatPlan, Session
from channel_manager.lib.errors import Refusal
from orders import manifests, preview
from orders.api.rendering import render_order
from orders.api.serializers import OrderRequestSerializer
from orders.models import Order, OrderLine
from orders.preview import OrderPreview, anybody, preview_order
from orders.requests import LineRequest
from partners.models import Partner, Venue
from tests.conftest import ApiClient
from tests.factories import (
    AllotmentFactory,
    PackageMappingFactory,
    PriceFactory,
    sellable_package,
)
from tests.orders.expected import line, settle, stored
from tests.orders.sessions import counted, seated, session
from wallets import manifest_json
from wallets.manifest import ManifestPage

pytestmark = pytest.mark.usefixtures("clock")
Issue = Callable[[str], Order]

# What is drawn for an order, or named by the partner: a preview has none of it.
DRAWN = {
    "orderId",
    "sellToOrderReference",
    "buyFromOrderReference",
    "paymentReference",
    "walletId",
    "walletReferenceNumber",
    "assetId",
    "referenceNumber",
    "qrContent",
    "manifestUrl",
    "pdfUrl",
}


@pytest.fixture
def catalogue(
    venue: Venue,
    partner: Partner,
    bundle: Package,
    show: Package,
    play: Package,
    cinema: Attraction,
    theatre: Attraction,
    hall: SeatPlan,
) -> None:
    """Everything that can be sold: dated, timed, open-dated, seated, mapped, for one's own price."""
    for time in ("10:00", "14:00"):
        session(cinema, time)
    seated(theatre, hall)
    counted(bundle, cinema, "CINEMA")
    sellable_package(venue, "ANYDAY", "31.10", dating="open", validity_days=30)
    PackageMappingFactory.create(partner=partner, item_number="SKU-9", package=show)
    PriceFactory.create(package=show, partner=partner, amount_incl_vat="9.95")
    AllotmentFactory.create(partner=partner, package=show, places=7)


def asked(api: ApiClient, item: Any) -> LineRequest:
    """Read a line as the API does."""
    body = OrderRequestSerializer(data=api.order_body(item), context={"partner": api.partner})
    body.is_valid(raise_exception=True)
    return body.to_request().lines[0]


def previewed(api: ApiClient, item: Any) -> OrderPreview:
    """Preview a line for our partner, as its item number is mapped, or by its package's code."""
    mapping = PackageMapping.objects.filter(item_number=item["itemNumber"]).first()
    package = mapping.package if mapping else Package.objects.get(code=item["itemNumber"])
    return preview_order(
        partner=api.partner,
        package=package,
        line=asked(api, item),
        mapping_id=mapping and mapping.pk,
        now=timezone.now(),
    )


def undrawn(answer: Any) -> Any:
    """Leave out the numbers of an answer, wherever they stand."""
    if isinstance(answer, list):
        return [undrawn(entry) for entry in answer]
    if not isinstance(answer, dict):
        return answer
    return {name: undrawn(value) for name, value in answer.items() if name not in DRAWN}


def kept(row: OrderLine) -> dict[str, Any]:
    """Return what a line was planned to be, whole."""
    names = {field.attname for field in row._meta.concrete_fields} - {"id", "order_id"}
    return {name: getattr(row, name) for name in names}


def of_manifest(page: Any) -> Any:
    """Return what a manifest says, without its numbers."""
    assert isinstance(page, ManifestPage)
    return undrawn(manifest_json.render_page(page, absolute=str))


def traces() -> Any:
    """Return all that an order could leave behind: rows, jobs, counters and sequences."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1")
        sequences = cursor.fetchall()
    counters = list(Session.objects.order_by("pk").values())
    return stored(), counters, sequences


SOLD: dict[str, Any] = {
    "individual": line("DAY", quantity=3, wallet={"names": ["Ann", "Bo", "Cy"]}),
    "group": line("GROUP", quantity=25, sellToLanguage="nl"),
    "bundle at once": line("BUNDLE", quantity=2, visitTime="11:00"),
    "bundle with times of its own": line(
        "BUNDLE",
        quantity=2,
        visitTime="11:00",
        wallet={
            "componentSchedule": [
                {"itemNumber": "DINO", "visitDate": "2026-11-24", "visitTime": "09:00"},
                {"itemNumber": "CINEMA", "visitTime": "14:00"},
            ]
        },
    ),
    "timed, mapped, at a price of one's own": line("SKU-9", quantity=4, visitTime="14:00"),
    "open-dated": line("ANYDAY", None, quantity=2),
    "best seats": line("PLAY", quantity=3, visitTime="19:30"),
    "named seats": line("PLAY", quantity=2, visitTime="19:30", seats=["B2", "A4"]),
}


@pytest.mark.parametrize("item", SOLD.values(), ids=SOLD)
@pytest.mark.usefixtures("catalogue")
def test_an_order_becomes_what_was_previewed(api: ApiClient, issue: Issue, item: Any) -> None:
    before = traces()
    shown = previewed(api, item)
    assert traces() == before
    answer = settle(api, issue, item, sellToLanguage=item.get("sellToLanguage"))
    order = Order.objects.get()
    assert undrawn(render_order(shown.order)) == undrawn(answer)
    assert kept(shown.line) == kept(order.lines.get())
    page = manifests.find_order_manifest(token=order.token, language_tag=None, now=timezone.now())
    assert of_manifest(shown.manifest) == of_manifest(page)
    sold = {one.pk: (one.sold, one.places_left) for one in Session.objects.filter(sold__gt=0)}
    assert {one.session.pk: (one.sold_after, one.left_after) for one in shown.places} == sold


@pytest.mark.usefixtures("catalogue")
def test_its_numbers_are_plainly_placeholders(api: ApiClient) -> None:
    shown = previewed(api, line("BUNDLE", quantity=2, visitTime="11:00"))
    first, second = shown.wallets
    assert [wallet.reference_number for wallet in shown.wallets] == [
        "PREVIEW-WALLET-1",
        "PREVIEW-WALLET-2",
    ]
    assert [asset.reference_number for asset in second.assets.all()] == [
        "PREVIEW-TICKET-3",
        "PREVIEW-TICKET-4",
        "PREVIEW-COUPON-2",
    ]
    assert shown.order.buy_from_order_reference == "PREVIEW"
    assert {first.token, second.token, shown.order.token} == {"PREVIEW"}


@pytest.mark.usefixtures("catalogue")
def test_it_tells_what_a_connector_would_be_asked_for(api: ApiClient) -> None:
    shown = previewed(api, line("BUNDLE", quantity=2, visitTime="11:00"))
    (wanted,) = shown.asked
    assert list(wanted.wallets) == list(shown.wallets)
    assert tuple(wanted.components) == tuple(shown.components)


@pytest.mark.usefixtures("catalogue")
def test_the_allotment_and_the_session_are_told_before_and_after(api: ApiClient) -> None:
    api.create(line("SKU-9", quantity=2, visitTime="14:00"))
    (effect,) = previewed(api, line("SKU-9", quantity=4, visitTime="14:00")).places
    assert effect.allotment is not None
    assert (
        effect.attraction,
        effect.session.capacity,
        effect.session.sold,
        effect.sold_after,
        effect.left_after,
        effect.allotment.places,
        effect.allotment_taken,
        effect.allotment_taken_after,
    ) == ("Cinema", 100, 2, 6, 94, 7, 2, 6)


REFUSED: dict[str, Any] = {
    "sold out": line("SKU-9", quantity=8, visitTime="14:00"),
    "no such session": line("SKU-9", visitTime="15:00"),
    "no date": line("DAY", None),
    "in the past": line("DAY", "2026-11-19"),
    "closed by then": line("DAY", visitTime="21:00"),
    "too many wallets": line("DAY", quantity=3, wallet={"names": ["Ann"]}),
    "seat taken": line("PLAY", visitTime="19:30", seats=["Z9"]),
    "several faults": line("SKU-9", "2026-11-19", quantity=2, wallet={"names": ["Ann"]}),
}


@pytest.mark.parametrize("item", REFUSED.values(), ids=REFUSED)
@pytest.mark.usefixtures("catalogue")
def test_it_refuses_as_the_api_does(api: ApiClient, item: Any) -> None:
    before = traces()
    with pytest.raises(Refusal) as caught:
        previewed(api, item)
    assert traces() == before
    refusal, answer = caught.value, api.post(api.order_body(item)).json()
    assert [dataclasses.asdict(fault) for fault in refusal.faults] == answer["errors"]
    told = {"code": refusal.error_code, "detail": refusal.detail, **refusal.members}
    assert told == {name: answer[name] for name in told}


def test_after_the_cut_off_nothing_is_sold(api: ApiClient, day: Package) -> None:
    Package.objects.filter(pk=day.pk).update(cut_off_minutes=60 * 24 * 7)
    with pytest.raises(Refusal) as caught:
        previewed(api, line("DAY"))
    (fault,) = api.post(api.order_body(line("DAY"))).json()["errors"]
    assert caught.value.faults[0].detail == fault["detail"]


def test_a_package_without_a_price_fails_as_its_order_would(
    api: ApiClient, issue: Issue, day: Package
) -> None:
    day.prices.all().delete()
    shown = previewed(api, line("DAY"))
    assert (shown.wallets, shown.manifest) == ((), None)
    assert settle(api, issue, line("DAY"))["statusMessage"] == shown.failure
    Partner.objects.update(unmapped_items="refuse")
    api.partner.refresh_from_db(fields=["unmapped_items"])
    with pytest.raises(Refusal) as caught:
        previewed(api, line("DAY"))
    assert caught.value.error_code == "package_not_ready"


@pytest.mark.parametrize("status", ["Draft", "Withdrawn"])
def test_a_package_that_is_not_on_sale_is_shown_as_if_it_were(
    api: ApiClient, day: Package, status: str
) -> None:
    on_sale = previewed(api, line("DAY"))
    assert on_sale.not_on_sale is None
    Package.objects.filter(pk=day.pk).update(status=status)
    shown = previewed(api, line("DAY"))
    assert shown.not_on_sale is not None
    answer = api.post(api.order_body(line("DAY"))).json()
    assert (shown.not_on_sale.error_code, shown.not_on_sale.detail) == (
        "not_on_sale",
        answer["detail"],
    )
    assert undrawn(render_order(shown.order)) == undrawn(render_order(on_sale.order))
    assert Package.objects.get(pk=day.pk).status == status


@pytest.mark.usefixtures("catalogue")
def test_a_number_means_the_package_that_is_asked_about_whatever_is_mapped(
    api: ApiClient, day: Package
) -> None:
    shown = preview_order(
        partner=api.partner,
        package=day,
        line=asked(api, line("SKU-9")),
        now=timezone.now(),
    )
    assert (shown.line.item_number, shown.line.package, shown.line.mapping_id) == (
        "SKU-9",
        day,
        None,
    )


@pytest.mark.usefixtures("catalogue")
def test_nobody_in_particular_pays_the_general_price(
    venue: Venue, api: ApiClient, show: Package
) -> None:
    item = line("SHOW", quantity=50, visitTime="14:00")  # more than our partner's allotment
    shown = preview_order(
        partner=anybody(venue), package=show, line=asked(api, item), now=timezone.now()
    )
    assert str(shown.line.unit_price_incl_vat) == "12.00"
    assert [effect.allotment for effect in shown.places] == [None]


def test_the_database_itself_refuses_to_write_during_a_preview(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch, venue: Venue
) -> None:
    def writing(*arguments: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE partners_venue SET name = 'Other'")

    monkeypatch.setattr(preview, "plan_by", writing)
    with pytest.raises(InternalError, match="read-only"):
        previewed(api, line("DAY"))
    venue.name = "Still Dune Park"
    venue.save()  # afterwards it may be written again


@pytest.mark.parametrize(
    ("item_number", "time", "budget"),
    [("DAY", "11:00", 2), ("BUNDLE", "11:00", 3), ("PLAY", "19:30", 4)],
)
@pytest.mark.usefixtures("catalogue")
def test_it_takes_as_many_statements_for_any_quantity(
    api: ApiClient, item_number: str, time: str, budget: int, statements: Any
) -> None:
    for quantity in (1, 10):
        request = asked(api, line(item_number, quantity=quantity, visitTime=time))
        package = Package.objects.get(code=item_number)
        with statements() as count:
            preview_order(partner=api.partner, package=package, line=request, now=timezone.now())
        assert len(count) == budget, count.statements


def test_a_mapping_holds_on_its_days_only(api: ApiClient, day: Package, group: Package) -> None:
    today = datetime.date(2026, 11, 20)
    mapping = PackageMapping(
        partner=api.partner, item_number="SKU-1", package=day, valid_from=today
    )
    assert preview.sold_under(mapping=mapping, now=timezone.now()) is mapping
    mapping.valid_from = today + datetime.timedelta(days=1)
    assert preview.sold_under(mapping=mapping, now=timezone.now()) is None
    other = PackageMappingFactory.create(
        partner=api.partner, item_number="SKU-1", package=group, valid_until=today
    )
    assert preview.sold_under(mapping=mapping, now=timezone.now()) == other
