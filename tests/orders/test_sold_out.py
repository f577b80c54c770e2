"""No place: 409 `sold_out` with what is left and where so many still fit; nothing is stored."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Attraction, Package, Session
from orders import intake
from orders.models import Order
from partners.models import Partner, Venue
from tests.conftest import ApiClient
from tests.factories import (
    CalendarDayFactory,
    PriceFactory,
    SessionFactory,
    sellable_package,
)
from tests.orders.expected import assert_problem, line, settle, stored
from tests.orders.sessions import counted, counters, name, session, show

pytestmark = pytest.mark.usefixtures("clock", "show")


@pytest.fixture
def ride(venue: Venue, cinema: Attraction) -> Package:
    """A dated package of one ticket for the cinema."""
    return counted(sellable_package(venue, "RIDE"), cinema)


def row(
    time: str,
    left: int,
    day: str = "2026-11-23",
    hours: int = 1,
    item: str = "SHOW-ENTRY",
) -> dict[str, Any]:
    """Return a session as `nearestSessions` tells it."""
    starts = datetime.datetime.fromisoformat(f"{day}T{time}+01:00")
    return {
        "itemNumber": item,
        "visitDate": day,
        "visitTime": f"{time}:00",
        "startsAt": starts.isoformat(),
        "endsAt": (starts + datetime.timedelta(hours=hours)).isoformat(),
        "placesLeft": left,
    }


def shortage(time: str | None = "14:00:00", **members: Any) -> dict[str, Any]:
    return {
        "pointer": "/items/0",
        "itemNumber": "SHOW-ENTRY",
        "visitDate": "2026-11-23",
        "visitTime": time,
        "capacity": 5,
        "placesWanted": 1,
        "placesLeft": 0,
        "nearestSessions": [],
        **members,
    }


def sold_out(response: Any, *shortages: dict[str, Any]) -> dict[str, Any]:
    """Assert that an answer is the whole body of a sold-out order; the tightest one leads it."""
    tightest = min(shortages, key=lambda told: told["placesLeft"])
    return assert_problem(
        response,
        409,
        "sold_out",
        *((told["pointer"], "sold_out") for told in shortages),
        placesLeft=tightest["placesLeft"],
        nearestSessions=tightest["nearestSessions"],
        shortages=list(shortages),
    )


def nearest(api: ApiClient, sent: Any) -> list[str]:
    """Return the nearest sessions that an order for which there is no place is told, in short."""
    response = api.post(api.order_body(sent, sellToOrderReference="REFUSED"))
    assert response.status_code == 409, response.content
    return [
        f"{told['visitDate'][8:]} {(told['visitTime'] or 'day')[:5]}"
        for told in response.json()["nearestSessions"]
    ]


def beaten_at(one: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let somebody else take all places of a session between the first plan and its writing."""
    plan, capacity = intake.plan_contents, one.capacity
    Session.objects.filter(pk=one.pk).update(capacity=0)

    def plan_too_early(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(intake, "plan_contents", plan)
        Session.objects.filter(pk=one.pk).update(capacity=capacity)
        planned = plan(*args, **options)
        Session.objects.filter(pk=one.pk).update(capacity=0)
        return planned

    monkeypatch.setattr(intake, "plan_contents", plan_too_early)


def test_an_order_without_room_is_told_what_is_left_and_where_so_many_fit(
    api: ApiClient, cinema: Attraction
) -> None:
    full = session(cinema, "14:00", capacity=5, sold=0)
    session(cinema, "12:00", capacity=3), session(cinema, "16:00", capacity=4)
    session(cinema, "18:00", capacity=2)
    api.create(show(quantity=4))
    before = stored(), counters()
    body = sold_out(
        api.post(api.order_body(show(quantity=3), sellToOrderReference="WEB-2")),
        shortage(placesWanted=3, placesLeft=1, nearestSessions=[row("12:00", 3), row("16:00", 4)]),
    )
    told = "1 place is left for SHOW entry on 2026-11-23 at 14:00, and 3 are needed."
    assert body["detail"] == told
    assert body["errors"] == [{"pointer": "/items/0", "code": "sold_out", "detail": told}]
    assert (stored(), counters()) == before
    api.create(show(quantity=1), sellToOrderReference="WEB-2")
    assert counters() == {name(full): "0+5"}


@pytest.mark.parametrize(
    ("taken", "wanted", "told"),
    [
        (5, 1, "No places are left for SHOW entry on 2026-11-23 at 14:00, and 1 is needed."),
        (3, 3, "2 places are left for SHOW entry on 2026-11-23 at 14:00, and 3 are needed."),
    ],
)
def test_the_sentence_says_how_many_are_left_and_needed(
    api: ApiClient, cinema: Attraction, taken: int, wanted: int, told: str
) -> None:
    session(cinema, "14:00", capacity=5)
    api.create(show(quantity=taken))
    response = api.post(api.order_body(show(quantity=wanted), sellToOrderReference="WEB-2"))
    assert response.json()["detail"] == told


def test_a_whole_day_is_told_without_a_time(
    api: ApiClient, ride: Package, cinema: Attraction
) -> None:
    session(cinema, None, capacity=5), session(cinema, None, "2026-11-24", capacity=6)
    body = sold_out(
        api.post(api.order_body(line("RIDE", quantity=6))),
        shortage(
            None,
            itemNumber="RIDE-ENTRY",
            placesWanted=6,
            placesLeft=5,
            nearestSessions=[
                {**row("08:00", 6, "2026-11-24", 12, "RIDE-ENTRY"), "visitTime": None}
            ],
        ),
    )
    assert body["detail"] == "5 places are left for RIDE entry on 2026-11-23, and 6 are needed."
    assert ride.code == "RIDE"


def test_more_than_one_session_can_hold_is_told_with_its_capacity(
    api: ApiClient, cinema: Attraction
) -> None:
    session(cinema, "14:00", capacity=5), session(cinema, "16:00", capacity=5)
    sold_out(
        api.post(api.order_body(show(quantity=6))),
        shortage(placesWanted=6, placesLeft=5, capacity=5),
    )


def test_a_session_of_no_places_is_sold_out(api: ApiClient, cinema: Attraction) -> None:
    session(cinema, "14:00", capacity=0)
    sold_out(api.post(api.order_body(show())), shortage(capacity=0))


def test_every_line_without_room_is_told_and_lines_share_what_is_left(
    api: ApiClient, cinema: Attraction
) -> None:
    session(cinema, "14:00", capacity=5), session(cinema, "16:00", capacity=1)
    later = row("16:00", 1)
    before = stored()
    sold_out(
        api.post(
            api.order_body(
                show(quantity=4), show(quantity=2), line(), show("16:00", quantity=2), show()
            )
        ),
        shortage(pointer="/items/1", placesWanted=6, placesLeft=5),
        shortage("16:00:00", pointer="/items/3", placesWanted=2, placesLeft=1, capacity=1),
    )
    sold_out(
        api.post(api.order_body(show(quantity=5), show())),
        shortage(pointer="/items/1", placesWanted=6, placesLeft=5, nearestSessions=[later]),
    )
    assert (stored(), counters()) == (before, {})


def test_a_component_is_told_where_its_schedule_stands(
    api: ApiClient, bundle: Package, cinema: Attraction
) -> None:
    counted(bundle, cinema, "CINEMA")
    session(cinema, "14:00", capacity=5)
    schedule = [{"itemNumber": "DINO"}, {"itemNumber": "CINEMA", "visitTime": "14:00"}]
    sold_out(
        api.post(
            api.order_body(line("BUNDLE", quantity=6, wallet={"componentSchedule": schedule}))
        ),
        shortage(
            pointer="/items/0/wallet/componentSchedule/1",
            itemNumber="CINEMA",
            placesWanted=6,
            placesLeft=5,
        ),
    )


def test_only_the_first_few_of_many_shortages_come_with_alternatives(
    api: ApiClient, cinema: Attraction
) -> None:
    session(cinema, "14:00", capacity=0), session(cinema, "16:00")
    shortages = api.post(api.order_body(*[show()] * 8)).json()["shortages"]
    assert [len(told["nearestSessions"]) for told in shortages] == [1] * 5 + [0] * 3
    assert [told["pointer"] for told in shortages] == [f"/items/{n}" for n in range(8)]


def test_the_nearest_sessions_are_five_around_the_one_asked_for(
    api: ApiClient, cinema: Attraction
) -> None:
    session(cinema, "14:00", capacity=0)
    for hour in (8, 9, 10, 11, 12, 17, 18, 19):
        session(cinema, f"{hour:02}:00")
    assert nearest(api, show()) == ["23 10:00", "23 11:00", "23 12:00", "23 17:00", "23 18:00"]


def test_the_nearest_sessions_may_be_on_other_days_and_all_earlier_or_later(
    api: ApiClient, cinema: Attraction
) -> None:
    session(cinema, "14:00", capacity=0)
    for day in ("21", "22", "24", "30"):
        session(cinema, "20:00", f"2026-11-{day}")
    assert nearest(api, show()) == ["21 20:00", "22 20:00", "24 20:00", "30 20:00"]
    Session.objects.filter(date__gt="2026-11-23").delete()
    assert nearest(api, show()) == ["21 20:00", "22 20:00"]


def test_the_nearest_sessions_have_room_are_on_sale_and_can_still_be_sold(
    api: ApiClient, cinema: Attraction, theatre: Attraction
) -> None:
    Package.objects.filter(code="SHOW").update(cut_off_minutes=60)
    session(cinema, "14:00", capacity=0)
    session(cinema, "11:00", "2026-11-20")  # it is 12:00: over
    session(cinema, "12:30", "2026-11-20")  # past its cut-off
    session(cinema, "13:30", "2026-11-20")
    session(cinema, "15:00", is_on_sale=False)
    session(cinema, "16:00", capacity=1)
    session(cinema, "17:00", capacity=2)
    session(theatre, "15:00")
    assert nearest(api, show(quantity=2)) == ["20 13:30", "23 17:00"]


def test_a_timed_order_is_not_sent_to_whole_days(api: ApiClient, cinema: Attraction) -> None:
    session(cinema, "14:00", capacity=0)
    session(cinema, None, "2026-11-24"), session(cinema, "16:00", "2026-11-25")
    assert nearest(api, show()) == ["25 16:00"]


@pytest.mark.usefixtures("ride")
def test_a_dated_order_is_not_sent_to_closed_days_or_past_closing(
    api: ApiClient, venue: Venue, cinema: Attraction
) -> None:
    session(cinema, "14:00", capacity=0)
    session(cinema, "21:00")  # the park closes at 20:00
    session(cinema, "14:00", "2026-11-24"), session(cinema, "14:00", "2026-11-25")
    CalendarDayFactory.create(venue=venue, date=datetime.date(2026, 11, 24))
    assert nearest(api, line("RIDE", visitTime="14:00")) == ["25 14:00"]


def test_an_order_is_not_sent_to_days_without_a_price(
    api: ApiClient, show: Package, cinema: Attraction
) -> None:
    show.prices.all().delete()
    dates = {"visit_from": "2026-11-20", "visit_until": "2026-11-23"}
    PriceFactory.create(package=show, **dates)
    session(cinema, "14:00", capacity=0), session(cinema, "16:00")
    session(cinema, "14:00", "2026-11-24")
    assert nearest(api, {**line("SHOW"), "visitTime": "14:00"}) == ["23 16:00"]


def test_what_is_nearest_can_be_ordered_as_it_is_told(api: ApiClient, cinema: Attraction) -> None:
    session(cinema, "14:00", capacity=0)
    for time, day in (("09:30", "2026-11-22"), ("16:00", "2026-11-23"), ("02:30", "2027-10-31")):
        session(cinema, time, day)
    body = api.post(api.order_body(show(quantity=2))).json()
    assert len(body["nearestSessions"]) == 3
    for number, told in enumerate(body["nearestSessions"]):
        visit = {"visitDate": told["visitDate"], "visitTime": told["visitTime"]}
        api.create({**show(quantity=2), **visit}, sellToOrderReference=f"WEB-{number}")


def test_a_repeated_order_is_a_duplicate_though_its_session_is_full_by_now(
    api: ApiClient, cinema: Attraction
) -> None:
    session(cinema, "14:00", capacity=2)
    first = api.create(show(quantity=2))
    assert_problem(
        api.post(api.order_body(show(quantity=2))),
        400,
        "duplicate_order",
        orderId=first["orderId"],
        buyFromOrderReference=first["buyFromOrderReference"],
        existingStatus="Submitted",
    )


def test_other_faults_of_the_order_are_told_before_it_is_sold_out(
    api: ApiClient, rival: ApiClient, cinema: Attraction
) -> None:
    session(cinema, "14:00", capacity=0)
    numbered = {"externalReferenceNumbers": ["EXT-1"]}
    rival.create(line(wallet=numbered))
    assert_problem(
        api.post(api.order_body(show(), line(visit_date="2026-11-19"))),
        400,
        "visit_in_past",
        ("/items/1/visitDate", "visit_in_past"),
    )
    assert_problem(
        api.post(api.order_body(show(), line(wallet=numbered))),
        400,
        "external_reference_taken",
        ("/items/1/wallet/externalReferenceNumbers/0", "external_reference_taken"),
    )


def test_a_sold_out_order_leaves_no_answer_behind_its_key(
    api: ApiClient, cinema: Attraction
) -> None:
    full = session(cinema, "14:00", capacity=0)
    before = stored()
    body = api.order_body(show())
    assert api.post(body, idempotency_key="k").status_code == 409
    assert stored() == before
    Session.objects.filter(pk=full.pk).update(capacity=1)
    assert api.post(body, idempotency_key="k").status_code == 201


def test_a_sold_out_order_takes_no_guests_number(api: ApiClient, cinema: Attraction) -> None:
    session(cinema, "14:00", capacity=1)
    numbered = {"externalReferenceNumbers": ["EXT-1", "EXT-2"]}
    assert api.post(api.order_body(show(quantity=2, wallet=numbered))).status_code == 409
    api.create(line(quantity=2, wallet=numbered))


def test_places_lost_to_somebody_else_at_the_last_moment_are_told_like_any_other(
    api: ApiClient, cinema: Attraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = session(cinema, "14:00", capacity=5)
    other = SessionFactory.create(attraction=cinema, date=full.date, time=datetime.time(16))
    beaten_at(full, monkeypatch)
    before = stored()
    sold_out(
        api.post(api.order_body(show())),
        shortage(capacity=0, nearestSessions=[row("16:00", other.capacity)]),
    )
    assert (stored(), counters()) == (before, {})


def test_a_line_that_lost_its_first_session_takes_the_next_that_has_room(
    api: ApiClient, ride: Package, cinema: Attraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = session(cinema, "10:00", capacity=1)
    session(cinema, "12:00", capacity=1)
    beaten_at(first, monkeypatch)
    created = api.create(line(ride.code))
    assert (counters(), Order.objects.count()) == ({"cinema 12:00": "0+1"}, 1)
    assert created["status"] == "Submitted"


def test_a_paused_partner_is_not_told_what_is_left(api: ApiClient, cinema: Attraction) -> None:
    session(cinema, "14:00", capacity=0)
    Partner.objects.filter(pk=api.partner.pk).update(status="Paused")
    assert_problem(api.post(api.order_body(show())), 403, "partner_not_active")


def test_a_place_given_back_can_be_sold_again(
    api: ApiClient, rival: ApiClient, issue: Callable[[str], Order], cinema: Attraction
) -> None:
    session(cinema, "14:00", capacity=1)
    ours = settle(api, issue, show())
    assert rival.post(rival.order_body(show())).status_code == 409
    api.delete(ours["orderId"])
    rival.create(show())
    assert counters() == {"cinema 14:00": "0+1"}


def test_a_session_is_told_by_the_venues_offset_of_its_day(
    api: ApiClient, cinema: Attraction
) -> None:
    session(cinema, "14:00", capacity=0), session(cinema, "14:00", "2027-07-01")
    (told,) = api.post(api.order_body(show())).json()["nearestSessions"]
    assert (told["startsAt"], told["endsAt"]) == (
        "2027-07-01T14:00:00+02:00",
        "2027-07-01T15:00:00+02:00",
    )
