"""Virtual queues: joining, waiting, being called, coming, giving up."""

from __future__ import annotations

import datetime
import io
import uuid
from collections.abc import Callable
from typing import Any

import jwt
import pytest
import zxingcpp
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from PIL import Image

from catalog.models import Attraction, Item
from channel_manager.history.models import Event
from orders import virtual_queues
from orders.models import (
    Order,
    Reservation,
    ReservationMember,
    ReservationStatus,
    SigningKey,
    VirtualQueue,
)
from orders.reissuing import reissue_asset
from orders.virtual_queues import Settings, open_queue
from tests.dialects.ordino.speaking import (
    ENTITLEMENTS,
    JWKS,
    QUEUES,
    RESERVATIONS,
    RESERVE,
    GuestApp,
    Park,
    answer,
    invalid,
    missing,
    problem,
    refused,
)
from tests.factories import AttractionFactory, ComponentFactory, ItemFactory
from tests.orders.expected import NOBODY, NOON, Clock, Like
from wallets.models import Asset, Scan

BASE = "http://127.0.0.1:8000/ordino"
Sold = Callable[..., Order]
FOUR = [{"package_id": "pkg_ride_pass", "quantity": 4}]


@pytest.fixture
def app(park: Park, sold: Sold, queue: VirtualQueue) -> GuestApp:
    """A guest with four ride passes."""
    sold(park, packages=FOUR)
    return park.guest()


@pytest.fixture
def keys(app: GuestApp) -> list[str]:
    """The entitlements of the four passes."""
    return [one["entitlement_key"] for one in app.entitlements()]


def state(app: GuestApp, reservation: dict[str, Any]) -> str:
    return str(app.get(f"{RESERVATIONS}/{reservation['reservation_id']}")["data"]["state"])


def moment(seconds: float) -> str:
    at = NOON + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_who_joins_an_empty_queue_is_called_at_once(app: GuestApp, keys: list[str]) -> None:
    response = app.reserve("dino", keys[0])
    made = response.json()["data"]
    reservation = Reservation.objects.get()
    url = f"{BASE}/api/reservations/{reservation.pk}"
    assert (response.status_code, response["Location"]) == (201, url)
    session = app.entitlements()[0]["session_key"]
    assert made == {
        "reservation_id": str(reservation.pk),
        "url": url,
        "queue_id": "dino",
        "queue_name": "Dino ride",
        "queue_url": f"{BASE}/api/queues/dino",
        "reservation_type": "parallel",
        "status": "ready",
        "state": "ready",
        "wait_time_at_reservation": 0,
        "remaining_wait_time": 0,
        "ready_at": moment(0),
        "cancel_url": url,
        "token": Like(r"[\w-]+\.[\w-]+\.[\w-]+"),
        "token_url": f"{url}/token",
        "members": [{"user_id": Like("[0-9a-f]{24}"), "session_id": session, "url": url}],
    }
    assert app.get(f"{RESERVATIONS}/{reservation.pk}") == {"success": True, "data": made}
    assert app.entitlements()[0]["reservation"] == made
    assert app.entitlements()[0]["state"] == "already_reserved"


def test_the_others_wait_for_their_turn(app: GuestApp, keys: list[str], clock: Clock) -> None:
    first = app.reserved("dino", keys[0], keys[1])
    second = app.reserved("dino", keys[2])
    third = app.reserved("dino", keys[3])
    # A guest a minute: two go first, then one, then one.
    told = [
        (one["state"], one["wait_time_at_reservation"], one["ready_at"])
        for one in (first, second, third)
    ]
    assert told == [
        ("ready", 0, moment(0)),
        ("waiting", 120, moment(120)),
        ("waiting", 180, moment(180)),
    ]
    clock.forward(seconds=119)
    assert [state(app, one) for one in (second, third)] == ["waiting", "waiting"]
    assert app.get(f"{RESERVATIONS}/{second['reservation_id']}")["data"]["remaining_wait_time"] == 1
    clock.forward(seconds=1)
    assert [state(app, one) for one in (second, third)] == ["ready", "waiting"]
    clock.forward(seconds=60)
    assert state(app, third) == "ready"


