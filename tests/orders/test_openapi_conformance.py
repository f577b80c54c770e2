"""The API answers what its OpenAPI file says, whatever it is sent (schemathesis)."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi import checks

from channel_manager.wsgi import application
from orders.models import Order
from tests.conftest import ApiClient
from tests.orders.expected import NOBODY, line, settle
from wallets.devices import create_device

pytestmark = pytest.mark.usefixtures("clock")

Issue = Callable[[str], Order]
OPERATIONS = {
    "createOrder": "POST /channelManager",
    "getOrder": "GET /channelManager/{orderId}",
    "listOrdersByPartner": "GET /channelManager/orders/{partnerId}",
    "confirmOrder": "POST /channelManager/{orderId}/confirm",
    "replaceOrder": "PUT /channelManager/{orderId}",
    "deleteOrder": "DELETE /channelManager/{orderId}",
    "listPackages": "GET /channelManager/packages",
    "listAvailability": "GET /channelManager/availability",
    "createHold": "POST /channelManager/holds",
    "getHold": "GET /channelManager/holds/{holdId}",
    "extendHold": "POST /channelManager/holds/{holdId}/extend",
    "releaseHold": "DELETE /channelManager/holds/{holdId}",
    "listWebhooks": "GET /channelManager/webhooks",
    "createWebhook": "POST /channelManager/webhooks",
    "getWebhook": "GET /channelManager/webhooks/{webhookId}",
    "replaceWebhook": "PUT /channelManager/webhooks/{webhookId}",
    "deleteWebhook": "DELETE /channelManager/webhooks/{webhookId}",
    "testWebhook": "POST /channelManager/webhooks/{webhookId}/test",
    "rotateWebhook": "POST /channelManager/webhooks/{webhookId}/rotate",
    "pauseWebhook": "POST /channelManager/webhooks/{webhookId}/pause",
    "resumeWebhook": "POST /channelManager/webhooks/{webhookId}/resume",
    "replayWebhook": "POST /channelManager/webhooks/{webhookId}/replay",
    "listDeliveries": "GET /channelManager/webhooks/{webhookId}/deliveries",
    "listEvents": "GET /channelManager/events",
    "reportRegister": "GET /channelManager/reports/register",
    "reportSales": "GET /channelManager/reports/summary",
    "reportOpenItems": "GET /channelManager/reports/open-items",
    "reportNotAdmitted": "GET /channelManager/reports/issued-not-admitted",
    "admit": "POST /gate/admissions",
    "listAdmissions": "GET /gate/admissions",
    "undoAdmission": "DELETE /gate/admissions/{admissionId}",
    "getGateDevice": "GET /gate/device",
}
GATE = ("admit", "listAdmissions", "undoAdmission", "getGateDevice")
ALWAYS = (
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.allow_header_conformance,
)
given_some = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@contextmanager
def connection_kept() -> Iterator[None]:
    """Let requests leave the connection and its transaction alone, as Django's test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def document(db: None) -> BaseSchema:
    """The OpenAPI file, as it is served."""
    return load_document()


@functools.cache
def load_document() -> BaseSchema:
    with connection_kept():
        return schemathesis.openapi.from_wsgi("/openapi.json", application)


@functools.cache
def all_operations() -> dict[str, APIOperation]:
    operations = (result.ok() for result in load_document().get_all_operations())
    return {operation.label: operation for operation in operations}


def operation_of(name: str) -> APIOperation:
    found = all_operations()
    assert set(found) == set(OPERATIONS.values())
    operation = found[OPERATIONS[name]]
    assert operation.definition.raw["operationId"] == name
    return operation


def check(case: Case, api: ApiClient, *more: Any) -> Any:
    """Send a case with our partner's key and hold the answer against the file."""
    case.headers["x-api-key"] = api.key
    case.headers.pop("Authorization", None)
    with connection_kept():
        response = case.call()
    case.validate_response(response, checks=[*ALWAYS, *more])
    return response


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_whatever_is_sent_is_answered_as_the_file_says(
    api: ApiClient, name: str, mode: GenerationMode
) -> None:
    if (name, mode) == ("getGateDevice", GenerationMode.NEGATIVE):
        return  # it takes nothing that could be wrong
    if name in GATE:
        api.key = create_device(venue=api.partner.venue, name="Gate", admits_every_item=True)[1]
    try:
        cases = operation_of(name).as_strategy(generation_mode=mode)
    except schemathesis.errors.SchemathesisError:
        assert mode == GenerationMode.NEGATIVE
        return

    more = [checks.negative_data_rejection] if mode == GenerationMode.NEGATIVE else []

    @given_some
    @given(case=cases)
    def everything(case: Case) -> None:
        check(case, api, *more)

    everything()


