"""A partner's developer sets up where it is told, and sees what was sent."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from channel_manager.history.models import Event
from orders.models import Order
from partners.keys import create_key
from partners.models import IdempotencyRecord, Scope, WebhookDelivery, WebhookEndpoint
from partners.webhooks import delivering, publishing
from tests.conftest import ApiClient
from tests.fakes.receiver import Receiver
from tests.orders.expected import NOBODY, assert_problem
from tests.webhooks.conftest import Sender

HOOKS = "/channelManager/webhooks"
FEED = "/channelManager/events"
URL = "https://shop.example.com/hooks?from=park"
Issue = Callable[[str], Order]


def create(api: ApiClient, url: str = URL, **members: Any) -> dict[str, Any]:
    response = api.post({"url": url, **members}, HOOKS)
    assert response.status_code == 201, response.content
    return dict(response.json())


def test_an_endpoint_is_made_and_its_secret_is_shown_once(api: ApiClient) -> None:
    response = api.post({"url": URL, "eventTypes": ["ota_cm_order_changed"]}, HOOKS)
    made = response.json()
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert len(secret) == 50
    assert response["Location"].endswith(f"{HOOKS}/{made['webhookId']}")
    moment = made["createdAt"]
    assert made == {
        "webhookId": made["webhookId"],
        "url": URL,
        "description": "",
        "eventTypes": ["ota_cm_order_changed"],
        "testMode": False,
        "status": "Active",
        "statusReason": None,
        "statusSince": moment,
        "failingSince": None,
        "lastSuccessAt": None,
        "notBefore": None,
        "oldSecretUntil": None,
        "createdAt": moment,
        "updatedAt": moment,
    }
    assert api.get(f"{HOOKS}/{made['webhookId']}").json() == made
    assert api.get(HOOKS).json() == {"data": [made]}
    stored = WebhookEndpoint.objects.get()
    assert secret not in f"{stored.__dict__}"
    assert stored.secrets_at(timezone.now()) == [secret]


def test_a_repeated_creation_has_the_same_secret_which_is_stored_sealed(api: ApiClient) -> None:
    first, second = (api.post({"url": URL}, HOOKS, idempotency_key="K-1") for _ in range(2))
    assert second["Idempotent-Replayed"] == "true"
    assert first.json() == second.json()
    assert WebhookEndpoint.objects.count() == 1
    record = IdempotencyRecord.objects.get()
    assert "whsec_" not in record.body
    assert first.json()["webhookId"] not in record.body


@pytest.mark.parametrize(
    ("url", "detail"),
    [
        ("ftp://shop.example.com", "Must be an absolute URL such as"),
        ("shop.example.com/hooks", "Must be an absolute URL such as"),
        ("https://", "Must be an absolute URL such as"),
        ("https://[::1", "Must be an absolute URL such as"),
        ("https://shop.example.com:99999/", "Must be an absolute URL such as"),
        ("https://shop.example.com:0/", "Names a port that does not exist."),
        ("https://me:secret@shop.example.com/", "Must not carry a user name or password."),
        ("https://shop.example.com/#here", "Must not have a fragment (#)."),
        ("https://shop.example.com/a b", "Must be ASCII without blanks"),
        ("https://münchen.example/", "Must be ASCII without blanks"),
        ("http://shop.example.com/", "Must begin with https://."),
        ("https://127.0.0.1/", "Its address is not a public one."),
        ("https://10.1.2.3/", "Its address is not a public one."),
        ("https://169.254.169.254/latest", "Its address is not a public one."),
        ("https://[fd00::1]/", "Its address is not a public one."),
        ("https://[::ffff:192.168.0.1]/", "Its address is not a public one."),
        ("https://167772161/", "Its address is not a public one."),
        ("https://0x0a000001/", "Its address is not a public one."),
        ("https://012.0.0.1/", "Its address is not a public one."),
        ("https://10.1/", "Its address is not a public one."),
        ("https://[2002:a00:1::]/", "Its address is not a public one."),
    ],
)
def test_a_url_that_is_never_sent_to_is_refused(api: ApiClient, url: str, detail: str) -> None:
    fault = ("/url", "unusable_url")
    body = assert_problem(api.post({"url": url}, HOOKS), 400, "invalid_request", fault)
    assert body["errors"][0]["detail"].startswith(detail)


def test_a_scheme_in_capitals_is_the_same_scheme(api: ApiClient) -> None:
    assert create(api, "HTTPS://Shop.example.com/A")["url"] == "https://Shop.example.com/A"


def test_a_body_that_is_no_object_is_refused(api: ApiClient) -> None:
    fault = ("", "invalid_type")
    assert_problem(api.post([], HOOKS), 400, "invalid_request", fault)
    path = f"{HOOKS}/{create(api)['webhookId']}/replay"
    assert_problem(api.post([], path), 400, "invalid_request", fault)


def test_types_are_kept_once_and_null_is_as_if_left_out(api: ApiClient) -> None:
    twice = ["ota_cm_order_changed", "ota_cm_order_cancelled", "ota_cm_order_changed"]
    made = create(api, eventTypes=twice, description=None)
    assert (made["eventTypes"], made["description"]) == (twice[:2], "")


def test_a_secret_is_not_rotated_again_while_the_one_before_is_valid(api: ApiClient) -> None:
    path = f"{HOOKS}/{create(api)['webhookId']}"
    rotated = api.post(None, f"{path}/rotate")
    assert rotated["Cache-Control"] == "no-store"
    again = api.post(None, f"{path}/rotate")
    assert_problem(again, 409, "endpoint_state_conflict", currentStatus="Active")
    assert WebhookEndpoint.objects.get().secrets_at(timezone.now())[0] == rotated.json()["secret"]


def test_what_waits_after_an_attempt_is_sent_again_at_once(
    api: ApiClient, receiver: Receiver, issue: Issue
) -> None:
    path = f"{HOOKS}/{create(api, receiver.url)['webhookId']}"
    receiver.answer_with(500)
    issue(api.create()["orderId"])
    send_all()
    assert api.post({"failed": True}, f"{path}/replay").json() == {"events": 1}
    receiver.answer_with(200)
    send_all()
    assert len(receiver.received) == 2


def test_the_next_attempt_waits_for_what_the_receiver_asked_and_for_a_pause(
    api: ApiClient, receiver: Receiver, issue: Issue
) -> None:
    path = f"{HOOKS}/{create(api, receiver.url)['webhookId']}"
    receiver.answer_with(429, Retry_After="600")
    issue(api.create()["orderId"])
    send_all()
    issue(api.create(sellToOrderReference="WEB-2")["orderId"])
    send_all()
    asked = api.get(path).json()["notBefore"]
    untried, tried = api.get(f"{path}/deliveries").json()["data"]
    assert (untried["attempts"], untried["nextAttemptAt"]) == (0, asked)
    assert tried["attempts"] == 1
    api.post(None, f"{path}/pause")
    for delivery in api.get(f"{path}/deliveries").json()["data"]:
        assert delivery["nextAttemptAt"] is None


def test_all_faults_of_a_body_are_told_at_once(api: ApiClient) -> None:
    sent = {"eventTypes": ["ota_cm_order_changed", "nonsense"], "description": 7, "typo": 1}
    assert_problem(
        api.post(sent, HOOKS),
        400,
        "invalid_request",
        ("/url", "required"),
        ("/description", "invalid_type"),
        ("/eventTypes/1", "unknown_event_type"),
        ("/typo", "unknown_member"),
    )


def test_an_endpoint_is_changed_as_a_whole(api: ApiClient) -> None:
    made = create(api, description="Old", eventTypes=["ota_cm_order_changed"])
    path = f"{HOOKS}/{made['webhookId']}"
    changed = api.request("PUT", path, {"url": "https://new.example.com/"}).json()
    assert (changed["url"], changed["description"], changed["eventTypes"]) == (
        "https://new.example.com/",
        "",
        [],
    )
    assert api.get(path).json() == changed


def test_there_are_twenty_endpoints_at_most(api: ApiClient) -> None:
    for _ in range(20):
        create(api)
    assert_problem(api.post({"url": URL}, HOOKS), 409, "too_many_endpoints")


def test_a_deleted_endpoint_is_gone(api: ApiClient) -> None:
    made = create(api)
    path = f"{HOOKS}/{made['webhookId']}"
    assert api.request("DELETE", path).status_code == 200
    assert_problem(api.request("DELETE", path), 404, "not_found")
    names = Event.objects.filter(kind="webhookendpoint").values_list("name", "actor")
    assert list(names) == [("created", api.partner.actor), ("deleted", api.partner.actor)]


def test_pausing_and_resuming(api: ApiClient) -> None:
    path = f"{HOOKS}/{create(api)['webhookId']}"
    conflict = (409, "endpoint_state_conflict")
    assert_problem(api.post(None, f"{path}/resume"), *conflict, currentStatus="Active")
    paused = api.post({"reason": "Moving house"}, f"{path}/pause").json()
    assert (paused["status"], paused["statusReason"]) == ("Paused", "Moving house")
    assert_problem(api.post(None, f"{path}/pause"), *conflict, currentStatus="Paused")
    assert_problem(api.post(None, f"{path}/test"), *conflict, currentStatus="Paused")
    resumed = api.post(None, f"{path}/resume").json()
    assert (resumed["status"], resumed["statusReason"]) == ("Active", None)


def test_another_partners_endpoint_does_not_exist(api: ApiClient, rival: ApiClient) -> None:
    theirs = create(rival)["webhookId"]
    for name in (theirs, NOBODY, "x"):
        path = f"{HOOKS}/{name}"
        for method, route, body in (
            ("GET", path, None),
            ("PUT", path, {"url": URL}),
            ("DELETE", path, None),
            ("GET", f"{path}/deliveries", None),
            *(("POST", f"{path}/{act}", None) for act in ("test", "rotate", "pause", "resume")),
            ("POST", f"{path}/replay", {"failed": True}),
        ):
            assert_problem(api.request(method, route, body), 404, "not_found")
    assert api.get(HOOKS).json() == {"data": []}


def test_the_scope_is_needed(api: ApiClient) -> None:
    scopes = [scope for scope in Scope.values if scope != Scope.WEBHOOKS]
    api.key = create_key(partner=api.partner, scopes=scopes)[1]
    for response in (
        api.get(HOOKS),
        api.post({"url": URL}, HOOKS),
        api.get("/channelManager/events"),
    ):
        assert_problem(response, 403, "missing_scope", requiredScope="webhooks")


def send_all() -> None:
    """Do what the sending worker does, by the real clock."""

    class Now(Sender):
        def __init__(self) -> None:
            self.clock = timezone.now  # type: ignore[assignment]

    Now().tick()


def test_a_test_event_arrives(api: ApiClient, receiver: Receiver) -> None:
    path = f"{HOOKS}/{create(api, receiver.url, eventTypes=['ota_cm_order_changed'])['webhookId']}"
    other = create(api, receiver.url)
    sent = api.post(None, f"{path}/test")
    assert sent.status_code == 202
    send_all()
    (event,) = receiver.events()
    assert event == {
        "type": "ota_cm_test",
        "eventId": sent.json()["eventId"],
        "timestamp": event["timestamp"],
        "testMode": False,
        "partnerId": str(api.partner.pk),
    }
    assert api.get("/channelManager/events").json()["data"] == []
    assert api.get(f"{HOOKS}/{other['webhookId']}/deliveries").json()["data"] == []


def test_deliveries_are_listed_with_their_last_attempt(
    api: ApiClient, receiver: Receiver, issue: Issue
) -> None:
    hook = create(api, receiver.url)["webhookId"]
    receiver.answer_with(500, b"<b>Oh</b>")
    orders = [api.create(sellToOrderReference=f"WEB-{number}") for number in range(3)]
    for order in orders:
        issue(order["orderId"])
    send_all()
    page = api.get(f"{HOOKS}/{hook}/deliveries?pageSize=2&status=Pending").json()
    newest = page["data"][0]
    attempt = newest["lastAttempt"]
    assert newest == {
        "eventId": newest["eventId"],
        "type": "ota_cm_order_processed",
        "orderId": orders[2]["orderId"],
        "timestamp": newest["timestamp"],
        "status": "Pending",
        "attempts": 1,
        "nextAttemptAt": newest["nextAttemptAt"],
        "endedAt": None,
        "lastAttempt": {
            "number": 1,
            "startedAt": attempt["startedAt"],
            "durationMs": attempt["durationMs"],
            "statusCode": 500,
            "error": None,
            "answer": "<b>Oh</b>",
        },
    }
    assert page["morePages"] is True
    rest = api.get(page["nextPageURL"].removeprefix("http://127.0.0.1:8000")).json()
    assert [one["orderId"] for one in page["data"] + rest["data"]] == [
        order["orderId"] for order in reversed(orders)
    ]
    assert (rest["morePages"], rest["nextPageKey"], rest["nextPageURL"]) == (False, None, None)
    other = f"{HOOKS}/{hook}/deliveries?status=Failed&pageKey={page['nextPageKey']}"
    assert_problem(api.get(other), 400, "invalid_request", ("?pageKey", "invalid_page_key"))


@pytest.fixture
def failed(api: ApiClient, receiver: Receiver, issue: Issue) -> str:
    """An endpoint to which two of three deliveries failed for good."""
    hook = str(create(api, receiver.url)["webhookId"])
    for number in range(3):
        issue(api.create(sellToOrderReference=f"WEB-{number}")["orderId"])
    send_all()
    assert len(receiver.received) == 3
    first = WebhookDelivery.objects.order_by("pk").first()
    assert first is not None
    WebhookDelivery.objects.exclude(pk=first.pk).update(status="Failed", step=10)
    receiver.received.clear()
    return hook


def test_all_that_failed_is_sent_again(api: ApiClient, receiver: Receiver, failed: str) -> None:
    again = api.post({"failed": True}, f"{HOOKS}/{failed}/replay")
    assert (again.status_code, again.json()) == (202, {"events": 2})
    send_all()
    assert [event["sellToOrderReference"] for event in receiver.events()] == ["WEB-1", "WEB-2"]
    assert api.post({"failed": True}, f"{HOOKS}/{failed}/replay").json() == {"events": 0}


def test_one_event_is_sent_again(api: ApiClient, receiver: Receiver, failed: str) -> None:
    (event, *_) = api.get("/channelManager/events").json()["data"]
    again = api.post({"eventId": event["eventId"]}, f"{HOOKS}/{failed}/replay")
    assert again.json() == {"events": 1}
    send_all()
    assert receiver.events() == [{k: v for k, v in event.items() if k != "cursor"}]
    unknown = api.post({"eventId": f"evt_{uuid.uuid4().hex}"}, f"{HOOKS}/{failed}/replay")
    assert_problem(unknown, 400, "invalid_request", ("/eventId", "unknown_event"))


def test_the_events_of_a_time_are_sent_to_an_endpoint_made_later(
    api: ApiClient, receiver: Receiver, failed: str
) -> None:
    later = create(api, receiver.url)["webhookId"]
    events = api.get("/channelManager/events").json()["data"]
    time = {"since": events[0]["timestamp"], "until": "2099-01-01T00:00:00+01:00"}
    assert api.post(time, f"{HOOKS}/{later}/replay").json() == {"events": 3}
    send_all()
    assert [event["eventId"] for event in receiver.events()] == [one["eventId"] for one in events]


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("", "replay_what")]),
        ({"failed": False}, [("", "replay_what")]),
        ({"failed": True, "eventId": "evt_1"}, [("", "replay_what")]),
        ({"since": "2027-01-01T00:00:00Z"}, [("", "replay_what")]),
        ({"failed": "yes"}, [("/failed", "invalid_type")]),
        ({"eventId": "evt_1"}, [("/eventId", "invalid")]),
        (
            {"since": "2027-01-01", "until": "2027-01-02T00:00:00"},
            [("/since", "invalid_moment"), ("/until", "invalid_moment")],
        ),
        (
            {"since": "2027-01-01T00:00:00Z", "until": "2027-13-01T00:00:00Z"},
            [("/until", "invalid_moment")],
        ),
        (
            {"since": "0001-01-01T00:00:00+23:00", "until": "2027-01-02T00:00:00Z"},
            [("/since", "invalid_moment")],
        ),
        (
            {"since": "2027-01-02T00:00:00Z", "until": "2027-01-01T00:00:00Z"},
            [("/until", "dates_reversed")],
        ),
    ],
    ids=json.dumps,
)
def test_what_to_send_again_must_be_clear(api: ApiClient, body: Any, faults: Any) -> None:
    path = f"{HOOKS}/{create(api)['webhookId']}/replay"
    assert_problem(api.post(body, path), 400, "invalid_request", *faults)


def test_nothing_is_sent_again_to_an_endpoint_that_is_off(api: ApiClient) -> None:
    path = f"{HOOKS}/{create(api)['webhookId']}"
    WebhookEndpoint.objects.update(status="Off")
    answer = api.post({"failed": True}, f"{path}/replay")
    assert_problem(answer, 409, "endpoint_state_conflict", currentStatus="Off")


def test_a_resumed_endpoint_gets_what_has_waited(
    api: ApiClient, receiver: Receiver, issue: Issue
) -> None:
    path = f"{HOOKS}/{create(api, receiver.url)['webhookId']}"
    api.post(None, f"{path}/pause")
    issue(api.create()["orderId"])
    send_all()
    assert receiver.received == []
    api.post(None, f"{path}/resume")
    send_all()
    assert len(receiver.received) == 1


def test_a_rotated_secret_is_shown_once_and_the_old_one_counts_for_a_day(api: ApiClient) -> None:
    made = create(api)
    answer = api.post(None, f"{HOOKS}/{made['webhookId']}/rotate").json()
    assert answer["secret"] not in ("", made["secret"])
    endpoint = WebhookEndpoint.objects.get()
    assert endpoint.secrets_at(timezone.now()) == [answer["secret"], made["secret"]]
    until = endpoint.old_secret_until
    assert until is not None
    assert endpoint.secrets_at(until) == [answer["secret"]]


def test_an_endpoint_that_is_deleted_while_it_is_sent_to(
    api: ApiClient, receiver: Receiver, issue: Issue
) -> None:
    create(api, receiver.url)
    issue(api.create()["orderId"])
    now = timezone.now()
    publishing.publish_events(now=now)
    delivery = WebhookDelivery.objects.get()

    def delete(request: Any) -> None:
        request.send_response(204)
        request.end_headers()

    receiver.behave(delete)
    found = delivering._claimed(delivery.pk, 1)
    assert found is not None
    WebhookEndpoint.objects.all().delete()
    outcome = delivering._send(found, now)
    delivering._conclude(found, outcome, started=now, now=now)
    assert (outcome.status_code, WebhookDelivery.objects.count()) == (204, 0)
