"""What the rows of a file do to the versions of one item number."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from django.db import models

from catalog import versions
from catalog.magic import why_not_mapped
from catalog.mapping_csv import Row
from catalog.models import Package, PackageMapping
from channel_manager.lib.admin.columns import validity
from partners.models import Partner

_A_DAY = datetime.timedelta(days=1)
# What becomes of 123456789012 in a spreadsheet whose column is not text.
_SHORTENED = re.compile(r"^\d([.,]\d+)?E\+\d+$")

# A partner's key and its item number.
Number = tuple[uuid.UUID, str]


class Effect(models.TextChoices):
    """What a row does."""

    REFUSED = "refused", "Refused"
    NEW = "new", "New numbers"
    NEXT = "next", "Next versions"
    DATES = "dates", "Other dates"
    ENDED = "ended", "Ended"
    SWITCHED_ON = "on", "Switched on"
    UNCHANGED = "unchanged", "Unchanged"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one row does, in words; `about` says whose number it is."""

    row: int
    effect: Effect
    about: str
    told: str


class RowRefused(Exception):
    """A row cannot be done; the text says why."""


class Known:
    """The partners, packages and versions that rows may name."""

    def __init__(self, rows: Iterable[Row], now: datetime.datetime) -> None:
        self.rows, self._now = list(rows), now
        self._partners: dict[str, list[Partner]] = defaultdict(list)
        named = Partner.objects.filter(name__in={row.partner for row in self.rows})
        for partner in named.select_related("venue").defer("venue__logo"):
            self._partners[partner.name].append(partner)
        partners = [partner for found in self._partners.values() for partner in found]
        venues = {partner.venue_id for partner in partners}
        self._packages = {
            (package.venue_id, package.code): package
            for package in Package.objects.filter(venue__in=venues)
        }
        self._versions: dict[Number, list[PackageMapping]] = defaultdict(list)
        mappings = PackageMapping.objects.filter(
            partner__in=partners, item_number__in={row.item_number for row in self.rows}
        )
        rows_known = mappings.telling_sold().select_related("package").order_by("version")
        for mapping in rows_known:
            self._versions[mapping.partner_id, mapping.item_number].append(mapping)

    def partner_of(self, row: Row) -> Partner:
        """Return the partner of a row; raises RowRefused with all that is wrong with the row."""
        faults, partner = list(row.faults), None
        try:
            partner = self._named_partner(row)
        except RowRefused as refused:
            if row.partner:  # else its cell was told of
                faults.append(str(refused))
        if partner is not None:
            faults += self._faults_at(partner, row)
        elif row.version is None:
            faults += _faults_of_number(row.item_number)
        if faults or partner is None:
            raise RowRefused(" ".join(faults))
        return partner

    def _named_partner(self, row: Row) -> Partner:
        found = [
            partner
            for partner in self._partners.get(row.partner, ())
            if not row.venue or partner.venue.code == row.venue
        ]
        if not found:
            where = f" at the venue {row.venue}" if row.venue else ""
            raise RowRefused(f"There is no partner “{row.partner}”{where}.")
        if len(found) > 1:
            codes = ", ".join(partner.venue.code for partner in found)
            raise RowRefused(f"Several venues have this partner: name one of {codes}.")
        return found[0]

    def _faults_at(self, partner: Partner, row: Row) -> Iterator[str]:
        """Say what a row names that its partner, or its partner's venue, does not have."""
        if row.package and (partner.venue_id, row.package) not in self._packages:
            yield f"{partner.venue} has no package “{row.package}”."
        there = [one.version for one in self._versions.get((partner.pk, row.item_number), ())]
        if row.version is None and not there:
            yield from _faults_of_number(row.item_number)
        if row.version is not None and row.item_number and row.version not in there:
            yield (
                f"There is no version {row.version} of this number. Leave the version empty to add "
                "one: it is numbered then."
            )

    def package_of(self, row: Row, partner: Partner) -> Package:
        """Return the package of a row whose partner was found."""
        return self._packages[partner.venue_id, row.package]

    def today_of(self, partner: Partner) -> datetime.date:
        """Return the day it is at a partner's venue."""
        return self._now.astimezone(partner.venue.zone).date()

    def versions_of(self, partner: Partner, item_number: str) -> list[PackageMapping]:
        """Return the versions of a number as they are."""
        return self._versions[partner.pk, item_number]


