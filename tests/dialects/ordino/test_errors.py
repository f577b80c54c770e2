"""Every kind of refusal, in Ordino's own shape: never HTML, never our problem details."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.test import RequestFactory

from channel_manager.lib.errors import ErrorCode, Refusal
from orders.dialects.ordino.errors import tell
from orders.models import Order
from partners.keys import create_key, revoke_key
from partners.models import Dialect
from partners.storefronts import open_storefront
from tests.conftest import ApiClient
from tests.dialects.ordino.speaking import (
    COMPLETE,
    ENTITLEMENTS,
    ISSUER,
    JWKS,
    ORDERS,
    QUEUES,
    RESERVATIONS,
    SEED,
    Park,
    answer,
    problem,
    refused,
    token_of,
)
from tests.orders.expected import NOBODY, NOON, Clock


def unauthorised(name: str, title: str, detail: str, scheme: str) -> Any:
    return problem(name, title, detail, status=401, authentication_scheme=scheme)


def test_no_credentials(park: Park) -> None:
    title = "Authentication is required"
    told = problem(
        "unauthorized",
        title,
        "Send a key in the header x-api-key.",
        status=401,
        allowed_roles=["Admin"],
    )
    assert answer(park.request("POST", ORDERS, SEED)) == refused(told)
    told = problem(
        "unauthorized",
        title,
        "Send a token as Authorization: Bearer.",
        status=401,
        allowed_roles=["Guest"],
    )
    assert answer(park.request("GET", ENTITLEMENTS)) == refused(told)
    told = problem(
        "unauthorized",
        title,
        "Send a key in the header x-api-key or a token as Authorization: Bearer.",
        status=401,
        allowed_roles=["Admin", "Guest"],
    )
    assert answer(park.request("GET", QUEUES)) == refused(told)


@pytest.mark.parametrize(("path", "scheme"), [(ORDERS, "ApiKey"), (ENTITLEMENTS, "Bearer")])
def test_both_headers(park: Park, path: str, scheme: str) -> None:
    bearer = f"Bearer {park.guest().token}"
    response = park.request("POST", path, SEED, x_api_key=park.key, authorization=bearer)
    assert answer(response) == refused(
        unauthorised(
            "multiple_authentication_schemes",
            "More than one authentication scheme was used",
            "Send x-api-key or Authorization, not both.",
            scheme,
        )
    )


@pytest.mark.parametrize("key", ["", "two words", "k" * 257, "käse"])
def test_a_malformed_key(park: Park, key: str) -> None:
    assert answer(park.request("POST", ORDERS, SEED, x_api_key=key)) == refused(
        unauthorised(
            "invalid_api_key_header",
            "The x-api-key header is invalid",
            "The x-api-key header carries no key.",
            "ApiKey",
        )
    )


def test_keys_that_are_wrong_revoked_or_of_another_kind(park: Park, api: ApiClient) -> None:
    other = open_storefront(partner=api.partner, dialect=Dialect.ONEBOX, now=NOON)
    _row, of_another_dialect = create_key(partner=other.partner, dialect=Dialect.ONEBOX)
    told = unauthorised(
        "invalid_credentials",
        "The credentials are invalid",
        "The credentials are unknown, expired or revoked.",
        "ApiKey",
    )
    for key in ("YOUR_API_KEY_HERE", api.key, of_another_dialect):
        assert answer(park.request("POST", ORDERS, SEED, x_api_key=key)) == refused(told)
    assert api.request("GET", "/channelManager/packages", x_api_key=park.key).status_code == 401
    revoke_key(key=park.row, now=NOON)
    assert answer(park.order(SEED)) == refused(told)


@pytest.mark.parametrize(
    ("header", "name", "scheme"),
    [
        ("Basic dXNlcjphbnk=", "authentication_not_enabled", "Basic"),
        ("Bearer", "invalid_authorization_header", "Bearer"),
        ("Bearer two words", "invalid_authorization_header", "Bearer"),
        ("", "invalid_authorization_header", "Bearer"),
        ("Token abc", "invalid_authorization_header", "Bearer"),
        ("Bearer abc", "invalid_credentials", "Bearer"),
        (f"Bearer {'a' * 9000}", "invalid_credentials", "Bearer"),
    ],
)
def test_authorization_headers_that_say_nothing(
    park: Park, header: str, name: str, scheme: str
) -> None:
    status, body, _ = answer(park.request("GET", ENTITLEMENTS, authorization=header))
    assert (status, body["error_code"], body["authentication_scheme"]) == (401, name, scheme)


def test_tokens_that_prove_nothing(park: Park, rival_park: Park, clock: Clock) -> None:
    issuer = park.issuer.issuer
    good = token_of(issuer)
    past, ahead = (int((NOON + datetime.timedelta(minutes=m)).timestamp()) for m in (-2, 2))
    for token in (
        token_of(issuer, secret="another secret of the right length and size"),
        token_of(ISSUER),
        token_of(f"{issuer}\0"),
        token_of("\ud800"),
        token_of(issuer, exp=past),
        token_of(issuer, exp=None),
        token_of(issuer, exp="soon"),
        token_of(issuer, nbf=ahead),
        token_of(issuer, None),
        token_of(issuer, ""),
        token_of(issuer, "a\0b"),
        token_of(issuer, ["a"]),
        token_of(issuer, aud={"a": 1}),
        ".".join([good.split(".")[0], good.split(".")[1], ""]),
    ):
        response = park.request("GET", ENTITLEMENTS, authorization=f"Bearer {token}")
        status, body, _ = answer(response)
        assert (status, body["error_code"]) == (401, "invalid_credentials"), body
    clock.forward(hours=1, seconds=29)
    assert park.request("GET", ENTITLEMENTS, authorization=f"Bearer {good}").status_code == 200
    clock.forward(seconds=1)
    assert park.request("GET", ENTITLEMENTS, authorization=f"Bearer {good}").status_code == 401


def test_the_wrong_role(park: Park) -> None:
    title = "The credentials do not permit this"
    told = problem(
        "insufficient_permissions",
        title,
        "This is for Admin only.",
        status=403,
        allowed_roles=["Admin"],
    )
    assert answer(park.guest().request("POST", ORDERS, SEED)) == refused(told)
    assert answer(park.guest().request("POST", COMPLETE, {})) == refused(told)
    told = problem(
        "insufficient_permissions",
        title,
        "This is for Guest only.",
        status=403,
        allowed_roles=["Guest"],
    )
    assert answer(park.request("GET", ENTITLEMENTS, x_api_key=park.key)) == refused(told)


def test_a_partner_that_does_not_sell(park: Park) -> None:
    partner = park.storefront.partner
    type(partner).objects.filter(pk=partner.pk).update(status="Paused")
    status, body, _ = answer(park.order(SEED))
    assert (status, body["error_code"]) == (403, "insufficient_permissions")
    # What its guests have bought stays theirs.
    assert park.guest().get(ENTITLEMENTS)["total"] == 0
    assert park.complete(reservation_id=NOBODY)["data"]["result"] == "not_found"


@pytest.mark.parametrize(
    "path", ["/ordino", "/ordino/", "/ordino/api/order", f"{RESERVATIONS}/{NOBODY}/x"]
)
def test_an_unknown_address(park: Park, path: str) -> None:
    for headers in ({}, {"accept": "text/html"}):
        assert answer(park.request("GET", path, **headers)) == refused(
            problem(
                "not_found",
                "The requested resource could not be found",
                "There is nothing at this address.",
                status=404,
                path=path,
            )
        )


def test_another_method(park: Park) -> None:
    response = park.request("GET", ORDERS, x_api_key=park.key)
    assert response["Allow"] == "POST, OPTIONS"
    assert answer(response) == refused(
        problem(
            "operation_failed",
            "The operation could not be completed",
            'Method "GET" not allowed.',
            status=405,
        )
    )


def test_a_body_that_is_too_large_or_no_json(park: Park) -> None:
    response = park.request("POST", ORDERS, raw=b" " * (1024 * 1024 + 1), x_api_key=park.key)
    status, body, kind = answer(response)
    assert (status, body["error_code"], kind) == (413, "operation_failed", _PROBLEM)
    response = park.request(
        "POST", ORDERS, raw=b"guest_email=x", x_api_key=park.key, content_type="text/plain"
    )
    status, body, kind = answer(response)
    assert (status, body["error_code"], kind) == (415, "operation_failed", _PROBLEM)


def test_too_many_requests(park: Park, settings: Any) -> None:
    settings.RATE_LIMIT_BURST = settings.RATE_LIMIT_PER_SECOND = 1
    assert park.order(SEED).status_code == 200
    response = park.order(SEED)
    status, body, kind = answer(response)
    assert (status, body["error_code"], kind) == (429, "operation_failed", _PROBLEM)
    assert response["Retry-After"] == "1"
    guest = park.guest()
    assert guest.request("GET", ENTITLEMENTS).status_code == 200
    status, body, kind = answer(guest.request("GET", ENTITLEMENTS))
    assert (status, body["error_code"], kind) == (429, "operation_failed", _PROBLEM)


def test_forged_tokens_are_limited_before_they_are_verified(
    park: Park, rival_park: Park, settings: Any
) -> None:
    settings.RATE_LIMIT_BURST = settings.RATE_LIMIT_PER_SECOND = 1
    forged = token_of(park.issuer.issuer, secret="another secret of the right length and size")
    sent = [park.request("GET", ENTITLEMENTS, authorization=f"Bearer {forged}") for _ in range(3)]
    assert [response.status_code for response in sent] == [401, 429, 429]
    # The limit is the address's at this storefront, not at others.
    assert rival_park.guest().request("GET", ENTITLEMENTS).status_code == 200


def test_text_that_no_database_takes(park: Park) -> None:
    odd = '{"guest_email":"g","packages":[{"package_id":"pkg_voucher"}],"more":"\\ud800\\u0000"}'
    response = park.request("POST", ORDERS, raw=odd.encode(), x_api_key=park.key)
    assert response.status_code == 200
    odd = '{"guest_email":"\\ud800","packages":[{"package_id":"\\u0000"}]}'
    response = park.request("POST", ORDERS, raw=odd.encode(), x_api_key=park.key)
    assert sorted(response.json()["errors"]) == ["Guest_email", "Packages[0].Package_id"]
    assert park.request("GET", f"{QUEUES}/%00", x_api_key=park.key).status_code == 404
    assert park.guest().get(f"{ENTITLEMENTS}?queue_id=%00")["total"] == 0
    assert Order.objects.count() == 1


def test_the_rivals_guests_and_tokens_mean_nothing_here(park: Park, rival_park: Park) -> None:
    assert rival_park.order(SEED).status_code == 200
    # The same id is the rival's own, and so is the guest.
    assert park.order({**SEED, "guest_email": "other@example.com"}).status_code == 200
    assert Order.objects.count() == 2
    assert park.guest().get(ENTITLEMENTS)["total"] == 0


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_code_of_ours_has_a_name_of_theirs(code: ErrorCode) -> None:
    class Some(Refusal):
        pass

    Some.code = code
    told = tell(Some("No."), RequestFactory().get(JWKS))
    assert told.body["success"] is False
    assert told.body["status"] == told.status
    assert told.body["error_code"] in {
        "validation_error",
        "resource_not_found",
        "session_creation_failed",
        "operation_failed",
        "invalid_credentials",
        "insufficient_permissions",
        "not_found",
        "unknown_error",
    }


_PROBLEM = "application/problem+json"