def test_who_is_called_and_does_not_come_loses_the_place(
    app: GuestApp, keys: list[str], clock: Clock
) -> None:
    one = app.reserved("dino", keys[0])
    clock.forward(minutes=9, seconds=59)
    assert state(app, one) == "ready"
    clock.forward(seconds=1)
    assert state(app, one) == "expired"
    # The entitlement is free for another try.
    assert app.reserved("dino", keys[0])["state"] == "ready"


def test_those_behind_move_up_when_somebody_gives_up(
    app: GuestApp, keys: list[str], clock: Clock
) -> None:
    app.reserved("dino", keys[0])
    second, third = app.reserved("dino", keys[1], keys[2]), app.reserved("dino", keys[3])
    assert third["ready_at"] == moment(180)
    for _ in range(2):
        response = app.request("DELETE", f"{RESERVATIONS}/{second['reservation_id']}")
        body = response.json()["data"]
        assert (response.status_code, body["state"], body["token"]) == (200, "canceled", None)
    assert app.get(f"{RESERVATIONS}/{third['reservation_id']}")["data"]["ready_at"] == moment(60)


def test_what_is_over_cannot_be_given_up(app: GuestApp, keys: list[str], clock: Clock) -> None:
    one = app.reserved("dino", keys[0])
    clock.forward(minutes=10)
    assert answer(app.request("DELETE", f"{RESERVATIONS}/{one['reservation_id']}")) == refused(
        problem(
            "operation_failed",
            "The operation could not be completed",
            "The reservation is expired now.",
        )
    )


def test_staff_pause_and_resume(app: GuestApp, keys: list[str], clock: Clock) -> None:
    app.reserved("dino", keys[0])
    second, third = app.reserved("dino", keys[1]), app.reserved("dino", keys[2])
    options: dict[str, Any] = {
        "reservations": Reservation.objects.all(),
        "reservation_id": uuid.UUID(second["reservation_id"]),
        "actor": "staff:1",
        "now": NOON,
    }
    virtual_queues.pause(**options)
    told = app.get(f"{RESERVATIONS}/{second['reservation_id']}")["data"]
    assert (told["state"], told["remaining_wait_time"], told["ready_at"]) == ("paused", None, None)
    # The one behind moves up meanwhile.
    clock.forward(seconds=60)
    assert [state(app, one) for one in (second, third)] == ["paused", "ready"]
    virtual_queues.resume(**{**options, "now": clock.now})
    assert state(app, second) == "waiting"
    clock.forward(seconds=60)
    assert state(app, second) == "ready"
    names = Event.objects.filter(kind="reservation", subject_id=second["reservation_id"])
    assert list(names.order_by("id").values_list("name", flat=True)) == [
        "joined",
        "paused",
        "resumed",
        "called",
    ]


def test_the_worker_calls_guests_whom_nobody_asks_about(
    app: GuestApp, keys: list[str], clock: Clock
) -> None:
    app.reserved("dino", keys[0])
    app.reserved("dino", keys[1])
    clock.forward(seconds=60)
    virtual_queues.catch_up(now=clock.now)
    assert set(Reservation.objects.values_list("status", flat=True)) == {"ready"}
    clock.forward(minutes=10)
    virtual_queues.catch_up(now=clock.now)
    assert set(Reservation.objects.values_list("status", flat=True)) == {"expired"}
    assert virtual_queues.catch_up(now=clock.now) == 0


def test_whose_tickets_are_gone_is_not_called(app: GuestApp, keys: list[str], clock: Clock) -> None:
    app.reserved("dino", keys[0])
    second, third = app.reserved("dino", keys[1]), app.reserved("dino", keys[2])
    Asset.objects.filter(pk=keys[1]).update(status="Destroyed")
    clock.forward(seconds=60)
    assert [state(app, one) for one in (second, third)] == ["canceled", "ready"]


