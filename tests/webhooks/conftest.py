"""A partner with a receiver and an endpoint, and a clock that can be moved."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from channel_manager.lib.sealing import seal
from partners.models import EventType, Partner, WebhookEndpoint
from partners.webhooks import delivering, publishing
from partners.webhooks.dispatching import DELIVER_TASK
from partners.webhooks.recording import NewEvent, record_events
from partners.webhooks.signing import new_secret
from tests.fakes.receiver import Receiver, running_receiver

START = datetime.datetime(2027, 3, 1, 9, tzinfo=datetime.UTC)


@pytest.fixture
def receiver(settings: object) -> Iterator[Receiver]:
    """The partner's receiver; it answers 204 until it is told otherwise."""
    settings.OUTBOUND_ALLOW_LOOPBACK = True  # type: ignore[attr-defined]
    with running_receiver() as running:
        yield running


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime.datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        self.now += datetime.timedelta(**duration)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def make_endpoint(partner: Partner, url: str, **columns: object) -> WebhookEndpoint:
    """Make an endpoint; its secret can be read back with `secrets_at`."""
    return WebhookEndpoint.objects.create(
        partner=partner,
        url=url,
        sealed_secret=seal(new_secret()),
        status_since=START,
        created_at=START - datetime.timedelta(days=365 * 30),
        updated_at=START,
        **columns,
    )


def record(partner: Partner, name: str = "it", **columns: Any) -> None:
    """Let something be told of one of a partner's live orders."""
    asked: dict[str, Any] = {
        "event_type": EventType.PROCESSED,
        "partner_id": partner.pk,
        "test_mode": False,
        "order_id": None,
        "data": {"name": name},
        "now": START,
        **columns,
    }
    now = asked.pop("now")
    record_events([NewEvent(**asked)], now=now)


@pytest.fixture
def endpoint(partner: Partner, receiver: Receiver) -> WebhookEndpoint:
    """Our partner's endpoint at the receiver."""
    return make_endpoint(partner, receiver.url)


class Sender:
    """Does what the sending worker does, one job after another, by the test's clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def publish(self) -> None:
        publishing.publish_events(now=self.clock())

    def run_jobs(self) -> int:
        """Make every attempt that was claimed; return how many there were."""
        made = 0
        while jobs := self._take_jobs():
            for args in jobs:
                made += 1
                delivering.deliver(
                    delivery_id=int(args["delivery_id"]),
                    attempt=int(args["attempt"]),
                    clock=self.clock,
                )
        return made

    def _take_jobs(self) -> list[dict[str, str]]:
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM procrastinate_jobs WHERE task_name = %s RETURNING id, args::text",
                [DELIVER_TASK],
            )
            return [json.loads(args) for _id, args in sorted(cursor.fetchall())]

    def tick(self) -> int:
        """Do everything that is due now."""
        publishing.catch_up(now=self.clock())
        return self.run_jobs()


@pytest.fixture
def sender(clock: Clock) -> Sender:
    return Sender(clock)


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let the jitter be what the test says."""

    def be(jitter: float) -> None:
        monkeypatch.setattr(delivering, "draw_jitter", lambda: jitter)

    be(0.0)
    return be
