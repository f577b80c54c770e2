"""One attempt: sent outside any transaction, its outcome written down, the next one decided."""

from __future__ import annotations

import dataclasses
import datetime
import email.utils
import logging
from collections.abc import Callable

from django.db import close_old_connections, transaction

from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from channel_manager.lib import http
from channel_manager.lib.database import DATABASE_AWAY
from channel_manager.lib.http import Answer, NotAnswered
from partners.models import (
    DeliveryStatus,
    EndpointStatus,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from partners.webhooks import dispatching
from partners.webhooks.payload import body_of
from partners.webhooks.schedule import MOST_PATIENCE, draw_jitter, wait_before
from partners.webhooks.signing import signed_headers

SECONDS = 15.0
KEPT_BYTES = 2048
_TRIES_TO_CONCLUDE = 3
_GONE, _TOO_MANY, _UNAVAILABLE = 410, 429, 503
_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an attempt ended: an answer with a status, or why there was none."""

    status_code: int | None = None
    error: str = ""
    text: str = ""
    retry_after: datetime.timedelta | None = None

    @property
    def is_success(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300

    @property
    def in_words(self) -> str:
        """Say in a few words what went wrong."""
        return self.text if self.status_code is None else f"It answered {self.status_code}."


def deliver(*, delivery_id: int, attempt: int, clock: Callable[[], datetime.datetime]) -> None:
    """Make the attempt that was claimed, and write its outcome down.

    An attempt that somebody else has ended, or whose endpoint is no longer active, is not made.
    """
    found = _claimed(delivery_id, attempt)
    if found is None:
        return
    started = clock()
    try:
        outcome = _send(found, started)
    except Exception:
        _log.exception("Attempt %s of webhook delivery %s failed", attempt, delivery_id)
        outcome = Outcome(error="internal", text="It could not be sent for a reason of ours.")
    for tries_left in reversed(range(_TRIES_TO_CONCLUDE)):
        try:
            _conclude(found, outcome, started=started, now=clock())
        except DATABASE_AWAY:
            # What was sent would be sent again: a busy row is waited for once more.
            if not tries_left:
                raise
            close_old_connections()
        else:
            return


def _claimed(delivery_id: int, attempt: int) -> WebhookDelivery | None:
    rows = WebhookDelivery.objects.select_related("event", "endpoint")
    return rows.filter(pk=delivery_id, status=DeliveryStatus.SENDING, attempts=attempt).first()


def _send(delivery: WebhookDelivery, now: datetime.datetime) -> Outcome:
    """Sign and send; nothing is open in the database meanwhile."""
    endpoint, event = delivery.endpoint, delivery.event
    if endpoint.status != EndpointStatus.ACTIVE:
        return Outcome(error="not_active", text="The endpoint was not active any more.")
    body = body_of(event)
    headers = signed_headers(
        event_id=event.public_id, body=body, secret_list=endpoint.secrets_at(now), now=now
    )
    try:
        answer = http.post(
            endpoint.url,
            body=body.encode(),
            headers={"Content-Type": "application/json", **headers},
            seconds=SECONDS,
            keep_bytes=KEPT_BYTES,
        )
    except NotAnswered as refusal:
        return Outcome(error=refusal.code, text=str(refusal))
    return Outcome(
        status_code=answer.status_code,
        text=answer.body.decode(errors="replace").replace("\x00", ""),
        retry_after=_retry_after(answer, now),
    )


def _retry_after(answer: Answer, now: datetime.datetime) -> datetime.timedelta | None:
    """Return how long an answer asks us to wait, in seconds or until a date; at most a day."""
    if answer.status_code not in (_TOO_MANY, _UNAVAILABLE):
        return None
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(datetime.timedelta(seconds=int(text[:6])), MOST_PATIENCE)
    try:
        until = email.utils.parsedate_to_datetime(text)
        wait = until.replace(tzinfo=until.tzinfo or datetime.UTC) - now
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(wait, datetime.timedelta()), MOST_PATIENCE)


def _conclude(
    delivery: WebhookDelivery,
    outcome: Outcome,
    *,
    started: datetime.datetime,
    now: datetime.datetime,
) -> None:
    """Write the outcome down and let the endpoint's next delivery go."""
    with transaction.atomic():
        (endpoint,) = runner.lock(WebhookEndpoint.objects.filter(pk=delivery.endpoint_id)) or (
            None,
        )
        mine = WebhookDelivery.objects.filter(
            pk=delivery.pk, status=DeliveryStatus.SENDING, attempts=delivery.attempts
        )
        locked = runner.lock(mine)
        if endpoint is None or not locked:
            return
        WebhookAttempt.objects.filter(delivery=delivery, number=delivery.attempts).update(
            started_at=started,
            duration_ms=max(0, int((now - started).total_seconds() * 1000)),
            status_code=outcome.status_code,
            error=outcome.error,
            answer=outcome.text,
        )
        _decide(locked[0], endpoint, outcome, now)
        dispatching.dispatch_next(endpoint=endpoint, now=now)


def _decide(
    delivery: WebhookDelivery, endpoint: WebhookEndpoint, outcome: Outcome, now: datetime.datetime
) -> None:
    """Settle a locked delivery of a locked endpoint, or have it tried again."""
    delivery.claimed_until = None
    if outcome.error == "not_active":
        delivery.step -= 1
        _wait_until(delivery, now)
    elif outcome.is_success:
        _end(delivery, DeliveryStatus.DELIVERED, now)
        _recover(endpoint, now)
    elif outcome.status_code == _GONE:
        _end(delivery, DeliveryStatus.FAILED, now)
        _note_failure(endpoint, outcome, now)
        _switch_off(endpoint, now)
    else:
        _note_failure(endpoint, outcome, now)
        wait = wait_before(delivery.step, jitter=draw_jitter())
        if wait is None:
            _end(delivery, DeliveryStatus.FAILED, now)
            _pause_if_dead(endpoint, delivery, outcome, now)
        else:
            _wait_until(delivery, now + max(wait, outcome.retry_after or wait))


def _end(delivery: WebhookDelivery, status: DeliveryStatus, now: datetime.datetime) -> None:
    delivery.status = status
    delivery.ended_at = now
    delivery.save(update_fields=["status", "claimed_until", "ended_at"])


def _wait_until(delivery: WebhookDelivery, moment: datetime.datetime) -> None:
    delivery.status = DeliveryStatus.PENDING
    delivery.next_attempt_at = moment
    delivery.save(update_fields=["status", "claimed_until", "next_attempt_at", "step"])


def _recover(endpoint: WebhookEndpoint, now: datetime.datetime) -> None:
    """Note that the endpoint answers; what waited for it to come back goes at once.

    Not what it refused while it took others: that keeps to the schedule.
    """
    if endpoint.failing_since is not None:
        waiting = WebhookDelivery.objects.filter(
            endpoint=endpoint, status=DeliveryStatus.PENDING, next_attempt_at__gt=now
        )
        if endpoint.last_success_at is not None:
            waiting = waiting.filter(begun_at__gt=endpoint.last_success_at)
        waiting.update(next_attempt_at=now)
    endpoint.failing_since = None
    endpoint.last_success_at = now
    endpoint.save(update_fields=["failing_since", "last_success_at"])


def _note_failure(endpoint: WebhookEndpoint, outcome: Outcome, now: datetime.datetime) -> None:
    endpoint.failing_since = endpoint.failing_since or now
    if outcome.retry_after is not None:
        asked = now + outcome.retry_after
        endpoint.not_before = max(asked, endpoint.not_before or asked)
    endpoint.save(update_fields=["failing_since", "not_before"])


def _switch_off(endpoint: WebhookEndpoint, now: datetime.datetime) -> None:
    if endpoint.status == EndpointStatus.OFF:
        return
    reason = "It answered 410 Gone: nothing is to be sent there any more."
    change = Change(name="switched_off", actor=WORKER, now=now, reason=reason)
    runner.apply_to([endpoint], lambda row: row.switch_off(now=now, reason=reason), change=change)
    _log.error("Webhook endpoint %s was switched off: it answered 410", endpoint.pk)


def _pause_if_dead(
    endpoint: WebhookEndpoint, delivery: WebhookDelivery, outcome: Outcome, now: datetime.datetime
) -> None:
    """Pause an endpoint that took nothing at all while a whole schedule passed."""
    took_others = (
        endpoint.last_success_at is not None
        and delivery.begun_at is not None
        and endpoint.last_success_at >= delivery.begun_at
    )
    if took_others or endpoint.status != EndpointStatus.ACTIVE:
        return
    reason = f"It took nothing for three days. Last: {outcome.in_words}"[:200]
    change = Change(name="paused", actor=WORKER, now=now, reason=reason)
    runner.apply_to([endpoint], lambda row: row.pause(now=now, reason=reason), change=change)
    _log.error("Webhook endpoint %s was paused: it took nothing for three days", endpoint.pk)
