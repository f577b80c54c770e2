"""Limits: the bucket's arithmetic on a clock that stands still, refusals, headers, what counts."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from channel_manager.middleware import RateLimitMiddleware
from channel_manager.turnstile import Turnstile
from orders.models import Order
from partners import limits
from partners.keys import create_key, hash_key, revoke_key
from partners.models import ApiKey, Partner, TokenBucket
from tests.conftest import ApiClient
from tests.orders.expected import NOBODY, NOON, assert_problem, line
from tests.partners.server_clock import SECOND, ServerClock
from wallets.devices import create_device

NAMES = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


@pytest.fixture
def clock(db: None, monkeypatch: pytest.MonkeyPatch) -> ServerClock:
    """Make the time of limits stand still."""
    standing = ServerClock()
    monkeypatch.setattr(limits, "time", standing)
    return standing


@pytest.fixture(autouse=True)
def spent() -> Iterator[limits.SpentKeys]:
    """What this process remembers of keys, empty."""
    limits.SPENT.forget_all()
    yield limits.SPENT
    limits.SPENT.forget_all()


def allow(partner: Partner, per_second: int | None, burst: int | None) -> None:
    Partner.objects.filter(pk=partner.pk).update(
        requests_per_second=per_second, request_burst=burst
    )


def read(api: ApiClient) -> Any:
    return api.get("/channelManager/packages")


def statuses(api: ApiClient, count: int) -> list[int]:
    return [read(api).status_code for _ in range(count)]


def standing(response: Any) -> tuple[int, ...]:
    """Return limit, remaining and reset as an answer says them."""
    return tuple(int(response[name]) for name in NAMES)


def test_a_bucket_counts_as_the_sum_on_paper_does(
    api: ApiClient, clock: ServerClock, spent: limits.SpentKeys
) -> None:
    """Requests at odd moments, with limits that change, against exact fractions."""
    chance = random.Random(20261121)
    key = ApiKey.objects.select_related("partner").get()
    tokens, then = Fraction(0), None
    for number in range(400):
        if number % 40 == 0:
            key.partner.requests_per_second = chance.choice((1, 3, 7, 50, 999, 10_000))
            key.partner.request_burst = chance.choice((1, 2, 10, 500, 1_000_000))
        limit = limits.limit_of(key.partner)
        clock.forward(chance.choice((0, 1, chance.randrange(2 * SECOND // limit.per_second))))
        if then is None:
            tokens = Fraction(limit.burst)
        else:
            gained = Fraction((clock.microseconds - then) * limit.per_second, SECOND)
            tokens = min(Fraction(limit.burst), tokens + gained)
        then = clock.microseconds
        expected = tokens >= 1
        tokens -= expected
        request: Any = SimpleNamespace()
        try:
            limits.charge(request, key)
        except limits.RateLimited:
            granted = False
        else:
            granted = True
        assert granted == expected
        assert request.rate_standing == limits.Standing(
            limit,
            remaining=int(tokens),
            next_in=-((tokens - 1) * SECOND // limit.per_second) if tokens < 1 else 0,
            full_in=-((tokens - limit.burst) * SECOND // limit.per_second),
        )


def test_the_refusal_says_exactly_when_to_come_again(api: ApiClient, clock: ServerClock) -> None:
    allow(api.partner, 3, 2)
    assert statuses(api, 2) == [200, 200]
    refused = read(api)
    assert_problem(refused, 429, "rate_limited", retryable=True, retryAfterMs=334)
    body = refused.json()
    assert body["detail"] == (
        "This key may send 3 requests a second, after 2 at once. Try again in 334 ms."
    )
    assert (body["retryable"], body["errors"]) == (True, [])
    assert refused["Retry-After"] == "1"
    assert standing(refused) == (2, 0, 1)
    clock.forward(333_333)
    assert read(api).json()["retryAfterMs"] == 1
    clock.forward(1)
    assert statuses(api, 2) == [200, 429]


def test_a_client_that_waits_as_long_as_it_is_told_is_let_through(
    api: ApiClient, clock: ServerClock, spent: limits.SpentKeys
) -> None:
    """Whoever says it: the database or this process."""
    chance = random.Random(7)
    for per_second in (1, 3, 7, 50, 999):
        allow(api.partner, per_second, 1)
        spent.forget_all()
        while read(api).status_code == 200:
            pass
        for _ in range(6):
            clock.forward(chance.randrange(SECOND // per_second))
            if chance.random() < 0.5:
                spent.forget_all()
            answer = read(api)
            if answer.status_code == 429:
                assert int(answer["Retry-After"]) == 1
                clock.forward(answer.json()["retryAfterMs"] * 1000)
                answer = read(api)
            assert answer.status_code == 200


def test_the_turnstile_refuses_in_the_same_words_as_the_database(
    api: ApiClient, clock: ServerClock, spent: limits.SpentKeys
) -> None:
    allow(api.partner, 2, 1)
    read(api)
    clock.forward(100_001)
    with connection.execute_wrapper(nothing_is_asked):
        status, headers, body = at_the_turnstile(api, x_request_id="same")
    spent.forget_all()
    asked = api.get("/channelManager/packages", x_request_id="same")
    assert status == f"{asked.status_code} {asked.reason_phrase}" == "429 Too Many Requests"
    assert body == asked.content
    assert json.loads(body)["retryAfterMs"] == 400
    del asked["Allow"], asked["Vary"]  # what only the view knows
    assert headers == dict(asked.items())


def let_through(_: Any, start_response: Any) -> list[bytes]:
    start_response("PASSED", [])
    return [b""]


def by_django(environ: Any, start_response: Any) -> list[bytes]:
    # Without the signals, which would close the connection that the test's transaction is on.
    response = WSGIHandler().get_response(WSGIRequest(environ))
    start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    return [response.content]


def at_the_turnstile(
    api: ApiClient,
    path: str = "/channelManager/packages",
    application: Any = let_through,
    **sent: str,
) -> tuple[str, dict[str, str], bytes]:
    """Return what a request with the partner's key is answered at the door; PASSED if it goes on."""
    said: list[Any] = []
    headers = {"x-api-key": api.key, **{n.replace("_", "-"): v for n, v in sent.items()}}
    environ = RequestFactory().get(path, headers=headers).environ
    turnstile = Turnstile(application)
    body = b"".join(
        turnstile(environ, lambda status, headers: said.extend((status, dict(headers))))
    )
    return said[0], said[1], body


