"""The admin of webhooks: who is told where, how it goes, what is sent again, and who needs help."""

from __future__ import annotations

import datetime
import logging
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channel_manager.history.models import AuditRecord, Event
from partners.models import (
    EventType,
    Partner,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from partners.webhooks.endpoints import MOST_ENDPOINTS, pause_endpoint, switch_off_endpoint
from partners.webhooks.recording import NewEvent, record_events
from tests.conftest import ApiClient
from tests.fakes.receiver import Receiver, running_receiver
from tests.staff import messages_of, person, signed_in, text_of, viewer
from tests.webhooks.conftest import Clock, Sender, make_endpoint

LIST = "/admin/partners/webhookendpoint/"
URL = "https://shop.example/hook"
HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody who may do everything."""
    return signed_in(order_desk)


@pytest.fixture
def endpoint(partner: Partner) -> WebhookEndpoint:
    return make_endpoint(partner, URL, description="Web shop")


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    with running_receiver() as running:
        yield running


def address(endpoint: WebhookEndpoint, page: str = "change") -> str:
    return reverse(f"admin:partners_webhookendpoint_{page}", args=[endpoint.pk])


def happen(partner: Partner, **data: Any) -> WebhookEvent:
    """Let something happen to an order of a partner, and have it numbered."""
    event = NewEvent(
        event_type=EventType.PROCESSED,
        partner_id=partner.pk,
        test_mode=False,
        order_id=None,
        data=data,
    )
    record_events([event], now=timezone.now())
    Sender(_now()).publish()
    return WebhookEvent.objects.latest("id")


def delivered_as(status: str, endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Let an event of the endpoint's partner have come to this."""
    delivery = WebhookDelivery.objects.get(endpoint=endpoint, event=happen(endpoint.partner))
    columns = {"next_attempt_at": None, "claimed_until": None, "ended_at": timezone.now()}
    WebhookDelivery.objects.filter(pk=delivery.pk).update(status=status, **columns)
    return delivery


def _now() -> Clock:
    clock = Clock()
    clock.now = timezone.now()
    return clock


def events_of(endpoint: WebhookEndpoint) -> list[tuple[str, str, str]]:
    rows = Event.objects.filter(kind="webhookendpoint", subject_id=endpoint.pk).order_by("id")
    return list(rows.values_list("name", "actor", "reason"))


def now_is(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    return WebhookEndpoint.objects.get(pk=endpoint.pk)


def answers(partner: Partner, **changed: Any) -> dict[str, Any]:
    return {
        "partner": partner.pk,
        "mode": "live",
        "url": URL,
        "description": "Web shop",
        "event_types": ["ota_cm_order_processed"],
        **changed,
    }


def test_a_new_endpoint_shows_its_secret_once_and_keeps_it_nowhere_else(
    desk: Client, order_desk: User, partner: Partner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    form = desk.get(f"{LIST}add/", {"partner": partner.pk})
    assert form.context["form"].initial == {"partner": partner}
    page = desk.post(f"{LIST}add/", answers(partner, mode="test"))
    assert (page.status_code, "no-store" in page.headers["Cache-Control"]) == (200, True)
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.partner, endpoint.test_mode, endpoint.url, endpoint.event_types) == (
        partner,
        True,
        URL,
        ["ota_cm_order_processed"],
    )
    secret = page.context["shown"]
    assert [secret] == endpoint.secrets_at(timezone.now())
    assert text_of(page).count(secret) == 1
    assert events_of(endpoint) == [("created", f"staff:{order_desk.pk}", "")]
    later = desk.get(address(endpoint)).content.decode()
    sessions = "".join(str(session.get_decoded()) for session in Session.objects.all())
    logged = caplog.text + str(list(AuditRecord.objects.values()))
    for place in (later, sessions, logged, str(desk.cookies)):
        assert secret not in place


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        ({"url": "http://shop.example/"}, {"url": ["Must begin with https://."]}),
        ({"url": "https://10.0.0.1/"}, {"url": ["Its address is not a public one."]}),
        ({"url": ""}, {"url": ["This field is required."]}),
        (
            {"mode": "both"},
            {"mode": ["Select a valid choice. both is not one of the available choices."]},
        ),
        (
            {"event_types": ["all"]},
            {"event_types": ["Select a valid choice. all is not one of the available choices."]},
        ),
    ],
    ids=["http", "private", "empty", "mode", "event"],
)
def test_what_an_endpoint_cannot_be_is_said_beside_the_field(
    desk: Client, partner: Partner, changed: dict[str, Any], faults: dict[str, list[str]]
) -> None:
    page = desk.post(f"{LIST}add/", answers(partner, **changed))
    assert (page.status_code, page.context["form"].errors) == (422, faults)
    assert not WebhookEndpoint.objects.exists()


