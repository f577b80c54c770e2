"""The go-live checklist of a partner, computed from what really happened."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence

from django.db.models import Min
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from partners.admin.selling import Lack, Proof, ProofName, selling
from partners.models import (
    ApiKey,
    EventType,
    Milestone,
    MilestoneName,
    Partner,
    WebhookEndpoint,
    WebhookEvent,
)
from partners.webhooks.endpoints import ROTATION

_TOLD: Mapping[str, str] = {
    "duplicate_order": "A second one was refused with duplicate_order",
    "replayed": "A request that was sent again got its first answer",
    "sold_out": "Refused with sold_out",
    "seat_taken": "Refused with seat_taken",
    "unknown_item": "Refused with unknown_item",
    "Error": "An order in Error was fetched",
    "Cancelled": "Cancelled by the partner",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """One line of the checklist: done, with its proof, or what there is to do.

    docs: the section of the documentation that says how.
    """

    title: str
    todo: str
    docs: str
    proof: Proof | None = None
    lack: Lack | None = None


@dataclasses.dataclass(frozen=True)
class GoLive:
    """What a partner does before it sells, and its first sale."""

    before: Sequence[Step]
    after: Step

    @property
    def steps(self) -> Sequence[Step]:
        """Return all lines in their order."""
        return [*self.before, self.after]

    @property
    def done(self) -> int:
        """Return how many of the steps before going live are done."""
        return sum(step.proof is not None for step in self.before)

    @property
    def in_words(self) -> str:
        """Return how far it is, such as 3 of 8."""
        return f"{self.done} of {len(self.before)}"

    @property
    def next_step(self) -> Step | None:
        """Return the first step that is not done."""
        return next((step for step in self.steps if step.proof is None), None)


def read_golive(partner: Partner) -> GoLive:
    """Look for the proof of each step: eight statements at most, whatever it has sold."""
    keys = list(ApiKey.objects.filter(partner=partner, dialect="").order_by("created_at", "pk"))
    endpoints = list(partner.webhook_endpoints.order_by("created_at", "id"))
    orders = selling().read_proofs(partner)
    return GoLive(
        before=[
            _of_keys(keys, "test"),
            *_tries(orders, {row.name: row for row in _milestones(partner)}),
            Step(
                title="A webhook endpoint answered",
                todo="The partner sets up an endpoint that answers events with a 2xx.",
                docs="/docs/webhooks#endpoint",
                proof=_answered(endpoints),
            ),
            Step(
                title="Its webhooks were tried: a test event sent, or its secret changed",
                todo="Send the endpoint a test event, or have the partner do so.",
                docs="/docs/webhooks#try",
                proof=_tried(endpoints),
            ),
            _of_orders(
                orders,
                "mapping",
                title="What it sells is mapped",
                todo="Map the partner's item numbers to packages.",
                docs="/docs#unknown-items",
            ),
            _of_keys(keys, "live"),
        ],
        after=_of_orders(
            orders,
            "live_order",
            title="A live order was issued",
            todo="The partner, once it is active, sends an order with its live key that is issued.",
            docs="/docs#start",
        ),
    )


def _tries(
    orders: Mapping[ProofName, Proof | Lack], seen: Mapping[str, Milestone]
) -> Sequence[Step]:
    """Return the steps that the partner's developer takes with orders."""
    return (
        _of_orders(
            orders,
            "test_order",
            title="A test order was issued",
            todo="The partner sends an order with its test key that is issued.",
            docs="/docs#testing",
        ),
        Step(
            title="A repeated order was not taken twice",
            todo="The partner sends the same order a second time.",
            docs="/docs#repeating",
            proof=_of_milestone(seen.get(MilestoneName.REPEAT_ANSWERED)),
        ),
        Step(
            title="An order was cancelled",
            todo="The partner cancels one of its orders.",
            docs="/docs#changing",
            proof=_of_milestone(seen.get(MilestoneName.ORDER_CANCELLED)),
        ),
        _of_orders(
            orders,
            "trouble",
            title="An order was sold out, or its item unknown",
            todo="The partner orders the test item TEST-SOLD-OUT, or TEST-UNMAPPED.",
            docs="/docs#magic",
            instead=_of_milestone(seen.get(MilestoneName.TROUBLE_ANSWERED)),
        ),
    )


def seen_by(request: HttpRequest, proof: Proof | Lack | None) -> str:
    """Return where a proof can be looked at, nothing for somebody who may not."""
    if proof is None or (proof.permission and not request.user.has_perm(proof.permission)):
        return ""
    return proof.url


def _of_orders(
    orders: Mapping[ProofName, Proof | Lack],
    name: ProofName,
    *,
    title: str,
    todo: str,
    docs: str,
    instead: Proof | None = None,
) -> Step:
    """Return the step that orders are the proof of; instead: what else proves it."""
    found = orders.get(name)
    proof = instead or (found if isinstance(found, Proof) else None)
    lack = found if isinstance(found, Lack) and proof is None else None
    return Step(title=title, todo=todo, docs=docs, proof=proof, lack=lack)


def _of_keys(keys: Sequence[ApiKey], mode: str) -> Step:
    """Return the step that a key of a mode is the proof of, as long as one works."""
    now, made = timezone.now(), [key for key in keys if key.test_mode == (mode == "test")]
    working = [key for key in made if key.is_usable(now)]
    proof = lack = None
    if working:
        first = working[0]
        proof = Proof(text=f"{first.name or 'Without a name'} ({first})", at=first.created_at)
    elif made:
        lack = Lack(text="It had one that works no more.")
    return Step(
        title=f"It has a {mode} key",
        todo=f"Make a {mode} key and hand it over.",
        docs="/docs#keys",
        proof=proof,
        lack=lack,
    )


def _milestones(partner: Partner) -> list[Milestone]:
    """Return what was seen in either mode, what was first last."""
    return list(Milestone.objects.filter(partner=partner).order_by("-at", "-pk"))


def _of_milestone(row: Milestone | None) -> Proof | None:
    if row is None:
        return None
    url = reverse("admin:orders_order_change", args=[row.order_id]) if row.order_id else ""
    text = _TOLD.get(row.told, row.told)
    return Proof(text=text, at=row.at, url=url, permission="orders.view_order")


def _answered(endpoints: Sequence[WebhookEndpoint]) -> Proof | None:
    """Return when an endpoint last answered well; which time was the first is forgotten."""
    answered = [row for row in endpoints if row.last_success_at]
    if not answered:
        return None
    return _at_endpoint(answered[0], f"{answered[0]} answered last", answered[0].last_success_at)


def _tried(endpoints: Sequence[WebhookEndpoint]) -> Proof | None:
    """Return the first test event, or when a secret was last changed."""
    tests = WebhookEvent.objects.filter(endpoint__in=endpoints, type=EventType.TEST)
    sent = dict(tests.order_by().values_list("endpoint").annotate(Min("at")))
    for row in endpoints:
        if row.pk in sent:
            return _at_endpoint(row, f"A test event was sent to {row}", sent[row.pk])
    for row in endpoints:
        if row.old_secret_until is not None:
            return _at_endpoint(row, f"New secret of {row}", row.old_secret_until - ROTATION)
    return None


def _at_endpoint(row: WebhookEndpoint, text: str, at: datetime.datetime | None) -> Proof:
    url = reverse("admin:partners_webhookendpoint_change", args=[row.pk])
    return Proof(text=text, at=at, url=url, permission="partners.view_webhookendpoint")