def test_at_the_turnstile_one_request_asks_for_the_token_that_is_due(
    api: ApiClient, clock: ServerClock
) -> None:
    allow(api.partner, 4, 1)
    assert statuses(api, 2) == [200, 429]
    clock.forward(250_000)
    with CaptureQueriesContext(connection) as asked:
        answers = [at_the_turnstile(api)[0] for _ in range(3)]
    assert answers == ["PASSED", "429 Too Many Requests", "429 Too Many Requests"]
    assert len(asked) == 1
    clock.forward(250_000)
    TokenBucket.objects.update(level=0, at=clock.now)  # another process was faster
    with CaptureQueriesContext(connection) as asked:
        status, headers, body = at_the_turnstile(api)
    assert status == "429 Too Many Requests"
    assert json.loads(body)["retryAfterMs"] == 250
    assert headers["RateLimit-Remaining"] == "0"
    assert len(asked) == 1


def test_what_was_charged_at_the_turnstile_is_not_charged_again(
    api: ApiClient, clock: ServerClock
) -> None:
    allow(api.partner, 4, 3)
    assert statuses(api, 4) == [200, 200, 200, 429]
    clock.forward(250_000)
    for path, expected in (("/channelManager/packages", 200), ("/channelManager/a/b/c", 404)):
        passed = at_the_turnstile(api, path, application=by_django)
        assert int(passed[0].split()[0]) == expected
        assert [passed[1][name] for name in NAMES] == ["3", "0", "1"]
        assert TokenBucket.objects.get().level == 0
        clock.forward(250_000)


def test_a_limit_that_is_raised_counts_at_the_turnstile_within_a_second(
    api: ApiClient, clock: ServerClock
) -> None:
    allow(api.partner, 10, 1)
    assert statuses(api, 2) == [200, 429]
    allow(api.partner, 1_000, 1_000)
    clock.forward(100_000)
    assert at_the_turnstile(api)[0] == "PASSED"
    assert at_the_turnstile(api)[1]["RateLimit-Limit"] == "1"
    clock.forward(900_000)
    assert at_the_turnstile(api, application=by_django)[1]["RateLimit-Limit"] == "1000"


