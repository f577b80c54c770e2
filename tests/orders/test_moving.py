"""Moving an order to another day: the same times, new places and tickets; its wallets stay."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from catalog.models import Attraction, Package, SeatPlan, Session
from channel_manager.lib.errors import NotFound, Refusal
from orders import moving
from orders.actions import OrderStateConflict
from orders.cancellation import AssetUsed
from orders.models import Allocation, LedgerEntry, Order, OrderEvent, OrderLine
from orders.moving import NothingToMove, VisitNotPossible
from orders.shortages import SoldOut
from partners.models import Partner, Venue
from tests.conftest import ApiClient
from tests.factories import AllotmentFactory, CalendarDayFactory, OpeningHoursFactory
from tests.invariants import PLACE_RULES
from tests.orders.expected import (
    ASSET_NUMBER,
    NOON,
    UUID,
    VISIT,
    Clock,
    line,
    moment,
    settle,
    stored,
)
from tests.orders.sessions import counted, counters, seated, seats_of, session, show
from wallets.models import Asset

pytestmark = pytest.mark.usefixtures("clock", "show", "play")

Issue = Callable[[str], Order]
NEXT = "2026-11-24"


@pytest.fixture(autouse=True)
def counts_are_sums(db: None) -> Any:
    """Have every count of places equal what is allocated when a test is done."""
    yield
    with connection.cursor() as cursor:
        for rule, query in PLACE_RULES.items():
            cursor.execute(query)
            assert cursor.fetchall() == [], rule


@pytest.fixture
def matinee(cinema: Attraction) -> Session:
    """The show at 14:00 on the day of the visit, for five."""
    return session(cinema, "14:00", capacity=5)


@pytest.fixture
def next_matinee(cinema: Attraction) -> Session:
    """The show at 14:00 on the next day, for five."""
    return session(cinema, "14:00", NEXT, capacity=5)


def move(order: Any, to: str = NEXT, since: str = VISIT, **arguments: Any) -> Order:
    """Move an answered order, as somebody at the order desk would."""
    return moving.move_order(
        orders=Order.objects.all(),
        order_id=uuid.UUID(order["orderId"]),
        from_date=datetime.date.fromisoformat(since),
        to_date=datetime.date.fromisoformat(to),
        **{"actor": "staff:1", "now": NOON, "reason": "A storm", **arguments},
    )


def assert_stays(
    order: Any, refusal: type[Refusal], told: str, api: ApiClient, **move_to: Any
) -> None:
    """Assert that moving is refused in these words, and that the order is what it was."""
    before = (stored(), counters(), api.get(f"/channelManager/{order['orderId']}").json())
    with pytest.raises(refusal) as refused:
        move(order, **move_to)
    assert str(refused.value) == told
    after = (stored(), counters(), api.get(f"/channelManager/{order['orderId']}").json())
    assert after == before


def moved_event(order: Any) -> tuple[str, str, str, str, dict[str, Any]]:
    event = OrderEvent.objects.of(uuid.UUID(order["orderId"])).last()
    assert event is not None
    assert event.name == "moved"
    return event.from_state, event.to_state, event.actor, event.reason, event.data


def test_a_day_ticket_is_valid_on_the_other_day_within_its_opening_hours(
    api: ApiClient, issue: Issue, clock: Clock, venue: Venue
) -> None:
    CalendarDayFactory.create(
        venue=venue, date=NEXT, opens_at=datetime.time(10), closes_at=datetime.time(16)
    )
    issued = settle(
        api, issue, line(quantity=2, wallet={"externalReferenceNumbers": ["EXT-1", "EXT-2"]})
    )
    move(issued, now=clock.forward(minutes=5))
    old: list[str] = []
    for wallet in issued["items"][0]["wallets"]:
        (ticket,) = wallet["assets"]
        old.append(ticket["referenceNumber"])
        ticket |= {
            "assetId": UUID,
            "referenceNumber": ASSET_NUMBER,
            "validFrom": f"{NEXT}T09:00:00.000Z",
            "validUntil": f"{NEXT}T15:00:00.000Z",
        }
    issued["items"][0]["visitDate"] = NEXT
    issued["updatedAt"] = moment(clock.now)
    assert api.get(f"/channelManager/{issued['orderId']}").json() == issued
    assets = Asset.objects.order_by("generation", "wallet__seq_no")
    rows = [(row.generation, str(row.visit_date), row.status) for row in assets]
    assert rows == [(1, VISIT, "Destroyed")] * 2 + [(2, NEXT, "Valid")] * 2
    assert [row.reference_number for row in assets[:2]] == old
    order = Order.objects.get()
    assert (str(order.visit_date), order.status_since) == (NEXT, NOON)
    assert moved_event(issued) == (
        "Issued",
        "Issued",
        "staff:1",
        "A storm",
        {"fromDate": VISIT, "toDate": NEXT},
    )
    assert LedgerEntry.objects.count() == 1


def test_a_timed_order_takes_the_session_at_the_same_time(
    api: ApiClient, issue: Issue, matinee: Session, next_matinee: Session, cinema: Attraction
) -> None:
    session(cinema, "10:00", NEXT)
    issued = settle(api, issue, show(quantity=3))
    assert counters() == {"cinema 14:00": "0+3"}
    move(issued)
    assert counters() == {f"cinema {NEXT} 14:00": "0+3"}
    living = Asset.objects.living()
    windows = living.values_list("visit_time", "valid_from", "valid_until")
    assert set(windows) == {(datetime.time(14), next_matinee.starts_at, next_matinee.ends_at)}
    assert moved_event(issued)[-1] == {
        "fromDate": VISIT,
        "toDate": NEXT,
        "leftSessionIds": [str(matinee.pk)],
        "enteredSessionIds": [str(next_matinee.pk)],
    }
    (planned,) = OrderLine.objects.get().plan
    assert (planned["sessionId"], planned["visitDate"]) == (str(next_matinee.pk), NEXT)


def test_a_time_without_a_session_is_refused_with_the_times_there_are(
    api: ApiClient, issue: Issue, matinee: Session, cinema: Attraction
) -> None:
    for time in ("10:00", "16:00"):
        session(cinema, time, NEXT)
    session(cinema, "14:00", NEXT, is_on_sale=False)
    issued = settle(api, issue, show())
    told = (
        "Cinema has no session on sale at 14:00 on Tue 24 Nov 2026. "
        "Sessions that day begin at 10:00, 16:00."
    )
    assert_stays(issued, VisitNotPossible, told, api)


def test_a_whole_day_moves_to_the_whole_day_only(
    api: ApiClient, issue: Issue, day: Package, cinema: Attraction
) -> None:
    counted(day, cinema)
    session(cinema, None)
    issued = settle(api, issue, line(quantity=2))
    told = "Cinema has no session on sale for the whole day on Tue 24 Nov 2026."
    assert_stays(issued, VisitNotPossible, told, api)
    session(cinema, None, NEXT)
    move(issued)
    assert counters() == {f"cinema {NEXT}": "0+2"}


def test_a_visit_stays_at_its_time_within_the_session(
    api: ApiClient, issue: Issue, day: Package, cinema: Attraction
) -> None:
    counted(day, cinema)
    session(cinema, "10:00")
    session(cinema, "10:00", NEXT)
    issued = settle(api, issue, line(visitTime="10:30"))
    move(issued)
    asset = Asset.objects.living().get()
    assert asset.visit_time == datetime.time(10, 30)
    assert moment(asset.valid_from) == f"{NEXT}T09:30:00.000Z"
    assert moment(asset.valid_until) == f"{NEXT}T10:00:00.000Z"


def test_a_shorter_session_may_be_over_before_the_visit_begins(
    api: ApiClient, issue: Issue, day: Package, cinema: Attraction
) -> None:
    counted(day, cinema)
    session(cinema, "10:00")
    short = session(cinema, "10:00", NEXT)
    short.ends_at = short.starts_at + datetime.timedelta(minutes=15)
    short.save()
    issued = settle(api, issue, line(visitTime="10:30"))
    told = "The session of Cinema on Tue 24 Nov 2026 ends at 10:15, before the visit begins."
    assert_stays(issued, VisitNotPossible, told, api)


def test_too_few_places_are_told_and_nothing_changes(
    api: ApiClient, issue: Issue, matinee: Session, next_matinee: Session
) -> None:
    issued = settle(api, issue, show(quantity=3))
    next_matinee.capacity = 2
    next_matinee.save()
    told = "Cinema on Tue 24 Nov 2026 at 14:00 has 2 places left, and 3 are needed."
    assert_stays(issued, SoldOut, told, api)


def test_lines_of_one_order_are_counted_down_together(
    api: ApiClient, issue: Issue, matinee: Session, next_matinee: Session
) -> None:
    issued = settle(api, issue, show(quantity=3), show(quantity=2))
    next_matinee.capacity = 4
    next_matinee.save()
    told = "Cinema on Tue 24 Nov 2026 at 14:00 has 1 place left, and 2 are needed."
    assert_stays(issued, SoldOut, told, api)
    next_matinee.capacity = 5
    next_matinee.save()
    move(issued)
    assert counters() == {f"cinema {NEXT} 14:00": "0+5"}


def test_guests_keep_their_seats_where_they_are_free(
    api: ApiClient, issue: Issue, theatre: Attraction, hall: SeatPlan
) -> None:
    seated(theatre, hall)
    seated(theatre, hall, day=NEXT)
    play = line("PLAY", quantity=2, visitTime="19:30", seats=["B3", "B4"])
    issued = settle(api, issue, play)
    move(issued)
    assert seats_of(issued["orderId"]) == ["B3", "B4"]
    assert sorted(Asset.objects.living().values_list("seat", flat=True)) == ["B3", "B4"]
    assert moved_event(issued)[-1]["seats"] == ["B3", "B4"]
    assert counters() == {f"theatre {NEXT} 19:30": "0+2"}


def test_guests_whose_seats_are_taken_sit_together_on_the_best_free_ones(
    api: ApiClient, issue: Issue, rival: ApiClient, theatre: Attraction, hall: SeatPlan
) -> None:
    seated(theatre, hall)
    seated(theatre, hall, day=NEXT)
    play = line("PLAY", quantity=2, visitTime="19:30", seats=["B3", "B4"])
    issued = settle(api, issue, play)
    rival.create(line("PLAY", NEXT, visitTime="19:30", seats=["B4"]))
    rival.create(line("PLAY", NEXT, visitTime="19:30", seats=["A2"]), sellToOrderReference="WEB-2")
    move(issued)
    assert seats_of(issued["orderId"]) == ["A3", "A4"]
    living = Asset.objects.living().exclude(seat="")
    assert sorted(living.values_list("seat", flat=True)) == ["A3", "A4"]
    assert OrderLine.objects.get(order=issued["orderId"]).seats == ["A3", "A4"]


def test_a_full_hall_is_sold_out(
    api: ApiClient, issue: Issue, rival: ApiClient, theatre: Attraction, hall: SeatPlan
) -> None:
    seated(theatre, hall)
    seated(theatre, hall, day=NEXT)
    issued = settle(api, issue, line("PLAY", quantity=2, visitTime="19:30"))
    rival.create(line("PLAY", NEXT, quantity=9, visitTime="19:30"))
    told = "Theatre on Tue 24 Nov 2026 at 19:30 has 1 place left, and 2 are needed."
    assert_stays(issued, SoldOut, told, api)


def test_a_component_that_is_visited_on_another_day_stays_there(
    api: ApiClient, issue: Issue, bundle: Package, cinema: Attraction
) -> None:
    counted(bundle, cinema, "CINEMA")
    for date in (VISIT, NEXT, "2026-11-25"):
        session(cinema, "14:00", date)
    schedule = [{"itemNumber": "CINEMA", "visitDate": NEXT, "visitTime": "14:00"}]
    issued = settle(api, issue, line("BUNDLE", wallet={"componentSchedule": schedule}))
    move(issued, to="2026-11-25")
    rows = Asset.objects.living().order_by("position").values_list("item__number", "visit_date")
    assert [(number, str(date)) for number, date in rows] == [
        ("DINO", "2026-11-25"),
        ("CINEMA", NEXT),
        ("LUNCH", "2026-11-25"),
    ]
    assert counters() == {f"cinema {NEXT} 14:00": "0+1"}
    move(issued, to=VISIT, since=NEXT)
    assert counters() == {"cinema 14:00": "0+1"}
    row = OrderLine.objects.get()
    assert str(row.visit_date) == "2026-11-25"
    assert row.component_schedule == [
        {"itemNumber": "CINEMA", "visitDate": VISIT, "visitTime": "14:00:00"}
    ]
    answered = api.get(f"/channelManager/{issued['orderId']}").json()["items"][0]
    assert [(one["itemNumber"], one["visitDate"]) for one in answered["componentSchedule"]] == [
        ("DINO", "2026-11-25"),
        ("CINEMA", VISIT),
        ("LUNCH", "2026-11-25"),
    ]


def test_two_components_may_share_a_session(
    api: ApiClient, issue: Issue, bundle: Package, cinema: Attraction
) -> None:
    for number in ("DINO", "CINEMA"):
        counted(bundle, cinema, number)
    session(cinema, None)
    session(cinema, None, NEXT, capacity=4)
    issued = settle(api, issue, line("BUNDLE", quantity=2))
    assert counters() == {"cinema": "0+4"}
    move(issued)
    assert counters() == {f"cinema {NEXT}": "0+4"}


def test_a_group_moves_with_all_its_admissions(
    api: ApiClient, issue: Issue, group: Package, cinema: Attraction
) -> None:
    counted(group, cinema)
    session(cinema, None, capacity=30)
    session(cinema, None, NEXT, capacity=30)
    issued = settle(api, issue, line("GROUP", quantity=25))
    move(issued)
    assert counters() == {f"cinema {NEXT}": "0+25"}
    assert str(Asset.objects.living().get().visit_date) == NEXT


def test_a_draft_stays_a_draft_and_is_confirmed_for_the_other_day(
    api: ApiClient, issue: Issue, matinee: Session, next_matinee: Session
) -> None:
    draft = settle(api, issue, show(), paymentReference=None)
    move(draft)
    assert Order.objects.get().status == "Draft"
    confirmed = api.confirm(draft["orderId"]).json()
    (ticket,) = confirmed["items"][0]["wallets"][0]["assets"]
    assert (ticket["status"], ticket["validFrom"][:10]) == ("Valid", NEXT)
    assert counters() == {f"cinema {NEXT} 14:00": "0+1"}


def test_an_order_in_error_is_replayed_for_the_other_day(
    api: ApiClient,
    issue: Issue,
    matinee: Session,
    next_matinee: Session,
    partner: Partner,
    day: Package,
) -> None:
    failed = settle(api, issue, show(), line("SKU-9"))
    assert failed["status"] == "Error"
    move(failed)
    assert Order.objects.get().status == "Error"
    assert counters() == {f"cinema {NEXT} 14:00": "0+1"}
    assert {str(row.visit_date) for row in OrderLine.objects.all()} == {NEXT}


def test_places_that_went_back_are_not_taken_by_moving(
    api: ApiClient, issue: Issue, matinee: Session, cinema: Attraction
) -> None:
    failed = settle(api, issue, show(), line("SKU-9"))
    Allocation.objects.all().delete()
    full = session(cinema, "14:00", NEXT, capacity=0)
    move(failed)
    assert counters() == {}
    planned = OrderLine.objects.get(item_number="SHOW").plan
    assert planned[0]["sessionId"] == str(full.pk)


def test_an_order_that_is_being_issued_has_to_wait(
    api: ApiClient, matinee: Session, next_matinee: Session
) -> None:
    created = api.create(show())
    told = "The order is Submitted; wait until it has settled."
    assert_stays(created, OrderStateConflict, told, api)
    with pytest.raises(OrderStateConflict) as refused:
        move(created)
    assert refused.value.retryable


def test_a_cancelled_order_is_left_alone(api: ApiClient, issue: Issue) -> None:
    issued = settle(api, issue)
    api.delete(issued["orderId"])
    before = stored()
    assert move(issued).status == "Cancelled"
    assert stored() == before


def test_a_used_ticket_keeps_the_order_on_its_day(
    api: ApiClient, issue: Issue, group: Package
) -> None:
    issued = settle(api, issue, line("GROUP", quantity=5))
    Asset.objects.update(admitted=2)
    number = Asset.objects.get().reference_number
    told = f"A ticket or coupon of this order has been used: {number}."
    assert_stays(issued, AssetUsed, told, api)


def test_what_was_used_on_another_day_does_not_keep_the_rest(
    api: ApiClient, issue: Issue, bundle: Package
) -> None:
    schedule = [{"itemNumber": "LUNCH", "visitDate": NEXT}]
    issued = settle(api, issue, line("BUNDLE", wallet={"componentSchedule": schedule}))
    Asset.objects.exclude(item__number="LUNCH").update(status="Used", admitted=1)
    move(issued, to="2026-11-25", since=NEXT)
    lunch = Asset.objects.living().get(item__number="LUNCH")
    assert str(lunch.visit_date) == "2026-11-25"


def test_an_order_that_is_not_there_that_day_has_nothing_to_move(
    api: ApiClient, issue: Issue
) -> None:
    issued = settle(api, issue)
    order = Order.objects.get()
    told = f"Order {order} has no visit on Wed 25 Nov 2026 any more."
    assert_stays(issued, NothingToMove, told, api, since="2026-11-25")
    with pytest.raises(NotFound):
        move({"orderId": str(uuid.uuid4())})


@pytest.mark.parametrize(
    ("to", "told"),
    [
        (VISIT, "The visit is on Mon 23 Nov 2026 already."),
        ("2026-11-19", "Thu 19 Nov 2026 has passed."),
        ("2036-11-24", "Mon 24 Nov 2036 is more than 1095 days ahead."),
    ],
)
def test_a_day_that_cannot_be_visited_is_refused(
    api: ApiClient, issue: Issue, to: str, told: str
) -> None:
    assert_stays(settle(api, issue), VisitNotPossible, told, api, to=to)


def test_a_closed_day_and_other_opening_hours_are_refused(
    api: ApiClient, issue: Issue, venue: Venue
) -> None:
    issued = settle(api, issue, line(visitTime="09:00"))
    hours = OpeningHoursFactory.create(
        venue=venue, valid_from=NEXT, opens_at=datetime.time(11), closes_at=datetime.time(17)
    )
    told = "Dune Park is open from 11:00 to 17:00 on Tue 24 Nov 2026, and the visit is at 09:00."
    assert_stays(issued, VisitNotPossible, told, api)
    hours.opens_at = hours.closes_at = None
    hours.save()
    assert_stays(issued, VisitNotPossible, "Dune Park is closed on Tue 24 Nov 2026.", api)


def test_a_line_that_waits_is_not_moved_to_a_closed_day(
    api: ApiClient, issue: Issue, venue: Venue
) -> None:
    waiting = settle(api, issue, line("SKU-9"))
    OpeningHoursFactory.create(venue=venue, valid_from=NEXT, opens_at=None, closes_at=None)
    assert_stays(waiting, VisitNotPossible, "Dune Park is closed on Tue 24 Nov 2026.", api)


def test_staff_move_to_today_after_the_cut_off_but_not_into_a_session_that_is_over(
    api: ApiClient, issue: Issue, show: Package, cinema: Attraction, clock: Clock
) -> None:
    session(cinema, "14:00")
    session(cinema, "14:00", "2026-11-20")
    issued = settle(api, issue, line("SHOW", visitTime="14:00"))
    type(show).objects.update(cut_off_minutes=24 * 60)
    move(issued, to="2026-11-20")
    assert counters() == {"cinema 2026-11-20 14:00": "0+1"}
    move(issued, to=VISIT, since="2026-11-20")
    late = clock.forward(hours=4)
    told = "A visit on Fri 20 Nov 2026 would be over already."
    assert_stays(issued, VisitNotPossible, told, api, to="2026-11-20", now=late)


def test_an_allotment_counts_where_it_has_room_and_never_stands_in_the_way(
    api: ApiClient,
    issue: Issue,
    partner: Partner,
    show: Package,
    matinee: Session,
    next_matinee: Session,
) -> None:
    limit = AllotmentFactory.create(partner=partner, package=show, places=3)
    first = settle(api, issue, line("SHOW", quantity=2, visitTime="14:00"))
    second = settle(
        api,
        issue,
        line("SHOW", NEXT, quantity=2, visitTime="14:00"),
        sellToOrderReference="WEB-2",
    )
    move(first)
    under = Allocation.objects.values_list("line__order", "allotment", "quantity")
    assert set(under) == {
        (uuid.UUID(first["orderId"]), None, 2),
        (uuid.UUID(second["orderId"]), limit.pk, 2),
    }
    move(second, to=VISIT, since=NEXT)
    assert set(under) == {
        (uuid.UUID(first["orderId"]), None, 2),
        (uuid.UUID(second["orderId"]), limit.pk, 2),
    }


def test_an_open_dated_line_of_the_order_stays_open(
    api: ApiClient, issue: Issue, venue: Venue, day: Package
) -> None:
    Package.objects.filter(code="GROUP").update(dating="open")
    issued = settle(api, issue, line(), line("GROUP", None, quantity=4))
    before = Asset.objects.get(admissions=4)
    move(issued)
    after = Asset.objects.get(admissions=4)
    assert (after.visit_date, after.valid_from) == (None, before.valid_from)
    assert str(Asset.objects.living().get(admissions=1).visit_date) == NEXT


@pytest.mark.parametrize("quantity", [1, 200])
def test_moving_takes_as_many_statements_for_two_hundred_tickets_as_for_one(
    api: ApiClient,
    issue: Issue,
    statements: Any,
    cinema: Attraction,
    quantity: int,
) -> None:
    for date in (VISIT, NEXT):
        session(cinema, "14:00", date, capacity=300)
    issued = settle(api, issue, show(quantity=quantity))
    with statements() as count:
        move(issued)
    assert len(count) <= 20
