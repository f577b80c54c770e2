"""What a shop shows, and reserving: a GET that takes one place for eight minutes."""

from __future__ import annotations

import gzip
import uuid
from typing import Any

import pytest

from catalog.models import Attraction, Package, Session
from orders.models import CheckoutItem, Hold
from partners.models import Partner, Venue
from tests.dialects.openticket.shop import GUID, Shop, entry, expire, stored, told
from tests.factories import sellable_package
from tests.orders.expected import VISIT, Clock
from tests.orders.sessions import counters, session

pytestmark = pytest.mark.usefixtures("clock")
NOWHERE = "019aa0d0-0000-4000-8000-00000000dead"


def orderable(**members: Any) -> dict[str, Any]:
    return {
        "guid": GUID,
        "name": "Show",
        "description": "",
        "status": "available",
        "min_price": 2450,
        "max_price": 2450,
        "event_id": GUID,
        "event_date_id": GUID,
        "min_orderable_amount_per_order": 1,
        "max_orderable_amount_per_order": 20,
        "increment": 1,
        "availability_margin": 0,
        **members,
    }


def test_what_a_shop_shows_is_compressed_for_who_takes_it(shop: Shop) -> None:
    plain, packed = (
        shop.get(f"{shop.guid}/data", **{"accept-encoding": wanted})
        for wanted in ("identity", "gzip")
    )
    assert (packed["Content-Encoding"], "Content-Encoding" in plain) == ("gzip", False)
    assert "Accept-Encoding" in plain["Vary"]
    assert gzip.decompress(packed.content) == plain.content


def test_a_shop_shows_its_events_and_its_tickets_by_their_guid(shop: Shop) -> None:
    response = shop.get(f"{shop.guid}/data")
    data = response.json()
    (ticket,) = data["tickets"].values()
    assert (response.status_code, response["Cache-Control"], data) == (
        200,
        "no-store",
        {
            "guid": shop.guid,
            "name": "Dune Park",
            "currency": "EUR",
            "timezone": "Europe/Amsterdam",
            "reservation_time": 0,
            "events": [
                {
                    "guid": ticket["event_id"],
                    "name": "Cinema",
                    "dates": [
                        {
                            "guid": ticket["event_date_id"],
                            "start": f"{VISIT}T13:00:00+00:00",
                            "end": f"{VISIT}T14:00:00+00:00",
                        }
                    ],
                }
            ],
            "tickets": {ticket["guid"]: orderable()},
        },
    )
    assert shop.data() == data, "a GUID stays"


def test_what_is_sold_out_is_shown_so_and_what_has_no_session_has_no_date(
    shop: Shop, matinee: Session, cinema: Attraction, venue: Venue
) -> None:
    session(cinema, "16:00", capacity=1)
    sellable_package(venue, "ANYDAY", "39.00", dating="open", name="Any day")
    shop.reserve(shop.ticket("Show", 1))
    data = shop.data()
    tickets = list(data["tickets"].values())
    assert [(one["name"], one["status"]) for one in tickets] == [
        ("Any day", "available"),
        ("Show", "available"),
        ("Show", "sold_out"),
    ]
    assert [[date["start"] for date in event["dates"]] for event in data["events"]] == [
        [None],
        [f"{VISIT}T13:00:00+00:00", f"{VISIT}T15:00:00+00:00"],
    ]


def test_a_reservation_is_the_line_that_an_order_takes_it_by(shop: Shop) -> None:
    ticket, date = shop.ticket("Show"), shop.data()["events"][0]["dates"][0]["guid"]
    response = shop.reserve_answer(ticket)
    assert (response.status_code, response["Cache-Control"], response.json()) == (
        200,
        "no-store",
        {
            "guid": ticket,
            "reservation": GUID,
            "products": [
                {"guid": ticket, "reservation": GUID},
                {"guid": date, "reservation": GUID},
            ],
            "expires_at": "2026-11-20T11:08:00+00:00",
        },
    )
    made = response.json()
    reservations = {made["reservation"], *(one["reservation"] for one in made["products"])}
    assert len(reservations) == 3
    assert counters() == {"cinema 14:00": "1+0"}


def test_an_open_dated_ticket_has_an_event_date_of_its_own(shop: Shop, venue: Venue) -> None:
    sellable_package(venue, "ANYDAY", "39.00", dating="open", name="Any day")
    made = shop.reserve(shop.ticket("Any day"))
    date = next(one for one in shop.data()["events"] if one["name"] == "Any day")["dates"][0]
    assert [one["guid"] for one in made["products"]] == [made["guid"], date["guid"]]
    assert counters() == {}


