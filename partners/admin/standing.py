"""The ways from one status of a partner to another, and what each meets when it is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.admin.columns import moment
from channel_manager.lib.admin.confirmation import actor_of
from channel_manager.lib.admin.standing import Standing, StatusAction
from partners.admin.golive import read_golive
from partners.admin.selling import selling
from partners.models import EndpointStatus, Partner, PartnerStatus


def _run(
    transition: Callable[[Partner], object], event: str
) -> Callable[[HttpRequest, Partner, str], str]:
    def run(request: HttpRequest, partner: Partner, reason: str) -> str:
        change = Change(name=event, actor=actor_of(request), now=timezone.now(), reason=reason)
        runner.run(Partner.objects.filter(pk=partner.pk), transition, change=change)
        return f"{partner} is {event}."

    return run


def _met_by_an_end(request: HttpRequest, partner: Partner) -> Sequence[str]:
    """Tell what becomes of everything that the partner has begun: four statements."""
    begun = selling().read_underway(partner)
    may_see = request.user.has_perm("orders.view_order")
    first = moment(begun.first_draft_ends, partner.venue.zone)
    endpoints = partner.webhook_endpoints.exclude(status=EndpointStatus.OFF).count()

    def tell(count: int, noun: str, nouns: str, url: str, becomes: str) -> str:
        words = f"{count:,} {noun if count == 1 else nouns}"
        if not count:
            return f"{words}."
        if url and may_see:
            words = format_html('<a class="cm-link" href="{}">{}</a>', url, words)
        return format_html("{}: {}", words, becomes)

    return [
        tell(
            begun.in_flight,
            "order in flight",
            "orders in flight",
            begun.in_flight_url,
            "issued as ordered, and the partner is told.",
        ),
        tell(
            begun.drafts,
            "draft",
            "drafts",
            begun.drafts_url,
            "the partner cannot confirm any, staff can. Each is deleted when its time is over; the "
            f"first: {first}.",
        ),
        tell(
            begun.holds,
            "hold",
            "holds",
            begun.holds_url,
            "none becomes an order or is extended; the places go back when the time is over.",
        ),
        tell(
            endpoints,
            "webhook endpoint",
            "webhook endpoints",
            "",
            "told as before of what happens to its orders.",
        ),
    ]


def _ready(_request: HttpRequest, partner: Partner) -> Sequence[str]:
    """Tell which steps of the checklist are done: eight statements."""
    golive = read_golive(partner)
    done = [step.title for step in golive.before if step.proof]
    return [f"Done of the go-live checklist, {golive.in_words}: {'; '.join(done) or 'nothing'}."]


def _not_ready(_request: HttpRequest, partner: Partner) -> Sequence[str]:
    """Warn of the steps that nobody has seen yet; it may be activated all the same."""
    return [
        " ".join([f"Not done yet: {step.todo}", *([step.lack.text] if step.lack else [])])
        for step in read_golive(partner).before
        if not step.proof
    ]


STANDING = Standing(
    model=Partner,
    colours={
        PartnerStatus.ONBOARDING: "info",
        PartnerStatus.ACTIVE: "success",
        PartnerStatus.PAUSED: "warning",
        PartnerStatus.CLOSED: "",
    },
    meanings={
        PartnerStatus.ONBOARDING: "Being set up. Test keys work; live keys cannot create orders.",
        PartnerStatus.ACTIVE: "Sells. Its live keys create, replace and confirm orders.",
        PartnerStatus.PAUSED: "Cannot create orders. Reading and cancelling go on.",
        PartnerStatus.CLOSED: "Ended for good. Reading and cancelling go on.",
    },
    actions={
        "activate": StatusAction(
            label="Activate",
            icon="play_arrow",
            statuses=(PartnerStatus.ONBOARDING,),
            run=_run(Partner.activate, "activated"),
            effects=("The partner sells from now on: its live keys can create orders.",),
            about=_ready,
            cautions=_not_ready,
            look="primary",
        ),
        "resume": StatusAction(
            label="Resume",
            icon="play_arrow",
            statuses=(PartnerStatus.PAUSED,),
            run=_run(Partner.resume, "resumed"),
            effects=(
                "The partner sells again: its live and test keys can create orders.",
                "Drafts and holds that are still there can become orders again.",
            ),
            look="primary",
        ),
        "pause": StatusAction(
            label="Pause",
            icon="pause",
            statuses=(PartnerStatus.ACTIVE,),
            run=_run(Partner.pause, "paused"),
            effects=(
                "New orders, replacements and confirmations are refused with partner_not_active, "
                "those of test keys, too.",
                "Reading and cancelling go on. Orders that were sold stay valid.",
            ),
            about=_met_by_an_end,
            asks_why=True,
        ),
        "close": StatusAction(
            label="Close",
            icon="block",
            statuses=(PartnerStatus.ONBOARDING, PartnerStatus.ACTIVE, PartnerStatus.PAUSED),
            run=_run(Partner.close, "closed"),
            effects=(
                "The partnership ends for good; a closed partner cannot be opened again.",
                "New orders are refused. Orders that were sold stay valid and can be cancelled.",
                "Its API keys go on working for reading and cancelling until they are revoked.",
            ),
            about=_met_by_an_end,
            is_destructive=True,
        ),
    },
)