def test_one_endpoint_too_many_is_refused_in_the_form(desk: Client, partner: Partner) -> None:
    for number in range(MOST_ENDPOINTS):
        make_endpoint(partner, f"{URL}/{number}")
    page = desk.post(f"{LIST}add/", answers(partner))
    told = f"There are {MOST_ENDPOINTS} endpoints already; delete one first."
    assert page.context["form"].non_field_errors() == [told]
    assert told in text_of(page)


def test_settings_are_changed_and_refusals_stand_in_the_form(
    desk: Client, order_desk: User, partner: Partner, endpoint: WebhookEndpoint
) -> None:
    form = desk.get(address(endpoint, "edit"))
    assert form.context["form"].initial["url"] == URL
    refused = desk.post(address(endpoint, "edit"), answers(partner, url="ftp://shop.example"))
    assert list(refused.context["form"].errors) == ["url"]
    assert now_is(endpoint).url == URL
    sent = {"url": f"{URL}2", "description": "", "event_types": []}
    done = desk.post(address(endpoint, "edit"), sent, follow=True)
    assert messages_of(done) == [f"{URL}2 is changed."]
    now = now_is(endpoint)
    assert (now.url, now.description, now.event_types) == (f"{URL}2", "", [])
    assert events_of(endpoint) == [("changed", f"staff:{order_desk.pk}", "")]
    desk.post(address(endpoint, "edit"), sent)
    kept = AuditRecord.objects.get(kind="webhookendpoint")
    assert kept.changes == [
        {"field": "URL", "before": URL, "after": f"{URL}2", "hidden": False},
        {"field": "Description", "before": "Web shop", "after": "", "hidden": False},
    ]
    assert (kept.name, kept.actor) == ("changed", f"staff:{order_desk.pk}")


def test_a_status_changes_by_buttons_with_reason_and_record(
    desk: Client, order_desk: User, endpoint: WebhookEndpoint
) -> None:
    happen(endpoint.partner)
    steps = (
        (
            "pause",
            "Moving house",
            ["Send test event", "Pause", "Switch off"],
            "is paused; events wait",
        ),
        ("resume", "", ["Resume", "Switch off"], "is resumed"),
        ("switch_off", "Old shop", ["Send test event", "Pause", "Switch off"], "is switched off"),
        ("resume", "Back", ["Resume"], "is resumed"),
    )
    for name, reason, offered, done in steps:
        page = desk.get(address(endpoint))
        assert [button.label for button in page.context["state_bar"].buttons] == offered
        answer = desk.post(address(endpoint, name), {"reason": reason}, follow=True)
        assert messages_of(answer) == [f"Web shop {done}."]
    me = f"staff:{order_desk.pk}"
    assert events_of(endpoint) == [
        ("paused", me, "Moving house"),
        ("resumed", me, ""),
        ("switched_off", me, "Old shop"),
        ("resumed", me, "Back"),
    ]
    told = [(row.look.title, row.who) for row in desk.get(address(endpoint)).context["happenings"]]
    assert told == [
        ("Resumed", "desk"),
        ("Switched off", "desk"),
        ("Resumed", "desk"),
        ("Paused", "desk"),
    ]


def test_resuming_tells_first_how_many_wait(desk: Client, endpoint: WebhookEndpoint) -> None:
    pause_endpoint(
        endpoints=WebhookEndpoint.objects.all(),
        endpoint_id=endpoint.pk,
        reason="x",
        actor="worker",
        now=timezone.now(),
    )
    for _number in range(3):
        happen(endpoint.partner)
    page = desk.get(address(endpoint, "resume"))
    assert "3 wait now." in page.context["confirmation"].effects
    assert now_is(endpoint).status == "Paused"


def test_a_reason_is_asked_where_something_ends_and_fits_its_column(
    desk: Client, endpoint: WebhookEndpoint
) -> None:
    for page in ("switch_off", "delete"):
        assert desk.post(address(endpoint, page), {"reason": " "}).status_code == 422
    long = desk.post(address(endpoint, "pause"), {"reason": "x" * 201})
    assert list(long.context["form"].errors) == ["reason"]
    assert now_is(endpoint).status == "Active"


