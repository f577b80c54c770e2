"""Managing a partner's endpoints: where they are, what they want, their secret, their state."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import uuid
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django_fsm import TransitionNotAllowed

from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib import http
from channel_manager.lib.errors import ErrorCode, Fault, InvalidRequest, NotFound, Refusal
from channel_manager.lib.moments import in_utc
from channel_manager.lib.sealing import seal
from partners.account import Account
from partners.models import (
    MAX_URL_LENGTH,
    DeliveryStatus,
    EndpointStatus,
    Partner,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from partners.webhooks import dispatching
from partners.webhooks.recording import record_test
from partners.webhooks.signing import new_secret

# Enough for every system a partner has; each event is sent to each.
MOST_ENDPOINTS = 20
ROTATION = datetime.timedelta(hours=24)


class TooManyEndpoints(Refusal):
    """The partner has as many endpoints of this mode as it may have."""

    code = ErrorCode.TOO_MANY_ENDPOINTS


class EndpointStateConflict(Refusal):
    """The endpoint's status does not allow this."""

    code = ErrorCode.ENDPOINT_STATE_CONFLICT


def create_endpoint(
    *,
    account: Account,
    url: str,
    description: str = "",
    event_types: Sequence[str] = (),
    actor: str,
    now: datetime.datetime,
) -> tuple[WebhookEndpoint, str]:
    """Make an endpoint and return it with its secret, which is shown this once.

    event_types: none are all. Raises InvalidRequest for a URL that is never sent to,
    TooManyEndpoints.
    """
    url = sendable(url)
    secret = new_secret()
    endpoint = WebhookEndpoint(
        partner=account.partner,
        test_mode=account.test_mode,
        url=url,
        description=description,
        event_types=list(event_types),
        sealed_secret=seal(secret),
        status_since=now,
        created_at=now,
        updated_at=now,
    )
    with transaction.atomic():
        runner.lock(Partner.objects.filter(pk=account.partner.pk))
        mine = WebhookEndpoint.objects.filter(partner=account.partner, test_mode=account.test_mode)
        if mine.count() >= MOST_ENDPOINTS:
            raise TooManyEndpoints(
                f"There are {MOST_ENDPOINTS} endpoints already; delete one first."
            )
        endpoint.save(force_insert=True)
        _record(endpoint, "created", actor, now)
    return endpoint, secret


def update_endpoint(
    *,
    endpoints: QuerySet[WebhookEndpoint],
    endpoint_id: uuid.UUID,
    url: str,
    description: str,
    event_types: Sequence[str],
    actor: str,
    now: datetime.datetime,
) -> WebhookEndpoint:
    """Change where an endpoint is and what it wants. Raises NotFound, InvalidRequest."""
    url = sendable(url)
    with transaction.atomic():
        endpoint = lock_endpoint(endpoints, endpoint_id)
        endpoint.url, endpoint.description = url, description
        endpoint.event_types = list(event_types)
        endpoint.updated_at = now
        endpoint.save(update_fields=["url", "description", "event_types", "updated_at"])
        _record(endpoint, "changed", actor, now)
    return endpoint


def rotate_secret(
    *,
    endpoints: QuerySet[WebhookEndpoint],
    endpoint_id: uuid.UUID,
    actor: str,
    now: datetime.datetime,
) -> tuple[WebhookEndpoint, str]:
    """Give an endpoint a new secret and return it, shown this once; the old one signs for 24 hours.

    Raises NotFound, and EndpointStateConflict within those: a third secret would end the one that
    is in use.
    """
    secret = new_secret()
    with transaction.atomic():
        endpoint = lock_endpoint(endpoints, endpoint_id)
        if endpoint.old_secret_until is not None and now < endpoint.old_secret_until:
            raise conflict(
                endpoint,
                "its secret was rotated less than 24 hours ago, and the one before is still valid "
                f"until {in_utc(endpoint.old_secret_until)}",
            )
        endpoint.sealed_old_secret = endpoint.sealed_secret
        endpoint.sealed_secret = seal(secret)
        endpoint.old_secret_until = now + ROTATION
        endpoint.updated_at = now
        fields = ["sealed_old_secret", "sealed_secret", "old_secret_until", "updated_at"]
        endpoint.save(update_fields=fields)
        _record(endpoint, "secret_rotated", actor, now)
    return endpoint, secret


def pause_endpoint(
    *,
    endpoints: QuerySet[WebhookEndpoint],
    endpoint_id: uuid.UUID,
    reason: str,
    actor: str,
    now: datetime.datetime,
) -> WebhookEndpoint:
    """Let an endpoint's events wait. Raises NotFound, EndpointStateConflict."""
    return _move(
        endpoints,
        endpoint_id,
        lambda row: row.pause(now=now, reason=reason),
        Change(name="paused", actor=actor, now=now, reason=reason),
        "it cannot be paused",
    )


def switch_off_endpoint(
    *,
    endpoints: QuerySet[WebhookEndpoint],
    endpoint_id: uuid.UUID,
    reason: str,
    actor: str,
    now: datetime.datetime,
) -> WebhookEndpoint:
    """Keep nothing new for an endpoint. Raises NotFound, EndpointStateConflict."""
    return _move(
        endpoints,
        endpoint_id,
        lambda row: row.switch_off(now=now, reason=reason),
        Change(name="switched_off", actor=actor, now=now, reason=reason),
        "it cannot be switched off",
    )


