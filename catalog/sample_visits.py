"""A visit that each of a partner's packages can be sold for, to show in a sample order."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Iterable, Mapping

from django.db import connection

from catalog.mapping import Offer
from catalog.models import Dating
from catalog.opening import OpeningTimes
from catalog.pricing import choose_price
from catalog.visits import MAX_DAYS_AHEAD
from partners.models import Partner


@dataclasses.dataclass(frozen=True)
class SampleVisit:
    """A visit; `schedule` has the times of the components that are not visited at its time."""

    date: datetime.date | None = None
    time: datetime.time | None = None
    schedule: Mapping[str, datetime.time] = dataclasses.field(default_factory=dict)


def find_sample_visits(
    *,
    partner: Partner,
    offers: Iterable[Offer],
    opening_times: OpeningTimes,
    now: datetime.datetime,
) -> dict[uuid.UUID, SampleVisit]:
    """Return a visit for each package by its key; what cannot be visited any more is left out.

    Timed packages: the next sessions to begin that have room. Dated ones: the first day after
    today, and the cut-off, that is open, has a price, and room where places are counted. One
    statement, whatever the number of packages.
    """
    by_package = {offer.package.pk: offer for offer in offers}
    today = now.astimezone(partner.venue.zone).date()
    ahead = [today + datetime.timedelta(days=n) for n in range(MAX_DAYS_AHEAD + 1)]
    closed = {day for day in ahead if opening_times.on(day) is None}
    counted = [offer for offer in by_package.values() if _is_counted(offer)]
    visits = _first_with_room(partner, counted, ahead[-1], closed, now) if counted else {}
    for package_id, offer in by_package.items():
        if offer.package.dating == Dating.OPEN:
            visits[package_id] = SampleVisit()
        elif offer.package.dating == Dating.DATED and not _is_counted(offer):
            first = _first_day(offer, partner, now)
            for day in ahead:
                price = choose_price(offer.prices, partner_id=partner.pk, visit_date=day)
                if day >= first and day not in closed and price is not None:
                    visits[package_id] = SampleVisit(day)
                    break
    return visits


def _is_counted(offer: Offer) -> bool:
    """Tell whether a sale takes places of sessions."""
    return offer.package.dating != Dating.OPEN and any(
        component.item.attraction_id for component in offer.components
    )


def _cut_off(offer: Offer) -> datetime.timedelta:
    return datetime.timedelta(minutes=offer.package.cut_off_minutes or 0)


def _first_day(offer: Offer, partner: Partner, now: datetime.datetime) -> datetime.date:
    """Return the first day for a sample: a session of today will do, but not the rest of a day."""
    day = (now + _cut_off(offer)).astimezone(partner.venue.zone).date()
    return day + datetime.timedelta(days=offer.package.dating != Dating.TIMED)


def _first_with_room(
    partner: Partner,
    offers: list[Offer],
    last: datetime.date,
    closed: Iterable[datetime.date],
    now: datetime.datetime,
) -> dict[uuid.UUID, SampleVisit]:
    """Find the first day on which every counted component has a session with room."""
    timed = {offer.package.pk for offer in offers if offer.package.dating == Dating.TIMED}
    with connection.cursor() as cursor:
        cursor.execute(
            _FIRST_WITH_ROOM,
            {
                "partner": partner.pk,
                "packages": [offer.package.pk for offer in offers],
                "after": [now + _cut_off(offer) for offer in offers],
                "first": [_first_day(offer, partner, now) for offer in offers],
                "last": last,
                "closed": list(closed),
            },
        )
        rows = cursor.fetchall()
    visits: dict[uuid.UUID, SampleVisit] = {}
    for package_id, date, number, time in rows:
        if package_id not in timed:
            visits[package_id] = SampleVisit(date)
            continue
        visit = visits.setdefault(package_id, SampleVisit(date, time))
        if time != visit.time:
            schedule = {**visit.schedule, number: time}
            visits[package_id] = dataclasses.replace(visit, schedule=schedule)
    return visits


# Whether a session `s` has room for a component `n`, and for the others at the same attraction.
_ROOM = """
    s.attraction_id = n.attraction_id AND s.is_on_sale AND s.starts_at > n.after
    AND (s.time IS NOT NULL OR NOT n.is_timed)
    AND s.capacity - s.held - s.sold >= n.places
    AND coalesce(n.allotted - coalesce((
        SELECT u.taken FROM catalog_allotmentuse u
        WHERE u.allotment_id = n.allotment_id AND u.session_id = s.id), 0), n.places) >= n.places
"""
# Walks from one day with sessions of the first component to the next, until there is one that has
# room for all of them.
_FIRST_WITH_ROOM = f"""
    WITH RECURSIVE asked AS MATERIALIZED (
        SELECT * FROM unnest(%(packages)s::uuid[], %(after)s::timestamptz[], %(first)s::date[])
            AS a(package_id, after, first)
    ), needed AS MATERIALIZED (
        SELECT a.*, p.dating = '{Dating.TIMED}' AS is_timed, i.number, i.attraction_id,
            t.id AS allotment_id, t.places AS allotted,
            sum(c.quantity) OVER (PARTITION BY c.package_id, i.attraction_id) AS places,
            row_number() OVER (PARTITION BY c.package_id ORDER BY c.position, c.id) AS nth
        FROM asked a
        JOIN catalog_package p ON p.id = a.package_id
        JOIN catalog_component c ON c.package_id = p.id AND c.is_active
        JOIN catalog_item i ON i.id = c.item_id AND i.attraction_id IS NOT NULL
        LEFT JOIN catalog_allotment t ON t.package_id = p.id AND t.partner_id = %(partner)s
    ), walk(package_id, date, is_found) AS (
        SELECT package_id, first - 1, false FROM asked
        UNION ALL
        SELECT w.package_id, next.date,
            (n.is_timed OR next.date <> ALL(%(closed)s::date[]))
            AND EXISTS (
                SELECT FROM catalog_price r
                WHERE r.package_id = w.package_id
                    AND (r.partner_id IS NULL OR r.partner_id = %(partner)s)
                    AND (r.visit_from IS NULL OR r.visit_from <= next.date)
                    AND (r.visit_until IS NULL OR r.visit_until >= next.date))
            AND NOT EXISTS (
                SELECT FROM needed n WHERE n.package_id = w.package_id AND NOT EXISTS (
                    SELECT FROM catalog_session s WHERE s.date = next.date AND {_ROOM}))
        FROM walk w
        JOIN needed n ON n.package_id = w.package_id AND n.nth = 1
        CROSS JOIN LATERAL (
            SELECT min(s.date) AS date FROM catalog_session s
            WHERE s.attraction_id = n.attraction_id AND s.date > w.date AND s.is_on_sale
        ) AS next
        WHERE NOT w.is_found AND next.date <= %(last)s
    )
    SELECT n.package_id, w.date, n.number, session.time
    FROM walk w
    JOIN needed n ON n.package_id = w.package_id
    CROSS JOIN LATERAL (
        SELECT s.time FROM catalog_session s
        WHERE s.date = w.date AND {_ROOM} ORDER BY s.starts_at LIMIT 1
    ) AS session
    WHERE w.is_found
    ORDER BY n.package_id, n.nth
"""  # noqa: S608 - all of it is written here
