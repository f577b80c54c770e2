"""How far a closed day is: numbers, a bar, and what became of each order."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Count
from django.urls import reverse
from django.utils.http import urlencode

from catalog.rescheduling import in_words
from channel_manager.history.models import Event
from orders.models import (
    CLOSURE_KIND,
    Closure,
    ClosureOrder,
    ClosureOutcome,
    ClosurePlan,
    ClosureStatus,
    Order,
)
from partners.actors import name_actors
from partners.timeline import Happening, Look, tell

COLOURS: Mapping[str, str] = {
    ClosureStatus.RUNNING: "info",
    ClosureStatus.DONE: "success",
    ClosureStatus.STOPPED: "warning",
}
_LOOKS: Mapping[str, Look] = {
    "closed": Look("Closed", "event_busy", "danger"),
    "stopped": Look("Stopped", "pause", "warning"),
    "resumed": Look("Went on", "play_arrow"),
    "retried": Look("Failed ones tried again", "replay"),
    "finished": Look("All orders worked off", "task_alt", "success"),
}
_SHOWN = 100
# Of failed orders, which somebody has to deal with, and of an outcome that is asked for in full.
_SHOWN_AT_MOST = 1_000
_IN_ORDER = (
    ClosureOutcome.FAILED,
    ClosureOutcome.WAITING,
    ClosureOutcome.MOVED,
    ClosureOutcome.CANCELLED,
    ClosureOutcome.REMOVED,
    ClosureOutcome.KEPT,
    ClosureOutcome.SKIPPED,
)


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
    """One order of the list: where it leads, and whose it is; nobody's once it is removed."""

    order: ClosureOrder
    url: str
    partner: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Progress:
    """What the page of a closed day shows; counts are by outcome.

    is_full: the list of the chosen outcome is as long as it gets.
    """

    closure: Closure
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
        return self.counts.get(ClosureOutcome.WAITING, 0)

    @property
    def failed(self) -> int:
        """Return how many need somebody."""
        return self.counts.get(ClosureOutcome.FAILED, 0)

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
        return bool(self.closure.status == ClosureStatus.RUNNING)

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
            return "Nobody had bought anything for it."
        match self.closure.status:
            case ClosureStatus.DONE if self.failed:
                need = "needs" if self.failed == 1 else "need"
                return f"Done, but {self.failed:,} of {self.total:,} orders {need} you."
            case ClosureStatus.DONE:
                return "Done." if self.total == 1 else f"Done with all {self.total:,} orders."
            case ClosureStatus.STOPPED:
                return f"Stopped after {told}. The others are as they were."
        if self.waiting:
            return f"{told} done."
        return "Looking for orders that were placed while the day was being closed."

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


def read_progress(closure: Closure, wanted: str, *, in_full: bool) -> Progress:
    """Read how far a closure is and the orders of one outcome, at first those that need somebody.

    in_full: more of them than fit a glance.
    """
    counts = count_outcomes([closure]).get(closure.pk, {})
    there = [outcome.value for outcome in _IN_ORDER if counts.get(outcome)]
    chosen = wanted if wanted in there else next(iter(there), "")
    is_full = in_full or chosen == ClosureOutcome.FAILED
    most = _SHOWN_AT_MOST if is_full else _SHOWN
    return Progress(
        closure=closure,
        counts=counts,
        chosen=chosen,
        is_full=is_full,
        rows=_read_rows(closure, chosen, most),
        happenings=tell(
            Event.objects.filter(kind=CLOSURE_KIND, subject_id=closure.pk).order_by("-id"), _LOOKS
        ),
        who=name_actors({closure.started_by})[closure.started_by],
    )


def _read_rows(closure: Closure, outcome: str, most: int) -> list[Row]:
    """Read the first orders of an outcome and whose they are: two statements."""
    found = list(closure.closure_orders.filter(outcome=outcome).order_by("pk")[:most])
    orders = Order.objects.filter(pk__in=[one.order_id for one in found]).order_by()
    partners = dict(orders.values_list("pk", "partner__name"))
    return [
        Row(
            order=one,
            url=reverse("admin:orders_order_change", args=[one.order_id]),
            partner=partners.get(one.order_id, ""),
        )
        for one in found
    ]


def count_outcomes(closures: Iterable[Closure]) -> dict[Any, dict[str, int]]:
    """Count the orders of closures by outcome: one statement."""
    found: dict[Any, dict[str, int]] = {}
    rows = ClosureOrder.objects.filter(closure__in=closures).order_by()
    for key, outcome, count in rows.values_list("closure", "outcome").annotate(Count("pk")):
        found.setdefault(key, {})[outcome] = count
    return found


def plan_in_words(closure: Closure) -> str:
    """Say what becomes of the orders."""
    match closure.plan:
        case ClosurePlan.MOVE if closure.to_date:
            return f"Orders move to {in_words(closure.to_date)}"
        case ClosurePlan.CANCEL:
            return "Orders are cancelled"
    return "Orders are kept as they are"


def what_stays(closure: Closure) -> str:
    """Say what opening the day again does not bring back."""
    match closure.plan:
        case ClosurePlan.MOVE if closure.to_date:
            return f"Orders that were moved stay on {in_words(closure.to_date)}."
        case ClosurePlan.CANCEL:
            return "Orders that were cancelled or removed stay so."
    return "The orders were kept: their tickets are valid that day as before."