def test_what_the_status_does_not_allow_is_said(desk: Client, endpoint: WebhookEndpoint) -> None:
    refused = desk.post(address(endpoint, "resume"), follow=True)
    assert messages_of(refused) == ["The endpoint is Active now; resume is not possible."]
    gone = desk.post(f"{LIST}{uuid.uuid4()}/pause/", follow=True)
    assert messages_of(gone) == ["This endpoint no longer exists."]


def test_a_test_event_is_sent_and_its_answer_is_shown_as_text(
    desk: Client, partner: Partner, receiver: Receiver
) -> None:
    endpoint = make_endpoint(partner, receiver.url)
    receiver.answer_with(503, b"<script>alert(1)</script>" + b"x" * 900)
    done = desk.post(address(endpoint, "send_test"), follow=True)
    assert messages_of(done)[0].startswith("Test event evt_")
    Sender(_now()).tick()
    page = desk.get(address(endpoint))
    (view,) = page.context["deliveries"].rows
    assert (view.state, view.last_outcome, view.replay_url) == (
        "Waiting",
        "503 Service Unavailable",
        "",
    )
    assert b"<script>alert(1)" not in page.content
    assert "<script>alert(1)</script>xxx" in text_of(page)
    assert (len(view.attempts[0].answer), view.attempts[0].is_cut) == (500, True)
    assert page.context["state_bar"].text == "Failing"


def test_why_no_answer_came_is_said_in_words(desk: Client, partner: Partner, settings: Any) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = False
    endpoint = make_endpoint(partner, "https://127.0.0.1/")
    happen(partner)
    Sender(_now()).tick()
    (view,) = desk.get(address(endpoint)).context["deliveries"].rows
    (attempt,) = view.attempts
    assert (attempt.outcome, attempt.told, attempt.answer) == (
        "Refused: not a public address",
        "Its address is not a public one; nothing was sent.",
        "",
    )


def test_a_new_secret_is_shown_once_and_the_old_one_goes_on_for_a_day(
    desk: Client, endpoint: WebhookEndpoint
) -> None:
    (old,) = endpoint.secrets_at(timezone.now())
    assert "For 24 hours" in text_of(desk.get(address(endpoint, "rotate")))
    page = desk.post(address(endpoint, "rotate"), {"reason": "It leaked"})
    assert "no-store" in page.headers["Cache-Control"]
    new = page.context["shown"]
    assert now_is(endpoint).secrets_at(timezone.now()) == [new, old]
    assert new not in desk.get(address(endpoint)).content.decode()
    assert "New secret: It leaked" in text_of(desk.get(address(endpoint, "history")))
    assert "signs no more from now on" in text_of(desk.get(address(endpoint, "rotate")))


def test_an_endpoint_is_deleted_with_a_record(
    desk: Client, order_desk: User, endpoint: WebhookEndpoint
) -> None:
    happen(endpoint.partner)
    desk.post(address(endpoint, "pause"), {"reason": ""})
    happen(endpoint.partner)
    assert "1 waits now." in text_of(desk.get(address(endpoint, "delete")))
    done = desk.post(address(endpoint, "delete"), {"reason": "Shop closed"}, follow=True)
    assert messages_of(done) == ["Web shop is deleted."]
    assert not WebhookEndpoint.objects.exists()
    assert WebhookEvent.objects.count() == 2
    assert events_of(endpoint)[1:] == [("deleted", f"staff:{order_desk.pk}", "")]
    history = desk.get(f"/admin/partners/partner/{endpoint.partner_id}/history/")
    assert f"Deleted webhook endpoint {URL}: Shop closed" in text_of(history)


def test_no_other_way_deletes_one(desk: Client, endpoint: WebhookEndpoint) -> None:
    capitals = f"{LIST}{str(endpoint.pk).upper()}/delete/"
    assert desk.post(capitals, {"post": "yes"}).status_code == 422
    assert desk.post(f"{LIST}nonsense/delete/", {"post": "yes"}).status_code == 302
    desk.post(address(endpoint), {"url": "https://elsewhere.example/"})
    assert now_is(endpoint).url == URL


