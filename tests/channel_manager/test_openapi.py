"""The OpenAPI file: without a warning, valid, and as strict as the API itself."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema_rs
import pytest
from django.core.management import call_command
from django.test import Client

from channel_manager.docs import samples
from channel_manager.lib.errors import ErrorCode
from orders.api.serializers import ConfirmRequestSerializer, OrderRequestSerializer
from partners.models import Partner
from tests.conftest import ApiClient

REQUESTS = (
    "OrderRequest",
    "LineRequest",
    "WalletRequest",
    "ScheduleRequest",
    "ConfirmRequest",
    "HoldRequest",
    "HoldLineRequest",
    "HoldWalletRequest",
    "EndpointRequest",
    "PauseRequest",
    "ReplayRequest",
)


@pytest.fixture
def document() -> dict[str, Any]:
    """The file as it is served."""
    response = Client().get("/openapi.json")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    return dict(response.json())


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def validator(document: dict[str, Any], component: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{component}", "components": document["components"]},
        validate_formats=True,
    )


def test_it_is_generated_without_a_warning(tmp_path: Any) -> None:
    call_command(
        "spectacular",
        "--validate",
        "--fail-on-warn",
        "--format=openapi-json",
        f"--file={tmp_path / 'openapi.json'}",
    )
    generated = json.loads((tmp_path / "openapi.json").read_text())
    assert generated == Client().get("/openapi.json").json()


def test_it_lists_the_operations_of_the_contract(document: dict[str, Any]) -> None:
    assert {
        (method.upper(), path, operation["operationId"])
        for method, path, operation in operations(document)
    } == {
        ("POST", "/channelManager", "createOrder"),
        ("GET", "/channelManager/{orderId}", "getOrder"),
        ("PUT", "/channelManager/{orderId}", "replaceOrder"),
        ("DELETE", "/channelManager/{orderId}", "deleteOrder"),
        ("POST", "/channelManager/{orderId}/confirm", "confirmOrder"),
        ("GET", "/channelManager/orders/{partnerId}", "listOrdersByPartner"),
        ("GET", "/channelManager/packages", "listPackages"),
        ("GET", "/channelManager/availability", "listAvailability"),
        ("POST", "/channelManager/holds", "createHold"),
        ("GET", "/channelManager/holds/{holdId}", "getHold"),
        ("POST", "/channelManager/holds/{holdId}/extend", "extendHold"),
        ("DELETE", "/channelManager/holds/{holdId}", "releaseHold"),
        ("GET", "/channelManager/webhooks", "listWebhooks"),
        ("POST", "/channelManager/webhooks", "createWebhook"),
        ("GET", "/channelManager/webhooks/{webhookId}", "getWebhook"),
        ("PUT", "/channelManager/webhooks/{webhookId}", "replaceWebhook"),
        ("DELETE", "/channelManager/webhooks/{webhookId}", "deleteWebhook"),
        ("POST", "/channelManager/webhooks/{webhookId}/test", "testWebhook"),
        ("POST", "/channelManager/webhooks/{webhookId}/rotate", "rotateWebhook"),
        ("POST", "/channelManager/webhooks/{webhookId}/pause", "pauseWebhook"),
        ("POST", "/channelManager/webhooks/{webhookId}/resume", "resumeWebhook"),
        ("POST", "/channelManager/webhooks/{webhookId}/replay", "replayWebhook"),
        ("GET", "/channelManager/webhooks/{webhookId}/deliveries", "listDeliveries"),
        ("GET", "/channelManager/events", "listEvents"),
        ("GET", "/channelManager/reports/register", "reportRegister"),
        ("GET", "/channelManager/reports/summary", "reportSales"),
        ("GET", "/channelManager/reports/open-items", "reportOpenItems"),
        ("GET", "/channelManager/reports/issued-not-admitted", "reportNotAdmitted"),
        ("POST", "/gate/admissions", "admit"),
        ("GET", "/gate/admissions", "listAdmissions"),
        ("DELETE", "/gate/admissions/{admissionId}", "undoAdmission"),
        ("GET", "/gate/device", "getGateDevice"),
    }


def test_it_says_where_it_is_served_and_whom_to_ask(
    document: dict[str, Any], settings: Any
) -> None:
    assert document["openapi"] == "3.1.0"
    assert [server["url"] for server in document["servers"]] == [settings.PUBLIC_URL]
    assert document["info"]["contact"]["name"]
    assert document["info"]["description"]
    used = {tag for _, _, operation in operations(document) for tag in operation["tags"]}
    assert {tag["name"] for tag in document["tags"] if tag["description"]} == used


def test_either_header_authenticates_every_operation(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert (schemes["apiKey"]["in"], schemes["apiKey"]["name"]) == ("header", "x-api-key")
    assert (schemes["bearer"]["type"], schemes["bearer"]["scheme"]) == ("http", "bearer")
    for _, path, operation in operations(document):
        if path.startswith("/gate/"):
            assert operation["security"] == [{"deviceKey": []}]
            continue
        assert operation["security"] == [{"apiKey": []}, {"bearer": []}]
        assert re.search(r"Needs the scope `[a-z:]+`\.$", operation["description"])


def test_ids_in_paths_are_named_as_in_the_contract(document: dict[str, Any]) -> None:
    for _, path, operation in operations(document):
        stated = [one for one in operation.get("parameters", []) if one["in"] == "path"]
        assert [one["name"] for one in stated] == re.findall(r"\{(\w+)\}", path)
        for parameter in stated:
            assert parameter["schema"] == {"type": "string", "format": "uuid"}
            assert parameter["description"]


def test_every_answer_lists_its_headers(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        for status, response in operation["responses"].items():
            names = set(response["headers"])
            assert "X-Request-Id" in names
            assert ("Location" in names) == (status == "201")
            assert ("Idempotent-Replayed" in names) == (status < "300" and method != "get")
            assert ("Retry-After" in names) == (status in ("409", "429", "503")), (path, status)


def test_every_operation_of_a_partner_says_that_its_key_is_limited(
    document: dict[str, Any],
) -> None:
    limit = {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}
    for _, path, operation in operations(document):
        of_a_partner = path.startswith("/channelManager")
        assert ("429" in operation["responses"]) == of_a_partner, path
        for status, response in operation["responses"].items():
            expected = limit if of_a_partner and status not in ("401", "503") else set()
            assert limit & set(response["headers"]) == expected, (path, status)


def test_every_refusal_has_an_example_for_each_of_its_codes(document: dict[str, Any]) -> None:
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            if status < "400":
                continue
            examples = response["content"]["application/problem+json"]["examples"]
            for code, example in examples.items():
                assert ErrorCode(code).text.status == int(status)
                assert f"(/docs/errors/{code})" in response["description"]
                validator(document, "Problem").validate(example["value"])


@pytest.mark.parametrize("component", REQUESTS)
def test_requests_refuse_unknown_members(document: dict[str, Any], component: str) -> None:
    assert document["components"]["schemas"][component]["additionalProperties"] is False


def test_null_is_written_as_a_type_of_its_own(document: dict[str, Any]) -> None:
    assert "nullable" not in json.dumps(document)
    order = document["components"]["schemas"]["Order"]["properties"]
    assert order["manifestUrl"] == {
        "type": ["string", "null"],
        "format": "uri",
        "description": "Once Issued.",
    }


@pytest.mark.parametrize(
    ("component", "sample"),
    [
        ("OrderRequest", samples.ORDER_REQUEST),
        ("Order", samples.SUBMITTED_ORDER),
        ("Order", samples.ISSUED_ORDER),
        ("Order", samples.CANCELLED_ORDER),
        ("OrderPage", samples.ORDER_PAGE),
        ("ArticleList", samples.PACKAGES),
        ("AvailabilityList", samples.AVAILABILITY),
        ("HoldRequest", samples.HOLD_REQUEST),
        *(("Hold", answer) for name, answer in samples.ANSWERS.items() if name.endswith("Hold")),
    ],
)
def test_samples_fit_the_schema(document: dict[str, Any], component: str, sample: Any) -> None:
    validator(document, component).validate(sample)


@pytest.mark.django_db
def test_real_answers_fit_the_schema(document: dict[str, Any], api: ApiClient) -> None:
    order = api.create(
        {"itemNumber": "UNMAPPED"}, {"itemNumber": "GROUP", "visitDate": "2027-05-04"}
    )
    validator(document, "Order").validate(order)
    page = api.get(f"{api.base}/orders/{api.partner.pk}").json()
    validator(document, "OrderPage").validate(page)
    validator(document, "ArticleList").validate(api.get(f"{api.base}/packages").json())
    days = api.get(f"{api.base}/availability?itemNumber=DAY").json()
    assert days["data"]
    validator(document, "AvailabilityList").validate(days)
    validator(document, "Problem").validate(api.post({}).json())
    hold = api.post(
        {"items": [{"itemNumber": "DAY", "visitDate": "2027-05-04"}]}, f"{api.base}/holds"
    )
    validator(document, "Hold").validate(hold.json())


TEXTS = [
    "",
    " ",
    "\u3000",
    "a",
    " a ",
    "é",
    "𝄞",
    "a\nb",
    "\x00",
    "\x85",
    "\ufeff",
    "\u200b",
    "x" * 129,
]
TAGS = [
    "nl",
    "nl-NL",
    "zh-Hant-TW",
    "n",
    "nl_NL",
    "nl-",
    "nederlands",
    "nederlandsch",
    "x-y",
    "nl\n",
]
DATES = ["2027-05-04", "2027-02-29", "2027-5-4", "2027-05-04T00:00:00Z", "27-05-04", "٢٠٢٧-05-04"]
TIMES = [
    "14:00",
    "14:00:30",
    "24:00",
    "23:59:60",
    "9:00",
    "14:00Z",
    "14:00:00.5",
    "1400",
    "14:00\n",
]
IDS = [
    "01a1fb73-4824-7c2a-bad7-dca9f72c4126",
    "01A1FB73-4824-7C2A-BAD7-DCA9F72C4126",
    "01a1fb7348247c2abad7dca9f72c4126",
    "{01a1fb73-4824-7c2a-bad7-dca9f72c4126}",
    "x1a1fb73-4824-7c2a-bad7-dca9f72c4126",
]
MAILS = ["guest@example.com", "guest", "a@b", "a b@example.com", f"{'x' * 250}@example.com"]
OTHERS = [None, True, 1, 1.5, [], {}]


LISTS: list[Any] = ["x", {}, [], *([text] for text in TEXTS), *([other] for other in OTHERS)]
VALUES: dict[str, list[Any]] = {
    "unknown": [1],
    "partnerId": IDS,
    "sellToOrderReference": TEXTS,
    "paymentReference": TEXTS,
    "sellToName": TEXTS,
    "sellToEmail": MAILS,
    "sellToLanguage": TAGS,
    "items": [[], [1], [{}], [{"itemNumber": "A"}] * 500, [{"itemNumber": "A"}] * 501],
    "items.unknown": [1],
    "items.itemNumber": TEXTS,
    "items.quantity": [0, 1, 1000, 1001, -1],
    "items.visitDate": DATES,
    "items.visitTime": TIMES,
    "items.sellToName": TEXTS,
    "items.sellToEmail": MAILS,
    "items.sellToLanguage": TAGS,
    "items.wallet": ["x"],
    "items.wallet.unknown": [1],
    "items.wallet.names": [*LISTS, ["x"] * 1000, ["x"] * 1001],
    "items.wallet.externalReferenceNumbers": [*LISTS, ["x"] * 1000, ["x"] * 1001],
    "items.wallet.componentSchedule": LISTS,
    "items.wallet.componentSchedule.unknown": [1],
    "items.wallet.componentSchedule.itemNumber": TEXTS,
    "items.wallet.componentSchedule.visitDate": DATES,
    "items.wallet.componentSchedule.visitTime": TIMES,
}


def body_with(place: str, value: Any) -> dict[str, Any]:
    """Return an order body that is right but for the member at the place."""
    *parents, name = place.split(".")
    member = {name: value}
    if "componentSchedule" in parents:
        member = {"componentSchedule": [{"itemNumber": "DINO", **member}]}
    if "wallet" in parents:
        member = {"wallet": member}
    if "items" in parents:
        member = {"items": [{"itemNumber": "DAY", **member}]}
    order = {"partnerId": IDS[0], "sellToOrderReference": "A", "items": [{"itemNumber": "DAY"}]}
    return {**order, **member}


def test_the_schema_takes_what_the_api_takes_and_nothing_else(document: dict[str, Any]) -> None:
    check = validator(document, "OrderRequest")
    partner = Partner(pk=IDS[0])
    for place, value in [(place, v) for place, vs in VALUES.items() for v in (*vs, *OTHERS)]:
        body = body_with(place, value)
        serializer = OrderRequestSerializer(data=body, context={"partner": partner})
        taken = serializer.is_valid() or _only_another_partner(serializer.errors)
        assert check.is_valid(body) == taken, (body, serializer.errors)


def _only_another_partner(errors: Any) -> bool:
    """Tell whether a body has the right shape and is refused for naming another partner."""
    return list(errors) == ["partnerId"] and errors["partnerId"][0].code == "unknown_partner"


def test_the_schema_of_a_confirmation_agrees_with_the_api(document: dict[str, Any]) -> None:
    check = validator(document, "ConfirmRequest")
    for value in (*TEXTS, *OTHERS):
        body = {"paymentReference": value}
        assert check.is_valid(body) == ConfirmRequestSerializer(data=body).is_valid(), body
    assert not check.is_valid({})
    assert not check.is_valid({"paymentReference": "PAY-1", "unknown": 1})


def test_other_methods_are_refused() -> None:
    response = Client().post("/openapi.json")
    assert response.status_code == 405
    assert response.json()["code"] == "method_not_allowed"