def test_whose_tickets_were_used_at_a_gate_is_in_the_queue_no_more(
    app: GuestApp, keys: list[str]
) -> None:
    first, second = app.reserved("dino", keys[0]), app.reserved("dino", keys[1])
    assert state(app, first) == "ready"
    Asset.objects.filter(pk__in=keys[:2]).update(status="Used", admitted=F("admissions"))
    assert [state(app, one) for one in (first, second)] == ["canceled", "canceled"]


def test_a_closed_queue_takes_nobody_and_calls_who_is_in_it(
    app: GuestApp, keys: list[str], clock: Clock
) -> None:
    app.reserved("dino", keys[0])
    second = app.reserved("dino", keys[1])
    VirtualQueue.objects.update(is_open=False)
    assert answer(app.reserve("dino", keys[2])) == refused(
        problem(
            "operation_failed",
            "The operation could not be completed",
            "The queue of Dino ride is closed.",
            error="queue_closed",
        )
    )
    clock.forward(seconds=60)
    assert state(app, second) == "ready"


def test_other_settings_change_what_is_expected(
    app: GuestApp, keys: list[str], clock: Clock, queue: VirtualQueue
) -> None:
    app.reserved("dino", keys[0])
    app.reserved("dino", keys[1], keys[2])
    last = app.reserved("dino", keys[3])
    VirtualQueue.objects.update(guests_per_hour=120)
    virtual_queues.settings_changed(queue_id=queue.pk, now=NOON)
    told = app.get(f"{RESERVATIONS}/{last['reservation_id']}")["data"]
    assert (told["ready_at"], told["remaining_wait_time"]) == (moment(120), 120)


@pytest.mark.parametrize("path", [f"{RESERVATIONS}?page_size=50", f"{ENTITLEMENTS}?page_size=50"])
def test_a_list_takes_as_many_statements_for_twenty_reservations_as_for_two(
    park: Park, sold: Sold, queue: VirtualQueue, path: str
) -> None:
    sold(park, packages=[{"package_id": "pkg_ride_pass", "quantity": 20}])
    app = park.guest()
    keys = [one["entitlement_key"] for one in app.entitlements("?page_size=50")]
    for key in keys[:2]:
        app.reserved("dino", key)
    with CaptureQueriesContext(connection) as few:
        assert len(tokens_in(app.get(path))) == 2
    for key in keys[2:]:
        app.reserved("dino", key)
    with CaptureQueriesContext(connection) as many:
        assert len(tokens_in(app.get(path))) == 20
    assert len(many) == len(few)


def test_twenty_parties_are_called_in_as_many_statements_as_two(
    park: Park, sold: Sold, queue: VirtualQueue, clock: Clock
) -> None:
    sold(park, packages=[{"package_id": "pkg_ride_pass", "quantity": 24}])
    app = park.guest(exp=int((NOON + datetime.timedelta(days=1)).timestamp()))
    keys = [one["entitlement_key"] for one in app.entitlements("?page_size=50")]

    def calling(parties: list[str]) -> int:
        for key in parties:
            app.reserved("dino", key)
        clock.forward(minutes=len(parties))
        with CaptureQueriesContext(connection) as statements:
            assert virtual_queues.catch_up(now=clock.now) == 1
        ready = Reservation.objects.filter(status="ready")
        assert ready.count() == len(parties)
        clock.forward(hours=2)
        virtual_queues.catch_up(now=clock.now)
        return len(statements)

    # The first is called at once, and may come until all are.
    VirtualQueue.objects.update(ready_minutes=60)
    assert calling(keys[:3]) == calling(keys[3:])