def test_one_event_is_sent_again_by_its_button(desk: Client, endpoint: WebhookEndpoint) -> None:
    delivery = delivered_as("Failed", endpoint)
    (view,) = desk.get(address(endpoint)).context["deliveries"].rows
    back = f"{address(endpoint)}?deliveries=Failed"
    done = desk.post(view.replay_url, {"next": back}, follow=True)
    assert done.redirect_chain == [(back, 302)]
    assert messages_of(done) == ["One event is sent to Web shop again."]
    now = WebhookDelivery.objects.get(pk=delivery.pk)
    assert (now.status, now.step) == ("Sending", 1)
    again = desk.post(view.replay_url, {"next": "https://evil.example/"}, follow=True)
    assert again.redirect_chain == [(address(endpoint), 302)]
    assert messages_of(again) == [
        "There was nothing to send again; what is on its way already is not sent twice."
    ]
    assert desk.get(view.replay_url).status_code == 405


def test_an_event_of_the_rival_is_not_sent(
    desk: Client, endpoint: WebhookEndpoint, rival: ApiClient
) -> None:
    event = happen(rival.partner)
    url = reverse("admin:partners_webhookendpoint_replay_event", args=[endpoint.pk, event.event_id])
    done = desk.post(url, follow=True)
    assert messages_of(done) == ["There is no such event in this mode."]
    assert desk.post(url, {"next": "foo"}).headers["Location"] == "foo"


def test_all_failed_are_sent_again(
    desk: Client, order_desk: User, endpoint: WebhookEndpoint
) -> None:
    for status in ("Failed", "Failed", "Delivered"):
        delivered_as(status, endpoint)
    page = desk.get(address(endpoint, "replay_failed"))
    assert page.context["confirmation"].effects[0].startswith("2 events were given up")
    done = desk.post(address(endpoint, "replay_failed"), follow=True)
    assert messages_of(done) == ["2 events are sent to Web shop again."]
    assert events_of(endpoint) == [("replayed", f"staff:{order_desk.pk}", "")]
    (told,) = done.context["happenings"]
    assert (told.look.title, told.data) == ("Events replayed", {"Events": "2"})
    assert [button.label for button in done.context["deliveries_buttons"]] == ["Replay a period"]


def test_a_period_is_sent_again_on_the_clock_of_the_venue(
    desk: Client, endpoint: WebhookEndpoint
) -> None:
    delivered_as("Delivered", endpoint)
    delivered_as("Delivered", endpoint)
    at = WebhookEvent.objects.latest("id").at.astimezone(endpoint.partner.venue.zone)
    minute = f"{at:%Y-%m-%dT%H:%M}"
    page = desk.get(address(endpoint, "replay_range"))
    assert page.context["form"].initial["until"][:13] == minute[:13]
    wrong = desk.post(
        address(endpoint, "replay_range"), {"since": minute, "until": "2020-01-01T00:00"}
    )
    assert wrong.context["form"].errors == {"until": ["It must end after it begins."]}
    before = f"{at - HOUR:%Y-%m-%dT%H:%M}"
    none = {"since": before, "until": before}
    done = desk.post(address(endpoint, "replay_range"), none, follow=True)
    assert messages_of(done)[0].startswith("There was nothing to send again")
    # The last minute counts in full.
    done = desk.post(
        address(endpoint, "replay_range"), {"since": before, "until": minute}, follow=True
    )
    assert messages_of(done) == ["2 events are sent to Web shop again."]


def test_what_is_sent_again_to_a_paused_endpoint_waits(
    desk: Client, endpoint: WebhookEndpoint
) -> None:
    delivered_as("Failed", endpoint)
    desk.post(address(endpoint, "pause"), {"reason": ""})
    page = desk.get(address(endpoint, "replay_failed"))
    assert page.context["confirmation"].effects[-1] == (
        "The endpoint is paused: they wait until it is resumed."
    )
    done = desk.post(address(endpoint, "replay_failed"), follow=True)
    assert messages_of(done) == ["One event is kept for Web shop and sent when it is resumed."]
    desk.post(address(endpoint, "switch_off"), {"reason": "x"})
    page = desk.get(address(endpoint))
    assert page.context["deliveries_buttons"] == []
    assert {view.replay_url for view in page.context["deliveries"].rows} == {""}


