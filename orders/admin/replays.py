"""Replays of all orders of a cause: the causes, the way to a replay, and how far it is."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from channel_manager.lib.admin.base import ReadOnlyAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.strict_fields import is_uuid
from orders.admin import causes, unmapped
from orders.models import Order, Replay, ReplayOrder, ReplayOutcome
from partners.actors import name_actors
from partners.models import Venue

COLOURS: Mapping[str, str] = {"Running": "info", "Done": "success"}
# Of each outcome; those that need somebody come first.
_SHOWN = 200
_IN_ORDER = (
    ReplayOutcome.FAILED,
    ReplayOutcome.SKIPPED,
    ReplayOutcome.WAITING,
    ReplayOutcome.REPLAYED,
)


@dataclasses.dataclass(frozen=True)
class Row:
    """One order of the list: how it stands now, "Removed" once it is gone."""

    order: ReplayOrder
    url: str
    status: str


@dataclasses.dataclass(frozen=True)
class Section:
    """The orders of one outcome."""

    outcome: ReplayOutcome
    count: int
    rows: Sequence[Row]

    @property
    def has_reasons(self) -> bool:
        """Tell whether any of them says why."""
        return any(row.order.message for row in self.rows)

    @property
    def more(self) -> int:
        """Return how many are not shown."""
        return self.count - len(self.rows)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a replay is; counts are by outcome."""

    replay: Replay
    counts: Mapping[str, int]
    sections: Sequence[Section]
    who: str

    @property
    def is_running(self) -> bool:
        """Tell whether orders still wait for their turn."""
        return self.replay.finished_at is None

    @property
    def total(self) -> int:
        """Return how many orders there are."""
        return sum(self.counts.values())

    @property
    def settled(self) -> int:
        """Return how many have an outcome."""
        return self.total - self.counts.get(ReplayOutcome.WAITING, 0)

    @property
    def done_share(self) -> str:
        """Return the part of the bar for those that went well, of 100."""
        return self._share(self.settled - self.counts.get(ReplayOutcome.FAILED, 0))

    @property
    def failed_share(self) -> str:
        """Return the part of the bar for those that cannot be issued yet."""
        return self._share(self.counts.get(ReplayOutcome.FAILED, 0))

    @property
    def sentence(self) -> str:
        """Say where it stands."""
        if self.is_running:
            return f"{self.settled:,} of {_orders(self.total)} done."
        again = self.counts.get(ReplayOutcome.REPLAYED, 0)
        failed = self.counts.get(ReplayOutcome.FAILED, 0)
        told = f"Done: {again:,} of {_orders(self.total)} submitted again."
        if failed:
            told += f" {_orders(failed)} cannot be issued yet."
        return told

    def _share(self, count: int) -> str:
        return f"{100 * count / self.total:.1f}" if self.total else "0"


