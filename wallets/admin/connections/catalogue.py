"""What an outside system sells, as staff see it when they pick an outside id or match sessions."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
import zoneinfo
from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction

from catalog.models import Component, ComponentSource, Connection, Session
from channel_manager.lib.admin import columns
from channel_manager.lib.errors import ErrorCode, Fault, Refusal
from wallets.connectors.base import Catalogue, CatalogueEntry
from wallets.connectors.exchange import all_within
from wallets.connectors.registry import connector_of

# Long enough to search it, and to confirm a list that was made from it.
_KEPT_SECONDS = 60
# A list may take hundreds of questions, and somebody waits for it.
LONGEST_SECONDS = 30
MOST_SHOWN = 200
# Each is a field of one form, of which Django takes a thousand.
MOST_SESSIONS = 400

Pair = tuple[str, str]


class CannotMatch(Refusal):
    """A list of outside ids for sessions cannot be saved as it is; nothing of it was."""

    code = ErrorCode.INVALID_REQUEST


def read_catalogue(connection: Connection) -> Catalogue:
    """Return what a system sells, at most a minute old; raises as connectors do.

    A list that takes longer than LONGEST_SECONDS is cut, or given up: the cause is that it timed
    out. Asks the other side, so it is called in no transaction.
    """
    key = f"outside-catalogue:{connection.pk}"
    kept: Catalogue | None = cache.get(key)
    if kept is None:
        with all_within(LONGEST_SECONDS):
            kept = connector_of(connection).list_catalogue(connection)
        cache.set(key, kept, _KEPT_SECONDS)
    return kept


def start_of(entry: CatalogueEntry, zone: zoneinfo.ZoneInfo) -> datetime.datetime | None:
    """Return when an entry starts; one without a zone stands on the venue's clock."""
    at = entry.starts_at
    return at.replace(tzinfo=zone) if at is not None and at.tzinfo is None else at