def test_deliveries_are_read_by_status_and_page_by_page(
    desk: Client, endpoint: WebhookEndpoint, statements: Callable[[], Any]
) -> None:
    event = happen(endpoint.partner)
    made = WebhookEvent.objects.bulk_create(
        WebhookEvent(
            partner=endpoint.partner,
            type=event.type,
            at=event.at,
            position=(event.position or 0) + number,
        )
        for number in range(1, 31)
    )
    rows = WebhookDelivery.objects.bulk_create(
        WebhookDelivery(endpoint=endpoint, event=one, status="Failed", attempts=14) for one in made
    )
    WebhookAttempt.objects.bulk_create(
        WebhookAttempt(delivery=row, number=number, started_at=event.at, status_code=500)
        for row in rows
        for number in range(1, 15)
    )
    for status, total in (("", 31), ("Failed", 30)):
        with statements() as count:
            first = desk.get(address(endpoint), {"deliveries": status})
        assert len(count) <= 8, "\n".join(count.statements)
        shown = first.context["deliveries"]
        second = desk.get(f"{address(endpoint)}?{shown.older}").context["deliveries"]
        keys = [view.delivery.pk for view in (*shown.rows, *second.rows)]
        assert (len(shown.rows), len(keys), second.older) == (25, total, "")
        assert keys == sorted(keys, reverse=True)
        assert (len(shown.rows[0].attempts), shown.rows[0].older) == (12, 2)
    sending = desk.get(address(endpoint), {"deliveries": "Sending"}).context["deliveries"]
    assert [view.event for view in sending.rows] == [event]
    for nonsense in ({"deliveries": "x"}, {"before": "x"}, {"before": "9" * 5000}):
        assert desk.get(address(endpoint), nonsense).status_code == 200
    (row,) = desk.get(LIST).context["cl"].result_list
    assert (row.backlog.waiting, row.backlog.failed) == (0, 30)


