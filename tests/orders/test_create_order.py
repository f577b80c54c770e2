"""createOrder: what is stored and answered (contract sections 2, 3, 4 and 6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from procrastinate.contrib.django.models import ProcrastinateJob

from catalog.models import Package
from orders.models import Order, OrderEvent
from partners.keys import create_key
from tests.conftest import ApiClient
from tests.factories import PackageMappingFactory, PartnerFactory, VenueFactory, sellable_package
from tests.orders.expected import (
    NOON,
    UUID,
    VISIT,
    Clock,
    Like,
    assert_problem,
    item,
    line,
    moment,
    order,
    settle,
    stored,
    wallet,
)

pytestmark = pytest.mark.usefixtures("clock")

GUEST = {
    "sellToEmail": "renee@example.com",
    "sellToName": "Renée de Vries",
    "sellToLanguage": "nl-NL",
}


def test_an_individual_package_gets_one_wallet_shell_each_with_its_number_at_once(
    api: ApiClient,
) -> None:
    response = api.post(
        api.order_body(
            line(
                quantity=2,
                visitTime="10:30",
                wallet={
                    "names": ["Renée", "Jürgen"],
                    "externalReferenceNumbers": ["EXT-1", "EXT-2"],
                },
            ),
            **GUEST,
        )
    )
    assert response.status_code == 201
    body = response.json()
    assert body == order(
        item(
            wallet(externalReferenceNumber="EXT-1", name="Renée"),
            wallet(seqNo=2, externalReferenceNumber="EXT-2", name="Jürgen"),
            quantity=2,
            visitTime="10:30:00",
            **GUEST,
        ),
        partnerId=str(api.partner.pk),
        totalInclVat="69.00",
        totalExclVat="63.30",
        **GUEST,
    )
    numbers = {row["walletReferenceNumber"] for row in body["items"][0]["wallets"]}
    assert len(numbers) == 2
    assert response["Location"] == f"{settings.PUBLIC_URL}/channelManager/{body['orderId']}"
    assert response["Content-Type"] == "application/json"


def test_a_group_package_gets_one_wallet_shell_for_the_whole_quantity(api: ApiClient) -> None:
    created = api.create(
        line(
            "GROUP", quantity=25, wallet={"names": ["Class 4b"], "externalReferenceNumbers": ["G1"]}
        )
    )
    assert created == order(
        item(
            wallet(
                externalReferenceNumber="G1",
                name="Class 4b",
                unitPriceInclVat="27.00",
                unitPriceExclVat="24.77",
            ),
            itemNumber="GROUP",
            packageCode="GROUP",
            description="Name of GROUP",
            isGroup=True,
            quantity=25,
        ),
        totalInclVat="675.00",
        totalExclVat="619.25",
    )


def test_a_bundle_gets_one_wallet_shell_per_package_and_a_schedule_per_component(
    api: ApiClient,
) -> None:
    schedule = [
        {"itemNumber": "CINEMA", "visitDate": "2026-11-24", "visitTime": "14:00"},
        {"itemNumber": "DINO", "visitTime": "10:00:30"},
    ]
    created = api.create(line("BUNDLE", quantity=2, wallet={"componentSchedule": schedule}))
    shell = wallet(unitPriceInclVat="49.50", unitPriceExclVat="44.96")
    assert created == order(
        item(
            shell,
            {**shell, "seqNo": 2},
            itemNumber="BUNDLE",
            packageCode="BUNDLE",
            description="Rides and lunch",
            isPackage=True,
            quantity=2,
            componentSchedule=[
                {"itemNumber": "DINO", "visitDate": VISIT, "visitTime": "10:00:30"},
                {"itemNumber": "CINEMA", "visitDate": "2026-11-24", "visitTime": "14:00:00"},
                {"itemNumber": "LUNCH", "visitDate": VISIT, "visitTime": None},
            ],
        ),
        totalInclVat="99.00",
        totalExclVat="89.92",
    )


def test_components_left_out_of_the_schedule_use_the_lines_date_and_time(api: ApiClient) -> None:
    schedule = [{"itemNumber": "DINO", "visitDate": "2026-11-25", "visitTime": None}]
    created = api.create(
        line("BUNDLE", visitTime="11:00", wallet={"componentSchedule": schedule}),
    )
    assert created["items"][0]["componentSchedule"] == [
        {"itemNumber": "DINO", "visitDate": "2026-11-25", "visitTime": "11:00:00"},
        {"itemNumber": "CINEMA", "visitDate": VISIT, "visitTime": "11:00:00"},
        {"itemNumber": "LUNCH", "visitDate": VISIT, "visitTime": "11:00:00"},
    ]


def test_what_was_answered_is_what_is_read_later(api: ApiClient) -> None:
    created = api.create(
        line(quantity=3, wallet={"names": ["a", "", " c "]}),
        line("GROUP", quantity=7, visitTime="09:00"),
        line("BUNDLE", wallet={"componentSchedule": []}),
        line("unknown", wallet={"names": ["kept"]}),
        paymentReference=None,
        **GUEST,
    )
    assert [row["lineNo"] for row in created["items"]] == [100_000, 200_000, 300_000, 400_000]
    assert api.get(f"/channelManager/{created['orderId']}").json() == created


def test_the_members_that_may_be_left_out_may(api: ApiClient) -> None:
    body = {
        "partnerId": str(api.partner.pk),
        "sellToOrderReference": "WEB-1",
        "items": [{"itemNumber": "DAY", "visitDate": VISIT}],
    }
    assert api.post(body).json() == order(item(wallet()), paymentReference=None)


def test_the_members_that_may_be_null_may(api: ApiClient) -> None:
    nothing = dict.fromkeys(("sellToEmail", "sellToName", "sellToLanguage"))
    lists = dict.fromkeys(("names", "externalReferenceNumbers", "componentSchedule"))
    created = api.create(
        line(visitTime=None, wallet=lists, **nothing),
        line(visitTime=None, wallet=None),
        paymentReference=None,
        **nothing,
    )
    assert created == order(
        item(wallet()),
        item(wallet(), lineNo=200_000),
        paymentReference=None,
        totalInclVat="69.00",
        totalExclVat="63.30",
    )


def test_a_line_inherits_what_it_leaves_out_and_null_blanks(api: ApiClient) -> None:
    own = {
        "sellToEmail": "own@example.com",
        "sellToName": "Own",
        "sellToLanguage": "de",
    }
    blank = dict.fromkeys(GUEST)
    created = api.create(line(), line(**own), line(**blank), line(sellToName=None), **GUEST)
    found = [{name: row[name] for name in GUEST} for row in created["items"]]
    assert found == [GUEST, own, blank, {**GUEST, "sellToName": None}]
    assert {name: created[name] for name in GUEST} == GUEST


def test_document_numbers_count_up_and_a_refused_order_gives_none_back(api: ApiClient) -> None:
    first = api.create(line(), sellToOrderReference="A")["buyFromOrderReference"]
    assert first == Like(r"CM26-\d{7}")
    assert api.post(api.order_body(line(), sellToOrderReference="A")).status_code == 400
    second = api.create(line(), sellToOrderReference="B")["buyFromOrderReference"]
    assert int(second[5:]) > int(first[5:])


def test_the_year_of_a_document_number_is_the_venues(
    api: ApiClient, clock: Clock, rival: ApiClient
) -> None:
    clock.now = NOON.replace(month=12, day=31, hour=23, minute=30)  # half past midnight there
    created = api.create(line(visit_date="2027-01-04"))
    assert created["buyFromOrderReference"].startswith("CM27-")
    assert created["receivedAt"] == "2026-12-31T23:30:00.000Z"


def test_every_venue_counts_for_itself(api: ApiClient) -> None:
    venue = VenueFactory.create(reference_prefix="ZOO")
    sellable_package(venue, "DAY")
    partner = PartnerFactory.create(venue=venue)
    zoo = ApiClient(create_key(partner=partner)[1], partner)
    for reference in "AB":
        api.create(line(), sellToOrderReference=reference)
    assert zoo.create(line())["buyFromOrderReference"] == "ZOO26-0000001"


def test_addresses_come_from_the_setting_and_never_from_the_host(api: ApiClient) -> None:
    response = api.post(api.order_body(line()), host="localhost")
    assert response["Location"].startswith(settings.PUBLIC_URL + "/channelManager/")


def test_an_order_is_submitted_with_its_event_and_its_job(api: ApiClient) -> None:
    created = api.create(line())
    stored_order = Order.objects.get(pk=created["orderId"])
    job = ProcrastinateJob.objects.get()
    assert (job.pk, job.status) == (stored_order.job_id, "todo")
    assert job.args == {"order_id": created["orderId"]}
    (event,) = OrderEvent.objects.of(stored_order.pk)
    assert (event.name, event.from_state, event.to_state) == ("submitted", "", "Submitted")
    assert (event.actor, event.at) == (f"partner:{api.partner.pk}", NOON)


@pytest.mark.parametrize(
    "reference",
    [
        " WEB-1",
        "WEB-1 ",
        "web-1",
        "Wéb",  # precomposed
        "We\u0301b",  # combined
        "订单 42",
        "🎢" * 128,
        "a\u00a0b",
        "%00",
        "' OR 1=1 --",
        "null",
        "line\u2028separator",
    ],
)
def test_a_reference_is_kept_exactly_as_sent_and_compared_exactly(
    api: ApiClient, reference: str
) -> None:
    api.create(line(), sellToOrderReference="WEB-1")
    created = api.create(line(), sellToOrderReference=reference)
    assert created["sellToOrderReference"] == reference
    listed = api.get(f"/channelManager/orders/{api.partner.pk}").json()["data"]
    assert [row["sellToOrderReference"] for row in listed] == ["WEB-1", reference]
    assert_problem(
        api.post(api.order_body(line(), sellToOrderReference=reference)),
        400,
        "duplicate_order",
        orderId=created["orderId"],
        buyFromOrderReference=created["buyFromOrderReference"],
        existingStatus="Submitted",
    )


def _settle_as(api: ApiClient, issue: Callable[[str], Order], status: str) -> Any:
    """Bring our order WEB-1 to a settled status."""
    number = "unknown" if status == "Error" else "DAY"
    payment = None if status == "Draft" else "PAY-1"
    found = settle(api, issue, line(number), paymentReference=payment)
    if status == "Cancelled":
        found = api.delete(found["orderId"]).json()
    assert found["status"] == status
    return found


@pytest.mark.parametrize("status", ["Submitted", "Draft", "Issued", "Error", "Cancelled"])
def test_a_second_order_of_the_same_reference_is_refused_whatever_the_first_ones_status(
    api: ApiClient, issue: Callable[[str], Order], status: str
) -> None:
    first = api.create(line()) if status == "Submitted" else _settle_as(api, issue, status)
    before = stored()
    assert_problem(
        api.post(api.order_body(line("GROUP"))),
        400,
        "duplicate_order",
        orderId=first["orderId"],
        buyFromOrderReference=first["buyFromOrderReference"],
        existingStatus=status,
    )
    assert stored() == before


def test_a_repeated_order_is_a_duplicate_even_when_it_could_not_be_sold_any_more(
    api: ApiClient, day: Package, clock: Clock
) -> None:
    first = api.create(line())
    again = {
        "orderId": first["orderId"],
        "buyFromOrderReference": first["buyFromOrderReference"],
        "existingStatus": "Submitted",
    }
    type(day).objects.filter(pk=day.pk).update(status="Withdrawn")
    assert_problem(api.post(api.order_body(line())), 400, "duplicate_order", **again)
    clock.forward(days=30)
    assert_problem(api.post(api.order_body(line("GROUP"))), 400, "duplicate_order", **again)


def test_a_repeated_order_with_its_own_external_numbers_is_a_duplicate(api: ApiClient) -> None:
    body = api.order_body(line(wallet={"externalReferenceNumbers": ["EXT-1"]}))
    first = api.post(body).json()
    assert_problem(
        api.post(body),
        400,
        "duplicate_order",
        orderId=first["orderId"],
        buyFromOrderReference=first["buyFromOrderReference"],
        existingStatus="Submitted",
    )


def test_another_partner_may_use_the_same_reference(api: ApiClient, rival: ApiClient) -> None:
    ours, theirs = api.create(line()), rival.create(line())
    assert ours["sellToOrderReference"] == theirs["sellToOrderReference"]
    assert ours["orderId"] != theirs["orderId"]


def test_an_external_number_on_a_living_wallet_of_the_venue_is_refused(
    api: ApiClient, rival: ApiClient
) -> None:
    rival.create(line(quantity=2, wallet={"externalReferenceNumbers": ["EXT-1", "EXT-2"]}))
    before = stored()
    numbers = ["EXT-0", "EXT-2", "EXT-1"]
    assert_problem(
        api.post(api.order_body(line(quantity=3, wallet={"externalReferenceNumbers": numbers}))),
        400,
        "external_reference_taken",
        ("/items/0/wallet/externalReferenceNumbers/1", "external_reference_taken"),
        ("/items/0/wallet/externalReferenceNumbers/2", "external_reference_taken"),
    )
    assert stored() == before


def test_an_external_number_may_stand_once_in_an_order(api: ApiClient) -> None:
    assert_problem(
        api.post(
            api.order_body(
                line(quantity=2, wallet={"externalReferenceNumbers": ["E", "F"]}),
                line("GROUP", quantity=2, wallet={"externalReferenceNumbers": ["E"]}),
            )
        ),
        400,
        "external_reference_taken",
        ("/items/1/wallet/externalReferenceNumbers/0", "external_reference_taken"),
    )


def test_an_external_number_is_free_again_once_its_wallet_is_destroyed(
    api: ApiClient, issue: Callable[[str], Order]
) -> None:
    numbered = line(wallet={"externalReferenceNumbers": ["EXT-1"]})
    first = settle(api, issue, numbered)
    assert api.delete(first["orderId"]).json()["status"] == "Cancelled"
    assert api.create(numbered, sellToOrderReference="WEB-2")["items"][0]["wallets"] == [
        wallet(externalReferenceNumber="EXT-1")
    ]


def test_another_venue_may_use_the_same_external_number(api: ApiClient) -> None:
    venue = VenueFactory.create()
    sellable_package(venue, "DAY")
    partner = PartnerFactory.create(venue=venue)
    zoo = ApiClient(create_key(partner=partner)[1], partner)
    numbered = line(wallet={"externalReferenceNumbers": ["EXT-1"]})
    api.create(numbered)
    zoo.create(numbered)


def test_item_numbers_are_answered_as_sent(api: ApiClient, day: Package) -> None:
    PackageMappingFactory.create(partner=api.partner, item_number="sku «1»", package=day)
    created = api.create(line("sku «1»"))
    assert created == order(item(wallet(), itemNumber="sku «1»"))
    assert created["orderId"] == UUID
    assert created["receivedAt"] == moment(NOON)