@register(Replay)
class ReplayAdmin(ReadOnlyAdmin[Replay]):
    """What was replayed together, by whom, and what became of it."""

    list_display = ("cause", "state", "progress", "started")
    list_display_links = ("cause",)
    list_before_template = "admin/orders/replay/list_head.html"
    sortable_by = ()

    def has_view_permission(self, request: HttpRequest, obj: Replay | None = None) -> bool:
        """Let those look who may see orders."""
        return request.user.has_perm("orders.view_order")

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Offer the list to those who may look."""
        return self.has_view_permission(request)

    def prepare_rows(self, rows: Sequence[Replay]) -> None:
        """Count the orders of a page of replays: two statements."""
        counts = _count_outcomes(rows)
        names = name_actors({row.started_by for row in rows})
        for row in rows:
            row.counts = counts.get(row.pk, {})  # type: ignore[attr-defined]
            row.who = names[row.started_by]  # type: ignore[attr-defined]

    def get_urls(self) -> list[URLPattern]:
        """Add the causes, the way to a replay, and what its page asks for."""
        wrap = self.admin_site.admin_view
        return [
            path("causes/", wrap(self.causes_view), name="orders_replay_causes"),
            path("unmapped/", wrap(self.unmapped_view), name="orders_replay_unmapped"),
            path("start/", wrap(self.start_view), name="orders_replay_start"),
            path(
                "<uuid:replay_id>/progress/",
                wrap(self.progress_view),
                name="orders_replay_progress",
            ),
            *super().get_urls(),
        ]

    def causes_view(self, request: HttpRequest) -> HttpResponse:
        """Show why orders have failed."""
        return causes.causes_view(self, request)

    def unmapped_view(self, request: HttpRequest) -> HttpResponse:
        """Show the item numbers that nobody has mapped."""
        return unmapped.unmapped_view(self, request)

    def start_view(self, request: HttpRequest) -> HttpResponse:
        """Tell what replaying a cause does, and start it."""
        return causes.start_view(self, request)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show how far a replay is."""
        replay = self._find(request, object_id)
        if replay is None:
            messages.error(request, "There is no such replay.")
            return redirect("admin:orders_replay_changelist")
        context = {
            **self.admin_site.each_context(request),
            **_context(replay),
            "title": f"Replay: {replay}",
            "opts": self.opts,
            "original": replay,
        }
        return TemplateResponse(request, "admin/orders/replay/page.html", context)

    def progress_view(self, request: HttpRequest, replay_id: uuid.UUID) -> HttpResponse:
        """Return the part of the page that changes, for its script."""
        replay = self._find(request, str(replay_id))
        if replay is None:
            return HttpResponse(status=404)
        response = TemplateResponse(request, "admin/orders/replay/progress.html", _context(replay))
        response["Cache-Control"] = "no-store"
        return response

    @column("Cause")
    def cause(self, replay: Replay) -> str:
        """Return the cause in words."""
        return replay.title

    @column("Status", badges=COLOURS)
    def state(self, replay: Replay) -> str:
        """Return the status as a badge."""
        return replay.status

    @column("Orders", two_lines=True)
    def progress(self, replay: Replay) -> tuple[str, str]:
        """Return how many orders were submitted again, and how many could not be."""
        counts: Mapping[str, int] = replay.counts  # type: ignore[attr-defined]
        failed = counts.get(ReplayOutcome.FAILED, 0)
        again = counts.get(ReplayOutcome.REPLAYED, 0)
        told = f"{again:,} of {sum(counts.values()):,} submitted again"
        return told, f"{failed:,} not yet possible" if failed else ""

    @column("Started", two_lines=True)
    def started(self, replay: Replay) -> tuple[str, str]:
        """Return when, in UTC, and by whom."""
        return f"{replay.started_at:%-d %b %Y, %H:%M} UTC", str(replay.who)  # type: ignore[attr-defined]

    def _find(self, request: HttpRequest, key: str) -> Replay | None:
        self._require_view(request)
        return Replay.objects.filter(pk=key).first() if is_uuid(key) else None

    def _require_view(self, request: HttpRequest) -> None:
        causes.require("orders.view_order", request)


def _context(replay: Replay) -> dict[str, Any]:
    return {
        "replay": replay,
        "progress": _read_progress(replay),
        "colours": COLOURS,
        "progress_url": reverse("admin:orders_replay_progress", args=[replay.pk]),
        "zone": Venue.objects.values_list("timezone", flat=True).order_by("name").first() or "UTC",
    }


def _read_progress(replay: Replay) -> Progress:
    """Read how far a replay is and its orders: seven statements at most."""
    counts = _count_outcomes([replay]).get(replay.pk, {})
    return Progress(
        replay=replay,
        counts=counts,
        sections=[
            Section(outcome, counts[outcome], _read_rows(replay, outcome))
            for outcome in _IN_ORDER
            if counts.get(outcome)
        ],
        who=name_actors({replay.started_by})[replay.started_by],
    )


def _read_rows(replay: Replay, outcome: ReplayOutcome) -> list[Row]:
    found = list(replay.orders.filter(outcome=outcome).order_by("pk")[:_SHOWN])
    orders = Order.objects.filter(pk__in=[one.order_id for one in found]).order_by()
    statuses = dict(orders.values_list("pk", "status"))
    return [
        Row(
            order=one,
            url=reverse("admin:orders_order_change", args=[one.order_id]),
            status=statuses.get(one.order_id, "Removed"),
        )
        for one in found
    ]


def _count_outcomes(replays: Sequence[Replay]) -> dict[Any, dict[str, int]]:
    """Count the orders of replays by outcome: one statement."""
    found: dict[Any, dict[str, int]] = {}
    rows = ReplayOrder.objects.filter(replay__in=replays).order_by()
    for key, outcome, count in rows.values_list("replay", "outcome").annotate(Count("pk")):
        found.setdefault(key, {})[outcome] = count
    return found


def _orders(count: int) -> str:
    return "1 order" if count == 1 else f"{count:,} orders"