def test_a_key_that_is_revoked_is_told_so_at_the_next_token(
    api: ApiClient, clock: ServerClock
) -> None:
    allow(api.partner, 10, 1)
    assert statuses(api, 2) == [200, 429]
    revoke_key(key=ApiKey.objects.get(), now=NOON)
    clock.forward(100_000)
    for _ in range(2):
        assert at_the_turnstile(api, application=by_django)[0] == "401 Unauthorized"


def test_the_turnstile_stops_nobody_else(api: ApiClient, rival: ApiClient, settings: Any) -> None:
    assert at_the_turnstile(api)[0] == "PASSED"
    allow(api.partner, 1, 1)
    assert statuses(api, 2) == [200, 429]
    assert at_the_turnstile(api)[0] == "429 Too Many Requests"
    assert at_the_turnstile(api, authorization=bearer(api))[0] == "429 Too Many Requests"
    assert at_the_turnstile(api, "/channelManagers")[0] == "PASSED"
    assert at_the_turnstile(api, "/docs")[0] == "PASSED"
    assert at_the_turnstile(rival)[0] == "PASSED"
    assert at_the_turnstile(api, authorization=bearer(rival))[0] == "PASSED"  # two keys: a 401
    assert at_the_turnstile(ApiClient("", api.partner))[0] == "PASSED"
    settings.SECURE_SSL_REDIRECT = True
    assert at_the_turnstile(api)[0] == "PASSED"  # to be told of https first


def nothing_is_asked(*statement: Any) -> Any:
    raise AssertionError(statement[1])


def test_the_headers_count_down_and_fill_up_again(api: ApiClient, clock: ServerClock) -> None:
    allow(api.partner, 4, 10)
    assert [standing(read(api)) for _ in range(3)] == [(10, 9, 1), (10, 8, 1), (10, 7, 1)]
    clock.forward(250_000)
    assert standing(read(api)) == (10, 7, 1)
    assert [standing(read(api))[1:] for _ in range(2)] == [(6, 1), (5, 2)]
    clock.forward(60 * SECOND)
    assert standing(read(api)) == (10, 9, 1)


def test_fifty_a_second_and_five_hundred_at_once_are_usual(
    api: ApiClient, clock: ServerClock
) -> None:
    assert standing(read(api)) == (500, 499, 1)
    TokenBucket.objects.update(level=0)
    assert read(api).json()["retryAfterMs"] == 20
    clock.forward(SECOND)
    assert standing(read(api)) == (500, 49, 10)


def test_when_a_key_last_had_no_token_is_noted(api: ApiClient, clock: ServerClock) -> None:
    read(api)
    assert TokenBucket.objects.get().refused_at is None
    TokenBucket.objects.update(level=0)
    assert read(api).status_code == 429
    bucket = TokenBucket.objects.get()
    assert bucket.refused_at == bucket.at
    clock.forward(SECOND)
    assert read(api).status_code == 200
    later = TokenBucket.objects.get()
    assert later.at > bucket.at == later.refused_at


def test_every_answer_to_a_key_carries_the_headers_and_counts_once(
    api: ApiClient, clock: ServerClock
) -> None:
    order = api.order_body(line(visit_date="2027-05-04"))
    answers = {
        "created": (201, api.post(order, idempotency_key="one")),
        "replayed": (201, api.post(order, idempotency_key="one")),
        "mismatched": (422, api.post({}, idempotency_key="one")),
        "refused": (400, api.post({})),
        "not JSON": (400, api.request("POST", "/channelManager", raw=b"{")),
        "unknown order": (404, api.get(f"/channelManager/{NOBODY}")),
        "unknown address": (404, api.get("/channelManager/a/b/c")),
        "slash at the end": (404, api.get("/channelManager/")),
        "method": (405, api.request("PATCH", "/channelManager")),
        "too large": (413, api.request("POST", "/channelManager", raw=b" " * 2**20 + b"{}")),
        "media type": (415, api.post(order, content_type="text/plain")),
        "head": (200, api.request("HEAD", "/channelManager/packages")),
        "bearer": (
            200,
            api.get("/channelManager/packages", x_api_key="", authorization=bearer(api)),
        ),
    }
    assert {name: answer.status_code for name, (_, answer) in answers.items()} == {
        name: status for name, (status, _) in answers.items()
    }
    assert answers["replayed"][1]["Idempotent-Replayed"] == "true"
    left = [standing(answer) for _, answer in answers.values()]
    assert left == [(500, 499 - number, 1) for number in range(len(answers))]