@pytest.mark.parametrize("number", ["DAY", "BUNDLE", "unknown"])
def test_whatever_order_the_file_allows_is_taken_or_refused_in_words(
    api: ApiClient, number: str
) -> None:
    count = iter(range(10_000))

    @given_some
    @given(case=operation_of("createOrder").as_strategy(), data=st.data())
    def orders(case: Case, data: st.DataObject) -> None:
        body: Any = case.body
        body.update(partnerId=str(api.partner.pk), sellToOrderReference=f"WEB-{next(count)}")
        for sent in body["items"]:
            sent["itemNumber"] = number
            sent.pop("holdId", None)
            # JSON Schema counts 2.0 among the integers; the API does not.
            sent["quantity"] = int(sent.get("quantity", 1))
            if data.draw(st.booleans()):
                sent["visitDate"] = "2026-11-23"
        case.headers.pop("Idempotency-Key", None)
        response = check(case, api)
        assert response.status_code in (201, 400)
        if number == "unknown":
            # Nothing is known of such a line that could speak against it.
            wallets = sum(sent["quantity"] for sent in body["items"])
            assert response.status_code == 201 or wallets > 1000

    orders()


@pytest.mark.parametrize("status", ["Submitted", "Draft", "Issued", "Error", "Cancelled"])
@pytest.mark.parametrize("name", ["getOrder", "confirmOrder", "replaceOrder", "deleteOrder"])
def test_every_operation_on_an_order_answers_as_the_file_says(
    api: ApiClient, issue: Issue, status: str, name: str
) -> None:
    found = settle(
        api,
        issue,
        line("unknown" if status == "Error" else "BUNDLE"),
        paymentReference=None if status == "Draft" else "PAY-1",
    )
    if status == "Cancelled":
        api.delete(found["orderId"])
    elif status == "Submitted":
        found = api.create(line(), sellToOrderReference="WEB-2")
    cases = operation_of(name).as_strategy(path_parameters={"orderId": found["orderId"]})

    @settings(given_some, max_examples=1)
    @given(case=cases)
    def operate(case: Case) -> None:
        case.query = {}  # nothing here is worth waiting for
        if name == "replaceOrder":
            case.body.update(
                partnerId=found["partnerId"],
                sellToOrderReference=found["sellToOrderReference"],
                items=[line("GROUP", quantity=3)],
            )
        check(case, api)

    operate()


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_request_without_a_key_is_answered_as_the_file_says(api: ApiClient, name: str) -> None:
    @settings(given_some, max_examples=1)
    @given(case=operation_of(name).as_strategy())
    def knock(case: Case) -> None:
        response = check(case, ApiClient("wrong", api.partner))
        assert response.status_code == 401

    knock()


def closed(document: BaseSchema, name: str) -> jsonschema_rs.Draft202012Validator:
    """Return a validator of a schema that allows no member it does not name."""
    components = copy.deepcopy(document.raw_schema["components"])
    for schema in components["schemas"].values():
        if schema.get("type") == "object":
            schema["additionalProperties"] = False
            if not schema.get("description", "").endswith("Request"):
                assert set(schema.get("required", ())) <= set(schema["properties"])
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": components}, validate_formats=True
    )


def test_answers_have_exactly_the_members_of_the_file(
    api: ApiClient, document: BaseSchema, issue: Issue
) -> None:
    schedule = {"componentSchedule": [{"itemNumber": "DINO", "visitTime": "10:00"}]}
    issued = settle(api, issue, line("BUNDLE", wallet=schedule), line("GROUP"))
    failed = settle(api, issue, line("x", wallet=schedule), sellToOrderReference="E")
    draft = settle(api, issue, line(), sellToOrderReference="D", paymentReference=None)
    whole = closed(document, "Order")
    for answer in (issued, failed, draft, api.delete(draft["orderId"]).json()):
        whole.validate(answer)
    assert issued["items"][0]["wallets"][0]["assets"]
    for size in (1, 100):
        page = api.get(f"/channelManager/orders/{api.partner.pk}?pageSize={size}").json()
        assert page["data"]
        closed(document, "OrderPage").validate(page)
    packages = api.get("/channelManager/packages").json()
    assert packages["data"]
    closed(document, "ArticleList").validate(packages)
    held = api.request("POST", f"{api.base}/holds", {"items": [line()]})
    assert held.status_code == 201
    closed(document, "Hold").validate(held.json())
    days = api.get("/channelManager/availability?itemNumber=DAY").json()
    assert days["data"]
    closed(document, "AvailabilityList").validate(days)
    answers = ("Order", "OrderPage", "ArticleList", "Availability", "AvailabilityList", "Problem")
    for name in (*answers, "Wallet", "Asset", "Line", "Hold", "HoldLine", "HeldPlaces"):
        schema = document.raw_schema["components"]["schemas"][name]
        # The contract's list of an asset's members is closed; only seated ones have one more, and
        # those that another system has issued.
        optional = {"seat", "outside"} if name == "Asset" else set()
        assert set(schema["required"]) == set(schema["properties"]) - optional, name


def test_refusals_have_the_members_of_the_file(
    api: ApiClient, document: BaseSchema, issue: Issue
) -> None:
    schema = document.raw_schema["components"]["schemas"]["Problem"]
    created = api.create(line())
    for response in (
        api.post({}),
        api.post(api.order_body(line())),
        api.delete(created["orderId"]),
        api.get(f"/channelManager/{NOBODY}"),
        api.request("PATCH", "/channelManager"),
    ):
        body = response.json()
        assert set(schema["required"]) <= set(body)
        jsonschema_rs.Draft202012Validator(
            {
                "$ref": "#/components/schemas/Problem",
                "components": document.raw_schema["components"],
            }
        ).validate(body)
