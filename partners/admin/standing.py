"""The ways from one status of a partner to another."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.utils import timezone

from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.admin.confirmation import actor_of
from channel_manager.lib.admin.standing import Standing, StatusAction
from partners.models import Partner, PartnerStatus


def _run(
    transition: Callable[[Partner], object], event: str
) -> Callable[[HttpRequest, Partner, str], str]:
    def run(request: HttpRequest, partner: Partner, reason: str) -> str:
        change = Change(name=event, actor=actor_of(request), now=timezone.now(), reason=reason)
        runner.run(Partner.objects.filter(pk=partner.pk), transition, change=change)
        return f"{partner} is {event}."

    return run


STANDING = Standing(
    model=Partner,
    colours={
        PartnerStatus.ONBOARDING: "info",
        PartnerStatus.ACTIVE: "success",
        PartnerStatus.PAUSED: "warning",
        PartnerStatus.CLOSED: "",
    },
    meanings={
        PartnerStatus.ONBOARDING: "Being set up. Live keys cannot create orders yet.",
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
            is_primary=True,
        ),
        "resume": StatusAction(
            label="Resume",
            icon="play_arrow",
            statuses=(PartnerStatus.PAUSED,),
            run=_run(Partner.resume, "resumed"),
            effects=("The partner sells again: its live keys can create orders.",),
            is_primary=True,
        ),
        "pause": StatusAction(
            label="Pause",
            icon="pause",
            statuses=(PartnerStatus.ACTIVE,),
            run=_run(Partner.pause, "paused"),
            effects=(
                "New orders, replacements and confirmations are refused with partner_not_active.",
                "Reading and cancelling go on. Orders that were sold stay valid.",
            ),
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
            is_destructive=True,
        ),
    },
)
