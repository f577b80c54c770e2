"""What the page of an endpoint shows: how it goes, and its deliveries with their attempts."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db.models import F, QuerySet
from django.db.models.functions import Length, Substr
from django.http import QueryDict
from django.urls import reverse

from partners.admin.webhooks.words import DELIVERY_LOOKS, outcome_in_words, took
from partners.models import (
    DeliveryStatus,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)

_ON_A_PAGE = 25
# The last attempts of a delivery that are shown, and how much of each answer.
_MOST_ATTEMPTS = 12
_SHOWN_CHARACTERS = 500
# A primary key has no more.
_MOST_DIGITS = 18


@dataclasses.dataclass(frozen=True, kw_only=True)
class AttemptView:
    """One attempt in words; answer is what a stranger sent, told what our own sentence."""

    attempt: WebhookAttempt
    outcome: str
    is_success: bool
    took: str
    answer: str
    is_cut: bool
    told: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeliveryView:
    """A delivery with its last attempts; replay_url is empty where it cannot be sent again."""

    delivery: WebhookDelivery
    event: WebhookEvent
    state: str
    colour: str
    order_number: str
    attempts: Sequence[AttemptView]
    replay_url: str

    @property
    def last_outcome(self) -> str:
        """Return how the last attempt ended."""
        return self.attempts[0].outcome if self.attempts else ""

    @property
    def older(self) -> int:
        """Return how many attempts are not shown."""
        return max(0, self.delivery.attempts - len(self.attempts))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tab:
    """Deliveries of one status, or all."""

    label: str
    value: str
    is_current: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class Deliveries:
    """One page of an endpoint's deliveries; older is the query of the next, empty on the last."""

    rows: Sequence[DeliveryView]
    tabs: Sequence[Tab]
    status: str
    older: str
    is_first: bool


def read_deliveries(
    endpoint: WebhookEndpoint, query: QueryDict, *, may_replay: bool, may_see_people: bool
) -> Deliveries:
    """Read a page of deliveries by keyset, of one status or of all: two statements."""
    status = query.get("deliveries", "")
    if status not in DeliveryStatus.values:
        status = ""
    before = query.get("before", "")
    is_key = before.isdecimal() and len(before) <= _MOST_DIGITS
    found, older = _page(endpoint, status, int(before) if is_key else None)
    tabs = [Tab(label="All", value="", is_current=not status)]
    for value, (label, _colour) in DELIVERY_LOOKS.items():
        tabs.append(Tab(label=label, value=value, is_current=value == status))
    return Deliveries(
        rows=view_deliveries(found, may_replay=may_replay, may_see_people=may_see_people),
        tabs=tabs,
        status=status,
        older=older,
        is_first=not is_key,
    )


def view_deliveries(
    rows: Collection[WebhookDelivery], *, may_replay: bool, may_see_people: bool
) -> list[DeliveryView]:
    """Return deliveries, their events at hand, with their last attempts: one statement.

    may_see_people: whether answers to events of orders, which may name guests, are shown.
    """
    attempts = _attempts_of(rows)
    views = []
    for row in rows:
        state, colour = DELIVERY_LOOKS[row.status]
        is_done = row.status in (DeliveryStatus.DELIVERED, DeliveryStatus.FAILED)
        may = may_replay and is_done and row.event.endpoint_id is None
        tries = attempts[row.pk]
        if row.event.order_id is not None and not may_see_people:
            tries = [without_answer(view) for view in tries]
        views.append(
            DeliveryView(
                delivery=row,
                event=row.event,
                state=state,
                colour=colour,
                order_number=str(row.event.data.get("buyFromOrderReference") or ""),
                attempts=tries,
                replay_url=replay_url(row.endpoint_id, row.event) if may else "",
            )
        )
    return views


def view_attempts_of_order(
    order_id: uuid.UUID, *, until: datetime.datetime, most: int
) -> list[AttemptView]:
    """Return the last attempts to tell of an order, the latest first: one statement.

    Their deliveries, events and endpoints are at hand.
    """
    attempts = WebhookAttempt.objects.filter(
        delivery__event__order_id=order_id, started_at__lte=until
    ).select_related("delivery__event", "delivery__endpoint")
    rows = _with_beginnings(attempts).order_by("-started_at", "-id")[:most]
    return [_view_attempt(attempt) for attempt in rows]


def without_answer(view: AttemptView) -> AttemptView:
    """Return an attempt for those who may not see people: an endpoint may answer with names."""
    return dataclasses.replace(view, answer="", is_cut=False)


def replay_url(endpoint_id: object, event: WebhookEvent) -> str:
    """Return where an event is sent to an endpoint again."""
    keys = [endpoint_id, event.event_id]
    return reverse("admin:partners_webhookendpoint_replay_event", args=keys)


def _page(
    endpoint: WebhookEndpoint, status: str, before: int | None
) -> tuple[list[WebhookDelivery], str]:
    """Return rows in an order that an index gives, and the query of the page after them."""
    rows: QuerySet[WebhookDelivery] = WebhookDelivery.objects.filter(
        endpoint=endpoint
    ).select_related("event", "endpoint")
    if status:
        rows = rows.filter(status=status)
    if status == DeliveryStatus.PENDING:
        # What goes next; of what comes long after nobody reads a second page.
        return list(rows.order_by("next_attempt_at", "id")[:_ON_A_PAGE]), ""
    key = "id" if status == DeliveryStatus.FAILED else "event_id"
    if before is not None:
        rows = rows.filter(**{f"{key}__lt": before})
    found = list(rows.order_by(f"-{key}")[: _ON_A_PAGE + 1])
    shown = found[:_ON_A_PAGE]
    if len(found) <= _ON_A_PAGE:
        return shown, ""
    follow = QueryDict(mutable=True)
    follow.update({"deliveries": status, "before": str(getattr(shown[-1], key))})
    return shown, follow.urlencode()


def _attempts_of(rows: Collection[WebhookDelivery]) -> Mapping[int, list[AttemptView]]:
    """Read the last attempts of deliveries, the latest first, with the beginning of each answer."""
    by_delivery: dict[int, list[AttemptView]] = defaultdict(list)
    for attempt in _last_attempts(rows):
        by_delivery[attempt.delivery_id].append(_view_attempt(attempt))
    return by_delivery


def _view_attempt(attempt: WebhookAttempt) -> AttemptView:
    beginning: str = attempt.beginning  # type: ignore[attr-defined]
    is_ours = bool(attempt.error)
    return AttemptView(
        attempt=attempt,
        outcome=outcome_in_words(attempt),
        is_success=200 <= (attempt.status_code or 0) < 300,
        took=took(attempt),
        answer="" if is_ours else beginning,
        is_cut=attempt.length > len(beginning),  # type: ignore[attr-defined]
        told=beginning if is_ours else "",
    )


def _last_attempts(rows: Collection[WebhookDelivery]) -> Iterable[WebhookAttempt]:
    if not rows:
        return ()
    attempts = WebhookAttempt.objects.filter(
        delivery__in=[row.pk for row in rows],
        number__gt=F("delivery__attempts") - _MOST_ATTEMPTS,
    )
    return _with_beginnings(attempts).order_by("delivery", "-number")


def _with_beginnings(attempts: QuerySet[WebhookAttempt]) -> QuerySet[WebhookAttempt]:
    return attempts.defer("answer").annotate(
        beginning=Substr("answer", 1, _SHOWN_CHARACTERS), length=Length("answer")
    )
