"""Who a token stands for, and what its guest is entitled to."""

from __future__ import annotations

import datetime
import io
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.management import call_command
from django.db import IntegrityError, transaction

from catalog.models import Package
from channel_manager.lib import http
from channel_manager.lib.http import Answer, NotAnswered
from channel_manager.lib.sealing import seal
from orders.models import GuestIssuer, Order, VirtualQueue
from tests.dialects.ordino.speaking import (
    ENTITLEMENTS,
    GUEST,
    SECRET,
    GuestApp,
    Park,
    answer,
    invalid,
    refused,
    token_of,
)
from tests.orders.expected import NOON, UUID, Clock, Like
from wallets.models import Asset, Wallet

Sold = Callable[..., Order]


def test_the_seeds_order_entitles_its_guest(park: Park, sold: Sold, queue: VirtualQueue) -> None:
    order = sold(park)
    app = park.guest()
    ride, voucher, other = app.entitlements()
    wallet = Wallet.objects.filter(order=order, line__item_number="pkg_ride_pass").get()
    asset = Asset.objects.get(wallet=wallet)
    assert ride == {
        "session_key": str(wallet.pk),
        "entitlement_key": str(asset.pk),
        "title": "RIDE entry",
        "state": "allowed",
        "can_reserve": True,
        "is_usable": True,
        "usability": None,
        "is_eligible": True,
        "eligibility": None,
        "available_after": None,
        "available_from": "2026-11-20T11:00:00.000Z",
        "minutes_remaining": 7 * 24 * 60 + 8 * 60,
        "queue_id": "dino",
        "reservation_type": "parallel",
        "total_count": 1,
        "remaining_count": 1,
        "requires_entitlement": [],
        "metadata": {
            "package_id": "pkg_ride_pass",
            "package_name": "Name of RIDE",
            "locator_code": asset.reference_number,
            "nickname": None,
            "user_id": Like("[0-9a-f]{24}"),
        },
        "reservation": None,
    }
    for one in (voucher, other):
        assert (one["session_key"], one["entitlement_key"], one["queue_id"]) == (UUID, UUID, None)
        assert (one["state"], one["can_reserve"]) == ("not_allowed_on_queue", False)
        assert (one["is_usable"], one["eligibility"]) == (True, "not_allowed_on_queue")
    assert voucher["session_key"] != other["session_key"]


def test_pages_and_the_queue_that_is_asked_for(park: Park, sold: Sold, queue: VirtualQueue) -> None:
    sold(park)
    app = park.guest()
    page = app.get(f"{ENTITLEMENTS}?page=2&page_size=2")
    heads = {name: page[name] for name in page if name != "items"}
    assert heads == {"success": True, "total": 3, "count": 1, "page": 2, "page_size": 2}
    assert [one["queue_id"] for one in app.entitlements("?queue_id=dino")] == ["dino"]
    assert app.entitlements("?queue_id=nowhere") == []
    assert app.get(f"{ENTITLEMENTS}?page=9")["items"] == []
    response = app.request("GET", f"{ENTITLEMENTS}?page=0&page_size=101")
    assert answer(response) == refused(
        invalid(
            Page="The field Page must be between 1 and 100000.",
            Page_size="The field Page_size must be between 1 and 100.",
        )
    )


def test_an_address_is_the_same_in_any_case_and_another_identity_is_not(
    park: Park, sold: Sold
) -> None:
    sold(park)
    sold(park, guest_email="Member-7", metadata={"order_id": "2"})
    assert len(park.guest("Guest@Example.COM").entitlements()) == 3
    assert len(park.guest("Member-7").entitlements()) == 3
    assert park.guest("member-7").entitlements() == []
    assert park.guest("guest@example.co").entitlements() == []


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"admitted": 1, "status": "Used"}, "no_remaining_uses"),
        ({"status": "Expired"}, "expired"),
        ({"valid_until": NOON}, "expired"),
        ({"valid_from": NOON + datetime.timedelta(days=1)}, "not_available"),
    ],
)
def test_why_an_entitlement_cannot_be_used(
    park: Park, sold: Sold, queue: VirtualQueue, change: dict[str, Any], state: str
) -> None:
    sold(park)
    if "valid_until" in change:
        Asset.objects.update(valid_from=NOON - datetime.timedelta(days=1))
    Asset.objects.update(**change)
    one = park.guest().entitlements()[0]
    assert (one["state"], one["usability"], one["is_usable"], one["can_reserve"]) == (
        state,
        state,
        False,
        False,
    )


def test_what_was_cancelled_is_gone(park: Park, sold: Sold) -> None:
    order = sold(park)
    Asset.objects.filter(wallet__order=order).update(status="Destroyed")
    assert park.guest().entitlements() == []


def test_what_is_not_issued_yet_is_not_there(park: Park) -> None:
    park.order({"guest_email": GUEST, "packages": [{"package_id": "pkg_voucher"}]})
    assert park.guest().entitlements() == []


def test_the_claim_with_the_identity_can_be_set(park: Park, sold: Sold) -> None:
    sold(park, guest_email="4711")
    GuestIssuer.objects.update(identity_claim="sub")
    for identity in ("4711", 4711):
        token = token_of(park.issuer.issuer, identity, claim="sub")
        claims = jwt.decode(token, options={"verify_signature": False})
        if isinstance(claims["sub"], str):
            assert len(GuestApp(park, token).entitlements()) == 3


