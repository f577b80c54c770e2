"""A change of sessions in words and counts, for somebody who has to agree to it."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Sequence
from typing import TypeVar

from catalog.calendar import WantedSession
from catalog.changes import Alteration, CalendarChange, Creation, in_numbers
from catalog.models import Attraction, Session
from channel_manager.lib.admin import columns

# How many sessions of a kind are named; the others are counted.
MOST_NAMED = 8

_Entry = TypeVar("_Entry")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outlook:
    """One kind of thing that happens: how often, what it means, and the first sessions it befalls.

    rows: the session's day and time, its attraction if there are several, and what is to be said.
    """

    title: str
    meaning: str
    icon: str
    colour: str
    rows: Sequence[tuple[str, str, str]]
    count: int

    @property
    def others(self) -> int:
        """Return how many sessions are not named."""
        return self.count - len(self.rows)


def outlook_of(change: CalendarChange) -> list[Outlook]:
    """Return what a change does, the gravest first."""
    outlooks = [
        _told(
            change.refused,
            ("{} session cannot be changed so", "{} sessions cannot be changed so"),
            _why_refused(change.refused),
            ("block", "danger"),
            lambda one: _row(one.session, one.refusal),
        ),
        _told(
            change.kept,
            (
                "{} session goes off sale and keeps its guests",
                "{} sessions go off sale and keep their guests",
            ),
            "Places are sold or held. The session stays as it is for these guests, and their "
            "tickets stay valid; nobody else can book it. To move or cancel their orders, use "
            "“Close a day”.",
            ("person_alert", "warning"),
            lambda session: _row(session, in_numbers(session)),
        ),
        _told(
            change.removed,
            ("{} session is removed", "{} sessions are removed"),
            "Nobody has places there.",
            ("event_busy", ""),
            lambda session: _row(session, ""),
        ),
        _told(
            change.changed,
            ("{} session changes", "{} sessions change"),
            "What is sold stays sold.",
            ("edit_calendar", ""),
            lambda one: _row(one.session, _difference(one)),
        ),
        _told(
            change.created,
            ("{} session is new", "{} sessions are new"),
            "On sale at once.",
            ("calendar_add_on", "success"),
            _new_row,
        ),
        _told(
            change.adjusted,
            (
                "{} session edited by hand stays as it is",
                "{} sessions edited by hand stay as they are",
            ),
            "To give them back to the rules, choose them in the list of sessions and run “Follow the "
            "rules again”.",
            ("pan_tool", ""),
            lambda session: _row(session, _state(session)),
        ),
    ]
    return [_without_name(one) if attraction_of(change) else one for one in outlooks if one.count]


def attraction_of(change: CalendarChange) -> Attraction | None:
    """Return the only attraction that a change is about; None when there are several."""
    attractions = {one.pk: one for one in change.attractions()}
    attractions |= {session.attraction_id: session.attraction for session in change.adjusted}
    return next(iter(attractions.values())) if len(attractions) == 1 else None


def _without_name(outlook: Outlook) -> Outlook:
    return dataclasses.replace(
        outlook, rows=[(when, "", said) for when, _name, said in outlook.rows]
    )


def changes_in_words(change: CalendarChange) -> str:
    """Return what was done, such as 12 new, 3 changed, 1 off sale."""
    counts = {
        "new": change.created,
        "changed": change.changed,
        "removed": change.removed,
        "off sale": change.kept,
    }
    return ", ".join(f"{len(rows):,} {name}" for name, rows in counts.items() if rows)


def _why_refused(refused: Sequence[Alteration]) -> str:
    """Say what stands against a change, and how many places would do."""
    tight = [one for one in refused if one.session.seat_plan_id == one.wanted.seat_plan_id]
    said = ["Nothing is saved."]
    if tight:
        enough = max(one.session.places_taken for one in tight)
        said.append(f"More places are taken than there would be; {_places(enough)} are enough.")
    if len(tight) < len(refused):
        said.append("Guests have places that other seats would take from them.")
    return " ".join(said)


def _told(
    entries: Sequence[_Entry],
    titles: tuple[str, str],
    meaning: str,
    look: tuple[str, str],
    row: Callable[[_Entry], tuple[str, str, str]],
) -> Outlook:
    count = len(entries)
    return Outlook(
        title=titles[count != 1].format(f"{count:,}"),
        meaning=meaning,
        icon=look[0],
        colour=look[1],
        rows=[row(entry) for entry in entries[:MOST_NAMED]],
        count=count,
    )


def _row(session: Session, said: str) -> tuple[str, str, str]:
    return _when(session.date, session.time), session.attraction.name, said


def _new_row(creation: Creation) -> tuple[str, str, str]:
    wanted = creation.wanted
    said = f"{_hours(creation.attraction, wanted)}, {_places(wanted.capacity)}"
    return _when(wanted.date, wanted.time), creation.attraction.name, said


def _difference(alteration: Alteration) -> str:
    """Say what a session has now and what it becomes."""
    session, wanted, said = alteration.session, alteration.wanted, []
    if session.capacity != wanted.capacity:
        said.append(f"{session.capacity:,} → {_places(wanted.capacity)}")
    if (session.starts_at, session.ends_at) != (wanted.starts_at, wanted.ends_at):
        before, after = (_hours(session.attraction, one) for one in (session, wanted))
        said.append(f"{before} → {after}")
    if session.seat_plan_id != wanted.seat_plan_id:
        said.append("other seats" if wanted.seat_plan_id else "no numbered seats")
    if not session.is_on_sale:
        said.append("on sale again")
    if session.places_taken:
        said.append(f"{in_numbers(session)} stay")
    return ", ".join(said)


def _state(session: Session) -> str:
    on_sale = "on sale" if session.is_on_sale else "off sale"
    return f"{_places(session.capacity)}, {on_sale}"


def _hours(attraction: Attraction, session: Session | WantedSession) -> str:
    zone = attraction.venue.zone
    starts, ends = (at.astimezone(zone) for at in (session.starts_at, session.ends_at))
    return f"{starts:%H:%M}–{ends:%H:%M}"


def _places(count: int) -> str:
    return f"{count:,} place" if count == 1 else f"{count:,} places"


def _when(date: datetime.date, time: datetime.time | None) -> str:
    return columns.day(date, time) + ("" if time else ", whole day")