def test_counting_ends_at_a_thousand(
    desk: Client, endpoint: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("partners.webhooks.watching.MOST_COUNTED", 2)
    for _number in range(3):
        delivered_as("Failed", endpoint)
    assert "over 2" in text_of(desk.get(LIST))


def test_the_list_is_filtered_by_status_mode_and_partner(
    desk: Client, partner: Partner, rival: ApiClient, endpoint: WebhookEndpoint
) -> None:
    of_rival = make_endpoint(rival.partner, f"{URL}/rival", test_mode=True)
    failing = make_endpoint(partner, f"{URL}/failing", failing_since=timezone.now())
    paused = make_endpoint(partner, f"{URL}/paused", status="Paused")
    for query, found in (
        ({}, {endpoint, of_rival, failing, paused}),
        ({"status": "Paused"}, {paused}),
        ({"status": "failing"}, {failing}),
        ({"status": "needs_somebody"}, set()),
        ({"status": "nonsense"}, set()),
        ({"mode": "test"}, {of_rival}),
        ({"mode": "live"}, {endpoint, failing, paused}),
        ({"mode": "nonsense"}, set()),
        ({"partner__id__exact": rival.partner.pk}, {of_rival}),
        ({"q": "web SHOP"}, {endpoint}),
    ):
        assert set(desk.get(LIST, query).context["cl"].result_list) == found, query


def test_the_home_page_tells_of_partners_that_are_not_told(
    desk: Client, partner: Partner, rival: ApiClient, endpoint: WebhookEndpoint
) -> None:
    assert desk.get("/admin/").context["webhook_alarms"] == []
    now = timezone.now()
    rows = WebhookEndpoint.objects.all()
    quiet = make_endpoint(partner, f"{URL}/quiet", failing_since=now - HOUR / 2)
    by_staff = make_endpoint(partner, f"{URL}/staff", failing_since=now - 5 * HOUR)
    common = {"endpoints": rows, "reason": "Three days", "now": now}
    pause_endpoint(**common, endpoint_id=by_staff.pk, actor="staff:1")
    assert desk.get("/admin/").context["webhook_alarms"] == []
    failing = make_endpoint(partner, f"{URL}/failing", failing_since=now - 2 * HOUR)
    dead = make_endpoint(rival.partner, f"{URL}/dead", test_mode=True)
    pause_endpoint(**common, endpoint_id=dead.pk, actor="worker")
    page = desk.get("/admin/")
    alarms = page.context["webhook_alarms"]
    assert [alarm.partner.name for alarm in alarms] == ["Rival Tours", "Sunny Trips"]
    assert f"{URL}/dead (test) is Paused since" in alarms[0].troubles[0]
    assert "Three days" in text_of(page)
    assert f"{URL}/failing takes nothing since" in alarms[1].troubles[0]
    switched_off = make_endpoint(rival.partner, f"{URL}/gone")
    switch_off_endpoint(**common, endpoint_id=switched_off.pk, actor="worker")
    alarms = desk.get("/admin/").context["webhook_alarms"]
    assert f"{URL}/gone is Off since" in alarms[0].troubles[0]
    listed = [set(desk.get(alarm.url).context["cl"].result_list) for alarm in alarms]
    assert listed == [{dead, switched_off}, {failing}]
    assert quiet not in listed[1]
    gatekeeper = signed_in(person("gate", "wallets.view_scan"))
    assert gatekeeper.get("/admin/").context["webhook_alarms"] == []


def test_the_page_of_a_partner_lists_its_endpoints(
    desk: Client, partner: Partner, rival: ApiClient, endpoint: WebhookEndpoint
) -> None:
    make_endpoint(rival.partner, f"{URL}/rival")
    page = desk.get(f"/admin/partners/partner/{partner.pk}/change/")
    assert [row.endpoint for row in page.context["endpoints"]] == [endpoint]
    assert page.context["new_endpoint_url"] == f"{LIST}add/?partner={partner.pk}"
    looker = signed_in(person("looker", "partners.view_partner"))
    page = looker.get(f"/admin/partners/partner/{partner.pk}/change/")
    assert "endpoints" not in page.context


def test_rights_decide_what_one_may_do(endpoint: WebhookEndpoint) -> None:
    delivery = delivered_as("Failed", endpoint)
    keys = [endpoint.pk, delivery.event.event_id]
    one = reverse("admin:partners_webhookendpoint_replay_event", args=keys)
    pages = {
        "change": ("pause", "switch_off", "send_test", "rotate", "edit"),
        "delete": ("delete",),
        "replay": ("replay_failed", "replay_range"),
    }
    nobody = signed_in(person("nobody"))
    assert nobody.get(address(endpoint)).status_code == 403
    looker = signed_in(viewer())
    seen = looker.get(address(endpoint))
    assert (seen.context["state_bar"].buttons, seen.context["settings_buttons"]) == ([], [])
    assert (seen.context["deliveries_buttons"], seen.context["may_edit"]) == ([], False)
    assert seen.context["deliveries"].rows[0].replay_url == ""
    assert looker.get(f"{LIST}add/").status_code == 403
    assert looker.post(one).status_code == 403
    for right, allowed in pages.items():
        codename = "replay_webhook" if right == "replay" else f"{right}_webhookendpoint"
        see = "partners.view_webhookendpoint"
        somebody = signed_in(person(right, see, f"partners.{codename}"))
        for page in (page for others in pages.values() for page in others):
            expected = 200 if page in allowed else 403
            assert somebody.get(address(endpoint, page)).status_code == expected, (right, page)
            assert looker.post(address(endpoint, page)).status_code == 403
    assert now_is(endpoint).status == "Active"


def test_the_page_of_an_order_tells_what_its_partner_was_told(
    desk: Client,
    api: ApiClient,
    issue: Callable[[str], Any],
    receiver: Receiver,
    statements: Callable[[], Any],
) -> None:
    endpoint = make_endpoint(api.partner, receiver.url)
    receiver.answer_with(500)
    order = api.create()
    url = reverse("admin:orders_order_change", args=[order["orderId"]])
    assert "has not been told anything yet" in text_of(desk.get(url))
    issue(order["orderId"])
    Sender(_now()).tick()
    with statements() as count:
        page = desk.get(url)
    # One of them asks what stands for the order at other systems.
    assert len(count) <= 21
    (told,) = page.context["webhooks"].events
    (view,) = told.deliveries
    assert (told.event.get_type_display(), view.state, view.last_outcome) == (
        "Order processed",
        "Waiting",
        "500 Internal Server Error",
    )
    WebhookDelivery.objects.update(status="Failed", next_attempt_at=None)
    (told,) = desk.get(url).context["webhooks"].events
    receiver.answer_with(204)
    done = desk.post(told.deliveries[0].replay_url, {"next": url}, follow=True)
    assert done.redirect_chain == [(url, 302)]
    Sender(_now()).run_jobs()
    assert [one["orderId"] for one in receiver.events()] == [order["orderId"]] * 2
    assert now_is(endpoint).failing_since is None
    WebhookEndpoint.objects.all().delete()
    assert "in the feed only: no endpoint was to be told" in text_of(desk.get(url))
    looker = signed_in(person("looker", "orders.view_order"))
    assert looker.get(url).context["webhooks"] is None
