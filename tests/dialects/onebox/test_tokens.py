"""Giving tokens to channels, and what a token opens."""

from __future__ import annotations

import base64
from typing import Any

import jwt
import pytest
from django.test import Client
from django.utils import timezone

from orders.dialects.onebox import tokens
from partners.keys import create_key, revoke_key
from partners.models import Partner, Storefront
from tests.conftest import ApiClient
from tests.dialects.onebox.channel import (
    CATALOGUE,
    MANAGEMENT,
    ORDERS,
    SENTENCE,
    Channel,
    assert_refused,
)
from tests.orders.expected import Clock, Like

pytestmark = pytest.mark.django_db
TOKEN = Like(r"[\w-]+\.[\w-]+\.[\w-]+")
JTI = Like("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def assert_no_token(response: Any, status: int, error: str, *words: str) -> None:
    """Assert that an answer is OAuth's refusal, whole."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/json"
    body = response.json()
    assert body == {"error": error, "error_description": SENTENCE}
    assert [word for word in words if word not in body["error_description"]] == [], body


def test_a_channel_that_shows_its_secret_is_given_a_token_for_twelve_hours(
    channel: Channel,
) -> None:
    response = channel.ask_token()
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert response.json() == {
        "access_token": TOKEN,
        "token_type": "bearer",
        "refresh_token": TOKEN,
        "expires_in": 43200,
        "scope": "api-distribution-all api-catalog-all api-orders-mgmt-all",
        "authInfo": {"channelId": int(channel.storefront.public_id)},
        "jti": JTI,
    }


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"channel_id": "12"}, "invalid_grant", ("User not validated",)),
        ({"channel_id": "x\0"}, "invalid_grant", ("User not validated",)),
        ({"client_secret": "cm_live_wrong"}, "invalid_grant", ("User not validated",)),
        ({"channel_id": None}, "invalid_request", ("channel_id", "AUTH0004")),
        (
            {"channel_id": "", "client_id": None, "client_secret": None},
            "invalid_request",
            ("channel_id", "client_id", "client_secret"),
        ),
        ({"grant_type": None}, "invalid_request", ("grant_type",)),
        ({"grant_type": "password"}, "unsupported_grant_type", ("client_credentials",)),
        ({"grant_type": "refresh_token"}, "invalid_request", ("refresh_token",)),
    ],
)
def test_a_wrong_form_is_given_no_token(
    channel: Channel, changes: dict[str, str | None], error: str, words: tuple[str, ...]
) -> None:
    assert_no_token(channel.ask_token(**changes), 400, error, *words)


def test_another_client_is_given_no_token(channel: Channel) -> None:
    assert_no_token(channel.ask_token(client_id="mine"), 401, "invalid_client", "Bad client")


def test_credentials_in_a_header_are_not_looked_at(channel: Channel) -> None:
    basic = base64.b64encode(f"seller-channel-client:{channel.secret}".encode()).decode()
    response = Client().post(
        "/onebox/oauth/token",
        f"grant_type=client_credentials&channel_id={channel.storefront.public_id}",
        content_type="application/x-www-form-urlencoded",
        headers={"authorization": f"Basic {basic}"},
    )
    assert_no_token(response, 400, "invalid_request", "client_id", "client_secret")


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data"])
def test_a_token_is_asked_for_by_a_form(channel: Channel, kind: str) -> None:
    response = Client().generic("POST", "/onebox/oauth/token", b"{}", content_type=kind)
    assert_no_token(response, 400, "invalid_request", "application/x-www-form-urlencoded")


def test_other_methods_and_addresses_are_refused_in_oauths_shape() -> None:
    response = Client().get("/onebox/oauth/token")
    assert_no_token(response, 405, "invalid_request")
    assert "POST" in response["Allow"]
    assert_no_token(Client().get("/onebox/oauth/other"), 404, "invalid_request")


def test_secrets_of_other_dialects_and_of_the_partner_api_are_wrong(
    channel: Channel, api: ApiClient, partner: Partner
) -> None:
    ordino = create_key(partner=partner, dialect="ordino")[1]  # type: ignore[arg-type]
    for secret in (api.key, ordino):
        assert_no_token(channel.ask_token(client_secret=secret), 400, "invalid_grant")
    assert api.request("GET", "/channelManager/packages", x_api_key=channel.secret).status_code == (
        401
    )


def test_the_secret_of_another_channel_is_wrong(channel: Channel, other_channel: Channel) -> None:
    response = channel.ask_token(client_secret=other_channel.secret)
    assert_no_token(response, 400, "invalid_grant", "User not validated")


def test_an_inactive_channel_is_given_no_token_and_told_so_when_it_sells(
    channel: Channel,
) -> None:
    order_id = channel.basket()
    channel.partner.pause()
    channel.partner.save()
    assert_no_token(channel.ask_token(), 400, "invalid_grant", "User not validated")
    for path in ("", "/seats", "/seats-auto", "/buyer-data", "/pre-confirm"):
        assert_refused(channel.post(path, order_id, {}), 403, "AUTH0006", "Paused")
    assert channel.get(f"{CATALOGUE}/sessions").status_code == 200


@pytest.mark.usefixtures("matinee")
def test_what_a_guest_has_paid_is_confirmed_though_its_channel_was_paused_meanwhile(
    channel: Channel,
) -> None:
    order_id = channel.pre_confirmed()["id"]
    channel.partner.pause()
    channel.partner.save()
    assert channel.done("/confirm", order_id, {})["status"] == "CONFIRM"


def test_a_channel_that_was_removed_is_not_found(channel: Channel) -> None:
    token = channel.token
    Storefront.objects.all().delete()
    assert_refused(channel.post("", bearer=token), 403, "AUTH0005", "Channel not found")


def test_a_token_ends_after_twelve_hours(channel: Channel, clock: Clock) -> None:
    channel.basket()
    clock.forward(hours=12, seconds=-1)
    channel.basket()
    clock.forward(seconds=1)
    assert_refused(channel.post(""), 401, "AUTH001", "Invalid JWT signature")
    channel.renew()
    channel.basket()


def test_a_token_ends_with_its_secret(channel: Channel) -> None:
    channel.basket()
    revoke_key(key=channel.key, now=timezone.now())
    assert_refused(channel.post(""), 401, "AUTH001", "Invalid JWT signature")
    refresh = channel.ask_token(grant_type="refresh_token", refresh_token=channel.token)
    assert_no_token(refresh, 400, "invalid_grant")


def test_a_refresh_token_is_good_for_another_token_and_nothing_else(
    channel: Channel, clock: Clock
) -> None:
    given = channel.ask_token().json()
    assert_refused(channel.post("", bearer=given["refresh_token"]), 401, "AUTH001")
    clock.forward(hours=24, seconds=-1)
    refresh = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    assert channel.ask_token(**refresh).json()["access_token"] == TOKEN
    clock.forward(seconds=1)
    assert_no_token(channel.ask_token(**refresh), 400, "invalid_grant")
    access = {**refresh, "refresh_token": given["access_token"]}
    assert_no_token(channel.ask_token(**access), 400, "invalid_grant")


def test_a_secret_may_do_what_its_scopes_say(channel: Channel) -> None:
    channel.key.scopes = ["catalog:read"]
    channel.key.save()
    assert channel.ask_token().json()["scope"] == "api-catalog-all"
    assert channel.get(f"{CATALOGUE}/sessions").status_code == 200
    assert_refused(channel.post(""), 403, "FORBIDDEN_RESOURCE", "orders:write")
    path = f"{MANAGEMENT}/BQ73MK20ZT4H"
    assert_refused(channel.get(path), 403, "FORBIDDEN_RESOURCE", "orders:read")
    refund = channel.request("POST", f"{path}/refund", {"items": [{"id": 1}]})
    assert_refused(refund, 403, "FORBIDDEN_RESOURCE", "orders:write")


def test_a_token_that_we_did_not_sign_opens_nothing(channel: Channel) -> None:
    claims = jwt.decode(channel.token, options={"verify_signature": False})
    forged = [
        jwt.encode(claims, "another installation's key, of 32 bytes", algorithm="HS256"),
        jwt.encode(claims, None, algorithm="none"),
        f"{channel.token}x",
        channel.token.rsplit(".", 1)[0],
        "nothing",
        "a.b.c",
        "é.è.ê",
        channel.secret,
    ]
    for token in forged:
        assert_refused(channel.post("", bearer=token), 401, "AUTH001", "Invalid JWT signature")


def test_a_request_without_a_bearer_token_is_refused(channel: Channel) -> None:
    for headers in ({}, {"authorization": "Bearer "}, {"authorization": f"Basic {channel.token}"}):
        response = Client().post(ORDERS, headers=headers)
        assert_refused(response, 401, "AUTH001", "bearer token")
        assert response["WWW-Authenticate"] == "Bearer"


def test_using_a_token_counts_as_using_its_secret(channel: Channel, clock: Clock) -> None:
    channel.basket()
    clock.forward(hours=2)
    channel.basket()
    channel.key.refresh_from_db()
    assert channel.key.last_used_at == clock.now


def test_a_token_says_nothing_of_the_secret(channel: Channel) -> None:
    claims = jwt.decode(channel.token, options={"verify_signature": False})
    assert set(claims) == {"sub", "channel_id", "use", "jti", "iat", "exp"}
    assert claims["exp"] - claims["iat"] == tokens.LASTS.total_seconds()


def test_who_asks_too_often_is_told_to_wait(channel: Channel, settings: Any) -> None:
    token = channel.token
    channel.partner.requests_per_second = channel.partner.request_burst = 1
    channel.partner.save()
    answers = [channel.post("", bearer=token) for _ in range(4)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert_refused(refused[0], 429, "TOO_MANY_REQUESTS")
    assert refused[0]["Retry-After"] == "1"
    forms = [channel.ask_token(client_secret="wrong") for _ in range(4)]
    limited = [answer for answer in forms if answer.status_code == 429]
    assert_no_token(limited[0], 429, "temporarily_unavailable")
