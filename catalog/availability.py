"""What is left: when a partner can sell an item, and how many places there are."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from django.db import connection

from catalog.models import CalendarDay, Component, Dating
from catalog.opening import OpeningTimes
from catalog.outside_places import PlacesElsewhere, read_places
from catalog.sale import Sale
from catalog.subject import Subject, find_subject
from catalog.visits import MAX_DAYS_AHEAD, local_moment
from partners.account import Account


class Places(NamedTuple):
    """A session or a day that can be sold, and its places; None where places are not counted."""

    item_number: str
    date: datetime.date
    time: datetime.time | None
    starts_at: datetime.datetime
    ends_at: datetime.datetime
    capacity: int | None
    left: int | None


def list_sessions(
    *,
    account: Account,
    item_number: str,
    first: datetime.date,
    last: datetime.date,
    now: datetime.datetime,
) -> list[Places]:
    """Return the sessions that can be sold from the first to the last day, by their start.

    A package of several components has rows for each of them, under their own numbers. What is
    not counted has a row for each open day. Raises UnknownItem, NotOnSale. Four statements at most,
    six where an outside system issues some of it.
    """
    subject = find_subject(account=account, item_number=item_number, now=now)
    return _list_rows(account, subject, first, last, now)


def list_days(
    *,
    account: Account,
    item_number: str,
    first: datetime.date,
    last: datetime.date,
    now: datetime.datetime,
) -> list[Places]:
    """Return the days that can be sold, with the places of their sessions added up.

    Of several components the one with the fewest places left counts; a day on which one of them
    has no session is left out. Raises and takes statements as `list_sessions` does.
    """
    subject = find_subject(account=account, item_number=item_number, now=now)
    days: dict[datetime.date, dict[str, list[Places]]] = defaultdict(lambda: defaultdict(list))
    for row in _list_rows(account, subject, first, last, now):
        days[row.date][row.item_number].append(row)
    return [
        _add_up(item_number, list(parts.values()))
        for _date, parts in sorted(days.items())
        if len(parts) == len(subject.parts)
    ]


def _add_up(item_number: str, parts: Sequence[Sequence[Places]]) -> Places:
    """Return one row for a day: the scarcest part decides."""
    rows = [row for part in parts for row in part]
    left, capacity = min(
        (sum(row.left or 0 for row in part), sum(row.capacity or 0 for row in part))
        for part in parts
    )
    is_counted = rows[0].capacity is not None
    return Places(
        item_number,
        rows[0].date,
        None,
        min(row.starts_at for row in rows),
        max(row.ends_at for row in rows),
        capacity if is_counted else None,
        left if is_counted else None,
    )


def _list_rows(
    account: Account,
    subject: Subject,
    first: datetime.date,
    last: datetime.date,
    now: datetime.datetime,
) -> list[Places]:
    """Return a row for every session or open day that can be sold; four statements at most."""
    partner = account.partner
    today = now.astimezone(partner.venue.zone).date()
    # A session that began before midnight may still run.
    first = max(first, today - datetime.timedelta(days=1))
    last = min(last, today + datetime.timedelta(days=MAX_DAYS_AHEAD))
    if last < first:
        return []
    opening_times = subject.opening_times
    if any(offer.package.dating == Dating.DATED for offer in subject.offers):
        days = CalendarDay.objects.filter(venue=partner.venue_id, date__range=(first, last))
        opening_times = dataclasses.replace(opening_times, days=tuple(days))
    sales = {
        offer.package.pk: Sale(offer, partner_id=partner.pk, opening_times=opening_times, now=now)
        for offer in subject.offers
    }
    if any(part.attraction_id for part in subject.parts):
        components = () if account.test_mode else subject.components
        there = read_places(components=components, first=first, last=last, now=now)
        read = _read_sessions(subject, first, last, now)
        return list(_session_rows(subject, sales, read, there))
    return [
        row
        for part in subject.parts
        for row in _day_rows(part.item_number, sales.values(), opening_times, first, last)
    ]


class _Session(NamedTuple):
    """A session as it is read: once for each allotment that places are taken under."""

    id: uuid.UUID
    attraction_id: uuid.UUID
    date: datetime.date
    time: datetime.time | None
    starts: float
    ends: float
    capacity: int
    free: int
    allotment_id: uuid.UUID | None
    taken: int


# As text, and moments as numbers: a year may have thousands of sessions, and making models of them,
# or reading their moments as Django does, takes longer than all the rest.
_SESSIONS = """
    SELECT s.id, s.attraction_id, s.date, s.time,
        extract(epoch FROM s.starts_at)::float8, extract(epoch FROM s.ends_at)::float8,
        s.capacity, s.capacity - s.held - s.sold, u.allotment_id, coalesce(u.taken, 0)
    FROM catalog_session s
    LEFT JOIN catalog_allotmentuse u
        ON u.session_id = s.id AND u.allotment_id = ANY(%(allotments)s::uuid[])
    WHERE s.attraction_id = ANY(%(attractions)s::uuid[]) AND s.date BETWEEN %(first)s AND %(last)s
        AND s.is_on_sale AND s.ends_at > %(now)s
    ORDER BY s.starts_at, array_position(%(attractions)s::uuid[], s.attraction_id)
