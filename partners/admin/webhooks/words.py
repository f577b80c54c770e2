"""The words and colours of webhooks in the admin."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from channel_manager.lib.admin import columns
from partners.models import (
    DeliveryStatus,
    EndpointStatus,
    EventType,
    WebhookAttempt,
    WebhookEndpoint,
)
from partners.timeline import Look

ENDPOINT_COLOURS: Mapping[str, str] = {
    EndpointStatus.ACTIVE: "success",
    EndpointStatus.PAUSED: "warning",
    EndpointStatus.OFF: "",
}
_MEANINGS: Mapping[str, str] = {
    EndpointStatus.ACTIVE: "What happens to the partner's orders is sent as it happens.",
    EndpointStatus.PAUSED: "Nothing is sent. Events wait until it is resumed.",
    EndpointStatus.OFF: "Nothing is sent, and nothing new is kept for it.",
}
# As staff read a delivery's status, with its colour.
DELIVERY_LOOKS: Mapping[str, tuple[str, str]] = {
    DeliveryStatus.PENDING: ("Waiting", "info"),
    DeliveryStatus.SENDING: ("Being sent", "info"),
    DeliveryStatus.DELIVERED: ("Delivered", "success"),
    DeliveryStatus.FAILED: ("Failed", "danger"),
}
LOOKS: Mapping[str, Look] = {
    "created": Look("Set up", "add_link"),
    "changed": Look("Changed", "edit"),
    "secret_rotated": Look("New secret", "key"),
    "paused": Look("Paused", "pause", "warning"),
    "switched_off": Look("Switched off", "block", "danger"),
    "resumed": Look("Resumed", "play_arrow", "success"),
    "replayed": Look("Events replayed", "replay"),
    "deleted": Look("Deleted", "delete", "danger"),
}
_ERRORS: Mapping[str, str] = {
    "refused_address": "Refused: not a public address",
    "timed_out": "No answer in time",
    "tls_failed": "TLS failed",
    "unknown_host": "Unknown host name",
    "unusable_url": "Unusable address",
    "connection_failed": "Connection failed",
    "not_active": "Not sent: the endpoint was stopped",
}


def mode_of(endpoint: WebhookEndpoint) -> tuple[str, str]:
    """Return whether an endpoint hears of live or of test orders, with the badge's colour."""
    return ("Test", "info") if endpoint.test_mode else ("Live", "")


def state_of(endpoint: WebhookEndpoint) -> tuple[str, str]:
    """Return the status as a word with its colour; Failing for one that takes nothing."""
    if endpoint.status == EndpointStatus.ACTIVE and endpoint.failing_since:
        return "Failing", "danger"
    return endpoint.status, ENDPOINT_COLOURS[endpoint.status]


def meaning_of(endpoint: WebhookEndpoint) -> str:
    """Return what its status means for what is sent."""
    if endpoint.status == EndpointStatus.ACTIVE and endpoint.failing_since:
        since = columns.moment(endpoint.failing_since, endpoint.partner.venue.zone)
        return (
            f"It has taken nothing since {since}. One event at a time is tried, at longer and "
            "longer intervals; as soon as one is taken, all that waits follows."
        )
    return _MEANINGS[endpoint.status]


def types_in_words(endpoint: WebhookEndpoint) -> str:
    """Return what an endpoint is told of."""
    labels = [str(EventType(name).label) for name in endpoint.event_types]
    return ", ".join(labels) or "Everything"


def outcome_in_words(attempt: WebhookAttempt) -> str:
    """Return how an attempt ended, such as 503 Service Unavailable, or No answer in time."""
    if attempt.status_code is not None:
        return f"{attempt.status_code} {_phrase(attempt.status_code)}".strip()
    if attempt.error:
        return _ERRORS.get(attempt.error, attempt.error.replace("_", " ").capitalize())
    return "No outcome yet"


def took(attempt: WebhookAttempt) -> str:
    """Return how long an attempt took, such as 340 ms or 15.0 s."""
    milliseconds = attempt.duration_ms
    if milliseconds is None:
        return columns.EMPTY
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def _phrase(status_code: int) -> str:
    try:
        return HTTPStatus(status_code).phrase
    except ValueError:
        return ""