def test_the_list_of_queues_takes_as_many_statements_for_three_as_for_one(
    app: GuestApp, keys: list[str], dino: Attraction
) -> None:
    app.reserved("dino", keys[0], keys[1])
    app.reserved("dino", keys[2])
    with CaptureQueriesContext(connection) as few:
        assert [one["wait_time"] for one in app.get(QUEUES)["items"]] == [180]
    for name in ("Elephants", "Flume"):
        ride = AttractionFactory.create(venue=dino.venue, code=name.lower(), name=name)
        open_queue(attraction=ride, settings=Settings(), now=NOON)
    with CaptureQueriesContext(connection) as many:
        assert [one["wait_time"] for one in app.get(QUEUES)["items"]] == [180, 0, 0]
    assert len(many) == len(few)


def tokens_in(page: dict[str, Any]) -> set[str]:
    """Return the tokens of the reservations that a page shows."""
    shown = [one.get("reservation", one) for one in page["items"]]
    return {one["token"] for one in shown if one and one["token"]}


def test_an_entitlement_waits_in_one_queue_at_a_time(
    app: GuestApp, keys: list[str], park: Park
) -> None:
    one = app.reserved("dino", keys[0])
    told = problem(
        "operation_failed",
        "The operation could not be completed",
        f"The entitlement {keys[0]} cannot be used for this: already_reserved.",
        error="already_reserved",
    )
    assert answer(app.reserve("dino", keys[0])) == refused(told)
    assert Reservation.objects.count() == 1
    member = ReservationMember.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        ReservationMember.objects.create(
            reservation_id=one["reservation_id"],
            wallet=member.wallet,
            component=member.component,
            unit=member.unit,
        )