def resume_endpoint(
    *,
    endpoints: QuerySet[WebhookEndpoint],
    endpoint_id: uuid.UUID,
    actor: str,
    now: datetime.datetime,
    reason: str = "",
) -> WebhookEndpoint:
    """Send again; what has waited goes out at once, on a schedule of its own.

    Raises NotFound, EndpointStateConflict.
    """
    with transaction.atomic():
        endpoint = _move(
            endpoints,
            endpoint_id,
            lambda row: row.resume(now=now),
            Change(name="resumed", actor=actor, now=now, reason=reason),
            "it cannot be resumed",
        )
        waiting = WebhookDelivery.objects.filter(endpoint=endpoint, status=DeliveryStatus.PENDING)
        # Most were never tried and are due: millions of rows need no change.
        waiting.filter(Q(step__gt=0) | Q(next_attempt_at__gt=now)).update(
            next_attempt_at=now, step=0
        )
        dispatching.dispatch_next(endpoint=endpoint, now=now)
    return endpoint


def delete_endpoint(
    *,
    endpoints: QuerySet[WebhookEndpoint],
    endpoint_id: uuid.UUID,
    actor: str,
    now: datetime.datetime,
) -> None:
    """Remove an endpoint with its deliveries; the events stay in the feed. Raises NotFound."""
    with transaction.atomic():
        endpoint = lock_endpoint(endpoints, endpoint_id)
        _record(endpoint, "deleted", actor, now)
        _forget(endpoint)
        endpoint.delete()


def _forget(endpoint: WebhookEndpoint) -> None:
    """Delete what was sent to an endpoint: millions of rows, one statement for each kind."""
    ours = WebhookDelivery.objects.filter(endpoint=endpoint)
    for rows in (WebhookAttempt.objects.filter(delivery__in=ours), ours):
        rows._raw_delete(rows.db)


def send_test(
    *, endpoints: QuerySet[WebhookEndpoint], endpoint_id: uuid.UUID, now: datetime.datetime
) -> WebhookEvent:
    """Send an endpoint a test event. Raises NotFound, EndpointStateConflict unless it is Active."""
    with transaction.atomic():
        endpoint = lock_endpoint(endpoints, endpoint_id)
        if endpoint.status != EndpointStatus.ACTIVE:
            raise conflict(endpoint, "resume it before a test event is sent")
        return record_test(endpoint=endpoint, now=now)


def lock_endpoint(endpoints: QuerySet[WebhookEndpoint], endpoint_id: uuid.UUID) -> WebhookEndpoint:
    """Lock one of these endpoints, its partner at hand; raises NotFound."""
    rows = runner.lock(endpoints.filter(pk=endpoint_id).select_related("partner"))
    if not rows:
        raise no_such_endpoint()
    return rows[0]


def no_such_endpoint() -> NotFound:
    """Return the refusal for an id that names none of the caller's endpoints."""
    return NotFound("There is no webhook endpoint with this id.")


def sendable(url: str) -> str:
    """Return a URL with its scheme in lower case; raises InvalidRequest if nothing is sent there.

    Its host is not looked up. https, or http to this host where the settings allow it; no
    credentials, no fragment, no address that is not public, however it is written.
    """
    if fault := _fault_of(url):
        raise InvalidRequest([Fault("/url", "unusable_url", fault)])
    scheme, rest = url.split(":", 1)
    return f"{scheme.lower()}:{rest}"


def _fault_of(url: str) -> str:
    if len(url) > MAX_URL_LENGTH:
        return f"Must have at most {MAX_URL_LENGTH} characters."
    if not url.isascii() or not url.isprintable() or " " in url:
        return (
            "Must be ASCII without blanks; write other characters percent-encoded or in punycode."
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "Must be an absolute URL such as https://shop.example/webhooks."
    if parts.scheme not in ("https", "http") or not host:
        return "Must be an absolute URL such as https://shop.example/webhooks."
    if port == 0:
        return "Names a port that does not exist."
    if parts.username is not None or parts.password is not None:
        return "Must not carry a user name or password."
    if parts.fragment:
        return "Must not have a fragment (#)."
    address = _as_address(host)
    if address is not None and not http.is_allowed(address):
        return "Its address is not a public one."
    if parts.scheme == "http" and not _is_our_host(host, address):
        return "Must begin with https://."
    return ""


def _as_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        # As the system reads it: 10.1, 0x0a000001, 167772161.
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _is_our_host(host: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    """Tell whether a URL points at this machine, and may."""
    is_loopback = host == "localhost" or (address is not None and address.is_loopback)
    return is_loopback and bool(settings.OUTBOUND_ALLOW_LOOPBACK)


def _move(
    endpoints: QuerySet[WebhookEndpoint],
    endpoint_id: uuid.UUID,
    transition: Callable[[WebhookEndpoint], object],
    change: Change,
    otherwise: str,
) -> WebhookEndpoint:
    with transaction.atomic():
        endpoint = lock_endpoint(endpoints, endpoint_id)
        try:
            runner.apply_to([endpoint], transition, change=change)
        except TransitionNotAllowed:
            raise conflict(endpoint, otherwise) from None
    return endpoint


def conflict(endpoint: WebhookEndpoint, consequence: str) -> EndpointStateConflict:
    """Return the refusal of what an endpoint's status does not allow."""
    return EndpointStateConflict(
        f"The endpoint is {endpoint.status}; {consequence}.",
        members={"currentStatus": endpoint.status},
    )


def _record(endpoint: WebhookEndpoint, name: str, actor: str, now: datetime.datetime) -> None:
    change = Change(name=name, actor=actor, now=now, data={"partnerId": str(endpoint.partner_id)})
    runner.note(endpoint, change=change)
