"""What becomes of an attraction's sessions when its calendar asks for others. Pure."""

from __future__ import annotations

import dataclasses
import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping

from catalog.calendar import WantedSession
from catalog.models import Attraction, Session


@dataclasses.dataclass(frozen=True)
class Creation:
    """A session that does not exist yet."""

    attraction: Attraction
    wanted: WantedSession


@dataclasses.dataclass(frozen=True)
class Alteration:
    """A session that becomes as the calendar wants it, or is refused to."""

    session: Session
    wanted: WantedSession

    @property
    def refusal(self) -> str:
        """Say, with the numbers, why the session cannot become so; empty when it can."""
        if not self.session.places_taken:
            return ""
        if self.session.seat_plan_id != self.wanted.seat_plan_id:
            return f"{in_numbers(self.session)}: its seats cannot become others"
        if self.wanted.capacity < self.session.places_taken:
            return f"{in_numbers(self.session)}, so at least {self.session.places_taken:,}"
        return ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CalendarChange:
    """What happens to the sessions of some attractions, in order of time.

    removed: nobody has a place of them. kept: not wanted any more, but sold or held; they go off
    sale and stay. refused: they cannot become as wanted; nothing is done then. adjusted: edited
    by hand, so they stay as they are, although the calendar wants them otherwise.
    """

    created: tuple[Creation, ...] = ()
    changed: tuple[Alteration, ...] = ()
    removed: tuple[Session, ...] = ()
    kept: tuple[Session, ...] = ()
    refused: tuple[Alteration, ...] = ()
    adjusted: tuple[Session, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.created or self.changed or self.removed or self.kept or self.refused)

    def __add__(self, other: CalendarChange) -> CalendarChange:
        return CalendarChange(
            created=self.created + other.created,
            changed=self.changed + other.changed,
            removed=self.removed + other.removed,
            kept=self.kept + other.kept,
            refused=self.refused + other.refused,
            adjusted=self.adjusted + other.adjusted,
        )

    @property
    def fingerprint(self) -> str:
        """Return a digest that differs when something else would happen."""
        digest = hashlib.sha256()
        for line in self._lines():
            digest.update(f"{line}\n".encode())
        return digest.hexdigest()

    def existing(self) -> Iterator[tuple[Session, WantedSession | None]]:
        """Yield the sessions that exist and are touched, with what the calendar wants of each."""
        for alteration in (*self.changed, *self.refused):
            yield alteration.session, alteration.wanted
        for session in (*self.removed, *self.kept):
            yield session, None

    def as_of(self, locked: Mapping[uuid.UUID, Session]) -> CalendarChange:
        """Return what happens to the same sessions as they are now; those gone are left out."""
        now = judge(
            (locked[session.pk], wanted)
            for session, wanted in self.existing()
            if session.pk in locked
        )
        return dataclasses.replace(now, created=self.created)

    def of(self, attraction: Attraction) -> CalendarChange:
        """Return what happens to the sessions of one attraction."""
        key = attraction.pk
        return CalendarChange(
            created=tuple(one for one in self.created if one.attraction.pk == key),
            changed=tuple(one for one in self.changed if one.session.attraction_id == key),
            removed=tuple(one for one in self.removed if one.attraction_id == key),
            kept=tuple(one for one in self.kept if one.attraction_id == key),
        )

    def attractions(self) -> list[Attraction]:
        """Return the attractions whose sessions are touched."""
        found = {one.attraction.pk: one.attraction for one in self.created}
        found |= {session.attraction_id: session.attraction for session, _ in self.existing()}
        return sorted(found.values(), key=lambda attraction: attraction.name)

    def _lines(self) -> Iterator[str]:
        yield from (f"created {one.attraction.pk} {one.wanted}" for one in self.created)
        yield from (f"changed {one.session.pk} {one.wanted}" for one in self.changed)
        yield from (f"removed {session.pk}" for session in self.removed)
        yield from (f"kept {session.pk}" for session in self.kept)
        yield from (f"refused {one.session.pk} {one.wanted}" for one in self.refused)


def compare(
    attraction: Attraction, sessions: Iterable[Session], wanted: Iterable[WantedSession]
) -> CalendarChange:
    """Return what happens to the sessions of an attraction: one is the same by its day and time."""
    by_time = {(one.date, one.time): one for one in wanted}
    existing = [(session, by_time.pop((session.date, session.time), None)) for session in sessions]
    created = tuple(Creation(attraction, one) for one in by_time.values())
    return dataclasses.replace(judge(existing), created=created)


def judge(existing: Iterable[tuple[Session, WantedSession | None]]) -> CalendarChange:
    """Return what happens to sessions of which the calendar wants so much, or nothing."""
    changed: list[Alteration] = []
    refused: list[Alteration] = []
    removed: list[Session] = []
    kept: list[Session] = []
    adjusted: list[Session] = []
    for session, wanted in existing:
        if wanted is not None and _is_as_wanted(session, wanted):
            continue
        if session.is_adjusted:
            adjusted.append(session)
        elif wanted is not None:
            alteration = Alteration(session, wanted)
            (refused if alteration.refusal else changed).append(alteration)
        elif not session.places_taken:
            removed.append(session)
        elif session.is_on_sale:
            kept.append(session)
    return CalendarChange(
        changed=tuple(changed),
        refused=tuple(refused),
        removed=tuple(removed),
        kept=tuple(kept),
        adjusted=tuple(adjusted),
    )


def in_numbers(session: Session) -> str:
    """Say how many places of a session are sold and held."""
    return f"sold {session.sold:,}, held {session.held:,}"


def _is_as_wanted(session: Session, wanted: WantedSession) -> bool:
    return (
        session.is_on_sale
        and session.capacity == wanted.capacity
        and session.starts_at == wanted.starts_at
        and session.ends_at == wanted.ends_at
        and session.seat_plan_id == wanted.seat_plan_id
    )
