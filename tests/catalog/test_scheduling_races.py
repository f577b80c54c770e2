"""Changes of a calendar while places are sold and while colleagues change it, too."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from catalog import scheduling
from catalog.models import Attraction, Session, SessionRule
from catalog.scheduling import PlacesTaken, ShownOtherwise
from orders.models import Allocation
from partners.models import Partner
from tests.catalog.calendars import ACTOR, NOW, apply, clock, day, hold, plan, scope
from tests.factories import AttractionFactory, PartnerFactory, SessionRuleFactory
from tests.process import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def horizon(settings: Any) -> None:
    settings.SESSION_HORIZON_DAYS = 2


@pytest.fixture
def partner() -> Partner:
    return PartnerFactory.create()


@pytest.fixture
def cinema(partner: Partner) -> Attraction:
    return AttractionFactory.create(venue=partner.venue)


@pytest.fixture
def shows(cinema: Attraction) -> SessionRule:
    rule = SessionRuleFactory.create(
        attraction=cinema,
        first_start=clock("14:00"),
        last_start=clock("18:00"),
        every_minutes=60,
        duration_minutes=60,
        capacity=50,
    )
    apply(cinema)
    return rule


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Do things at the same moment in threads; return how each ended."""
    barrier = threading.Barrier(len(acts))
    ends = [""] * len(acts)

    def enter(position: int) -> None:
        barrier.wait()
        try:
            acts[position]()
            ends[position] = "done"
        except (ShownOtherwise, PlacesTaken, IntegrityError) as refusal:
            ends[position] = type(refusal).__name__
        finally:
            connection.close()

    threads = [threading.Thread(target=enter, args=(n,)) for n in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def counted() -> dict[Any, int]:
    """Return what is allocated, by session."""
    totals: dict[Any, int] = {}
    for session_id, quantity in Allocation.objects.values_list("session", "quantity"):
        totals[session_id] = totals.get(session_id, 0) + quantity
    return totals


def test_two_people_who_apply_the_same_change_apply_it_once(
    cinema: Attraction, shows: SessionRule
) -> None:
    SessionRule.objects.update(capacity=60)
    shown = plan(cinema)
    ends = at_once(*[lambda: apply(cinema, shown)] * 4)
    assert sorted(ends) == ["ShownOtherwise", "ShownOtherwise", "ShownOtherwise", "done"]
    assert set(Session.objects.values_list("capacity", flat=True)) == {60}


def test_the_horizon_and_a_change_make_every_session_once(cinema: Attraction) -> None:
    SessionRuleFactory.create(attraction=cinema)
    shown = plan(cinema)
    ends = at_once(
        lambda: apply(cinema, shown),
        lambda: scheduling.extend_horizon(now=NOW),
        lambda: scheduling.extend_horizon(now=NOW),
    )
    assert ends[1:] == ["done", "done"]
    assert ends[0] in ("done", "ShownOtherwise")
    assert [row.date for row in Session.objects.order_by("date")] == [day(0), day(1), day(2)]


def test_a_capacity_is_lowered_while_places_are_sold_and_never_below_them(
    cinema: Attraction, shows: SessionRule, partner: Partner
) -> None:
    session = Session.objects.order_by("starts_at")[0]

    def sell_on() -> None:
        for _ in range(10):
            hold(session, 1, partner)

    def lower() -> None:
        for capacity in range(49, 19, -1):
            scheduling.adjust_session(
                session_id=session.pk, capacity=capacity, is_on_sale=True, actor=ACTOR, now=NOW
            )

    ends = at_once(sell_on, sell_on, sell_on, lower)
    now = Session.objects.get(pk=session.pk)
    assert now.held == counted()[session.pk] <= now.capacity
    if now.capacity > 20:
        assert ends[3] == "PlacesTaken"
    if now.held < 30:
        assert "IntegrityError" in ends[:3]


def test_a_rule_is_deleted_while_places_are_sold_and_what_was_sold_stays(
    cinema: Attraction, shows: SessionRule, partner: Partner
) -> None:
    sessions = list(Session.objects.order_by("starts_at"))
    agreed = threading.Event()

    def sell_everywhere() -> None:
        for position, session in enumerate(sessions):
            if position == 3:
                agreed.set()
            hold(session, 1, partner)

    def delete() -> None:
        """Look, agree, and look again as often as somebody buys in between."""
        agreed.wait()
        with transaction.atomic():
            SessionRule.objects.all().delete()
        shown = plan(cinema)
        while shown:
            try:
                apply(cinema, shown)
                break
            except ShownOtherwise as otherwise:
                shown = otherwise.change

    at_once(sell_everywhere, delete)
    left = {session.pk: session for session in Session.objects.all()}
    assert {key: session.held for key, session in left.items()} == counted()
    assert not any(session.is_on_sale for session in left.values())


def test_sales_of_other_sessions_do_not_wait_for_a_change(
    cinema: Attraction, shows: SessionRule, partner: Partner
) -> None:
    """A change that has not been committed holds its own sessions only."""
    today, tomorrow = (Session.objects.filter(date=day(n))[0] for n in (0, 1))
    sold = threading.Event()

    def sell() -> None:
        hold(tomorrow, 1, partner)
        sold.set()
        connection.close()

    SessionRule.objects.update(capacity=60)
    with transaction.atomic():
        shown = scheduling.plan_changes(scope=scope(cinema, last=day(0)), now=NOW)
        apply(cinema, shown, last=day(0))
        seller = threading.Thread(target=sell)
        seller.start()
        assert sold.wait(5)
    seller.join()
    assert (
        Session.objects.get(pk=today.pk).capacity,
        Session.objects.get(pk=tomorrow.pk).held,
    ) == (
        60,
        1,
    )


def test_sessions_that_follow_the_rules_again_are_locked_with_their_neighbours_at_once(
    cinema: Attraction, shows: SessionRule
) -> None:
    """Whoever has an earlier one, which is to change too, may still come to want a later one."""
    earlier, later = Session.objects.filter(date=day(0)).order_by("pk")[:2]
    Session.objects.filter(pk=earlier.pk).update(capacity=60)
    Session.objects.filter(pk=later.pk).update(capacity=60, is_adjusted=True)

    def follow_rules() -> None:
        try:
            with transaction.atomic():
                where = scheduling.follow_rules(session_ids=[later.pk], actor=ACTOR, now=NOW)
                shown = scheduling.plan_changes(scope=where, now=NOW).fingerprint
                scheduling.apply_changes(scope=where, shown=shown, actor=ACTOR, now=NOW)
        finally:
            connection.close()

    staff = threading.Thread(target=follow_rules)
    with transaction.atomic():
        assert Session.objects.select_for_update(no_key=True).get(pk=earlier.pk)
        staff.start()
        wait_for("they wait", somebody_waits, seconds=30)
        assert Session.objects.select_for_update(no_key=True, nowait=True).get(pk=later.pk)
    staff.join()
    assert {row.capacity for row in Session.objects.all()} == {50}


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        # Within a transaction the first look would be repeated.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock')"
        )
        return bool(cursor.fetchone()[0])
