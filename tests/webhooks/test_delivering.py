"""Deliveries: signed, repeated by the schedule, never lost, and never in each other's way."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from standardwebhooks import Webhook, WebhookVerificationError

from channel_manager.history.models import Event
from channel_manager.lib.sealing import seal
from partners.models import (
    Partner,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from partners.webhooks import delivering, schedule
from partners.webhooks.payload import render_event
from partners.webhooks.signing import new_secret
from tests.fakes.receiver import Receiver
from tests.webhooks.conftest import START, Clock, Sender, make_endpoint, record

pytestmark = pytest.mark.django_db


@pytest.fixture
def happen(partner: Partner, clock: Clock) -> Callable[..., None]:
    """Let something happen to an order."""

    def one(name: str = "it", **options: Any) -> None:
        record(partner, name, now=clock(), **options)

    return one


def attempts(**filters: Any) -> list[tuple[int, int | None, str]]:
    rows = WebhookAttempt.objects.filter(**filters).order_by("delivery", "number")
    return [(row.number, row.status_code, row.error) for row in rows]


def test_the_event_arrives_as_it_was_written(
    endpoint: WebhookEndpoint, receiver: Receiver, sender: Sender, happen: Callable[..., None]
) -> None:
    happen()
    assert sender.tick() == 1
    (one,) = receiver.received
    event = WebhookEvent.objects.get()
    assert one.event == render_event(event)
    assert one.headers["content-type"] == "application/json"
    assert one.headers["webhook-id"] == event.public_id == one.event["eventId"]
    assert one.headers["webhook-timestamp"] == str(int(START.timestamp()))
    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.ended_at, attempts()) == ("Delivered", START, [(1, 204, "")])
    assert sender.tick() == 0


@pytest.fixture
def arrived(
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    sender: Sender,
    happen: Callable[..., None],
    clock: Clock,
) -> tuple[str, dict[str, str], bytes]:
    """One delivery of today, with its secret."""
    clock.now = datetime.datetime.now(datetime.UTC)
    happen()
    sender.tick()
    (one,) = receiver.received
    return endpoint.secrets_at(clock())[0], dict(one.headers), one.body


def test_a_stock_verifier_accepts_it(arrived: tuple[str, dict[str, str], bytes]) -> None:
    secret, headers, body = arrived
    assert Webhook(secret).verify(body, headers) == json.loads(body)


def test_a_stock_verifier_refuses_an_altered_byte(
    arrived: tuple[str, dict[str, str], bytes],
) -> None:
    secret, headers, body = arrived
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body.replace(b"it", b"is"), headers)


def test_a_stock_verifier_refuses_an_old_timestamp(
    arrived: tuple[str, dict[str, str], bytes],
) -> None:
    secret, headers, body = arrived
    old = str(int(headers["webhook-timestamp"]) - 6 * 60)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, {**headers, "webhook-timestamp": old})


def test_a_stock_verifier_refuses_a_wrong_secret(
    arrived: tuple[str, dict[str, str], bytes],
) -> None:
    _secret, headers, body = arrived
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)


def test_the_schedule_is_the_one_that_partners_are_told() -> None:
    minute, hour = 60, 3600
    assert (
        *(0, 5, 5 * minute, 30 * minute, 2 * hour, 5 * hour),
        *(10 * hour, 14 * hour, 20 * hour, 24 * hour),
    ) == schedule.WAITS
    assert sum(schedule.WAITS) == 272_105
    assert schedule.wait_before(10, jitter=0) is None
    for step, wait in enumerate(schedule.WAITS):
        assert schedule.wait_before(step, jitter=0) == datetime.timedelta(seconds=wait)
        assert schedule.wait_before(step, jitter=1) == datetime.timedelta(seconds=wait * 1.1)
    assert all(0 <= schedule.draw_jitter() <= 1 for _ in range(100))


@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_a_delivery_that_always_fails_is_tried_ten_times_and_its_endpoint_paused(
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    sender: Sender,
    clock: Clock,
    happen: Callable[..., None],
    steady: Callable[[float], None],
    jitter: float,
) -> None:
    steady(jitter)
    receiver.answer_with(500, b"Oh no")
    happen()
    sender.tick()
    while (delivery := WebhookDelivery.objects.get()).next_attempt_at is not None:
        clock.now = delivery.next_attempt_at - datetime.timedelta(milliseconds=1)
        assert sender.tick() == 0
        clock.now = delivery.next_attempt_at
        assert sender.tick() == 1
    tries = list(WebhookAttempt.objects.order_by("number"))
    gaps = [(two.started_at - one.started_at).total_seconds() for one, two in pairwise(tries)]
    assert gaps == pytest.approx([wait * (1 + jitter / 10) for wait in schedule.WAITS[1:]])
    assert {(one.status_code, one.answer) for one in tries} == {(500, "Oh no")}
    assert {one.headers["webhook-id"] for one in receiver.received} == {delivery.event.public_id}
    endpoint = WebhookEndpoint.objects.get()
    assert (delivery.status, endpoint.status, endpoint.failing_since) == ("Failed", "Paused", START)
    assert endpoint.status_reason == "It took nothing for three days. Last: It answered 500."
    paused = Event.objects.get(kind="webhookendpoint")
    assert (paused.name, paused.from_state, paused.to_state) == ("paused", "Active", "Paused")
    happen("waits")
    clock.advance(days=30)
    assert sender.tick() == 0
    assert WebhookDelivery.objects.get(event__data__name="waits").status == "Pending"


def test_an_endpoint_that_takes_other_events_is_not_paused(
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    sender: Sender,
    clock: Clock,
    happen: Callable[..., None],
    steady: Callable[[float], None],
) -> None:
    def refuse_poison(request: Any) -> None:
        poison = receiver.received[-1].event["name"] == "poison"
        request.send_response(422 if poison else 200)
        request.send_header("Content-Length", "0")
        request.end_headers()

    receiver.behave(refuse_poison)
    happen("poison")
    sender.tick()
    for _ in range(12):
        clock.advance(hours=30)
        happen("good")
        sender.tick()
    poison = WebhookDelivery.objects.get(event__data__name="poison")
    assert (poison.status, poison.attempts) == ("Failed", 10)
    assert WebhookEndpoint.objects.get().status == "Active"
    assert WebhookDelivery.objects.filter(status="Delivered").count() == 12


def test_an_event_that_is_refused_among_others_keeps_to_the_schedule(
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    sender: Sender,
    clock: Clock,
    happen: Callable[..., None],
    steady: Callable[[float], None],
) -> None:
    def refuse_poison(request: Any) -> None:
        poison = receiver.received[-1].event["name"] == "poison"
        request.send_response(500 if poison else 200)
        request.send_header("Content-Length", "0")
        request.end_headers()

    receiver.behave(refuse_poison)
    happen("good before")
    sender.tick()
    clock.advance(seconds=1)
    happen("poison")
    sender.tick()
    for _ in range(20):
        clock.advance(seconds=20)
        happen("good")
        sender.tick()
    tries = WebhookAttempt.objects.filter(delivery__event__data__name="poison")
    # At once; when it was seen that the others go; 5 minutes after that.
    assert tries.count() == 3


def test_a_success_does_not_unsay_what_another_answer_asked_for(
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    sender: Sender,
    clock: Clock,
    happen: Callable[..., None],
    steady: Callable[[float], None],
) -> None:
    def first_asks_for_an_hour(request: Any) -> None:
        is_first = receiver.received[-1].event["name"] == "0"
        request.send_response(429 if is_first else 204)
        request.send_header("Retry-After", "3600")
        request.send_header("Content-Length", "0")
        request.end_headers()

    receiver.behave(first_asks_for_an_hour)
    for number in range(6):
        happen(str(number))
    sender.tick()
    # What was under way went on; then nothing until the hour is over.
    assert [event["name"] for event in receiver.events()] == ["0", "1", "2", "3"]
    clock.advance(minutes=59)
    assert sender.tick() == 0
    clock.advance(minutes=1)
    receiver.answer_with(200)
    assert sender.tick() == 3


def test_a_fault_of_ours_counts_as_an_attempt(
    endpoint: WebhookEndpoint,
    sender: Sender,
    clock: Clock,
    happen: Callable[..., None],
    steady: Callable[[float], None],
) -> None:
    WebhookEndpoint.objects.update(sealed_secret="sealed with a key that is lost")
    happen()
    sender.tick()
    assert attempts() == [(1, None, "internal")]
    assert WebhookDelivery.objects.get().next_attempt_at == START + datetime.timedelta(seconds=5)


def test_a_partner_with_many_endpoints_that_hang_leaves_senders_to_others(
    partner: Partner, rival: Any, sender: Sender, clock: Clock, happen: Callable[..., None]
) -> None:
    for number in range(6):
        make_endpoint(partner, f"https://slow.example/{number}", failing_since=START)
    theirs = make_endpoint(rival.partner, "https://rival.example/")
    healthy = [make_endpoint(partner, f"https://quick.example/{number}") for number in range(3)]
    for number in range(9):
        happen(str(number))
        record(rival.partner, now=clock())
    sender.publish()
    sending = WebhookDelivery.objects.filter(status="Sending")
    assert sending.filter(endpoint=theirs).count() == 4
    assert sending.filter(endpoint__partner=partner).count() <= 8
    assert sending.filter(endpoint__partner=partner, endpoint__failing_since=START).count() <= 2
    assert sending.filter(endpoint__in=healthy).exists()


def test_a_receiver_that_is_down_for_three_hours_loses_nothing(
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    sender: Sender,
    clock: Clock,
    happen: Callable[..., None],
    steady: Callable[[float], None],
) -> None:
    receiver.answer_with(503)
    for minute in range(180):
        if minute % 10 == 0:
            happen(f"{minute}")
        sender.tick()
        clock.advance(minutes=1)
    receiver.received.clear()
    receiver.answer_with(200)
    happen("back")
    sender.tick()
    names = [event["name"] for event in receiver.events()]
    assert sorted(names) == sorted(["back", *(f"{minute}" for minute in range(0, 180, 10))])
    assert set(WebhookDelivery.objects.values_list("status", flat=True)) == {"Delivered"}
    assert WebhookEndpoint.objects.get().failing_since is None


def test_gone_switches_the_endpoint_off(
    endpoint: WebhookEndpoint, receiver: Receiver, sender: Sender, happen: Callable[..., None]
) -> None:
    receiver.answer_with(410)
    happen()
    sender.tick()
    happen("later")
    sender.tick()
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.status, len(receiver.received)) == ("Off", 1)
    assert endpoint.status_reason == "It answered 410 Gone: nothing is to be sent there any more."
    assert [one.status for one in WebhookDelivery.objects.all()] == ["Failed"]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    "asked", ["1200", "Mon, 01 Mar 2027 09:20:00 GMT"], ids=["seconds", "date"]
)
def test_an_endpoint_that_asks_for_time_is_left_alone(
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    sender: Sender,
    clock: Clock,
    happen: Callable[..., None],
    steady: Callable[[float], None],
    status: int,
    asked: str,
) -> None:
    receiver.answer_with(status, Retry_After=asked)
    happen("one")
    sender.tick()
    happen("two")
    clock.advance(minutes=19, seconds=59)
    assert sender.tick() == 0
    receiver.answer_with(200)
    clock.advance(seconds=1)
    assert sender.tick() == 2
    assert sorted(event["name"] for event in receiver.events()) == ["one", "one", "two"]


@pytest.mark.parametrize(
    "asked", ["soon", "-5", "9" * 30, "", "²", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"]
)
def test_a_retry_after_that_makes_no_sense_does_no_harm(
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    sender: Sender,
    clock: Clock,
    happen: Callable[..., None],
    steady: Callable[[float], None],
    asked: str,
) -> None:
    receiver.answer_with(429, Retry_After=asked.encode("utf-8").decode("latin-1"))
    happen()
    sender.tick()
    moment = WebhookDelivery.objects.get().next_attempt_at
    assert moment is not None
    assert START < moment <= START + datetime.timedelta(hours=24)


def test_redirects_are_not_followed(
    endpoint: WebhookEndpoint, receiver: Receiver, sender: Sender, happen: Callable[..., None]
) -> None:
    receiver.answer_with(302, Location=receiver.url)
    happen()
    sender.tick()
    assert len(receiver.received) == 1
    assert attempts() == [(1, 302, "")]
    assert WebhookDelivery.objects.get().status == "Pending"


def test_only_the_beginning_of_an_answer_is_kept(
    endpoint: WebhookEndpoint, receiver: Receiver, sender: Sender, happen: Callable[..., None]
) -> None:
    receiver.answer_with(200, b"\x00\xff" + b"x" * 1_000_000)
    happen()
    sender.tick()
    assert WebhookAttempt.objects.get().answer == "\ufffd" + "x" * 2046


def test_a_rotated_secret_and_its_forerunner_both_sign(
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    sender: Sender,
    clock: Clock,
    happen: Callable[..., None],
) -> None:
    old = endpoint.secrets_at(clock())[0]
    fresh = new_secret()
    WebhookEndpoint.objects.update(
        sealed_secret=seal(fresh),
        sealed_old_secret=endpoint.sealed_secret,
        old_secret_until=clock() + datetime.timedelta(hours=24),
    )
    happen()
    sender.tick()
    clock.advance(hours=24)
    happen()
    sender.tick()
    both, single = (one.headers["webhook-signature"].split(" ") for one in receiver.received)
    first = receiver.received[0]
    made = [
        Webhook(secret).sign(first.headers["webhook-id"], START, first.body.decode())
        for secret in (fresh, old)
    ]
    assert (both, len(single)) == (made, 1)


def test_a_failing_endpoint_gets_one_attempt_at_a_time_and_a_good_one_four(
    partner: Partner,
    receiver: Receiver,
    sender: Sender,
    clock: Clock,
    happen: Callable[..., None],
) -> None:
    good = make_endpoint(partner, receiver.url)
    failing = make_endpoint(partner, receiver.url, failing_since=START)
    for number in range(10):
        happen(str(number))
    sender.publish()
    sending = WebhookDelivery.objects.filter(status="Sending")
    assert sending.filter(endpoint=good).count() == 4
    assert sending.filter(endpoint=failing).count() == 1
    sender.run_jobs()
    assert set(WebhookDelivery.objects.values_list("status", flat=True)) == {"Delivered"}
    assert len(receiver.received) == 20


def test_an_attempt_whose_sender_was_lost_is_made_again(
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    sender: Sender,
    clock: Clock,
    happen: Callable[..., None],
) -> None:
    happen()
    sender.publish()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    clock.advance(minutes=29)
    assert sender.tick() == 0
    clock.advance(minutes=2)
    assert sender.tick() == 1
    assert attempts() == [(1, None, ""), (2, 204, "")]


def test_a_job_that_is_run_twice_sends_once(
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    sender: Sender,
    clock: Clock,
    happen: Callable[..., None],
) -> None:
    happen()
    sender.tick()
    delivery = WebhookDelivery.objects.get()
    delivering.deliver(delivery_id=delivery.pk, attempt=1, clock=clock)
    assert len(receiver.received) == 1


def test_what_was_claimed_when_the_endpoint_was_paused_waits(
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    sender: Sender,
    clock: Clock,
    happen: Callable[..., None],
) -> None:
    happen()
    sender.publish()
    WebhookEndpoint.objects.update(status="Paused")
    sender.run_jobs()
    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.step, receiver.received) == ("Pending", 0, [])