def test_every_call_takes_a_place_and_a_head_takes_none(shop: Shop) -> None:
    ticket = shop.ticket("Show")
    made = [shop.reserve(ticket)["reservation"] for _ in range(2)]
    assert len(set(made)) == 2
    path = f"/openticket/{shop.guid}/reserve/ticket/{ticket}"
    for target, status in ((path, 200), (path.replace(ticket, NOWHERE), 404)):
        response = shop.client.head(target)
        assert (response.status_code, response["Cache-Control"], response.content) == (
            *(status, "no-store", b""),
        )
    assert counters() == {"cinema 14:00": "2+0"}


def test_the_last_place_once_reserved_is_sold_out(shop: Shop, matinee: Session) -> None:
    ticket = shop.ticket("Show")
    for _ in range(5):
        shop.reserve(ticket)
    before = stored()
    response = shop.reserve_answer(ticket)
    assert (response.status_code, response.json()) == (*(409, told(errors=[entry("sold_out")])),)
    assert response.json()["errors"][0]["message"]
    assert stored() == before
    assert shop.data()["tickets"] == {ticket: orderable(status="sold_out")}


def test_a_place_is_on_sale_again_after_eight_minutes(
    shop: Shop, clock: Clock, matinee: Session
) -> None:
    Session.objects.update(capacity=1)
    ticket = shop.ticket("Show")
    shop.reserve(ticket)
    clock.forward(minutes=7, seconds=59)
    expire(clock)
    assert shop.reserve_answer(ticket).status_code == 409
    clock.forward(seconds=1)
    expire(clock)
    assert shop.reserve_answer(ticket).status_code == 200


@pytest.mark.parametrize("ticket", [NOWHERE, "x", "%00", "é", "A" * 300])
def test_an_unknown_ticket_is_not_found(shop: Shop, ticket: str) -> None:
    response = shop.reserve_answer(ticket)
    assert (response.status_code, response.json()) == (404, told(errors=[entry("not_found")]))


def test_guids_are_read_in_any_case(shop: Shop) -> None:
    path = f"/openticket/{shop.guid.upper()}/reserve/ticket/{shop.ticket('Show').upper()}"
    assert shop.client.get(path).status_code == 200


def test_what_is_not_on_sale_any_more_is_refused(
    shop: Shop, show: Package, matinee: Session, clock: Clock
) -> None:
    ticket = shop.ticket("Show")
    Package.objects.filter(pk=show.pk).update(status="Withdrawn")
    refusal = (400, told(errors=[entry("not_on_sale")]))
    response = shop.reserve_answer(ticket)
    assert (response.status_code, response.json()) == refusal
    Package.objects.filter(pk=show.pk).update(status="OnSale")
    clock.now = matinee.ends_at
    response = shop.reserve_answer(ticket)
    assert (response.status_code, response.json()) == refusal
    assert Hold.objects.count() == 0


def test_a_partner_that_may_not_sell_reserves_nothing(shop: Shop, seller: Partner) -> None:
    ticket = shop.ticket("Show")
    Partner.objects.filter(pk=seller.pk).update(status="Paused")
    response = shop.reserve_answer(ticket)
    assert (response.status_code, response.json()) == (
        *(403, told(fatals=[entry("partner_not_active")])),
    )
    assert shop.order_answer({}).status_code == 403
    assert stored() == (0, 0, 0)


def test_nothing_of_the_rivals_shop_exists_here(shop: Shop, rival_shop: Shop) -> None:
    own, others = shop.ticket("Show"), rival_shop.ticket("Show")
    assert own != others
    for ticket in (others, str(uuid.uuid4())):
        answer = shop.reserve_answer(ticket)
        assert (answer.status_code, answer.json()) == (404, told(errors=[entry("not_found")]))
    rivals = rival_shop.reserve(others)
    unknown = {**rivals, "reservation": str(uuid.uuid4())}
    answers = [shop.order_answer(shop.body(one)) for one in (rivals, unknown)]
    assert [(one.status_code, one.json()) for one in answers] == [
        (422, told(errors=[entry("unknown_reservation", "/tickets/0/reservation")]))
    ] * 2
    foreign = shop.body(shop.reserve(own), paymentProvider=rival_shop.method())
    answer = shop.order_answer(foreign)
    assert (answer.status_code, answer.json()) == (
        *(422, told(errors=[entry("unknown_payment_method", "/paymentProvider")])),
    )
    sold = rival_shop.order(rival_shop.body(rivals))
    for order in (sold["order_id"], str(uuid.uuid4())):
        answer = shop.sold(order)
        assert (answer.status_code, answer.json()) == (404, told(errors=[entry("not_found")]))
    page = sold["redirectUrl"].rpartition("/")[2]
    assert shop.get(f"{shop.guid}/return/{page}").status_code == 404
    for path in (rival_shop.guid, str(uuid.uuid4())):
        answer = shop.methods_answer(shop=path)
        assert (answer.status_code, answer.json()) == (404, told(errors=[entry("not_found")]))


def test_a_test_shop_takes_no_places(test_shop: Shop) -> None:
    test_shop.reserve(test_shop.ticket("Show"))
    assert (counters(), CheckoutItem.objects.count()) == ({}, 1)
