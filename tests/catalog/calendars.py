"""A calendar that stands still, and guests who take places of its sessions."""

from __future__ import annotations

import datetime
from typing import Any

from catalog import scheduling
from catalog.changes import CalendarChange
from catalog.models import Attraction, Session
from catalog.scheduling import Scope
from orders.models import Allocation, Hold
from partners.models import Partner
from tests.factories import PartnerFactory

# A Saturday, 11:00 in Amsterdam.
NOW = datetime.datetime(2026, 11, 21, 10, tzinfo=datetime.UTC)
TODAY = NOW.date()
ACTOR = "staff:1"


def day(offset: int) -> datetime.date:
    """Return the day so many days after today."""
    return TODAY + datetime.timedelta(days=offset)


def clock(text: str) -> datetime.time:
    return datetime.time.fromisoformat(text)


def scope(attraction: Attraction, **days: Any) -> Scope:
    """Return the scope of one attraction."""
    return Scope(venue_id=attraction.venue_id, attraction_ids=frozenset([attraction.pk]), **days)


def plan(attraction: Attraction, **days: Any) -> CalendarChange:
    return scheduling.plan_changes(scope=scope(attraction, **days), now=NOW)


def apply(
    attraction: Attraction, shown: CalendarChange | None = None, **days: Any
) -> CalendarChange:
    """Do what was shown, or what there is to do."""
    return scheduling.apply_changes(
        scope=scope(attraction, **days),
        shown=(shown or plan(attraction, **days)).fingerprint,
        actor=ACTOR,
        now=NOW,
        reason="A test",
    )


def hold(session: Session, places: int, partner: Partner | None = None) -> Hold:
    """Hold places of a session, as the holds of partners do: the triggers count them."""
    owner = partner or Partner.objects.first() or PartnerFactory.create()
    taken = Hold.objects.create(
        partner=owner,
        lines=[],
        created_at=NOW,
        expires_at=NOW + datetime.timedelta(minutes=8),
    )
    Allocation.objects.create(session=session, hold=taken, quantity=places)
    return taken


def sell(session: Session, places: int) -> None:
    """Count places as sold, as if orders had them."""
    Session.objects.filter(pk=session.pk).update(sold=places)


def shown_times(attraction: Attraction) -> list[str]:
    """Return the sessions of an attraction: day offset, time, capacity, and whether on sale."""
    rows = Session.objects.filter(attraction=attraction).order_by("starts_at")
    return [
        f"{(row.date - TODAY).days} {row.time or 'day'!s:.5} {row.capacity}"
        + ("" if row.is_on_sale else " off sale")
        for row in rows
    ]
