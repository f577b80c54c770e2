"""Events get their position once they are committed: no reader is ever overtaken."""

from __future__ import annotations

import pytest
from django.db import connection, connections, transaction

from partners.models import EventSequence, EventType, Partner, WebhookDelivery, WebhookEvent
from partners.webhooks.sequencing import sequence_events
from tests.webhooks.conftest import START, make_endpoint, record


def positions() -> dict[str, int | None]:
    return {event.data["name"]: event.position for event in WebhookEvent.objects.all()}


def test_events_are_numbered_in_the_order_they_were_written_in(partner: Partner) -> None:
    for name in ("one", "two", "three"):
        record(partner, name)
    sequence_events(now=START)
    assert positions() == {"one": 1, "two": 2, "three": 3}
    sequence_events(now=START)
    record(partner, "four")
    sequence_events(now=START)
    assert positions() == {"one": 1, "two": 2, "three": 3, "four": 4}
    assert EventSequence.objects.get().last_position == 4


@pytest.mark.django_db(transaction=True)
def test_an_event_that_commits_late_comes_after_those_that_were_read(partner: Partner) -> None:
    late = connections.create_connection("default")
    late.set_autocommit(False)
    try:
        with late.cursor() as cursor:
            cursor.execute(
                "INSERT INTO partners_webhookevent"
                " (event_id, partner_id, test_mode, type, data, at, is_feed_only)"
                ' VALUES (gen_random_uuid(), %s, false, %s, \'{"name": "late"}\', now(), false)',
                [partner.pk, EventType.PROCESSED],
            )
        record(partner, "early")
        sequence_events(now=START)
        assert positions() == {"early": 1}
        late.commit()
    finally:
        late.close()
    sequence_events(now=START)
    assert positions() == {"late": 2, "early": 1}


def test_there_is_one_sequencer(partner: Partner) -> None:
    with (
        pytest.raises(Exception, match="event_sequence_is_one"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("INSERT INTO partners_eventsequence (id, last_position) VALUES (2, 7)")


def test_a_sequence_that_was_lost_goes_on_where_it_was(partner: Partner) -> None:
    record(partner, "one")
    sequence_events(now=START)
    EventSequence.objects.all().delete()
    record(partner, "two")
    sequence_events(now=START)
    assert positions() == {"one": 1, "two": 2}


def test_more_than_a_thousand_events_are_numbered_without_a_gap(partner: Partner) -> None:
    WebhookEvent.objects.bulk_create(
        WebhookEvent(partner=partner, type=EventType.PROCESSED, at=START) for _ in range(2345)
    )
    sequence_events(now=START)
    given = WebhookEvent.objects.order_by("id").values_list("position", flat=True)
    assert list(given) == list(range(1, 2346))


def test_each_endpoint_that_wants_an_event_gets_a_delivery(partner: Partner, rival: object) -> None:
    everything = make_endpoint(partner, "https://a.example/all")
    admissions = make_endpoint(partner, "https://a.example/gate", event_types=[EventType.ADMITTED])
    make_endpoint(partner, "https://a.example/test", test_mode=True)
    make_endpoint(partner, "https://a.example/off", status="Off")
    paused = make_endpoint(partner, "https://a.example/paused", status="Paused")
    make_endpoint(rival.partner, "https://rival.example/all")  # type: ignore[attr-defined]
    record(partner, "processed")
    record(partner, "kept from them", is_feed_only=True)
    assert sequence_events(now=START) == {everything.pk, paused.pk}
    told = WebhookDelivery.objects.values_list("event__data__name", "endpoint")
    assert set(told) == {("processed", everything.pk), ("processed", paused.pk)}
    assert not WebhookDelivery.objects.filter(endpoint=admissions).exists()


def test_an_endpoint_hears_nothing_of_what_was_before_it(partner: Partner) -> None:
    record(partner)
    new = make_endpoint(partner, "https://a.example/new")
    new.created_at = START.replace(year=2030)
    new.save(update_fields=["created_at"])
    assert sequence_events(now=START) == set()
