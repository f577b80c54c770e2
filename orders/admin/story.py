"""Everything that happened to an order, from all who keep a record of it, as one timeline."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from operator import attrgetter

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from channel_manager.lib import personal
from channel_manager.lib.admin import columns, people
from orders.admin.timeline import (
    LEDGER_LOOKS,
    LOOKS,
    NOT_DONE,
    REFUSED_SCAN,
    REQUEST_LOOKS,
    attempt_look,
)
from orders.models import (
    BatchOrder,
    ClosureOrder,
    LedgerEntry,
    Order,
    OrderEvent,
    ReceivedRequest,
)
from orders.models.worklist import Outcome, Worklist, WorklistOrder
from partners.actors import name_actors
from partners.admin.webhooks.page import AttemptView, view_attempts_of_order, without_answer
from partners.models import DeliveryStatus, EndpointStatus
from partners.timeline import Fold, Happening, tell
from wallets.models import Scan

# On one page; earlier ones are on the next.
MOST = 100
_END = datetime.datetime.max.replace(tzinfo=datetime.UTC)


@dataclasses.dataclass(frozen=True)
class Story:
    """A part of what happened, oldest first, and where the part before it is; empty: nowhere."""

    happenings: Sequence[Happening]
    earlier_url: str


# Reads at most so many of the last happenings until a moment; in the order they came in.
_Source = Callable[[HttpRequest, Order, datetime.datetime, int], Sequence[Happening]]


def read_story(request: HttpRequest, order: Order, until: datetime.datetime | None = None) -> Story:
    """Read the last happenings until a moment: eleven statements at most, whatever there is.

    What happened at one moment stands in the order of the sources: first what was asked for, then
    what came of it.
    """
    told = [
        happening
        for source in _SOURCES
        for happening in source(request, order, until or _END, MOST + 1)
    ]
    told.sort(key=attrgetter("at"))
    if len(told) <= MOST:
        return Story(told, "")
    # The first that is left out begins the page before; others of its moment go with it.
    first_left_out = told[-MOST - 1].at
    shown = [happening for happening in told if happening.at > first_left_out]
    address = reverse("admin:orders_order_story", args=[order.pk])
    query = urlencode({"until": first_left_out.isoformat()})
    return Story(shown or told[-MOST:], f"{address}?{query}")


def read_moment(text: str) -> datetime.datetime | None:
    """Return the moment in a link to earlier happenings, None when it is none."""
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _requests(
    request: HttpRequest, order: Order, until: datetime.datetime, most: int
) -> list[Happening]:
    rows = ReceivedRequest.objects.filter(order=order, received_at__lte=until)
    rows = rows.select_related("api_key").order_by("-received_at", "-id")
    return [_tell_request(request, order, row) for row in reversed(rows[:most])]


def _tell_request(request: HttpRequest, order: Order, row: ReceivedRequest) -> Happening:
    return Happening(
        look=REQUEST_LOOKS[row.kind],
        at=row.received_at,
        who=order.partner.name,
        data={
            label: value
            for label, value in (
                ("Key", str(row.api_key) if row.api_key else ""),
                ("Request id", row.request_id),
                ("Idempotency key", row.idempotency_key),
            )
            if value
        },
        fold=Fold("As received", _as_shown(request, row.body)) if row.body else None,
    )


def _as_shown(request: HttpRequest, body: str) -> str:
    document = json.loads(body)
    shown = document if people.may_see(request) else personal.masked(document)
    return json.dumps(shown, ensure_ascii=False, indent=2)


def _events(
    request: HttpRequest, order: Order, until: datetime.datetime, most: int
) -> list[Happening]:
    rows = OrderEvent.objects.of(order.pk).filter(at__lte=until).order_by("-at", "-id")
    return tell(reversed(rows[:most]), LOOKS)


def _postings(
    request: HttpRequest, order: Order, until: datetime.datetime, most: int
) -> list[Happening]:
    """Tell of each posting once, however many lines it has."""
    rows = LedgerEntry.objects.filter(order=order, posted_at__lte=until).select_related("line")
    postings = itertools.groupby(rows.order_by("posted_at", "id"), key=_posting_of)
    told = [_tell_posting(order, list(entries)) for _posting, entries in postings]
    return told[-most:]


def _posting_of(entry: LedgerEntry) -> tuple[datetime.datetime, str]:
    return entry.posted_at, entry.kind


def _subject(entry: LedgerEntry) -> str:
    return f"Line {entry.line.line_no}" if entry.line else "The order"


def _tell_posting(order: Order, entries: Sequence[LedgerEntry]) -> Happening:
    first = entries[0]
    lines = [
        f"{_subject(entry)}: {columns.money(entry.gross, entry.currency)}" for entry in entries
    ]
    return Happening(
        look=LEDGER_LOOKS[first.kind],
        at=first.posted_at,
        who="System",
        reason=first.reason,
        data={
            "Gross": columns.money(
                sum((entry.gross for entry in entries), Decimal(0)), order.currency
            ),
            "VAT": columns.money(sum((entry.vat for entry in entries), Decimal(0)), order.currency),
        },
        fold=Fold(f"{len(lines)} line{'s' if len(lines) > 1 else ''}", "\n".join(lines)),
    )


def _attempts(
    request: HttpRequest, order: Order, until: datetime.datetime, most: int
) -> list[Happening]:
    if not request.user.has_perm("partners.view_webhookendpoint"):
        return []
    views = view_attempts_of_order(order.pk, until=until, most=most)
    if not people.may_see(request):
        views = [without_answer(view) for view in views]
    return [_tell_attempt(order, view) for view in reversed(views)]


def _tell_attempt(order: Order, view: AttemptView) -> Happening:
    delivery = view.attempt.delivery
    answer = view.answer + ("…" if view.is_cut else "")
    return Happening(
        look=attempt_look(view),
        at=view.attempt.started_at,
        who=str(delivery.endpoint),
        reason=view.told,
        data={
            "Event": delivery.event.get_type_display(),
            "Attempt": str(view.attempt.number),
            "Took": view.took,
            **_next_attempt(order, view),
        },
        fold=Fold("Answer", answer) if answer else None,
    )


def _next_attempt(order: Order, view: AttemptView) -> dict[str, str]:
    """Return when the next attempt is made, where this one was the last of a delivery that waits."""
    delivery = view.attempt.delivery
    is_last = view.attempt.number == delivery.attempts
    if delivery.status != DeliveryStatus.PENDING or not is_last:
        return {}
    if delivery.endpoint.status != EndpointStatus.ACTIVE:
        return {"Next attempt": "once the endpoint is resumed"}
    return {"Next attempt": columns.moment(delivery.next_attempt_at, order.venue.zone)}


def _refused_scans(
    request: HttpRequest, order: Order, until: datetime.datetime, most: int
) -> list[Happening]:
    """Tell who was refused at a gate; who was admitted is an event of the order."""
    rows = Scan.objects.filter(admitted=False, asset__wallet__order=order, at__lte=until)
    found = rows.select_related("asset", "device").order_by("-at", "-id")[:most]
    return [_tell_scan(scan) for scan in reversed(found)]


def _tell_scan(scan: Scan) -> Happening:
    return Happening(
        look=REFUSED_SCAN,
        at=scan.at,
        who=scan.device.name,
        reason=scan.reason,
        data={
            "Ticket or coupon": scan.asset.reference_number if scan.asset else "",
            "Result": scan.get_code_display(),
        },
    )


# Another record of what happens to orders is one more here.
def _left_undone(
    request: HttpRequest, order: Order, until: datetime.datetime, most: int
) -> list[Happening]:
    """Tell what batches and closed days could not do: nothing else of the order knows of it."""
    of_batches = BatchOrder.objects.select_related("batch")
    of_closures = ClosureOrder.objects.select_related("closure__attraction", "closure__venue")
    found: list[tuple[WorklistOrder, Worklist]] = []
    for rows, of in ((of_batches, "batch"), (of_closures.defer("closure__venue__logo"), "closure")):
        failed = rows.filter(
            order_id=order.pk, outcome=Outcome.FAILED, settled_at__lte=until
        ).order_by("-settled_at")
        found += [(row, getattr(row, of)) for row in failed[:most]]
    names = name_actors({worklist.started_by for _, worklist in found})
    return [
        Happening(
            look=NOT_DONE,
            at=row.settled_at,  # type: ignore[arg-type]  # it has failed
            who=names[worklist.started_by],
            reason=row.message,
            data={"What": str(worklist)},
        )
        for row, worklist in reversed(found)
    ]


_SOURCES: Sequence[_Source] = (
    *(_requests, _events, _postings, _attempts, _refused_scans, _left_undone),
)
