"""Single sessions are changed by hand: capacity and sale, never below what is taken."""

from __future__ import annotations

from typing import Any

import pytest

from catalog import scheduling
from catalog.models import Attraction, Session
from catalog.scheduling import PlacesTaken, SessionIsOver, SeveralVenues
from channel_manager.history.models import Event
from tests.catalog.calendars import ACTOR, NOW, day, hold, sell
from tests.factories import SessionFactory

pytestmark = pytest.mark.usefixtures("four_days")


def adjust(session: Any, capacity: int, *, is_on_sale: bool = True) -> Session:
    return scheduling.adjust_session(
        session_id=session.pk, capacity=capacity, is_on_sale=is_on_sale, actor=ACTOR, now=NOW
    )


def follow_rules(*sessions: Session) -> scheduling.Scope:
    keys = [session.pk for session in sessions]
    return scheduling.follow_rules(session_ids=keys, actor=ACTOR, now=NOW)


def test_one_session_is_changed_by_hand(show: Session) -> None:
    changed = adjust(show, 424, is_on_sale=False)
    assert (changed.capacity, changed.is_on_sale, changed.is_adjusted) == (424, False, True)
    event = Event.objects.get(kind="session")
    assert (event.subject_id, event.name, event.actor, event.data) == (
        show.pk,
        "adjusted",
        ACTOR,
        {"capacity": "500 → 424", "on_sale": "yes → no"},
    )


def test_changing_nothing_by_hand_leaves_a_session_to_the_rules(show: Session) -> None:
    adjust(show, 500)
    assert not Session.objects.get(pk=show.pk).is_adjusted
    assert not Event.objects.filter(kind="session").exists()


def test_a_capacity_by_hand_below_what_is_taken_is_refused_with_the_numbers(
    show: Session,
) -> None:
    Session.objects.filter(pk=show.pk).update(capacity=2000)
    sell(show, 1420)
    hold(show, 1)
    with pytest.raises(PlacesTaken, match=r"^Sold 1,420, held 13, so at least 1,433\.$"):
        adjust(show, 1432)
    assert adjust(show, 1433).places_left == 0


def test_a_session_that_is_over_is_not_changed_by_hand(cinema: Attraction) -> None:
    over = SessionFactory.create(attraction=cinema, date=day(-1), is_adjusted=True)
    with pytest.raises(SessionIsOver):
        adjust(over, 1)
    with pytest.raises(Session.DoesNotExist):
        adjust(cinema, 1)
    with pytest.raises(Session.DoesNotExist):
        follow_rules(over)


def test_sessions_follow_the_rules_again_on_their_own_days(show: Session) -> None:
    later = Session.objects.get(date=day(3))
    for session in (show, later):
        adjust(session, 700)
    scope = follow_rules(show, later, Session.objects.get(date=day(2)))
    assert scope == scheduling.Scope(
        venue_id=show.attraction.venue_id,
        attraction_ids=frozenset([show.attraction_id]),
        first=day(1),
        last=day(3),
    )
    assert not Session.objects.filter(is_adjusted=True).exists()
    told = Event.objects.filter(name="follows_rules").values_list("subject_id", "actor")
    assert set(told) == {(show.pk, ACTOR), (later.pk, ACTOR)}
    change = scheduling.plan_changes(scope=scope, now=NOW)
    assert [one.session.pk for one in change.changed] == [show.pk, later.pk]


def test_sessions_of_several_venues_do_not_follow_their_rules_at_once(show: Session) -> None:
    far = SessionFactory.create(date=day(1))
    Session.objects.update(is_adjusted=True)
    with pytest.raises(SeveralVenues):
        follow_rules(show, far)
    assert Session.objects.filter(is_adjusted=False).count() == 0