def test_whoever_is_beaten_to_an_entitlement_hears_so(
    app: GuestApp, keys: list[str], park: Park, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.reserved("dino", keys[0])
    # The other reservation was made after this one had looked.
    monkeypatch.setattr("orders.entitlements._living_reservations", lambda _assets: {})
    response = app.reserve("dino", keys[0])
    assert (response.status_code, response.json()["error"]) == (400, "already_reserved")
    assert Reservation.objects.count() == 1


def test_keys_of_both_kinds_and_by_both_names(app: GuestApp, keys: list[str]) -> None:
    sessions = [one["session_key"] for one in app.entitlements()]
    app.reserved("dino", sessions[0])
    body = {"queue_id": "dino", "entitlement_ids": [keys[1], sessions[2]]}
    response = app.request("POST", RESERVE, body)
    assert response.status_code == 201
    members = [one["session_id"] for one in response.json()["data"]["members"]]
    assert sorted(members) == sorted(sessions[1:3])
    # A session with its own entitlement is one guest.
    assert len(app.reserved("dino", sessions[3], keys[3])["members"]) == 1


def test_unknown_queues_sessions_and_fields(
    app: GuestApp, keys: list[str], park: Park, rival_park: Park, sold: Sold
) -> None:
    sold(rival_park)
    theirs = rival_park.guest().entitlements()[0]["session_key"]
    assert answer(app.reserve("log-flume", keys[0])) == refused(missing("queue", "log-flume"))
    assert answer(app.reserve("dino", keys[0], theirs, NOBODY, "x")) == refused(
        missing("session", theirs, NOBODY, "x")
    )
    assert answer(app.request("POST", RESERVE, {"reservation_type": "fast"})) == refused(
        invalid(
            Queue_id="The Queue_id field is required.",
            Session_keys="The Session_keys field is required.",
            Reservation_type="It must be one of parallel, premium, time_bank, reverse.",
        )
    )
    body = {"queue_id": "dino", "session_keys": ["", 1]}
    assert answer(app.request("POST", RESERVE, body)) == refused(
        invalid(
            **{
                "Session_keys[0]": "A key is expected: a string.",
                "Session_keys[1]": "A key is expected: a string.",
            }
        )
    )
    assert Reservation.objects.count() == 0


@pytest.mark.derived
def test_what_an_entitlement_is_not_for(
    app: GuestApp, keys: list[str], venue: Any, clock: Clock
) -> None:
    flume = AttractionFactory.create(venue=venue, code="flume", name="Log flume")
    open_queue(attraction=flume, settings=Settings(), now=NOON)
    response = app.reserve("flume", keys[0])
    assert (response.status_code, response.json()["error"]) == (400, "not_allowed_on_queue")
    response = app.reserve("dino", keys[0], reservation_type="premium")
    assert response.json()["error"] == "not_allowed_for_reservation_type"


def test_one_entitlement_of_a_session_at_a_time(
    park: Park, sold: Sold, queue: VirtualQueue, ride_pass: Any, dino: Attraction
) -> None:
    second = ItemFactory.create(venue=ride_pass.venue, number="SECOND", attraction=dino)
    ComponentFactory.create(package=ride_pass, item=second, position=1)
    sold(park, packages=[{"package_id": "pkg_ride_pass"}])
    app = park.guest()
    one, two = app.entitlements()
    assert one["session_key"] == two["session_key"]
    response = app.reserve("dino", one["entitlement_key"], two["entitlement_key"])
    assert (response.status_code, response.json()["error"]) == (400, "one_entitlement_per_session")


def test_reservations_are_listed_and_filtered(
    app: GuestApp, keys: list[str], venue: Any, park: Park
) -> None:
    made = [app.reserved("dino", key)["reservation_id"] for key in keys[:3]]
    page = app.get(f"{RESERVATIONS}?page_size=2")
    assert {name: page[name] for name in page if name != "items"} == {
        "success": True,
        "total": 3,
        "count": 2,
        "page": 1,
        "page_size": 2,
    }
    listed = app.get(RESERVATIONS)["items"]
    assert sorted(one["reservation_id"] for one in listed) == sorted(made)
    assert app.get(f"{RESERVATIONS}?filter=queue_id:dino")["filtered_count"] == 3
    none = app.get(f"{RESERVATIONS}?filter=queue_id:flume")
    assert (none["total"], none["filtered_count"], none["items"]) == (3, 0, [])
    response = app.request("GET", f"{RESERVATIONS}?filter=dino")
    assert answer(response) == refused(
        invalid(Filter="It must be queue_id: followed by the id of a queue.")
    )


def test_somebody_elses_reservation_is_as_unknown_as_none(
    app: GuestApp, keys: list[str], park: Park, rival_park: Park
) -> None:
    one = app.reserved("dino", keys[0])["reservation_id"]
    for other in (park.guest("other@example.com"), rival_park.guest()):
        for method, rest in (("GET", ""), ("GET", "/token"), ("DELETE", "")):
            told = []
            for key in (one, NOBODY, "x"):
                status, body, _ = answer(other.request(method, f"{RESERVATIONS}/{key}{rest}"))
                body.pop("path")
                told.append((status, body))
            assert told[0] == told[1] == told[2]
            assert (told[0][0], told[0][1]["error_code"]) == (404, "not_found")
    token = app.get(f"{RESERVATIONS}/{one}")["data"]["token"]
    # At the rival's ride it is no better than something made up.
    assert rival_park.complete(token=token) == rival_park.complete(token="made.up.here")
    unknown = rival_park.complete(reservation_id=NOBODY)
    assert rival_park.complete(reservation_id=one) == unknown


def test_the_token_can_be_checked_without_us(app: GuestApp, keys: list[str], park: Park) -> None:
    one = app.reserved("dino", keys[0], keys[1])
    published = park.request("GET", JWKS).json()
    header = jwt.get_unverified_header(one["token"])
    (jwk,) = [key for key in published["keys"] if key["kid"] == header["kid"]]
    assert (jwk["kty"], jwk["use"], jwk["alg"]) == ("RSA", "sig", "RS256")
    claims = jwt.decode(
        one["token"],
        jwt.PyJWK.from_dict(jwk).key,
        ["RS256"],
        audience=park.storefront.public_id,
        issuer=BASE,
        options={"verify_exp": False, "verify_iat": False},
    )
    now = int(NOON.timestamp())
    assert claims == {
        "sub": one["reservation_id"],
        "qid": "dino",
        "guests": 2,
        "who": one["members"][0]["user_id"],
        "rdyat": now,
        "iat": now,
        "exp": now + 86400,
        "iss": BASE,
        "aud": park.storefront.public_id,
    }
    assert "PRIVATE" not in SigningKey.objects.get().sealed_private


def test_the_token_is_shown_as_an_image(app: GuestApp, keys: list[str]) -> None:
    one = app.reserved("dino", keys[0])
    path = f"{RESERVATIONS}/{one['reservation_id']}/token"
    response = app.request("GET", path)
    assert (response["Content-Type"], response["Cache-Control"]) == ("image/png", "no-store")
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(response.content)))
    assert code.text == one["token"]
    app.request("DELETE", f"{RESERVATIONS}/{one['reservation_id']}")
    assert app.request("GET", path).status_code == 404


