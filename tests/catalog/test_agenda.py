"""What is left while a request is planned: arithmetic of places, allotments and seats. No database."""

from __future__ import annotations

import datetime
import uuid
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.agenda import Agenda
from catalog.mapping import Catalogue, Offer
from catalog.models import Allotment, Package, Seat, SeatPlan, Session
from catalog.opening import OpeningTimes
from partners.models import Venue

DAY = datetime.date(2027, 5, 4)
RIDE, SHOW = uuid.UUID(int=1), uuid.UUID(int=2)


def session(
    hour: int = 10, attraction: uuid.UUID = RIDE, day: datetime.date = DAY, **values: Any
) -> Session:
    begins = datetime.datetime.combine(day, datetime.time(hour), datetime.UTC)
    return Session(
        attraction_id=attraction,
        date=day,
        time=begins.time(),
        starts_at=begins,
        ends_at=begins + datetime.timedelta(hours=1),
        **{"capacity": 10, **values},
    )


def offer(*sessions: Session, places: int | None = None, **taken: int) -> Offer:
    """Return an offer with sessions, and an allotment if it is told how many places that has."""
    allotment = None if places is None else Allotment(places=places)
    used = {sessions[int(name[1:])].pk: count for name, count in taken.items()}
    return Offer(Package(), None, (), (), sessions, allotment, used)


def agenda(*offers: Offer, **seats: Any) -> Agenda:
    venue = OpeningTimes(Venue())
    return Agenda(Catalogue({str(n): one for n, one in enumerate(offers)}, venue), **seats)


def seats(count: int) -> list[Seat]:
    return [Seat(pk=n, label=f"A{n}", row="A", position=n) for n in range(1, count + 1)]


def test_sessions_are_those_of_an_attraction_and_a_day_by_their_start() -> None:
    late, early = session(16), session(9)
    elsewhere, tomorrow = session(8, SHOW), session(8, day=DAY + datetime.timedelta(days=1))
    plan = agenda(offer(late, elsewhere), offer(early, tomorrow, late))
    assert plan.sessions_of(RIDE, DAY) == [early, late]
    assert plan.sessions_of(SHOW, DAY) == [elsewhere]
    assert plan.sessions_of(SHOW, tomorrow.date) == []
    assert plan.sessions_of(uuid.UUID(int=3), DAY) == []


def test_a_session_whose_places_the_order_has_already_comes_first() -> None:
    first, second, third = session(9), session(12), session(15)
    plan = agenda(offer(first, second, third))
    plan.give_back(third.pk, None, 2)
    assert plan.sessions_of(RIDE, DAY) == [third, first, second]


def test_places_held_and_sold_are_not_left() -> None:
    one = session(capacity=10, held=3, sold=5)
    ride = offer(one)
    plan = agenda(ride)
    assert plan.left(one, ride) == 2
    plan.take(one, ride, 2)
    assert plan.left(one, ride) == 0
    plan.give_back(one.pk, None, 5)
    assert plan.left(one, ride) == 5


def test_two_offers_share_a_session_and_each_has_its_own_allotment() -> None:
    one = session(capacity=10)
    adult, child, free = offer(one, places=4, _0=1), offer(one, places=9), offer(one)
    plan = agenda(adult, child, free)
    assert [plan.left(one, each) for each in (adult, child, free)] == [3, 9, 10]
    plan.take(one, child, 2)
    assert [plan.left(one, each) for each in (adult, child, free)] == [3, 7, 8]
    plan.take(one, free, 6)
    assert [plan.left(one, each) for each in (adult, child, free)] == [2, 2, 2]
    assert adult.allotment
    plan.give_back(one.pk, adult.allotment.pk, 1)
    assert [plan.left(one, each) for each in (adult, child, free)] == [3, 3, 3]


@pytest.mark.parametrize(("places", "taken"), [(2, 3), (0, 0)])
def test_an_allotment_that_is_used_up_leaves_nothing(places: int, taken: int) -> None:
    one = session()
    ride = offer(one, places=places, _0=taken)
    assert agenda(ride).left(one, ride) == 0


def test_places_of_sessions_that_nobody_asked_for_are_not_counted() -> None:
    one, other = session(10), session(12)
    ride = offer(one)
    plan = agenda(ride)
    plan.give_back(other.pk, None, 5)
    assert plan.left(one, ride) == 10
    assert plan.left(other, ride) == 10


def test_no_more_are_left_than_there_are_free_seats() -> None:
    one = session(capacity=10, seat_plan=SeatPlan())
    play, (first, *others) = offer(one), seats(3)
    plan = agenda(play, free_seats={one.pk: [first, *others]})
    assert (plan.left(one, play), plan.free_seats(one)) == (3, [first, *others])
    plan.take_seats(one, [first])
    assert (plan.left(one, play), plan.free_seats(one)) == (2, others)
    assert agenda(play, free_seats={one.pk: []}).left(one, play) == 0
    assert agenda(play).free_seats(one) == ()


def test_the_seats_that_the_order_has_already_are_its_own_in_that_session_only() -> None:
    one, other = session(10), session(12)
    first, second = seats(2)
    plan = agenda(offer(one, other))
    plan.give_back(one.pk, None, 1, first.pk)
    plan.give_back(other.pk, None, 1)
    assert plan.is_own(one, first)
    assert not plan.is_own(one, second)
    assert not plan.is_own(other, first)


steps = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 5), st.booleans()), max_size=20
)


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 4)), min_size=3, max_size=3),
    st.lists(st.none() | st.integers(0, 8), min_size=3, max_size=3),
    steps,
)
def test_whatever_is_taken_and_given_back_adds_up(
    counts: list[tuple[int, int]], limits: list[int | None], steps: list[tuple[int, int, int, bool]]
) -> None:
    rows = [
        session(9 + n, capacity=capacity + sold, sold=sold)
        for n, (capacity, sold) in enumerate(counts)
    ]
    offers = [offer(*rows, places=limit) for limit in limits]
    plan = agenda(*offers)
    taken: Counter[tuple[int, int]] = Counter()
    for which, by, places, back in steps:
        one, each = rows[which], offers[by]
        if back:
            allotment = each.allotment.pk if each.allotment else None
            plan.give_back(one.pk, allotment, places)
            taken[which, by] -= places
        elif plan.left(one, each) >= places:
            plan.take(one, each, places)
            taken[which, by] += places
        for n, row in enumerate(rows):
            left = row.places_left - sum(taken[n, m] for m in range(3))
            for m, limit in enumerate(limits):
                allowed = left if limit is None else min(left, limit - taken[n, m])
                assert plan.left(row, offers[m]) == max(0, allowed)
