"""Closing a day: it goes off sale, and every order it touches is moved or cancelled, once."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from catalog.models import (
    Attraction,
    CalendarDay,
    Package,
    SeatPlan,
    Session,
    SessionException,
)
from channel_manager.history.models import Event
from channel_manager.lib.errors import InvalidRequest
from orders import moving, working_off
from orders.models import Closure, ClosurePlan, Hold, LedgerEntry, Order, OrderEvent
from orders.working_off import WorklistConflict
from partners.models import Venue
from tests.conftest import ApiClient
from tests.factories import CalendarDayFactory, SessionExceptionFactory, VenueFactory
from tests.invariants import PLACE_RULES
from tests.orders.closures import DESK, NEXT, close, events, outcomes, run_once, work_off
from tests.orders.expected import NOON, VISIT, Clock, line, settle, stored
from tests.orders.sessions import counted, counters, seated, seats_of, session, show
from wallets.models import Asset

pytestmark = pytest.mark.usefixtures("clock", "show", "play")

Issue = Callable[[str], Order]
MOVED, CANCELLED, REMOVED, KEPT = ("moved", ""), ("cancelled", ""), ("removed", ""), ("kept", "")
WAITS = ("waiting", "The order is Submitted; wait until it has settled.")


@pytest.fixture(autouse=True)
def counts_are_sums(db: None) -> Any:
    """Have every count of places equal what is allocated when a test is done."""
    yield
    with connection.cursor() as cursor:
        for rule, query in PLACE_RULES.items():
            cursor.execute(query)
            assert cursor.fetchall() == [], rule


@pytest.fixture
def shows(cinema: Attraction) -> list[Session]:
    """Shows at 14:00 on the day of the visit and the next, for twenty."""
    return [session(cinema, "14:00", day, capacity=20) for day in (VISIT, NEXT)]


@pytest.fixture
def plays(theatre: Attraction, hall: SeatPlan) -> list[Session]:
    """Plays at 19:30 on both days."""
    return [seated(theatre, hall, day=day) for day in (VISIT, NEXT)]


@pytest.fixture
def sell(api: ApiClient, issue: Issue) -> Callable[..., Any]:
    """Sell something under a reference of its own and issue it, unless it is to wait for that."""
    count = iter(range(1, 1000))

    def sell_now(*items: Any, is_settled: bool = True, **members: Any) -> Any:
        members = {"sellToOrderReference": f"WEB-{next(count)}", **members}
        if is_settled:
            return settle(api, issue, *items, **members)
        return api.create(*(items or (line(),)), **members)

    return sell_now


@pytest.fixture
def ten(
    sell: Callable[..., Any],
    api: ApiClient,
    bundle: Package,
    cinema: Attraction,
    shows: list[Session],
    plays: list[Session],
) -> dict[str, Any]:
    """One order of every kind for the day, and two that have nothing to do with it."""
    counted(bundle, cinema, "CINEMA")
    session(cinema, "14:00", "2026-11-25")
    late = [{"itemNumber": "CINEMA", "visitDate": VISIT, "visitTime": "14:00"}]
    orders = {
        "issued": sell(line(quantity=2), show(quantity=2)),
        "draft": sell(show(), paymentReference=None),
        "error": sell(show(), line("SKU-9")),
        "in flight": sell(show(), is_settled=False),
        "used": sell(line()),
        "group": sell(line("GROUP", quantity=12)),
        "bundle": sell(line("BUNDLE", "2026-11-25", wallet={"componentSchedule": late})),
        "seats": sell(line("PLAY", quantity=2, visitTime="19:30", seats=["B2", "B3"])),
        "next day": sell(line(visit_date=NEXT)),
        "cancelled": sell(line()),
    }
    api.delete(orders["cancelled"]["orderId"])
    Asset.objects.filter(wallet__order=orders["used"]["orderId"]).update(status="Used", admitted=1)
    return orders


def number(answer: Any) -> str:
    return str(answer["buyFromOrderReference"])


def used_number(orders: dict[str, Any]) -> str:
    return Asset.objects.get(wallet__order=orders["used"]["orderId"]).reference_number


def test_orders_of_every_kind_are_moved_to_the_other_day(
    ten: dict[str, Any], venue: Venue, issue: Issue
) -> None:
    closure = run_once(close(venue))
    refused = f"A ticket or coupon of this order has been used: {used_number(ten)}."
    expected = {
        number(ten[name]): MOVED
        for name in ("issued", "draft", "error", "group", "bundle", "seats")
    } | {number(ten["used"]): ("failed", refused), number(ten["in flight"]): WAITS}
    assert closure.status == "Running"
    assert outcomes(closure) == expected
    issue(ten["in flight"]["orderId"])
    closure = work_off(closure)
    assert outcomes(closure) == expected | {number(ten["in flight"]): MOVED}
    assert (closure.status, closure.finished_at) == ("Done", NOON)
    assert {row.status for row in Order.objects.all()} == {"Issued", "Draft", "Error", "Cancelled"}
    # Bundle and shows, and the play in the same seats; nothing is left on the closed day.
    assert counters() == {f"cinema {NEXT} 14:00": "0+6", f"theatre {NEXT} 19:30": "0+2"}
    assert seats_of(ten["seats"]["orderId"]) == ["B2", "B3"]
    dates = Asset.objects.exclude(status="Destroyed").values_list("visit_date", flat=True)
    assert sorted(set(map(str, dates))) == [VISIT, NEXT, "2026-11-25"]
    assert [str(a.visit_date) for a in Asset.objects.filter(admitted=1)] == [VISIT]
    moved = OrderEvent.objects.filter(name="moved")
    assert {(event.actor, event.reason) for event in moved} == {(DESK, "A storm")}
    assert moved.count() == 7


def test_orders_of_every_kind_are_cancelled(
    ten: dict[str, Any], venue: Venue, api: ApiClient, issue: Issue
) -> None:
    closure = run_once(close(venue, ClosurePlan.CANCEL))
    refused = "A ticket or coupon of this order has been used."
    expected = {
        **{number(ten[name]): CANCELLED for name in ("issued", "group", "bundle", "seats")},
        **{number(ten[name]): REMOVED for name in ("draft", "error")},
        number(ten["used"]): ("failed", refused),
        number(ten["in flight"]): WAITS,
    }
    assert outcomes(closure) == expected
    issue(ten["in flight"]["orderId"])
    closure = work_off(closure)
    assert outcomes(closure) == expected | {number(ten["in flight"]): CANCELLED}
    assert counters() == {}
    assert api.get(f"/channelManager/{ten['draft']['orderId']}").status_code == 404
    left = Order.objects.exclude(status="Cancelled").values_list("buy_from_order_reference")
    assert {reference for (reference,) in left} == {number(ten["used"]), number(ten["next day"])}
    reversals = LedgerEntry.objects.filter(kind="reversal", reason="A storm")
    assert reversals.values("order").distinct().count() == 5


def test_orders_that_are_kept_stay_valid_and_are_listed(ten: dict[str, Any], venue: Venue) -> None:
    before = stored()
    places = counters()
    closure = work_off(close(venue, ClosurePlan.KEEP))
    kept = set(ten) - {"next day", "cancelled"}
    assert outcomes(closure) == {number(ten[name]): KEPT for name in kept}
    assert closure.status == "Done"
    assert counters() == places
    after = stored()
    # One event for each attraction that went off sale, two of the closure, and its job.
    assert after == {
        **before,
        "Event": before["Event"] + 4,
        "ProcrastinateJob": before["ProcrastinateJob"] + 1,
    }


def test_the_day_is_closed_in_the_calendar_and_nothing_of_it_is_sold(
    api: ApiClient, venue: Venue, cinema: Attraction, shows: list[Session]
) -> None:
    CalendarDayFactory.create(
        venue=venue, date=VISIT, opens_at=datetime.time(10), closes_at=datetime.time(22)
    )
    closure = close(venue, ClosurePlan.KEEP)
    row = CalendarDay.objects.get()
    assert (str(row.date), row.opens_at, row.closes_at) == (VISIT, None, None)
    assert row.reason == "A storm"
    today, tomorrow = Session.objects.order_by("date")
    assert (today.is_on_sale, today.is_adjusted) == (False, True)
    assert (tomorrow.is_on_sale, tomorrow.is_adjusted) == (True, False)
    assert api.post(api.order_body(show())).status_code == 400
    assert api.post(api.order_body(line())).json()["errors"][0]["code"] == "venue_closed"
    assert api.post(api.order_body(show(visitDate=NEXT))).status_code == 201
    (event,) = Event.objects.filter(kind="attraction", subject_id=cinema.pk)
    assert (event.name, event.actor, event.reason) == ("sessions_changed", DESK, "A storm")
    assert event.data == {"date": VISIT, "taken_off_sale": 1}
    assert events(closure) == [
        ("closed", "", "Running", DESK, {"plan": "keep", "sessions": 1, "orders": 0})
    ]


def test_closing_an_attraction_touches_the_orders_that_have_places_of_it_only(
    sell: Callable[..., Any],
    venue: Venue,
    cinema: Attraction,
    shows: list[Session],
    plays: list[Session],
) -> None:
    with_show = sell(line(), show(quantity=2))
    sell(line())
    sell(line("PLAY", visitTime="19:30"))
    for _ in range(2):
        SessionExceptionFactory.create(attraction=cinema, date=VISIT)
    closure = work_off(close(venue, attraction=cinema))
    assert outcomes(closure) == {number(with_show): MOVED}
    # The order moves as a whole: its day ticket is for the next day, too.
    dates = Asset.objects.living().filter(wallet__order=with_show["orderId"])
    assert {str(asset.visit_date) for asset in dates} == {NEXT}
    assert counters() == {f"cinema {NEXT} 14:00": "0+2", "theatre 19:30": "0+1"}
    (exception,) = SessionException.objects.all()
    assert (exception.is_closed, exception.reason) == (True, "A storm")
    assert not CalendarDay.objects.exists()


def test_what_is_over_is_left_alone(
    sell: Callable[..., Any], venue: Venue, cinema: Attraction, clock: Clock
) -> None:
    for time in ("10:00", "14:00"):
        for day in (VISIT, NEXT):
            session(cinema, time, day)
    sell(show("10:00"))
    coming = sell(show("14:00"))
    clock.now = datetime.datetime.fromisoformat(f"{VISIT}T12:00:00+01:00")
    closure = work_off(close(venue, attraction=cinema))
    assert outcomes(closure) == {number(coming): MOVED}
    assert counters() == {"cinema 10:00": "0+1", f"cinema {NEXT} 14:00": "0+1"}
    over = Session.objects.get(date=VISIT, time="10:00")
    assert over.is_on_sale


def test_holds_of_the_day_go_back_and_cannot_be_ordered(
    api: ApiClient, venue: Venue, shows: list[Session]
) -> None:
    body = {"partnerId": str(api.partner.pk), "items": [show(quantity=4)]}
    hold = api.post(body, "/channelManager/holds").json()
    assert counters() == {"cinema 14:00": "4+0"}
    closure = close(venue)
    refused = api.post(api.order_body(show(quantity=4, holdId=hold["holdId"])))
    assert refused.status_code in (400, 409)
    assert counters() == {"cinema 14:00": "4+0"}
    assert work_off(closure).status == "Done"
    assert Hold.objects.get().status == "Released"
    assert counters() == {}
    event = Event.objects.get(kind="hold", name="released")
    assert (event.actor, event.reason) == (DESK, "A storm")


def test_orders_that_find_no_room_stay_and_say_so_until_there_is_some(
    sell: Callable[..., Any], venue: Venue, shows: list[Session]
) -> None:
    _, target = shows
    Session.objects.filter(pk=target.pk).update(capacity=3)
    first, second, third = (sell(show(quantity=2)) for _ in range(3))
    closure = work_off(close(venue))
    told = "Cinema on Tue 24 Nov 2026 at 14:00 has 1 place left, and 2 are needed."
    assert outcomes(closure) == {
        number(first): MOVED,
        number(second): ("failed", told),
        number(third): ("failed", told),
    }
    assert counters() == {"cinema 14:00": "0+4", f"cinema {NEXT} 14:00": "0+2"}
    Session.objects.filter(pk=target.pk).update(capacity=20)
    assert working_off.retry_failed(worklist=closure, actor="staff:8", now=NOON) == 2
    closure = work_off(closure)
    assert set(outcomes(closure).values()) == {MOVED}
    assert counters() == {f"cinema {NEXT} 14:00": "0+6"}
    assert events(closure) == [
        (
            "closed",
            "",
            "Running",
            DESK,
            {"plan": "move", "toDate": NEXT, "sessions": 1, "orders": 3},
        ),
        ("finished", "Running", "Done", "worker", {}),
        ("retried", "Done", "Running", "staff:8", {"orders": 2}),
        ("finished", "Running", "Done", "worker", {}),
    ]


def test_what_partners_and_staff_do_meanwhile_is_respected(
    sell: Callable[..., Any], api: ApiClient, venue: Venue, shows: list[Session]
) -> None:
    gone, cancelled, elsewhere = sell(show(), paymentReference=None), sell(show()), sell(show())
    closure = close(venue, ClosurePlan.CANCEL)
    api.delete(gone["orderId"])
    api.delete(cancelled["orderId"])
    moving.move_order(
        orders=Order.objects.all(),
        order_id=uuid.UUID(elsewhere["orderId"]),
        from_date=datetime.date.fromisoformat(VISIT),
        to_date=datetime.date.fromisoformat(NEXT),
        actor="staff:1",
        now=NOON,
    )
    closure = work_off(closure)
    assert outcomes(closure) == {
        number(gone): ("skipped", "It was removed meanwhile."),
        number(cancelled): ("skipped", "It was cancelled meanwhile."),
        number(elsewhere): ("skipped", "It has no visit on that day any more."),
    }
    assert Order.objects.get(pk=elsewhere["orderId"]).status == "Issued"


def test_an_order_whose_waiting_lines_were_moved_meanwhile_is_left_alone(
    sell: Callable[..., Any], venue: Venue, shows: list[Session]
) -> None:
    """Lines that are not mapped yet count by the day that they were asked for."""
    order = sell(show(), line("SKU-9"))
    closure = close(venue, ClosurePlan.CANCEL)
    moving.move_order(
        orders=Order.objects.all(),
        order_id=uuid.UUID(order["orderId"]),
        from_date=datetime.date.fromisoformat(VISIT),
        to_date=datetime.date.fromisoformat(NEXT),
        actor="staff:1",
        now=NOON,
    )
    told = ("skipped", "It has no visit on that day any more.")
    assert outcomes(work_off(closure)) == {number(order): told}


def test_what_is_sold_of_a_day_that_was_opened_again_stays_sold(
    sell: Callable[..., Any], api: ApiClient, venue: Venue, shows: list[Session]
) -> None:
    used = sell(line())
    Asset.objects.update(status="Used", admitted=1)
    closure = work_off(close(venue, ClosurePlan.CANCEL))
    assert outcomes(closure)[number(used)][0] == "failed"
    CalendarDay.objects.all().delete()
    Session.objects.update(is_on_sale=True)
    new = sell(show())
    held = api.post({"items": [show()]}, "/channelManager/holds").json()["holdId"]
    working_off.retry_failed(worklist=closure, actor="staff:8", now=NOON)
    closure = work_off(closure)
    assert list(outcomes(closure)) == [number(used)]
    assert Order.objects.get(pk=new["orderId"]).status == "Issued"
    assert Hold.objects.get(pk=held).status == "Held"
    assert api.request("DELETE", f"/channelManager/holds/{held}").status_code == 200


def test_failed_ones_are_not_tried_again_while_the_others_are_stopped(
    sell: Callable[..., Any], venue: Venue, shows: list[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.working_off.AT_A_TIME", 1)
    sell(line())
    Asset.objects.update(status="Used", admitted=1)
    sell(show())
    closure = run_once(close(venue, ClosurePlan.CANCEL))
    working_off.stop(worklist=closure, actor="staff:8", now=NOON)
    with pytest.raises(WorklistConflict, match="it is Stopped now"):
        working_off.retry_failed(worklist=closure, actor="staff:8", now=NOON)
    assert [outcome for outcome, _ in outcomes(closure).values()] == ["failed", "waiting"]


def test_whoever_goes_on_stands_in_the_orders_histories(
    sell: Callable[..., Any], venue: Venue, shows: list[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.working_off.AT_A_TIME", 1)
    sell(show()), sell(show())
    closure = run_once(close(venue))
    working_off.stop(worklist=closure, actor="staff:8", now=NOON)
    working_off.resume(worklist=closure, actor="staff:8", now=NOON)
    work_off(closure)
    movers = OrderEvent.objects.filter(name="moved").order_by("id")
    assert list(movers.values_list("actor", flat=True)) == [DESK, "staff:8"]


def test_a_partners_deadline_does_not_keep_staff_from_cancelling(
    sell: Callable[..., Any], api: ApiClient, venue: Venue
) -> None:
    type(api.partner).objects.filter(pk=api.partner.pk).update(cancel_deadline_hours=24 * 30)
    order = sell()
    assert outcomes(work_off(close(venue, ClosurePlan.CANCEL))) == {number(order): CANCELLED}


def test_stopping_leaves_the_rest_until_somebody_goes_on(
    sell: Callable[..., Any], venue: Venue, shows: list[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.working_off.AT_A_TIME", 2)
    orders = [sell(show()) for _ in range(5)]
    closure = run_once(close(venue))
    assert [outcome for outcome, _ in outcomes(closure).values()] == ["moved"] * 2 + ["waiting"] * 3
    working_off.stop(worklist=closure, actor="staff:8", now=NOON)
    closure = run_once(closure)
    assert (closure.status, closure.finished_at) == ("Stopped", NOON)
    assert counters() == {"cinema 14:00": "0+3", f"cinema {NEXT} 14:00": "0+2"}
    with pytest.raises(WorklistConflict, match="it is Stopped now"):
        working_off.stop(worklist=closure, actor="staff:8", now=NOON)
    working_off.resume(worklist=closure, actor="staff:8", now=NOON)
    closure = work_off(closure)
    assert outcomes(closure) == {number(order): MOVED for order in orders}
    assert [(name, data) for name, _, _, _, data in events(closure)][1:] == [
        ("stopped", {}),
        ("resumed", {"orders": 3}),
        ("finished", {}),
    ]


def test_orders_in_flight_do_not_keep_the_ones_behind_them_waiting(
    sell: Callable[..., Any],
    venue: Venue,
    issue: Issue,
    shows: list[Session],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("orders.working_off.AT_A_TIME", 2)
    slow = [sell(show(), is_settled=False) for _ in range(4)]
    ready = sell(show())
    closure = close(venue)
    for _ in range(3):
        closure = run_once(closure)
    assert outcomes(closure) == {
        **{number(order): WAITS for order in slow},
        number(ready): MOVED,
    }
    for order in slow:
        issue(order["orderId"])
    assert set(outcomes(work_off(closure)).values()) == {MOVED}


def test_the_same_closing_asked_for_twice_is_done_once(
    sell: Callable[..., Any], venue: Venue, shows: list[Session]
) -> None:
    sell(show())
    closure = close(venue)
    before = stored()
    assert close(venue, ClosurePlan.CANCEL, closure_id=closure.pk) == closure
    assert stored() == before
    assert Closure.objects.get().plan == "move"


def test_a_closure_without_a_job_is_given_one(
    sell: Callable[..., Any], venue: Venue, shows: list[Session]
) -> None:
    order = sell(show())
    closure = close(venue)
    working_off.recover_worklists()
    assert Closure.objects.get().job_id == closure.job_id
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE id = %s", [closure.job_id])
    working_off.recover_worklists()
    closure.refresh_from_db()
    assert outcomes(work_off(closure)) == {number(order): MOVED}
    job = closure.job_id
    working_off.recover_worklists()
    assert Closure.objects.get().job_id == job


def test_a_fault_of_ours_is_told_and_does_not_stop_the_others(
    sell: Callable[..., Any],
    venue: Venue,
    shows: list[Session],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken, fine = sell(show()), sell(show())
    real = moving.move_order

    def fail_once(**arguments: Any) -> Order:
        if str(arguments["order_id"]) == broken["orderId"]:
            raise ZeroDivisionError
        return real(**arguments)

    monkeypatch.setattr(moving, "move_order", fail_once)
    closure = work_off(close(venue))
    assert outcomes(closure) == {
        number(broken): ("failed", "This failed for a reason of ours."),
        number(fine): MOVED,
    }
    assert "could not be worked off" in caplog.text


def test_the_other_venue_is_not_touched(
    sell: Callable[..., Any], venue: Venue, shows: list[Session]
) -> None:
    sell(line())
    elsewhere = VenueFactory.create()
    assert outcomes(work_off(close(elsewhere, ClosurePlan.CANCEL))) == {}
    assert Order.objects.get().status == "Issued"
    assert Session.objects.filter(is_on_sale=False).count() == 0


@pytest.mark.parametrize(
    ("asked", "pointer", "told"),
    [
        ({"day": "2026-11-19"}, "/date", "Thu 19 Nov 2026 has passed."),
        ({"to": VISIT}, "/toDate", "This is the day that is closed."),
        ({"to": "2026-11-19"}, "/toDate", "Nobody can visit on Thu 19 Nov 2026."),
        ({"to": "2026-12-25"}, "/toDate", "Dune Park is closed on Fri 25 Dec 2026."),
    ],
)
def test_a_day_that_cannot_be_is_refused(
    venue: Venue, asked: dict[str, str], pointer: str, told: str
) -> None:
    CalendarDayFactory.create(venue=venue, date="2026-12-25")
    before = stored()
    with pytest.raises(InvalidRequest) as refused:
        close(venue, **asked)
    assert [(fault.pointer, fault.detail) for fault in refused.value.faults] == [(pointer, told)]
    assert (stored(), Closure.objects.count()) == (before, 0)


def test_an_attraction_of_another_venue_is_refused(venue: Venue, cinema: Attraction) -> None:
    with pytest.raises(InvalidRequest, match="It belongs to another venue"):
        close(VenueFactory.create(), attraction=cinema)
