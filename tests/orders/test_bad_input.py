"""Bodies nobody should send: always a problem body with all faults, never half an order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orders.models import Order
from tests.conftest import ApiClient
from tests.orders.expected import VISIT, assert_problem, assert_refused, full_body, line, stored

pytestmark = pytest.mark.usefixtures("clock")

EMAIL = "a" * 64 + "@" + ".".join(["b" * 61] * 3) + ".nl"


SELL_TO = {"sellToEmail": "text?", "sellToName": "text?", "sellToLanguage": "text?"}
SCHEDULE = "/items/0/wallet/componentSchedule"
# Every member and what it is; a question mark where null will do.
MEMBERS: dict[str, str] = {
    "/partnerId": "text",
    "/sellToOrderReference": "text",
    "/paymentReference": "text?",
    **{f"/{name}": kind for name, kind in SELL_TO.items()},
    "/items": "list",
    "/items/0": "object",
    "/items/0/itemNumber": "text",
    "/items/0/quantity": "number",
    "/items/0/visitDate": "text?",
    "/items/0/visitTime": "text?",
    **{f"/items/0/{name}": kind for name, kind in SELL_TO.items()},
    "/items/0/seats": "list?",
    "/items/0/holdId": "text?",
    "/items/0/wallet": "object?",
    "/items/0/wallet/names": "list?",
    "/items/0/wallet/names/0": "text",
    "/items/0/wallet/externalReferenceNumbers": "list?",
    "/items/0/wallet/externalReferenceNumbers/0": "text",
    SCHEDULE: "list?",
    f"{SCHEDULE}/0": "object",
    f"{SCHEDULE}/0/itemNumber": "text",
    f"{SCHEDULE}/0/visitDate": "text?",
    f"{SCHEDULE}/0/visitTime": "text?",
    f"{SCHEDULE}/0/seats": "list?",
}
WRONG: dict[str, list[Any]] = {
    "text": [0, 1.5, True, [], {}, ["x"], None],
    "number": ["1", "", 1.0, 1.5, True, False, [], {}, None],
    "list": [0, "x", "", False, {}, {"0": "x"}, None],
    "object": [0, "x", "", False, [], [{}], None],
}
TEXTS = [pointer for pointer, kind in MEMBERS.items() if kind.startswith("text")]
FREE_TEXTS = [
    pointer
    for pointer in TEXTS
    if not pointer.endswith(("partnerId", "holdId", "visitDate", "visitTime", "Email", "Language"))
]


def plant(body: Any, pointer: str, value: Any) -> Any:
    """Put a value at a JSON pointer; return what stood there."""
    *path, last = pointer.split("/")[1:]
    for step in path:
        body = body[int(step) if isinstance(body, list) else step]
    key: Any = int(last) if isinstance(body, list) else last
    old = body[key]
    body[key] = value
    return old


def test_the_body_that_uses_every_member_is_accepted(api: ApiClient) -> None:
    assert api.post(full_body(api)).status_code == 201


@pytest.mark.parametrize("pointer", MEMBERS)
def test_a_value_of_the_wrong_type_is_refused_where_it_stands(api: ApiClient, pointer: str) -> None:
    before, kind = stored(), MEMBERS[pointer]
    for value in WRONG[kind.rstrip("?")]:
        if value is None and kind.endswith("?"):
            continue
        body = full_body(api)
        plant(body, pointer, value)
        refusal = assert_refused(api.post(body), before)
        assert [fault["pointer"] for fault in refusal["errors"]] == [pointer], value


@pytest.mark.parametrize("pointer", [p for p, kind in MEMBERS.items() if kind.endswith("?")])
def test_null_will_do_where_the_contract_says_so(api: ApiClient, pointer: str) -> None:
    body = full_body(api)
    plant(body, pointer, None)
    if pointer == "/items/0/visitDate":
        # The package is dated; without its own date the component would have one.
        assert_problem(
            api.post(body), 400, "invalid_request", ("/items/0/visitDate", "visit_date_required")
        )
        return
    assert api.post(body).status_code == 201


@pytest.mark.parametrize(
    "pointer",
    [
        "/partnerId",
        "/sellToOrderReference",
        "/items",
        "/items/0/itemNumber",
        f"{SCHEDULE}/0/itemNumber",
    ],
)
def test_what_is_required_is_missed(api: ApiClient, pointer: str) -> None:
    body, before = full_body(api), stored()
    parent, _, name = pointer.rpartition("/")
    holder = body
    for step in parent.split("/")[1:]:
        holder = holder[int(step) if isinstance(holder, list) else step]  # type: ignore[call-overload]
    del holder[name]
    assert_problem(api.post(body), 400, "invalid_request", (pointer, "required"))
    assert stored() == before


def test_all_faults_are_listed_at_once(api: ApiClient) -> None:
    before = stored()
    good, bad = full_body(api)["items"][0], full_body(api)["items"][0]
    bad.update(quantity=0, visitDate="2026-02-30", visitTime="25:00", sellToEmail="@", Typo=1)
    bad["wallet"].update(names=["ok", 7, "\x00"], extra=None)
    bad["wallet"]["componentSchedule"].append({"visitTime": 10})
    body = {
        "partnerId": "x",
        "sellToOrderReference": " \u2003 ",
        "sellToName": "x" * 101,
        "sellToLanguage": "dutch please",
        "items": [good, bad, "line"],
        "payment": "P",
    }
    refusal = assert_refused(api.post(body), before)
    assert sorted(fault["pointer"] for fault in refusal["errors"]) == sorted(
        [
            "/items/1/Typo",
            "/items/1/quantity",
            "/items/1/sellToEmail",
            "/items/1/visitDate",
            "/items/1/visitTime",
            "/items/1/wallet/componentSchedule/1/itemNumber",
            "/items/1/wallet/componentSchedule/1/visitTime",
            "/items/1/wallet/extra",
            "/items/1/wallet/names/1",
            "/items/1/wallet/names/2",
            "/items/2",
            "/partnerId",
            "/payment",
            "/sellToLanguage",
            "/sellToName",
            "/sellToOrderReference",
        ]
    )
    assert refusal["code"] == "invalid_request"


UNKNOWN = {
    "typo": "typo",
    "partnerid": "partnerid",
    "ITEMNUMBER": "ITEMNUMBER",
    "Ünïcode 🎢": "Ünïcode 🎢",
    "a/b~c": "a~1b~0c",
    "": "",
    "__proto__": "__proto__",
    "non_field_errors": "non_field_errors",
    "x" * 1000: "x" * 1000,
}


@pytest.mark.parametrize("holder", ["", "/items/0", "/items/0/wallet", f"{SCHEDULE}/0"])
def test_an_unknown_member_is_refused_with_its_name(api: ApiClient, holder: str) -> None:
    before = stored()
    for names in (*([name] for name in UNKNOWN), list(UNKNOWN)):
        body = full_body(api)
        inner: Any = body
        for step in holder.split("/")[1:]:
            inner = inner[int(step) if isinstance(inner, list) else step]
        inner.update(dict.fromkeys(names))
        refusal = assert_refused(api.post(body), before)
        assert sorted((f["pointer"], f["code"]) for f in refusal["errors"]) == sorted(
            (f"{holder}/{UNKNOWN[name]}", "unknown_member") for name in names
        )


@pytest.mark.parametrize("name", ["\ud800", "a\udfffb", "\x00", "\x1b[2J"])
def test_an_unknown_member_whose_name_no_text_can_carry_is_refused(
    api: ApiClient, name: str
) -> None:
    before = stored()
    for body in (api.order_body(line(), **{name: 1}), api.order_body({**line(), name: 1})):
        assert_refused(api.post(body), before)


LIMITS = {
    "/sellToOrderReference": 128,
    "/paymentReference": 128,
    "/sellToName": 100,
    "/items/0/itemNumber": 64,
    "/items/0/sellToName": 100,
    "/items/0/wallet/names/0": 100,
    "/items/0/wallet/externalReferenceNumbers/0": 64,
}


@pytest.mark.parametrize("pointer", LIMITS)
def test_the_longest_text_is_kept_and_a_longer_one_refused_never_cut(
    api: ApiClient, pointer: str
) -> None:
    character = "🎢"  # one character of four bytes
    body, before = full_body(api), stored()
    del body["items"][0]["wallet"]["componentSchedule"]
    plant(body, pointer, character * (LIMITS[pointer] + 1))
    assert_problem(api.post(body), 400, "invalid_request", (pointer, "max_length"))
    assert stored() == before
    plant(body, pointer, character * LIMITS[pointer])
    if pointer.endswith("itemNumber"):
        del body["items"][0]["wallet"]
    assert api.post(body).status_code == 201
    found = api.get(f"/channelManager/{Order.objects.get().pk}").content.decode()
    kept = (character * LIMITS[pointer]) in found
    # An item number of that length is not mapped, and such a line has no wallets to name.
    assert kept or "/wallet/" in pointer


@pytest.mark.parametrize("pointer", ["/sellToEmail", "/items/0/sellToEmail"])
def test_an_email_address_looks_like_one_and_is_not_too_long(api: ApiClient, pointer: str) -> None:
    assert len(EMAIL) == 253
    body, before = full_body(api), stored()
    for wrong in (EMAIL + "xx", "", "x", "@", "a@", "@b.nl", "a@b@c.nl", "a b@c.nl", "a@b..nl"):
        plant(body, pointer, wrong)
        refusal = assert_refused(api.post(body), before)
        assert {fault["pointer"] for fault in refusal["errors"]} == {pointer}
    plant(body, pointer, EMAIL + "x")
    assert api.post(body).status_code == 201


@pytest.mark.parametrize("tag", ["nl", "nl-NL", "NL", "zh-Hant-TW", "es-419", "de-CH-1901", "ast"])
def test_a_language_is_a_tag_of_bcp_47(api: ApiClient, tag: str) -> None:
    assert api.create(line(), sellToLanguage=tag)["sellToLanguage"] == tag


@pytest.mark.parametrize(
    "tag",
    ["", "n", "nl_NL", "nl-", "-nl", "nl--NL", "Nederlands!", "nl NL", "ñl", "nl-" + "x" * 40],
)
def test_a_language_that_is_no_tag_is_refused(api: ApiClient, tag: str) -> None:
    refusal = assert_refused(api.post(api.order_body(line(), sellToLanguage=tag)), stored())
    assert {fault["pointer"] for fault in refusal["errors"]} == {"/sellToLanguage"}


@pytest.mark.parametrize("character", [*"\x00\t\n\x1b\x1f\x7f\x80\x9f", "\udfff", "\ud83c x"])
def test_control_characters_and_lone_surrogates_are_refused(api: ApiClient, character: str) -> None:
    body, before = full_body(api), stored()
    for pointer in TEXTS:
        plant(body, pointer, f"a{character}b")
    refusal = assert_refused(api.post(body), before)
    assert sorted(fault["pointer"] for fault in refusal["errors"]) == sorted(TEXTS)


@pytest.mark.parametrize("pointer", [p for p in FREE_TEXTS if not p.endswith(("names/0", "Name"))])
@pytest.mark.parametrize("blank", ["", " ", "\u00a0\u2003", "\u3000"])
def test_white_space_alone_is_no_reference(api: ApiClient, pointer: str, blank: str) -> None:
    body, before = full_body(api), stored()
    plant(body, pointer, blank)
    assert_problem(api.post(body), 400, "invalid_request", (pointer, "blank"))
    assert stored() == before


@pytest.mark.parametrize(
    "name", ["Zoë Ångström-李", "محمد", "é", "e\u0301", "👩‍👩‍👧", "\u202eabc", "O'B\"<>&"]
)
def test_names_of_the_whole_world_come_back_exactly(api: ApiClient, name: str) -> None:
    created = api.create(line(wallet={"names": [name]}), sellToName=name)
    found = api.get(f"/channelManager/{created['orderId']}").json()
    assert found["sellToName"] == found["items"][0]["sellToName"] == name
    assert found["items"][0]["wallets"][0]["name"] == name


NUMBERS = ["0", "-0", "-1", "1001", "1.0", "1e0", "1E3", "0.5", "-1e400", "1e400", "1e-400"]


NUMBERS += [str(10**30), str(-(10**30)), "9" * 101, "9" * 9000, "1" + "0" * 400 + ".5"]


def test_absurd_quantities_are_refused(api: ApiClient) -> None:
    before = stored()
    text = json.dumps(api.order_body(line(quantity=4711)))
    for digits in NUMBERS:
        raw = text.replace("4711", digits).encode()
        assert_refused(api.request("POST", "/channelManager", raw=raw), before)


DATES = [
    *("0001-01-01", "9999-12-31", "2026-02-30", "10000-01-01", "0000-00-00", "2026-13-01"),
    *("2026-00-10", "2026-11-00", "2026-11-31", "2026-1-1", "20261123", "2026-327", "2026-W48-1"),
    *(f"{VISIT}T10:00:00", f" {VISIT}", f"{VISIT} ", "23-11-2026", "2026/11/23", "tomorrow", ""),
    *(
        "-2026-11-23",
        "+2026-11-23",
        "２０２６-11-23",
        "٢٠٢٦-11-23",
        "2026\u201311\u201323",
        "1" * 999,
    ),
]
TIMES = [
    *("24:00", "25:00", "10:60", "10:00:60", "-1:00", "10", "1000", "1:00", "10:0", "10:00:0"),
    *("10:00Z", "10:00+01:00", "10:00:00.5", " 10:00", "10:00 ", "10.00", "10:00 AM", "noon", ""),
    *("１0:00", "١٠:٠٠", "9" * 999, "10:00:00:00"),
]


@pytest.mark.parametrize("holder", ["/items/0", f"{SCHEDULE}/0"])
@pytest.mark.parametrize(("name", "texts"), [("visitDate", DATES), ("visitTime", TIMES)])
def test_absurd_dates_and_times_are_refused_where_they_stand(
    api: ApiClient, holder: str, name: str, texts: list[str]
) -> None:
    before = stored()
    for text in texts:
        body = full_body(api)
        plant(body, f"{holder}/{name}", text)
        refusal = assert_refused(api.post(body), before)
        assert [fault["pointer"] for fault in refusal["errors"]] == [f"{holder}/{name}"], text


ODD_UUIDS = (
    *("x", "", "0" * 36, "{id}x", "x{id}", "{{{id}}}", "urn:uuid:{id}", "urn:{hex}", "{hex}"),
    *("{id} ", "{hex}----", "----{hex}", "\u0661" * 36),
)


def test_a_partner_id_of_another_form_is_refused(api: ApiClient) -> None:
    key, before = api.partner.pk, stored()
    for form in ODD_UUIDS:
        body = {**api.order_body(line()), "partnerId": form.format(id=key, hex=key.hex)}
        refusal = assert_refused(api.post(body), before)
        assert [fault["pointer"] for fault in refusal["errors"]] == ["/partnerId"], form


def test_the_partner_id_is_accepted_in_any_case(api: ApiClient) -> None:
    body = {**api.order_body(line()), "partnerId": str(api.partner.pk).upper()}
    assert api.post(body).json()["partnerId"] == str(api.partner.pk)