@dataclasses.dataclass(frozen=True, kw_only=True)
class EntryView:
    """An entry in words, and the answers that it gives to the form of an outside id."""

    entry: CatalogueEntry
    starts: str
    price: str

    @property
    def answers(self) -> Mapping[str, str]:
        """Return what is filled into the form."""
        price = self.entry.price
        return {
            "outside_session": self.entry.outside_session,
            "outside_item": self.entry.outside_item,
            "label": self.entry.label[:200],
            "outside_price": "" if price is None else format(price.normalize(), "f"),
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Found:
    """The entries that a search found, as many as are shown, and how many there are."""

    rows: Sequence[EntryView]
    total: int


def search(entries: Sequence[CatalogueEntry], text: str, *, connection: Connection) -> Found:
    """Return the entries that have every word of a text, by start and label."""
    zone, currency = connection.venue.zone, connection.venue.currency
    views = [view_entry(entry, zone, currency) for entry in entries]
    words = text.casefold().split()
    kept = [one for one in views if all(word in _text_of(one) for word in words)]
    last = datetime.datetime.max.replace(tzinfo=datetime.UTC)
    kept.sort(key=lambda one: (start_of(one.entry, zone) or last, one.entry.label))
    return Found(rows=kept[:MOST_SHOWN], total=len(kept))


def view_entry(entry: CatalogueEntry, zone: zoneinfo.ZoneInfo, currency: str) -> EntryView:
    """Return an entry in words, its start on the venue's clock."""
    price = columns.EMPTY if entry.price is None else columns.money(entry.price, currency)
    return EntryView(entry=entry, starts=columns.moment(start_of(entry, zone), zone), price=price)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """One thing that is sold at several starts; by its name, or by its id where names differ."""

    key: str
    label: str


def list_kinds(entries: Sequence[CatalogueEntry]) -> list[Kind]:
    """Return what staff may say that a component is, among the entries that have a start."""
    by_label: dict[str, int] = defaultdict(int)
    by_item: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        if entry.starts_at is not None:
            by_label[entry.label] += 1
            by_item[entry.outside_item].append(entry.label)
    named = [
        Kind(key=f"label:{label}", label=f"{label} ({_starts(count)})")
        for label, count in sorted(by_label.items())
    ]
    numbered = [
        Kind(key=f"item:{item}", label=f"{item}: {labels[0]} and others ({_starts(len(labels))})")
        for item, labels in sorted(by_item.items())
        if len(set(labels)) > 1
    ]
    return numbered + named


def guess_kind(kinds: Sequence[Kind], component: Component, connection: Connection) -> str:
    """Return the one kind that a component can be taken for; "" where staff have to say.

    What its earlier ids there are of; else the kind that is named as its item, or has its name.
    """
    sources = ComponentSource.objects.filter(component=component, connection=connection)
    before = set(sources.order_by().values_list("label", "outside_item").distinct())
    name = component.item.description.casefold().strip()
    told = [(kind.key, kind.label.casefold()) for kind in kinds]
    wanted = {f"label:{label}" for label, _item in before}
    numbered = {f"item:{item}" for _label, item in before}
    ways = (
        [key for key, _label in told if key in wanted],
        [key for key, _label in told if key in numbered],
        [key for key, _label in told if name and key.casefold() == f"label:{name}"],
        [key for key, label in told if name and key.startswith("label:") and name in label],
    )
    found = next(filter(None, ways), [])
    return found[0] if len(found) == 1 else ""


def is_of(entry: CatalogueEntry, kind: str) -> bool:
    """Tell whether an entry is of a kind."""
    return kind in (f"label:{entry.label}", f"item:{entry.outside_item}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Proposal:
    """A coming session of ours, and what starts there at the same moment."""

    session: Session
    starts: str
    there: Sequence[EntryView]
    has: ComponentSource | None

    @property
    def field(self) -> str:
        """Return the name of its field."""
        return f"s-{self.session.pk}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Proposals:
    """As many coming sessions as one form can hold, those that something fits before the others.

    fitting: how many have no id yet, and something starts there then; others: of the rest.
    """

    rows: Sequence[Proposal]
    fitting: int
    others: int

    @property
    def shown(self) -> int:
        """Return how many of the fitting ones are among the rows."""
        return min(self.fitting, MOST_SESSIONS)

    @property
    def others_left_out(self) -> int:
        """Return how many of the rest are not among the rows."""
        return self.others - (len(self.rows) - self.shown)


def propose(
    component: Component,
    connection: Connection,
    entries: Sequence[CatalogueEntry],
    kind: str,
    *,
    now: datetime.datetime,
) -> Proposals:
    """Return the coming sessions of a component with the entries of a kind at the same start."""
    zone, currency = connection.venue.zone, connection.venue.currency
    by_start: dict[datetime.datetime, list[EntryView]] = defaultdict(list)
    for entry in entries:
        start = start_of(entry, zone)
        if start is not None and is_of(entry, kind):
            by_start[start].append(view_entry(entry, zone, currency))
    has = {
        row.session_id: row
        for row in ComponentSource.objects.filter(
            component=component, session__isnull=False
        ).select_related("connection")
    }
    coming = Session.objects.filter(attraction=component.item.attraction_id, starts_at__gte=now)
    fitting: list[uuid.UUID] = []
    others: list[uuid.UUID] = []
    for key, start in coming.order_by("starts_at", "pk").values_list("pk", "starts_at"):
        (fitting if start in by_start and key not in has else others).append(key)
    chosen = [*fitting, *others][:MOST_SESSIONS]
    sessions = Session.objects.filter(pk__in=chosen).select_related("attraction")
    rows = [
        Proposal(
            session=session,
            starts=columns.moment(session.starts_at, zone),
            there=by_start.get(session.starts_at, ()),
            has=has.get(session.pk),
        )
        for session in sessions.order_by("starts_at", "pk")
    ]
    return Proposals(rows=rows, fitting=len(fitting), others=len(others))


def save_matches(
    *,
    component: Component,
    connection: Connection,
    entries: Sequence[CatalogueEntry],
    chosen: Mapping[uuid.UUID, Pair],
) -> list[ComponentSource]:
    """Store the outside ids that were chosen for sessions, all or none; raises CannotMatch."""
    zone = connection.venue.zone
    offered: dict[tuple[datetime.datetime, str, str], CatalogueEntry] = {}
    for entry in entries:
        if start := start_of(entry, zone):
            offered[start, entry.outside_session, entry.outside_item] = entry
    with transaction.atomic():
        # Two who match at once: the second finds what the first has saved.
        Component.objects.select_for_update().get(pk=component.pk)
        taken = set(
            ComponentSource.objects.filter(component=component).values_list("session", flat=True)
        )
        sessions = Session.objects.select_related("attraction").in_bulk(chosen)
        made, faults = [], []
        for key, pair in chosen.items():
            session = sessions.get(key)
            found = offered.get((session.starts_at, *pair)) if session else None
            if session is None or found is None:
                faults.append(Fault("", "gone", "Its catalogue has changed: look again."))
            elif session.pk in taken:
                faults.append(Fault("", "taken", f"{session} has an outside id already."))
            else:
                made.append(_source(component, connection, session, found))
        for source in made:
            faults.extend(_faults_of(source))
        if faults:
            told = list({fault.detail: fault for fault in faults}.values())
            raise CannotMatch("Nothing was saved.", faults=told)
        saved = ComponentSource.objects.bulk_create(made)
        for source in saved:
            source.note_interest()
        return saved


def _source(
    component: Component, connection: Connection, session: Session, entry: CatalogueEntry
) -> ComponentSource:
    return ComponentSource(
        component=component,
        connection=connection,
        session=session,
        outside_session=entry.outside_session,
        outside_item=entry.outside_item,
        label=entry.label[:200],
        outside_price=entry.price,
    )


def _faults_of(source: ComponentSource) -> list[Fault]:
    """Return what is wrong with an outside id; its keys are of rows that were just read."""
    try:
        source.full_clean(
            exclude=("component", "connection", "session"), validate_constraints=False
        )
    except ValidationError as error:
        return [Fault("", "unusable", message) for message in error.messages]
    return []


def _text_of(view: EntryView) -> str:
    entry = view.entry
    parts = (entry.label, entry.outside_session, entry.outside_item, view.starts, view.price)
    return " ".join(parts).casefold()


def _starts(count: int) -> str:
    return "1 start" if count == 1 else f"{count} starts"