def bearer(api: ApiClient) -> str:
    return f"Bearer {api.key}"


def test_a_missing_scope_is_told_with_the_headers(partner: Partner) -> None:
    api = ApiClient(create_key(partner=partner, scopes=["orders:read"])[1], partner)
    answer = read(api)
    assert (answer.status_code, standing(answer)) == (403, (500, 499, 1))


def test_addresses_that_no_view_has_are_limited_too(api: ApiClient, clock: ServerClock) -> None:
    allow(api.partner, 1, 1)
    assert api.get("/channelManager/a/b/c").status_code == 404
    limits.SPENT.forget_all()
    assert_problem(
        api.get("/channelManager/a/b/c"), 429, "rate_limited", retryable=True, retryAfterMs=1000
    )


def test_without_a_key_there_is_nothing_to_count(api: ApiClient) -> None:
    for path in ("/channelManager/packages", "/channelManager/a/b/c", "/docs", "/openapi.json"):
        for key in ("", "cm_live_unknown"):
            answer = ApiClient(key, api.partner).get(path)
            assert not set(NAMES) & set(answer.headers), path
    assert "RateLimit-Limit" not in api.get("/docs").headers
    assert not TokenBucket.objects.exists()


def test_each_key_has_a_bucket_of_its_own(
    api: ApiClient, rival: ApiClient, clock: ServerClock
) -> None:
    allow(api.partner, 1, 1)
    second = ApiClient(create_key(partner=api.partner)[1], api.partner)
    assert statuses(api, 2) == [200, 429]
    assert statuses(second, 2) == [200, 429]
    assert statuses(rival, 3) == [200, 200, 200]


def test_another_limit_counts_at_once(
    api: ApiClient, clock: ServerClock, spent: limits.SpentKeys
) -> None:
    assert standing(read(api)) == (500, 499, 1)
    allow(api.partner, 1, 5)
    assert standing(read(api)) == (5, 4, 1)
    assert statuses(api, 5) == [200] * 4 + [429]
    allow(api.partner, 100, 1000)
    clock.forward(SECOND)
    assert standing(read(api)) == (1000, 99, 10)


def test_a_revoked_key_is_unknown_as_soon_as_it_would_get_a_token(
    api: ApiClient, clock: ServerClock
) -> None:
    allow(api.partner, 1, 1)
    assert statuses(api, 2) == [200, 429]
    revoke_key(key=ApiKey.objects.get(), now=NOON)
    clock.forward(SECOND)
    assert statuses(api, 3) == [401] * 3


def test_a_refusal_does_nothing_and_takes_nothing(api: ApiClient, clock: ServerClock) -> None:
    allow(api.partner, 1, 1)
    read(api)
    body = api.order_body(line(visit_date="2027-05-04"))
    for _ in range(3):
        limits.SPENT.forget_all()
        assert api.post(body, idempotency_key="one").status_code == 429
    assert not Order.objects.exists()
    clock.forward(SECOND)
    assert api.post(body, idempotency_key="one").status_code == 201