def test_who_comes_in_turn_is_admitted_as_at_any_gate(
    app: GuestApp, keys: list[str], park: Park, clock: Clock
) -> None:
    one = app.reserved("dino", keys[0], keys[1])
    clock.forward(minutes=5)
    told = {"reservation_id": one["reservation_id"], "queue_id": "dino", "guests": 2}
    assert park.complete(token=one["token"], queue_id="dino") == {
        "success": True,
        "data": {
            "result": "allowed",
            "is_allowed_to_enter": True,
            "reason": "Let them in.",
            **told,
        },
    }
    assert park.complete(token=one["token"]) == {
        "success": True,
        "data": {
            "result": "already_completed",
            "is_allowed_to_enter": False,
            "reason": "The party has come already.",
            **told,
        },
    }
    used = Asset.objects.filter(pk__in=keys[:2])
    assert {(asset.status, asset.admitted) for asset in used} == {("Used", 1)}
    scans = Scan.objects.filter(admitted=True)
    assert {scan.device.name for scan in scans} == {"Virtual queue dino"}
    assert Event.objects.filter(kind="order", name="admitted").count() == 2
    assert state(app, one) == "completed"
    assert [entry["state"] for entry in app.entitlements()][:2] == ["no_remaining_uses"] * 2


def test_who_comes_too_early_too_late_or_elsewhere(
    app: GuestApp, keys: list[str], park: Park, clock: Clock, venue: Any
) -> None:
    first, second, third = (app.reserved("dino", key) for key in keys[:3])

    def result(**body: Any) -> Any:
        told = park.complete(**body)["data"]
        assert told["is_allowed_to_enter"] is False
        return told["result"], told.get("remaining_wait_time_seconds")

    assert result(token=second["token"]) == ("too_early", 60)
    assert result(token=first["token"], queue_id="flume") == ("not_in_queue", None)
    app.request("DELETE", f"{RESERVATIONS}/{third['reservation_id']}")
    assert result(token=third["token"]) == ("canceled", None)
    virtual_queues.pause(
        reservations=Reservation.objects.all(),
        reservation_id=uuid.UUID(second["reservation_id"]),
        actor="staff:1",
        now=NOON,
    )
    assert result(reservation_id=second["reservation_id"]) == ("too_early", None)
    clock.forward(minutes=10)
    assert result(token=first["token"]) == ("too_late", None)
    assert result(token="made.up.here") == ("invalid_token", None)
    assert result(token=first["token"][:-4]) == ("invalid_token", None)
    assert result(reservation_id=NOBODY) == ("not_found", None)
    assert result(reservation_id="x") == ("not_found", None)
    clock.forward(hours=24)
    assert result(token=first["token"]) == ("invalid_token", None)
    assert Scan.objects.filter(admitted=True).count() == 0


def test_a_ride_that_says_nothing(park: Park, queue: VirtualQueue) -> None:
    response = park.request("POST", "/ordino/api/reservations/complete", {}, x_api_key=park.key)
    assert answer(response) == refused(invalid(Token="The Token field is required."))


