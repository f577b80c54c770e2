"""Requests nobody should send: their bytes, types, methods and paths (contract sections 1, 8)."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

import pytest
from django.test import Client

from tests.conftest import ApiClient
from tests.orders.expected import (
    NOBODY,
    Like,
    assert_problem,
    assert_refused,
    line,
    stored,
)

pytestmark = pytest.mark.usefixtures("clock")

LIMIT = 1024 * 1024
NOT_JSON = {
    "blank": b" \r\n\t",
    "truncated": b'{"partnerId": "',
    "cut off in an escape": b'{"partnerId": "\\u12',
    "no quotes": b"{partnerId: 1}",
    "single quotes": b"{'partnerId': 1}",
    "trailing comma": b'{"partnerId": 1,}',
    "two values": b"{} {}",
    "comment": b"{} // order",
    "form": b"partnerId=1&items=2",
    "xml": b"<order/>",
    "not a number": b'{"items": NaN}',
    "infinity": b'{"items": Infinity}',
    "minus infinity": b'{"items": -Infinity}',
    "leading zero": b'{"items": 01}',
    "hexadecimal": b'{"items": 0x10}',
    "plus": b'{"items": +1}',
    "raw newline in a string": b'{"partnerId": "a\nb"}',
    "raw NUL in a string": b'{"partnerId": "a\x00b"}',
    "NUL alone": b"\x00",
    "byte order mark": b'\xef\xbb\xbf{"items": []}',
    "utf-16": '{"items": []}'.encode("utf-16"),
    "utf-16 without a mark": '{"items": []}'.encode("utf-16-le"),
    "utf-32": '{"items": []}'.encode("utf-32"),
    "latin-1": '{"sellToName": "Renée"}'.encode("latin-1"),
    "overlong encoding": b'{"sellToName": "\xc0\x80"}',
    "encoded surrogate": b'{"sellToName": "\xed\xa0\x80"}',
    "random bytes": bytes(range(128, 256)),
    "member twice": b'{"items": [], "items": []}',
    "member twice, escaped": b'{"items": [], "\\u0069tems": []}',
    "member twice inside": b'{"items": [{"quantity": 1, "quantity": 2}]}',
    "10,000 lists": b"[" * 10_000 + b"]" * 10_000,
    "10,000 objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "10,000 lists, open": b"[" * 10_000,
    "500,000 lists in a member": b'{"items": ' + b"[" * 500_000,
    "a number of 9,000 digits": b'{"items": ' + b"9" * 9000 + b"}",
    "a number out of range": b'{"items": 1e400}',
}


def send(api: ApiClient, raw: bytes, **headers: str) -> Any:
    return api.request("POST", "/channelManager", raw=raw, **headers)


@pytest.mark.parametrize("headers", [{}, {"idempotency_key": "K"}])
def test_a_body_that_is_not_json_is_refused(api: ApiClient, headers: dict[str, str]) -> None:
    before = stored()
    for name, raw in NOT_JSON.items():
        response = send(api, raw, **headers)
        assert (name, response.json()["code"]) == (name, "malformed_json")
        assert_problem(response, 400, "malformed_json")
    assert stored() == before


@pytest.mark.parametrize("headers", [{}, {"idempotency_key": "K"}])
def test_a_body_that_is_no_object_is_refused(api: ApiClient, headers: dict[str, str]) -> None:
    before = stored()
    for raw in (b"[]", b"[{}]", b'"text"', b"7", b"true", b"null", b"-1.5e3"):
        refusal = assert_refused(send(api, raw, **headers), before)
        assert [fault["pointer"] for fault in refusal["errors"]] == [""], raw


def test_a_missing_body_is_refused(api: ApiClient) -> None:
    before = stored()
    for content_type in ("application/json", "", "text/plain"):
        refusal = assert_refused(send(api, b"", content_type=content_type), before)
        assert refusal["status"] == 400


def test_spacing_and_escapes_of_json_are_free(api: ApiClient) -> None:
    text = json.dumps(api.order_body(line(), sellToName="É\u2028\U0001f3a2"), indent=9)
    raw = ("\r\n\t " + text.replace("partnerId", "\\u0070artnerId") + "\n\n").encode()
    response = send(api, raw)
    assert (response.status_code, response.json()["sellToName"]) == (201, "É\u2028\U0001f3a2")


OTHER_TYPES = (
    *("text/plain", "text/json", "application/xml", "application/x-www-form-urlencoded"),
    *("multipart/form-data; boundary=x", "application/problem+json", "application/vnd.api+json"),
    *("application/json+x", "*/*", "json", "application/", ";"),
)


@pytest.mark.parametrize("headers", [{}, {"idempotency_key": "K"}])
def test_another_content_type_is_refused(api: ApiClient, headers: dict[str, str]) -> None:
    before = stored()
    raw = json.dumps(api.order_body(line())).encode()
    for content_type in OTHER_TYPES:
        response = send(api, raw, content_type=content_type, **headers)
        assert_problem(response, 415, "unsupported_media_type")
    assert stored() == before


@pytest.mark.parametrize(
    "content_type",
    ["application/json; charset=utf-8", "Application/JSON", 'application/json;charset="UTF-8"'],
)
def test_the_content_type_is_read_as_http_has_it(api: ApiClient, content_type: str) -> None:
    raw = json.dumps(api.order_body(line())).encode()
    assert send(api, raw, content_type=content_type).status_code == 201


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*;q=0", "nonsense", ""])
def test_the_api_answers_json_whatever_is_accepted(api: ApiClient, accept: str) -> None:
    assert api.post(api.order_body(line()), accept=accept).status_code == 201
    assert_problem(api.get(f"/channelManager/{NOBODY}", accept=accept), 404, "not_found")


@pytest.mark.parametrize("language", ["nl", "de-DE,de;q=0.9", "xx", "*"])
def test_the_api_speaks_english_whatever_is_preferred(api: ApiClient, language: str) -> None:
    body = api.order_body(line(quantity=0), sellToName="x" * 101)
    told, english = (
        [fault["detail"] for fault in api.post(body, accept_language=wanted).json()["errors"]]
        for wanted in (language, "en")
    )
    assert len(told) == 2
    assert told == english


def padded(api: ApiClient, size: int) -> bytes:
    """Return a valid body of exactly so many bytes."""
    raw = json.dumps(api.order_body(line())).encode()
    return raw + b" " * (size - len(raw))


def test_a_body_of_1_mib_is_read_and_a_larger_one_refused(api: ApiClient) -> None:
    before = stored()
    assert_problem(send(api, padded(api, LIMIT + 1)), 413, "payload_too_large")
    assert stored() == before
    assert send(api, padded(api, LIMIT)).status_code == 201


def chunked(api: ApiClient, body: bytes) -> Any:
    """Send a body without naming its length, as a server hands on a chunked one."""
    return Client(raise_request_exception=False).generic(
        "POST",
        "/channelManager",
        content_type="application/json",
        headers={"x-api-key": api.key, "transfer-encoding": "chunked"},
        **{"wsgi.input": io.BytesIO(body), "CONTENT_TYPE": "application/json"},
    )


def test_chunked_bodies_are_read_and_limited_too(api: ApiClient) -> None:
    before = stored()
    assert_problem(chunked(api, padded(api, LIMIT + 1)), 413, "payload_too_large")
    assert_problem(chunked(api, b"{"), 400, "malformed_json")
    assert stored() == before
    assert chunked(api, padded(api, 100_000)).status_code == 201


@pytest.mark.parametrize("entry", [b"0", b"{}", b'{"a":0}', b'""', b"[]"])
def test_a_list_that_is_far_too_long_is_refused_in_few_words(api: ApiClient, entry: bytes) -> None:
    before = stored()
    count = 900_000 // (len(entry) + 1)
    raw = b'{"items": [' + b",".join([entry] * count) + b"]}"
    response = send(api, raw)
    refusal = assert_refused(response, before)
    assert ("/items", "max_length") in [(f["pointer"], f["code"]) for f in refusal["errors"]]
    assert len(response.content) < LIMIT


@pytest.mark.parametrize(
    "members",
    [
        b'"names": [' + b",".join([b"0"] * 1000) + b"]",
        b'"externalReferenceNumbers": [' + b",".join([b'""'] * 700) + b"]",
        b'"componentSchedule": [' + b",".join([b"{}"] * 700) + b"]",
        b",".join(b'"m%d": 0' % n for n in range(200)),
    ],
)
def test_faults_without_number_are_refused_in_few_words(api: ApiClient, members: bytes) -> None:
    before = stored()
    wallet = b'{"wallet": {' + members + b"}}"
    raw = b'{"items": [' + b",".join([wallet] * min(500, LIMIT // (len(wallet) + 2))) + b"]}"
    response = send(api, raw)
    assert len(assert_refused(response, before)["errors"]) > 400
    assert len(response.content) < LIMIT


def test_a_member_that_stands_twice_among_very_many_is_found(api: ApiClient) -> None:
    names = b",".join(b'"m%d":0' % n for n in range(80_000))
    assert_problem(send(api, b"{" + names + b',"m79999":0}'), 400, "malformed_json")


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get")
ALLOWED = {
    "/channelManager": {"POST"},
    f"/channelManager/{NOBODY}": {"GET", "PUT", "DELETE"},
    f"/channelManager/{NOBODY}/confirm": {"POST"},
    f"/channelManager/orders/{NOBODY}": {"GET"},
    "/channelManager/packages": {"GET"},
    "/channelManager/availability": {"GET"},
}


@pytest.mark.parametrize("path", ALLOWED)
def test_a_wrong_method_is_refused_naming_the_right_ones(api: ApiClient, path: str) -> None:
    before = stored()
    for method in METHODS:
        response = api.request(method, path, {"paymentReference": "P"})
        if method.upper() in ALLOWED[path]:
            assert response.status_code != 405
            continue
        assert_problem(response, 405, "method_not_allowed")
        listed = {name.strip() for name in response["Allow"].split(",")}
        assert listed - {"HEAD", "OPTIONS"} == ALLOWED[path]
    assert stored() == before


NOWHERE = (
    *("/channelManager/", "/channelManager//", "/channelmanager", "/channelManager/orders/"),
    *("/channelManager/packages/", f"/channelManager/{NOBODY}/", "/nothing", "/%00", "/%ff%fe"),
    *(f"/channelManager/{NOBODY}/confirm/", f"/channelManager/{NOBODY}/cancel", "/é"),
    "/" + "x" * 8000,
)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_path_that_nothing_is_served_at_is_a_problem_too(api: ApiClient, method: str) -> None:
    before = stored()
    for path in NOWHERE:
        response = api.request(method, path, api.order_body(line()))
        assert_problem(response, 404, "not_found")
    assert stored() == before


def odd_ids() -> list[str]:
    key = uuid.UUID(NOBODY)
    return [
        "x",
        "0",
        "null",
        "orders",
        f"{{{key}}}",
        key.hex,
        f"urn:{key.hex}",
        f"urn:uuid:{key}",
        f"{key}x",
        f"%20{key}",
        f"{key}%20",
        f"{key}%00",
        f"{key}%0A",
        f"{key}%2F",
        f"{key};x=1",
        str(key).replace("-", "_"),
        str(key).replace("-", "%2D%2D", 1),
        "%00" * 36,
        "%F0%9F%8E%A2" * 36,
        "%D9%A1" * 36,
        "%FF%FE",
        "..%2F..%2Fadmin",
        "'%20OR%201=1--",
        "x" * 5000,
    ]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/channelManager/{}"),
        ("GET", "/channelManager/{}?wait=1"),
        ("PUT", "/channelManager/{}"),
        ("DELETE", "/channelManager/{}"),
        ("POST", "/channelManager/{}/confirm"),
        ("GET", "/channelManager/orders/{}"),
    ],
)
def test_an_id_of_the_wrong_shape_is_an_unknown_id(api: ApiClient, method: str, path: str) -> None:
    before = stored()
    for odd in odd_ids():
        response = api.request(method, path.format(odd), api.order_body(line()))
        if odd == "orders" and response.status_code == 405:
            continue  # `/channelManager/orders/confirm` is a literal path
        assert_problem(response, 404, "not_found")
    assert stored() == before


@pytest.mark.parametrize("form", ["urn:{hex}", "{hex}", "{{{id}}}", "{hex}----", "{h1}_{h2}---"])
def test_an_order_is_found_by_the_usual_form_of_its_id_only(api: ApiClient, form: str) -> None:
    key = uuid.UUID(api.create(line())["orderId"])
    odd = form.format(id=key, hex=key.hex, h1=key.hex[:1], h2=key.hex[1:])
    assert_problem(api.get(f"/channelManager/{odd}"), 404, "not_found")
    partner = api.partner.pk
    odd = form.format(id=partner, hex=partner.hex, h1=partner.hex[:1], h2=partner.hex[1:])
    assert_problem(api.get(f"/channelManager/orders/{odd}"), 404, "not_found")


ABSURD_QUERIES = (
    *("%00=1", "status=%00", "pageKey=%00", "%FF=%FE", "sellToOrderReference=%00", "page=2"),
    *("buyFromOrderReference=%00x", "receivedAtFrom=%00", "pageSize=%00", "pageSize=1%00"),
    *("status[]=Issued", "a" * 5000 + "=1", "PageSize=5"),
    "&".join(f"p{n}=1" for n in range(1001)),
)


def test_absurd_query_parameters_of_a_list_are_refused(api: ApiClient) -> None:
    before = stored()
    path = f"/channelManager/orders/{api.partner.pk}"
    for query in ABSURD_QUERIES:
        assert assert_refused(api.get(f"{path}?{query}"), before)["status"] == 400, query


def test_queries_where_none_is_read_do_no_harm(api: ApiClient) -> None:
    for query in ("%00=1", "%FF", "&&&", "=", "x" * 3000):
        assert api.get(f"/channelManager/packages?{query}").status_code == 200
        assert_problem(api.get(f"/channelManager/{NOBODY}?{query}"), 404, "not_found")


def test_a_sane_request_id_is_the_answers(api: ApiClient) -> None:
    nobody = ApiClient("", api.partner)
    for sent in ("abc", "A-b_c.d:9", "0", "x" * 64, NOBODY):
        for response in (
            api.get("/channelManager/packages", x_request_id=sent),
            api.get("/nothing", x_request_id=sent),
            nobody.get("/channelManager/packages", x_request_id=sent),
        ):
            assert response["X-Request-Id"] == sent
            if response.status_code != 200:
                assert response.json()["requestId"] == sent


def test_any_other_request_id_is_replaced_by_one_of_ours(api: ApiClient) -> None:
    for sent in ("", " ", "a b", "x" * 65, "é", "a/b", "a\tb", "<script>", "a\x00"):
        response = api.get("/nothing", x_request_id=sent)
        assert_problem(response, 404, "not_found")
        assert response["X-Request-Id"] == Like(r"[0-9a-f-]{36}"), sent


def test_every_answer_carries_a_request_id_of_its_own(api: ApiClient) -> None:
    answers = [
        api.post(api.order_body(line())),
        api.post(api.order_body(line())),
        api.post({}),
        api.get("/nothing"),
        api.request("PATCH", "/channelManager"),
        send(api, b"x" * (LIMIT + 1)),
    ]
    assert len({response["X-Request-Id"] for response in answers}) == len(answers)


def test_a_host_that_is_not_ours_is_a_problem_too(api: ApiClient) -> None:
    response = api.get("/channelManager/packages", host="evil.example")
    assert_problem(response, 400, "invalid_request", ("", "unreadable"))


def test_a_fault_of_ours_is_a_problem_without_a_trace(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**options: Any) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("orders.intake.submit_order", broken)
    with caplog.at_level("CRITICAL"):
        response = api.post(api.order_body(line()))
    assert_problem(response, 500, "internal_error", retryable=True)
    assert b"secret" not in response.content
    assert b"Traceback" not in response.content


@pytest.mark.parametrize("path", ["/health/live", "/openapi.json", "/docs", "/"])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_pages_beside_the_api_refuse_in_the_same_shape(
    api: ApiClient, path: str, method: str
) -> None:
    # As a stranger would send it: without the cookie that Django's forms carry.
    stranger = Client(enforce_csrf_checks=True)
    response = stranger.generic(method, path, b"{}", content_type="application/json")
    assert_problem(response, 405, "method_not_allowed")
