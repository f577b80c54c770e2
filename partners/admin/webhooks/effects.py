"""What each button of an endpoint does, in sentences that are read before it is pressed."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from channel_manager.lib.admin.columns import moment
from partners.models import EndpointStatus, WebhookEndpoint
from partners.webhooks.replaying import MOST_REPLAYED
from partners.webhooks.watching import Backlog

_REPEATED = "What it has had already comes again with the same eventId, by which it can be told."


def of_pausing(endpoint: WebhookEndpoint, backlog: Backlog) -> Sequence[str]:
    """Tell what pausing does."""
    return (
        f"Nothing is sent to {endpoint.partner} here until it is resumed.",
        f"Events wait meanwhile; none is lost. {_waiting(backlog)}",
    )


def of_resuming(endpoint: WebhookEndpoint, backlog: Backlog) -> Sequence[str]:
    """Tell what resuming does, and how many wait."""
    told = [
        "Sending begins again at once, the oldest first.",
        _waiting(backlog)
        if backlog.waiting
        else "No event waits: only what happens from now on is sent.",
    ]
    if endpoint.status == EndpointStatus.OFF:
        told.append(
            "What happened while it was off was not kept for it: replay that period afterwards."
        )
    elif backlog.failed:
        told.append(
            f"The {backlog.failed_in_words} that failed for good stay so until they are replayed."
        )
    return told


def of_switching_off(endpoint: WebhookEndpoint, backlog: Backlog) -> Sequence[str]:
    """Tell what switching off does."""
    return (
        "Nothing is sent here any more, and what happens from now on is not kept for it.",
        f"What waits stays, and is sent if it is resumed. {_waiting(backlog)}",
        f"{endpoint.partner} can still read every event in the feed. To let events wait, pause it.",
    )


def of_testing(endpoint: WebhookEndpoint, backlog: Backlog) -> Sequence[str]:
    """Tell what a test event is."""
    return (
        f"An event of the type ota_cm_test is sent to {endpoint.url} within seconds, signed as "
        "every other.",
        "It names no order, and is not in the feed. What was answered stands below, in Deliveries.",
    )


def of_rotating(endpoint: WebhookEndpoint, backlog: Backlog) -> Sequence[str]:
    """Tell what becomes of the old secret."""
    told = [
        "A new secret is made and shown once, on the next page.",
        "For 24 hours every event is signed with both: the partner has that long to change over.",
    ]
    ends = endpoint.old_secret_until
    if ends is not None and ends > timezone.now():
        told.append(
            "There was a new secret lately: the one before it, which is valid until "
            f"{moment(ends, endpoint.partner.venue.zone)}, signs no more from now on."
        )
    return told


def of_deleting(endpoint: WebhookEndpoint, backlog: Backlog) -> Sequence[str]:
    """Tell what is lost."""
    told = [
        f"{endpoint.partner} is told nothing here any more. Its deliveries and their attempts are "
        "removed for good.",
        "The events stay in the feed, and can be replayed to another endpoint.",
    ]
    if backlog.waiting:
        told.insert(1, f"{_waiting(backlog)} Whatever waits is not sent any more.")
    return told


def of_replaying_failed(endpoint: WebhookEndpoint, backlog: Backlog) -> Sequence[str]:
    """Tell how many failed, and what becomes of them."""
    is_one = backlog.failed == 1
    return (
        f"{backlog.failed_in_words.capitalize()} event{'' if is_one else 's'} "
        f"{'was' if is_one else 'were'} given up after the last attempt; each begins its schedule "
        f"anew, the oldest {MOST_REPLAYED:,} at most.",
        *_when_paused(endpoint),
    )


def of_replaying_a_period(endpoint: WebhookEndpoint, backlog: Backlog) -> Sequence[str]:
    """Tell which events of a period are sent."""
    return (
        "Every event of this period that the endpoint is told of is sent, also what was delivered "
        f"or came while it was off; {MOST_REPLAYED:,} at most.",
        _REPEATED,
        *_when_paused(endpoint),
    )


def _when_paused(endpoint: WebhookEndpoint) -> tuple[str, ...]:
    is_paused = endpoint.status == EndpointStatus.PAUSED
    return ("The endpoint is paused: they wait until it is resumed.",) if is_paused else ()


def _waiting(backlog: Backlog) -> str:
    if not backlog.waiting:
        return "None waits now."
    return f"{backlog.waiting_in_words.capitalize()} wait{'s' if backlog.waiting == 1 else ''} now."