"""


def _read_sessions(
    subject: Subject, first: datetime.date, last: datetime.date, now: datetime.datetime
) -> list[_Session]:
    """Read the sessions on sale that are not over, by their start; one statement."""
    attractions = [part.attraction_id for part in subject.parts]
    allotments = [offer.allotment.pk for offer in subject.offers if offer.allotment]
    with connection.cursor() as cursor:
        cursor.execute(
            _SESSIONS,
            {
                "attractions": attractions,
                "allotments": allotments,
                "first": first,
                "last": last,
                "now": now,
            },
        )
        return [_Session(*row) for row in cursor.fetchall()]


def _session_rows(
    subject: Subject,
    sales: Mapping[uuid.UUID, Sale],
    read: Sequence[_Session],
    there: PlacesElsewhere,
) -> Iterator[Places]:
    zone = subject.opening_times.venue.zone
    taken = {(row.id, row.allotment_id): row.taken for row in read}
    selling: dict[uuid.UUID | None, list[tuple[str, list[tuple[Sale, list[Component]]]]]]
    selling = defaultdict(list)
    for part in subject.parts:
        part_sales = [
            (sales[offer.package.pk], offer.issued_elsewhere(part.attraction_id))
            for offer in part.offers
        ]
        selling[part.attraction_id].append((part.item_number, part_sales))
    for session in {row.id: row for row in read}.values():
        pk, attraction, date, time, starts, ends, capacity, free, *_ = session
        starts_at = datetime.datetime.fromtimestamp(starts, zone)
        ends_at = datetime.datetime.fromtimestamp(ends, zone)
        for number, part_sales in selling[attraction]:
            # The package that leaves most of them decides.
            left = [
                _least(
                    sale.left(free, taken.get((pk, sale.allotment_id), 0)),
                    there.left(outside, pk) if outside else None,
                )
                for sale, outside in part_sales
                if sale.takes(date, time, starts_at, ends_at)
            ]
            if left:
                yield Places(number, date, time, starts_at, ends_at, capacity, max(left))


def _least(ours: int, theirs: int | None) -> int:
    """Return how many places are left for both; ours alone where nobody knows theirs."""
    return ours if theirs is None else min(ours, theirs)


def _day_rows(
    item_number: str,
    sales: Iterable[Sale],
    opening_times: OpeningTimes,
    first: datetime.date,
    last: datetime.date,
) -> Iterator[Places]:
    """Yield a row for each open day: places are not counted."""
    for offset in range((last - first).days + 1):
        day = first + datetime.timedelta(days=offset)
        hours = opening_times.on(day)
        if hours is not None:
            opens = local_moment(opening_times.venue, day, hours.opens_at)
            closes = local_moment(opening_times.venue, day, hours.closes_at)
            if any(sale.takes(day, None, opens, closes) for sale in sales):
                yield Places(item_number, day, None, opens, closes, None, None)
