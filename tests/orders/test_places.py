"""Places: an order takes them at submit, and gives them back exactly once (contract section 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Attraction, Package, Session
from orders import lifecycle, recovery
from orders.models import Allocation, Order, OrderEvent
from tests.conftest import ApiClient
from tests.factories import (
    AttractionFactory,
    ComponentFactory,
    ItemFactory,
    PackageMappingFactory,
    sellable_package,
)
from tests.orders.expected import (
    VISIT,
    Clock,
    assert_problem,
    item,
    line,
    order,
    settle,
    stored,
    wallet,
)
from tests.orders.sessions import counted, counters, name, session, show
from wallets.models import Asset

pytestmark = pytest.mark.usefixtures("clock", "show")

Issue = Callable[[str], Order]


def events_of(answer: Any) -> list[str]:
    found = OrderEvent.objects.filter(subject_id=answer["orderId"]).order_by("id")
    return list(found.values_list("name", flat=True))


def test_an_order_takes_its_places_when_it_is_submitted(api: ApiClient, matinee: Session) -> None:
    created = api.create(show(quantity=3))
    shell = wallet(unitPriceInclVat="12.00", unitPriceExclVat="11.01")
    assert created == order(
        item(
            shell,
            {**shell, "seqNo": 2},
            {**shell, "seqNo": 3},
            itemNumber="SHOW",
            packageCode="SHOW",
            description="Name of SHOW",
            quantity=3,
            visitTime="14:00:00",
        ),
        totalInclVat="36.00",
        totalExclVat="33.03",
    )
    assert api.get(f"/channelManager/{created['orderId']}").json() == created
    (taken,) = Allocation.objects.all()
    assert (taken.session, taken.quantity, taken.seat, taken.hold) == (matinee, 3, None, None)
    assert str(taken.line and taken.line.order_id) == created["orderId"]
    assert counters() == {"cinema 14:00": "0+3"}


def test_the_last_place_is_sold(api: ApiClient, matinee: Session) -> None:
    api.create(show(quantity=5))
    matinee.refresh_from_db()
    assert (matinee.places_left, matinee.places_taken) == (0, 5)


def test_a_group_takes_a_place_for_everybody(
    api: ApiClient, group: Package, cinema: Attraction
) -> None:
    counted(group, cinema)
    session(cinema, None, capacity=25)
    api.create(line("GROUP", quantity=25))
    assert counters() == {"cinema": "0+25"}


def test_a_component_of_several_units_takes_a_place_for_each(
    api: ApiClient, show: Package, matinee: Session
) -> None:
    show.components.update(quantity=2)
    api.create({**line("SHOW", quantity=2), "visitTime": "14:00"})
    assert counters() == {name(matinee): "0+4"}


def test_every_component_takes_places_of_its_own_attraction_by_its_own_schedule(
    api: ApiClient, bundle: Package, cinema: Attraction
) -> None:
    dino = AttractionFactory.create(venue=bundle.venue, code="dino")
    counted(counted(bundle, cinema, "CINEMA"), dino, "DINO")
    for time in ("10:00", "14:00"):
        session(cinema, time), session(dino, time)
    session(dino, "10:00", "2026-11-24")
    schedule = [
        {"itemNumber": "CINEMA", "visitTime": "14:00"},
        {"itemNumber": "DINO", "visitDate": "2026-11-24", "visitTime": "10:00"},
    ]
    api.create(
        line("BUNDLE", quantity=2, visitTime="10:00"),
        line("BUNDLE", quantity=3, visitTime="10:00", wallet={"componentSchedule": schedule}),
    )
    assert counters() == {
        "cinema 10:00": "0+2",
        "dino 10:00": "0+2",
        "cinema 14:00": "0+3",
        "dino 2026-11-24 10:00": "0+3",
    }


def test_components_of_one_attraction_share_its_places(
    api: ApiClient, show: Package, matinee: Session
) -> None:
    twin = ItemFactory.create(venue=show.venue, number="POPCORN", attraction=matinee.attraction)
    ComponentFactory.create(package=show, item=twin, position=1)
    before = stored()
    assert api.post(api.order_body({**line("SHOW", quantity=3), "visitTime": "14:00"})).json()[
        "shortages"
    ] == [
        {
            "pointer": "/items/0",
            "itemNumber": "POPCORN",
            "visitDate": VISIT,
            "visitTime": "14:00:00",
            "capacity": 5,
            "placesWanted": 6,
            "placesLeft": 5,
            "nearestSessions": [],
        }
    ]
    assert stored() == before
    api.create({**line("SHOW", quantity=2), "visitTime": "14:00"})
    assert counters() == {name(matinee): "0+4"}


def test_items_without_an_attraction_take_no_places(api: ApiClient, matinee: Session) -> None:
    open_dated = sellable_package(matinee.attraction.venue, "OPEN", dating="open")
    counted(open_dated, matinee.attraction)
    api.create(line(quantity=1000), sellToOrderReference="day")
    api.create(line("OPEN", visit_date=None, quantity=10), sellToOrderReference="open")
    assert counters() == {}


def test_a_repeated_request_takes_places_once(api: ApiClient, matinee: Session) -> None:
    body = api.order_body(show(quantity=2))
    first = api.post(body, idempotency_key="once")
    again = api.post(body, idempotency_key="once")
    assert (again.status_code, again.json()) == (201, first.json())
    assert counters() == {name(matinee): "0+2"}


def test_a_draft_keeps_its_places_and_so_does_the_order_it_becomes(
    api: ApiClient, issue: Issue, matinee: Session
) -> None:
    draft = settle(api, issue, show(quantity=2), paymentReference=None)
    assert (draft["status"], counters()) == ("Draft", {name(matinee): "0+2"})
    assert api.confirm(draft["orderId"]).json()["status"] == "Issued"
    assert counters() == {name(matinee): "0+2"}


@pytest.mark.parametrize("payment", ["PAY-1", None])
def test_ending_an_order_gives_its_places_back_once(
    api: ApiClient, issue: Issue, matinee: Session, payment: str | None
) -> None:
    ended = settle(api, issue, show(quantity=5), paymentReference=payment)
    assert api.delete(ended["orderId"]).status_code == 200
    assert counters() == {}
    other = api.create(show(quantity=4), sellToOrderReference="WEB-2")
    assert api.delete(ended["orderId"]).status_code == (200 if payment else 404)
    assert counters() == {name(matinee): "0+4"}
    assert other["status"] == "Submitted"


@pytest.mark.parametrize("status", ["Submitted", "Scheduled", "Processing"])
def test_an_order_that_may_not_be_ended_keeps_its_places(
    api: ApiClient, matinee: Session, status: str
) -> None:
    created = api.create(show(quantity=2))
    Order.objects.update(status=status)
    assert_problem(
        api.delete(created["orderId"]),
        409,
        "order_state_conflict",
        currentStatus=status,
        allowedActions=[],
        retryable=True,
    )
    assert counters() == {name(matinee): "0+2"}


def test_an_order_that_is_too_late_to_cancel_keeps_its_places(
    api: ApiClient, issue: Issue, matinee: Session
) -> None:
    type(api.partner).objects.filter(pk=api.partner.pk).update(cancel_deadline_hours=24 * 7)
    created = settle(api, issue, show(quantity=2))
    assert_problem(api.delete(created["orderId"]), 409, "cancel_deadline_passed")
    assert counters() == {name(matinee): "0+2"}


def test_an_order_with_a_used_ticket_keeps_its_places(
    api: ApiClient, issue: Issue, matinee: Session
) -> None:
    created = settle(api, issue, show(quantity=2))
    used = Asset.objects.order_by("pk")[0]
    Asset.objects.filter(pk=used.pk).update(status="Used", admitted=1)
    assert_problem(
        api.delete(created["orderId"]), 409, "asset_used", usedAssets=[used.reference_number]
    )
    assert counters() == {name(matinee): "0+2"}


def test_a_draft_past_its_lifetime_gives_its_places_back_once(
    api: ApiClient, issue: Issue, clock: Clock, matinee: Session
) -> None:
    type(api.partner).objects.filter(pk=api.partner.pk).update(draft_lifetime_days=2)
    settle(api, issue, show(quantity=5), paymentReference=None)
    recovery.recover_orders(now=clock.forward(days=2, seconds=-1))
    assert counters() == {name(matinee): "0+5"}
    recovery.recover_orders(now=clock.forward(seconds=1))
    assert (counters(), Order.objects.count()) == ({}, 0)
    api.create(show(quantity=1), sellToOrderReference="WEB-2")
    recovery.recover_orders(now=clock.now)
    assert counters() == {name(matinee): "0+1"}


def test_an_order_in_error_keeps_its_places_for_a_drafts_lifetime(
    api: ApiClient, issue: Issue, clock: Clock, matinee: Session
) -> None:
    type(api.partner).objects.filter(pk=api.partner.pk).update(draft_lifetime_days=2)
    failed = settle(api, issue, show(quantity=5), line("unknown"))
    assert (failed["status"], counters()) == ("Error", {name(matinee): "0+5"})
    recovery.recover_orders(now=clock.forward(days=2, seconds=-1))
    assert counters() == {name(matinee): "0+5"}

    at = clock.forward(seconds=1)
    recovery.recover_orders(now=at)
    assert counters() == {}
    assert api.get(f"/channelManager/{failed['orderId']}").json() == failed
    event = OrderEvent.objects.latest("id")
    assert (event.name, event.from_state, event.to_state) == ("places_returned", "Error", "Error")
    assert (event.actor, event.at, event.reason) == (
        "worker",
        at,
        "It has been in Error for longer than a draft lives.",
    )
    recovery.recover_orders(now=clock.forward(days=9))
    assert events_of(failed).count("places_returned") == 1


@pytest.mark.parametrize("returned", [False, True])
def test_deleting_an_order_in_error_gives_back_what_it_still_has(
    api: ApiClient, issue: Issue, clock: Clock, matinee: Session, returned: bool
) -> None:
    failed = settle(api, issue, show(quantity=3), line("unknown"))
    api.create(show(quantity=2), sellToOrderReference="WEB-2")
    if returned:
        recovery.recover_orders(now=clock.forward(days=7))
    assert counters() == {name(matinee): "0+2" if returned else "0+5"}
    assert api.delete(failed["orderId"]).status_code == 200
    assert counters() == {name(matinee): "0+2"}


def test_an_unmapped_line_takes_no_places_and_mapped_ones_do(
    api: ApiClient, issue: Issue, show: Package, matinee: Session
) -> None:
    unmapped = {**line("SKU", quantity=2), "visitTime": "14:00"}
    created = api.create({**line("SHOW"), "visitTime": "14:00"}, unmapped)
    assert counters() == {name(matinee): "0+1"}
    issue(created["orderId"])
    PackageMappingFactory.create(partner=api.partner, item_number="SKU", package=show)
    lifecycle.replay_order(
        orders=Order.objects.all(),
        order_id=Order.objects.get().pk,
        actor="staff:1",
        now=timezone.now(),
    )
    assert counters() == {name(matinee): "0+3"}
