"""How far a worklist is: numbers, a bar, and what became of each order."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count
from django.urls import reverse
from django.utils.http import urlencode

from orders.models import Order, Outcome, Worklist, WorklistOrder, WorklistStatus
from orders.working_off import events_of, rows_of
from partners.actors import name_actors
from partners.timeline import Happening, Look, tell

COLOURS: Mapping[str, str] = {
    WorklistStatus.RUNNING: "info",
    WorklistStatus.DONE: "success",
    WorklistStatus.STOPPED: "warning",
}
LOOKS: Mapping[str, Look] = {
    "closed": Look("Closed", "event_busy", "danger"),
    "started": Look("Started", "play_arrow"),
    "stopped": Look("Stopped", "pause", "warning"),
    "resumed": Look("Went on", "play_arrow"),
    "retried": Look("Failed ones tried again", "replay"),
    "finished": Look("All orders worked off", "task_alt", "success"),
    # As replays were told of before they were batches.
    "replay_started": Look("Started", "play_arrow"),
    "replay_finished": Look("All orders worked off", "task_alt", "success"),
}
_SHOWN = 100
# Of failed orders, which somebody has to deal with, and of an outcome that is asked for in full.
_SHOWN_AT_MOST = 1_000
# What needs somebody comes first.
_IN_ORDER = (
    Outcome.FAILED,
    Outcome.WAITING,
    Outcome.REPLAYED,
    Outcome.CONFIRMED,
    Outcome.MOVED,
    Outcome.CANCELLED,
    Outcome.REMOVED,
    Outcome.KEPT,
    Outcome.SKIPPED,
)
_WITH_REASONS = (Outcome.FAILED, Outcome.WAITING, Outcome.SKIPPED)


@dataclasses.dataclass(frozen=True)
class Tab:
    """The orders of one outcome: their number, leading to their list."""

    outcome: str
    title: str
    count: int
    url: str
    is_chosen: bool


@dataclasses.dataclass(frozen=True)
class Row:
    """One order of the list: where it leads, how it stands now, and whose it is.

    Once it is removed it is nobody's.
    """

    order: WorklistOrder
    url: str
    status: str
    partner: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Progress:
    """What the page of a worklist shows; counts are by outcome.

    is_full: the list of the chosen outcome is as long as it gets.
    """

    worklist: Worklist
    counts: Mapping[str, int]
    chosen: str
    is_full: bool
    rows: Sequence[Row]
    happenings: Sequence[Happening]
    who: str

    @property
    def total(self) -> int:
        """Return how many orders there are."""
        return sum(self.counts.values())

    @property
    def waiting(self) -> int:
        """Return how many have no outcome yet."""
        return self.counts.get(Outcome.WAITING, 0)

    @property
    def failed(self) -> int:
        """Return how many need somebody."""
        return self.counts.get(Outcome.FAILED, 0)

    @property
    def settled(self) -> int:
        """Return how many have an outcome."""
        return self.total - self.waiting

    @property
    def done_share(self) -> str:
        """Return the part of the bar for those that went well, of 100."""
        return self._share(self.settled - self.failed)

    @property
    def failed_share(self) -> str:
        """Return the part of the bar for those that failed."""
        return self._share(self.failed)

    @property
    def is_running(self) -> bool:
        """Tell whether it is being worked on."""
        return self.worklist.is_running

    @property
    def tells_why(self) -> bool:
        """Tell whether the orders of the chosen outcome have a reason rather than a moment."""
        return self.chosen in _WITH_REASONS

    @property
    def more(self) -> int:
        """Return how many orders of the chosen outcome are not shown."""
        return max(0, self.counts.get(self.chosen, 0) - len(self.rows))

    @property
    def rest_url(self) -> str:
        """Return where the rest of the list is, nothing where no more of it is shown."""
        return f"?{urlencode({'all': self.chosen})}" if self.more and not self.is_full else ""

    @property
    def rest_title(self) -> str:
        """Say how much of the list is there."""
        count = self.counts.get(self.chosen, 0)
        is_all = count <= _SHOWN_AT_MOST
        return f"Show all {count:,}" if is_all else f"Show the first {_SHOWN_AT_MOST:,}"

    @property
    def more_in_words(self) -> str:
        """Say how many orders of the chosen outcome are shown, where there are more."""
        if not self.more:
            return ""
        count = self.counts[self.chosen]
        return f"These are the first {len(self.rows):,} of {count:,}."

    @property
    def sentence(self) -> str:
        """Say where it stands."""
        told = f"{self.settled:,} of {self.total:,} orders"
        if not self.total and not self.is_running:
            return "There was no order to work off."
        match self.worklist.status:
            case WorklistStatus.DONE if self.failed:
                need = "needs" if self.failed == 1 else "need"
                return f"Done, but {self.failed:,} of {self.total:,} orders {need} you."
            case WorklistStatus.DONE:
                return "Done." if self.total == 1 else f"Done with all {self.total:,} orders."
            case WorklistStatus.STOPPED:
                return f"Stopped after {told}. The others are as they were."
        if self.waiting:
            return f"{told} done."
        return "Looking for orders that came in meanwhile."

    @property
    def tabs(self) -> list[Tab]:
        """Return the outcomes there are, what needs somebody first."""
        return [
            Tab(
                outcome=outcome.value,
                title=str(outcome.label),
                count=self.counts[outcome],
                url=f"?{urlencode({'outcome': outcome.value})}",
                is_chosen=outcome == self.chosen,
            )
            for outcome in _IN_ORDER
            if self.counts.get(outcome)
        ]

    def _share(self, count: int) -> str:
        if not self.total:
            return "0" if self.is_running or count else "100"
        return f"{100 * count / self.total:.1f}"


def read_progress(worklist: Worklist, wanted: str, *, in_full: bool) -> Progress:
    """Read how far a worklist is and the orders of one outcome, at first those that need somebody.

    in_full: more of them than fit a glance.
    """
    counts = count_outcomes([worklist]).get(worklist.pk, {})
    there = [outcome.value for outcome in _IN_ORDER if counts.get(outcome)]
    chosen = wanted if wanted in there else next(iter(there), "")
    is_full = in_full or chosen == Outcome.FAILED
    most = _SHOWN_AT_MOST if is_full else _SHOWN
    return Progress(
        worklist=worklist,
        counts=counts,
        chosen=chosen,
        is_full=is_full,
        rows=_read_rows(worklist, chosen, most),
        happenings=tell(events_of(worklist).order_by("-id"), LOOKS),
        who=name_actors({worklist.started_by})[worklist.started_by],
    )


def _read_rows(worklist: Worklist, outcome: str, most: int) -> list[Row]:
    """Read the first orders of an outcome, whose they are and how they stand: two statements."""
    found = list(rows_of(worklist).filter(outcome=outcome).order_by("pk")[:most])
    orders = Order.objects.filter(pk__in=[one.order_id for one in found]).order_by()
    now = {
        key: (status, partner)
        for key, status, partner in orders.values_list("pk", "status", "partner__name")
    }
    rows = []
    for one in found:
        status, partner = now.get(one.order_id, ("Removed", ""))
        url = reverse("admin:orders_order_change", args=[one.order_id])
        rows.append(Row(order=one, url=url, status=status, partner=partner))
    return rows


def count_outcomes(worklists: Sequence[Worklist]) -> dict[Any, dict[str, int]]:
    """Count the orders of worklists of one kind by outcome: one statement."""
    found: dict[Any, dict[str, int]] = {}
    if not worklists:
        return found
    kind = worklists[0]._meta.model_name or ""
    rows = rows_of(worklists[0]).model._default_manager
    counted = rows.filter(**{f"{kind}__in": worklists}).order_by()
    for key, outcome, count in counted.values_list(kind, "outcome").annotate(Count("pk")):
        found.setdefault(key, {})[outcome] = count
    return found