def test_a_gate_is_not_limited(partner: Partner) -> None:
    allow(partner, 1, 1)
    key = create_device(venue=partner.venue, name="Gate", admits_every_item=True)[1]
    answers = [Client().get("/gate/device", headers={"x-api-key": key}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert "RateLimit-Limit" not in answers[0].headers


def test_requests_go_on_while_nobody_can_say_what_is_left(
    api: ApiClient, clock: ServerClock, spent: limits.SpentKeys
) -> None:
    def away(execute: Any, statement: str, *rest: Any) -> Any:
        if "partners_tokenbucket" in statement:
            raise OperationalError("cannot execute INSERT in a read-only transaction")
        return execute(statement, *rest)

    with connection.execute_wrapper(away):
        for path, status in (("/channelManager/packages", 200), ("/channelManager/a/b/c", 404)):
            answer = api.get(path)
            assert answer.status_code == status
            assert "RateLimit-Limit" not in answer.headers
        allow(api.partner, 1, 1)
        key = ApiKey.objects.get()
        spent.note(key.key_hash, key.pk, limits.Standing.of_level(limits.Limit(1, 1), 0))
        clock.forward(SECOND // 2)
        assert at_the_turnstile(api)[0] == "429 Too Many Requests"
        clock.forward(SECOND // 2)
        assert at_the_turnstile(api)[0] == "PASSED"


def test_a_key_that_is_gone_is_left_to_those_behind_the_turnstile(
    api: ApiClient, clock: ServerClock, spent: limits.SpentKeys
) -> None:
    def gone(execute: Any, statement: str, *rest: Any) -> Any:
        raise IntegrityError("Key (key_id) is not present in table partners_apikey")

    allow(api.partner, 4, 1)
    assert statuses(api, 2) == [200, 429]
    clock.forward(SECOND // 4)
    with connection.execute_wrapper(gone):
        assert [at_the_turnstile(api)[0] for _ in range(3)] == ["PASSED"] * 3
    assert len(spent) == 0


def test_a_clock_that_was_set_back_stops_nobody_for_long(
    api: ApiClient, clock: ServerClock, spent: limits.SpentKeys
) -> None:
    allow(api.partner, 1, 1)
    read(api)
    clock.forward(-3600 * SECOND)
    spent.forget_all()
    assert read(api).status_code == 429
    clock.forward(11 * SECOND)
    assert read(api).status_code == 200


def test_after_a_crash_every_bucket_is_full(
    api: ApiClient, clock: ServerClock, spent: limits.SpentKeys
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relpersistence::text FROM pg_class WHERE relname = 'partners_tokenbucket'"
        )
        assert cursor.fetchone() == ("u",)
    allow(api.partner, 1, 2)
    assert statuses(api, 3) == [200, 200, 429]
    TokenBucket.objects.all().delete()
    spent.forget_all()
    assert statuses(api, 3) == [200, 200, 429]


def test_a_key_is_remembered_by_its_hash_only(api: ApiClient, spent: limits.SpentKeys) -> None:
    allow(api.partner, 1, 1)
    read(api)
    assert list(spent._known) == [hash_key(api.key)]
    assert api.key not in repr(spent._known)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("requests_per_second", 0),
        ("requests_per_second", 10_001),
        ("request_burst", 0),
        ("request_burst", 1_000_001),
    ],
)
def test_the_database_takes_no_limit_that_means_nothing(
    partner: Partner, column: str, value: int
) -> None:
    with pytest.raises(IntegrityError, match=f"partner_{column}_in_range"), transaction.atomic():
        Partner.objects.update(**{column: value})


def test_the_highest_limits_fit(api: ApiClient, clock: ServerClock) -> None:
    allow(api.partner, 10_000, 1_000_000)
    read(api)
    clock.forward(20 * 365 * 86_400 * SECOND)
    assert standing(read(api)) == (1_000_000, 999_999, 1)


@pytest.mark.parametrize(("value", "is_right"), [(0, False), (1, True), (10_001, False)])
def test_the_settings_are_checked(settings: Any, value: int, is_right: bool) -> None:
    settings.RATE_LIMIT_PER_SECOND = value
    told = [message.msg for message in run_checks() if "RATE_LIMIT" in message.msg]
    assert (told == []) == is_right


def test_nothing_stands_before_the_limiter_but_headers_of_every_answer(settings: Any) -> None:
    ours = f"{RateLimitMiddleware.__module__}.{RateLimitMiddleware.__name__}"
    before = settings.MIDDLEWARE[: settings.MIDDLEWARE.index(ours)]
    assert before == [
        "channel_manager.middleware.RequestIdMiddleware",
        "channel_manager.security_headers.SecurityHeadersMiddleware",
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ]