@dataclasses.dataclass
class _Version:
    """A version on its way: as it will be, as it was, and the row that says so."""

    after: PackageMapping
    before: PackageMapping | None = None
    row: Row | None = None

    @property
    def name(self) -> str:
        """Return what a message calls it."""
        if self.before is None and self.row is not None:
            return f"what row {self.row.number} adds"
        return self.after.title.lower()

    @property
    def is_changed(self) -> bool:
        """Tell whether there is anything to write."""
        return self.before is not None and _state(self.before) != _state(self.after)


class NumberPlan:
    """What the rows about one item number do to its versions."""

    def __init__(self, known: Known, partner: Partner, rows: Sequence[Row]) -> None:
        self._known, self._partner, self._rows = known, partner, rows
        stored = known.versions_of(partner, rows[0].item_number)
        self._is_new = not stored
        self._versions = [_Version(copy.copy(one), one) for one in stored]
        self._refused: dict[int, list[str]] = defaultdict(list)
        self._told: dict[int, tuple[Effect, str]] = {}
        for row in sorted(rows, key=lambda row: row.version is None):
            try:
                self._take(row)
            except RowRefused as refused:
                self._refused[row.number].append(str(refused))
        self._refuse_clashes()

    def outcomes(self) -> list[Outcome]:
        """Return what each row does."""
        told = {
            **{
                version.row.number: self._tell(version) for version in self._versions if version.row
            },
            **self._told,
            **{number: (Effect.REFUSED, " ".join(why)) for number, why in self._refused.items()},
        }
        return [outcome_of(row, *told[row.number]) for row in self._rows]

    def changed(self) -> list[tuple[PackageMapping, PackageMapping]]:
        """Return the versions that change, with what they were."""
        return [(one.after, one.before) for one in self._versions if one.before and one.is_changed]

    def added(self) -> list[PackageMapping]:
        """Return the versions that are added."""
        return [one.after for one in self._versions if one.before is None]

    def _take(self, row: Row) -> None:
        package = self._known.package_of(row, self._partner)
        version = self._like(row, package) if row.version is None else self._named(row, package)
        if version is None:
            self._add(row, package)
            return
        version.row = row
        version.after.valid_from, version.after.valid_until = row.valid_from, row.valid_until
        version.after.is_active = row.is_active

    def _named(self, row: Row, package: Package) -> _Version:
        version = next(one for one in self._versions if one.after.version == row.version)
        faults = []
        if version.row is not None:
            faults.append(f"Row {version.row.number} names this version, too.")
        if version.after.package_id != package.pk:
            faults.append(
                f"{version.after.title} means {version.after.package.code}. Leave the version empty "
                f"and name a first day, and the number means {package.code} from then on."
            )
        if faults:
            raise RowRefused(" ".join(faults))
        return version

    def _like(self, row: Row, package: Package) -> _Version | None:
        """Return a version that is just as a row without a version wants one."""
        wanted = (package.pk, row.valid_from, row.valid_until, row.is_active)
        for one in self._versions:
            if (
                one.before
                and not one.row
                and (one.before.package_id, *_state(one.before)) == wanted
            ):
                return one
        return None

    def _add(self, row: Row, package: Package) -> None:
        added = PackageMapping(
            partner=self._partner,
            item_number=row.item_number,
            package=package,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            is_active=row.is_active,
        )
        faults, ends = list(_faults_of_number(row.item_number)), []
        for version in self._versions:
            try:
                ends.append("" if version.row else self._end_before(version, added))
            except RowRefused as refused:
                faults.append(str(refused))
        if faults:
            raise RowRefused(" ".join(faults))
        told = ". ".join([_meaning(added), *filter(None, ends)])
        self._versions.append(_Version(added, row=row))
        self._told[row.number] = (Effect.NEW if self._is_new else Effect.NEXT, f"{told}.")

    def _end_before(self, version: _Version, added: PackageMapping) -> str:
        """End a version the day before another one begins that it would clash with."""
        first, after = added.valid_from, version.after
        holds = first is not None and after.is_valid_on(first)
        if not added.is_active or not holds or first is None or after.valid_from == first:
            return ""
        if first < self._known.today_of(self._partner) and after.is_sold:  # type: ignore[attr-defined]
            raise RowRefused(
                f"Orders were sold under {after.title.lower()}, and {first:%-d %b %Y} has passed: "
                "name today or a later day."
            )
        if first == datetime.date.min:
            raise RowRefused("There is no day before the first one.")
        after.valid_until = first - _A_DAY
        return f"{after.title} ({after.package.code}) ends on {after.valid_until:%-d %b %Y}"

    def _refuse_clashes(self) -> None:
        """Refuse the rows whose versions would hold on days on which others hold."""
        active = [one for one in self._versions if one.after.is_active]
        # By their first day, only neighbours need a look: the one that lasts longest, and the next.
        active.sort(key=lambda one: one.after.valid_from or datetime.date.min)
        longest: _Version | None = None
        for one in active:
            days = versions.shared_days(longest.after, one.after) if longest else None
            if longest and days:
                self._refuse_pair(longest, one, days)
            if longest is None or _last(one) > _last(longest):
                longest = one

    def _refuse_pair(
        self,
        one: _Version,
        other: _Version,
        days: tuple[datetime.date | None, datetime.date | None],
    ) -> None:
        both = validity(*days)
        for version, clash in ((one, other), (other, one)):
            if version.row is not None:
                self._refused[version.row.number].append(
                    f"It clashes with {clash.name} ({clash.after.package.code}, "
                    f"{clash.after.dates}): both would hold {both}.",
                )

    def _tell(self, version: _Version) -> tuple[Effect, str]:
        before, after = version.before, version.after
        if before is None or not version.is_changed:
            return Effect.UNCHANGED, f"{after.title}: {_meaning(after)}."
        was = f"{after.title} ({after.package.code}), {before.dates} until now"
        if before.is_active and not after.is_active:
            return Effect.ENDED, f"{was}, is switched off."
        if after.is_active and not before.is_active:
            return Effect.SWITCHED_ON, f"{was}, is switched on: {after.dates}."
        ends_earlier = before.valid_from == after.valid_from and _last(version) < (
            before.valid_until or datetime.date.max
        )
        if ends_earlier:
            return Effect.ENDED, f"{was}, ends on {after.valid_until:%-d %b %Y}."
        return Effect.DATES, f"{was}, holds {after.dates}."


def _faults_of_number(item_number: str) -> Iterator[str]:
    """Say what is wrong with a number that is to be added; stored ones may be like that."""
    if item_number.strip() and item_number != item_number.strip():
        yield "The item number has blanks around it."
    if _SHORTENED.match(item_number.strip()):
        yield (
            f"“{item_number}” looks like a number that a spreadsheet has shortened. Format the "
            "column as text and enter it again."
        )
    if refused := why_not_mapped(item_number):
        yield refused


def _state(mapping: PackageMapping) -> tuple[datetime.date | None, datetime.date | None, bool]:
    return mapping.valid_from, mapping.valid_until, mapping.is_active


def _last(version: _Version) -> datetime.date:
    return version.after.valid_until or datetime.date.max


def _meaning(mapping: PackageMapping) -> str:
    off = "" if mapping.is_active else ", switched off"
    return f"{mapping.package.code}, {mapping.dates}{off}"


def outcome_of(row: Row, effect: Effect, told: str) -> Outcome:
    """Return what a row does, naming whose number it is about."""
    return Outcome(row.number, effect, f"{row.partner}: {row.item_number}", told)
