"""What the rows of a file would do to mappings: worked out, shown, and then done as shown.

A row with a version says how that version is to be; what it means stays. A row without one is a
version like that, which is there already or is added: the one that holds on its first day, if the
file does not name it, ends the day before.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db import IntegrityError, connection, transaction

from catalog import versions
from catalog.mapping_csv import Row
from catalog.mapping_rows import Effect, Known, Number, NumberPlan, Outcome, RowRefused, outcome_of
from catalog.models import PackageMapping
from channel_manager.history import runner
from channel_manager.lib.canonical import fingerprint
from partners.models import Partner


@dataclasses.dataclass(frozen=True)
class ImportPlan:
    """What a file does, row by row, and what is written for it."""

    outcomes: Sequence[Outcome]
    changed: Sequence[tuple[PackageMapping, PackageMapping]] = ()
    added: Sequence[PackageMapping] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.added)

    @property
    def is_refused(self) -> bool:
        """Tell whether any row cannot be done, so that none is."""
        return any(outcome.effect == Effect.REFUSED for outcome in self.outcomes)

    @property
    def fingerprint(self) -> str:
        """Return what tells this plan from one that does anything else."""
        return fingerprint([list(map(str, dataclasses.astuple(one))) for one in self.outcomes])

    @property
    def numbers(self) -> set[Number]:
        """Return the numbers that mean something else afterwards."""
        written = [*self.added, *(after for after, _before in self.changed)]
        return {(mapping.partner_id, mapping.item_number) for mapping in written}


# As text: the ORM takes seconds of CPU time to build it for thousands of rows.
_CHANGE = """
    UPDATE catalog_packagemapping AS m
    SET valid_from = c.valid_from, valid_until = c.valid_until, is_active = c.is_active
    FROM unnest(%s::uuid[], %s::date[], %s::date[], %s::boolean[])
        AS c(id, valid_from, valid_until, is_active)
    WHERE m.id = c.id
"""


class DoneOtherwise(Exception):
    """Something else would happen than was shown: the mappings have changed meanwhile."""


def plan_import(rows: Iterable[Row], *, now: datetime.datetime) -> ImportPlan:
    """Return what the rows would do as things stand; nothing is written. Three statements."""
    known = Known(rows, now)
    outcomes: list[Outcome] = []
    by_number: dict[Number, list[tuple[Row, Partner]]] = defaultdict(list)
    for row in known.rows:
        try:
            partner = known.partner_of(row)
        except RowRefused as refused:
            outcomes.append(outcome_of(row, Effect.REFUSED, str(refused)))
        else:
            by_number[partner.pk, row.item_number].append((row, partner))
    numbers = [
        NumberPlan(known, found[0][1], [row for row, _partner in found])
        for found in by_number.values()
    ]
    for number in numbers:
        outcomes += number.outcomes()
    return ImportPlan(
        sorted(outcomes, key=lambda outcome: outcome.row),
        [pair for number in numbers for pair in number.changed()],
        [mapping for number in numbers for mapping in number.added()],
    )


def apply_import(
    *, rows: Sequence[Row], shown: str, file_name: str, actor: str, now: datetime.datetime
) -> ImportPlan:
    """Do what the rows do, all of it or nothing, if it is what was shown; return what was done.

    Partners are locked first, then the versions, each by primary key. Every version is recorded.
    Raises DoneOtherwise when a row is refused, or does something else by now.
    """
    try:
        with transaction.atomic():
            _lock(rows)
            plan = plan_import(rows, now=now)
            if plan.is_refused or plan.fingerprint != shown:
                raise DoneOtherwise
            _write(plan, reason=f"Import of {file_name}", actor=actor, now=now)
            return plan
    except IntegrityError as clash:
        # Somebody added a version in the meantime: the locks are of what was there.
        raise DoneOtherwise from clash


def _lock(rows: Iterable[Row]) -> None:
    names, numbers = {row.partner for row in rows}, {row.item_number for row in rows}
    partners = runner.lock(Partner.objects.filter(name__in=names))
    runner.lock(PackageMapping.objects.filter(partner__in=partners, item_number__in=numbers))


def _write(plan: ImportPlan, *, reason: str, actor: str, now: datetime.datetime) -> None:
    changed = [after for after, _before in plan.changed]
    # Out of each other's way: two that exchange their dates would clash in between.
    PackageMapping.objects.filter(pk__in=[one.pk for one in changed]).update(is_active=False)
    with connection.cursor() as cursor:
        cursor.execute(
            _CHANGE,
            [
                [one.pk for one in changed],
                [one.valid_from for one in changed],
                [one.valid_until for one in changed],
                [one.is_active for one in changed],
            ],
        )
    PackageMapping.objects.bulk_create(plan.added, batch_size=1_000)
    versions.record("mapping_changed", plan.changed, actor=actor, now=now, reason=reason)
    added = [(mapping, None) for mapping in plan.added]
    versions.record("mapping_added", added, actor=actor, now=now, reason=reason)