def test_an_audience_decides_between_two_storefronts(park: Park, rival_park: Park) -> None:
    shared = "https://accounts.example"
    for one, audience in ((park, "ours"), (rival_park, "theirs")):
        GuestIssuer.objects.filter(pk=one.issuer.pk).update(issuer=shared, audience=audience)
    park.order({"guest_email": GUEST, "packages": [{"package_id": "pkg_voucher"}]})
    for aud, status in (("ours", 200), (["x", "theirs"], 200), ("x", 401), (None, 401)):
        app = GuestApp(park, token_of(shared, aud=aud))
        assert app.request("GET", ENTITLEMENTS).status_code == status
    with pytest.raises(IntegrityError), transaction.atomic():
        GuestIssuer.objects.filter(pk=park.issuer.pk).update(audience="theirs")
    with pytest.raises(IntegrityError), transaction.atomic():
        GuestIssuer.objects.filter(pk=park.issuer.pk).update(sealed_secret="")
    with pytest.raises(IntegrityError), transaction.atomic():
        GuestIssuer.objects.filter(pk=park.issuer.pk).update(jwks_url="https://a.example/")


class Publisher:
    """An issuer that publishes its keys; `asked` counts how often it was."""

    def __init__(self) -> None:
        self.keys: dict[str, rsa.RSAPrivateKey] = {}
        self.asked = 0
        self.is_away = False
        self.status = 200

    def add(self, kid: str) -> None:
        self.keys[kid] = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def get(self, _url: str, **_options: Any) -> Answer:
        self.asked += 1
        if self.is_away:
            raise NotAnswered("timed_out", "No answer came in time.")
        public = [
            {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())), "kid": kid}
            for kid, key in self.keys.items()
        ]
        body = json.dumps({"keys": public}).encode()
        return Answer(status_code=self.status, headers={}, body=body)

    def token(self, issuer: str, kid: str, **claims: Any) -> str:
        said = {"iss": issuer, "email": GUEST, "exp": int(NOON.timestamp()) + 86400, **claims}
        return jwt.encode(said, self.keys[kid], "RS256", headers={"kid": kid})


@pytest.fixture
def publisher(park: Park, monkeypatch: pytest.MonkeyPatch) -> Publisher:
    """The park's issuer, with one key."""
    one = Publisher()
    one.add("k1")
    monkeypatch.setattr(http, "get", one.get)
    url = "https://login.dunes.example/jwks.json"
    GuestIssuer.objects.filter(pk=park.issuer.pk).update(sealed_secret="", jwks_url=url)
    return one


def status(park: Park, token: str) -> int:
    return int(GuestApp(park, token).request("GET", ENTITLEMENTS).status_code)


def test_published_keys_are_fetched_once_and_kept(
    park: Park, publisher: Publisher, clock: Clock
) -> None:
    token = publisher.token(park.issuer.issuer, "k1")
    assert [status(park, token) for _ in range(3)] == [200, 200, 200]
    assert publisher.asked == 1
    clock.forward(hours=1, seconds=1)
    assert status(park, token) == 200
    assert publisher.asked == 2


def test_a_new_key_is_asked_for_once_a_minute(
    park: Park, publisher: Publisher, clock: Clock
) -> None:
    assert status(park, publisher.token(park.issuer.issuer, "k1")) == 200
    publisher.add("k2")
    token = publisher.token(park.issuer.issuer, "k2")
    assert (status(park, token), publisher.asked) == (401, 1)
    clock.forward(seconds=61)
    assert (status(park, token), publisher.asked) == (200, 2)
    publisher.add("k3")
    unknown = publisher.token(park.issuer.issuer, "k3")
    publisher.keys.pop("k3")
    clock.forward(seconds=61)
    assert [status(park, unknown) for _ in range(3)] == [401, 401, 401]
    assert publisher.asked == 3


def test_an_issuer_that_is_away_is_believed_as_it_was(
    park: Park, publisher: Publisher, clock: Clock
) -> None:
    token = publisher.token(park.issuer.issuer, "k1")
    assert status(park, token) == 200
    clock.forward(hours=2)
    for publisher.is_away, publisher.status in ((True, 200), (False, 500)):
        assert status(park, token) == 200
        clock.forward(minutes=2)


def test_a_published_key_is_no_shared_secret(park: Park, publisher: Publisher) -> None:
    assert status(park, publisher.token(park.issuer.issuer, "k1")) == 200
    assert status(park, token_of(park.issuer.issuer, secret=SECRET)) == 401
    forged = jwt.encode(
        {"iss": park.issuer.issuer, "email": GUEST, "exp": int(NOON.timestamp()) + 60},
        None,
        algorithm="none",
    )
    assert status(park, forged) == 401


def test_a_secret_that_cannot_be_opened_lets_nobody_in(park: Park, settings: Any) -> None:
    assert status(park, token_of(park.issuer.issuer)) == 200
    GuestIssuer.objects.update(sealed_secret="sealed with a key that is lost")
    assert status(park, token_of(park.issuer.issuer)) == 401


def test_sealed_secrets_follow_a_change_of_keys(park: Park, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = ["old"]
    GuestIssuer.objects.update(sealed_secret=seal(SECRET))
    settings.ENCRYPTION_KEYS = ["new", "old"]
    call_command("reseal", stdout=io.StringIO())
    settings.ENCRYPTION_KEYS = ["new"]
    assert status(park, token_of(park.issuer.issuer)) == 200


def test_max_redemptions_are_the_uses(park: Park, sold: Sold, queue: VirtualQueue) -> None:
    sold(park, max_redemptions=5, packages=[{"package_id": "pkg_ride_pass"}])
    (one,) = park.guest().entitlements()
    assert (one["total_count"], one["remaining_count"]) == (5, 5)


def test_a_guest_may_have_bought_twice(park: Park, sold: Sold, voucher: Package) -> None:
    for number in ("1", "2"):
        sold(park, metadata={"order_id": number})
    assert park.guest().get(ENTITLEMENTS)["total"] == 6