def test_all_of_a_party_are_admitted_or_none(app: GuestApp, keys: list[str], park: Park) -> None:
    one = app.reserved("dino", *keys)
    last = ReservationMember.objects.order_by("wallet").last()
    assert last is not None
    Asset.objects.filter(wallet=last.wallet).update(status="Used", admitted=1)
    told = park.complete(token=one["token"])["data"]
    assert (told["result"], told["reason"]) == ("already_completed", "Already used.")
    assert Asset.objects.filter(status="Valid").count() == 3
    assert Scan.objects.filter(admitted=True).count() == 0
    assert Reservation.objects.get().status == ReservationStatus.READY


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({"status": "Destroyed"}, "canceled"),
        ({"valid_from": NOON + datetime.timedelta(days=1)}, "too_early"),
        (
            {"valid_from": NOON - datetime.timedelta(days=1), "valid_until": NOON},
            "too_late",
        ),
    ],
)
def test_what_became_of_a_ticket_counts_at_the_ride(
    app: GuestApp, keys: list[str], park: Park, change: dict[str, Any], result: str
) -> None:
    one = app.reserved("dino", keys[0])
    Asset.objects.filter(pk=keys[0]).update(**change)
    told = park.complete(token=one["token"])["data"]
    assert (told["result"], told["is_allowed_to_enter"]) == (result, False)


def test_a_reissued_ticket_keeps_its_reservation(
    app: GuestApp, keys: list[str], park: Park
) -> None:
    one = app.reserved("dino", keys[0])
    order = Order.objects.get()
    new = reissue_asset(
        orders=Order.objects.all(),
        order_id=order.pk,
        asset_id=uuid.UUID(keys[0]),
        actor="staff:1",
        now=NOON,
        reason="lost",
    )
    listed = {entry["entitlement_key"]: entry["state"] for entry in app.entitlements()}
    assert listed[str(new.pk)] == "already_reserved"
    assert park.complete(token=one["token"])["data"]["result"] == "allowed"
    assert Asset.objects.get(pk=new.pk).status == "Used"


def test_queues_are_listed_for_sellers_and_guests(
    app: GuestApp, keys: list[str], park: Park
) -> None:
    app.reserved("dino", keys[0], keys[1])
    queue = {
        "queue_id": "dino",
        "name": "Dino ride",
        "url": f"{BASE}/api/queues/dino",
        "is_open": True,
        "wait_time": 120,
    }
    page = {
        "success": True,
        "total": 1,
        "count": 1,
        "page": 1,
        "page_size": 1,
        "items": [queue],
    }
    assert app.get(QUEUES) == page
    assert park.request("GET", QUEUES, x_api_key=park.key).json() == page
    assert app.get(f"{QUEUES}/dino") == {"success": True, "data": queue}
    assert app.request("GET", f"{QUEUES}/flume").status_code == 404


def test_another_venues_queue_does_not_exist_here(app: GuestApp, clock: Clock) -> None:
    elsewhere = AttractionFactory.create(code="elsewhere")
    open_queue(attraction=elsewhere, settings=Settings(), now=NOON)
    assert [one["queue_id"] for one in app.get(QUEUES)["items"]] == ["dino"]
    assert app.request("GET", f"{QUEUES}/elsewhere").status_code == 404


def test_a_test_order_waits_and_admits_nobody(
    clock: Clock, seller: Any, sold: Sold, queue: VirtualQueue
) -> None:
    sandbox = Park(seller, test_mode=True)
    sold(sandbox, packages=FOUR)
    app = sandbox.guest()
    one = app.reserved("dino", app.entitlements()[0]["session_key"])
    told = sandbox.complete(token=one["token"])["data"]
    assert (told["result"], told["reason"]) == (
        "not_found",
        "Test ticket. It admits nobody.",
    )
    assert Item.objects.filter(assets__admitted__gt=0).count() == 0
