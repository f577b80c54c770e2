"""Another tenant's things do not exist: every route and method of the OpenAPI file (section 1).

What is tried is generated from the file. A new route with an id in its path, or in its body, makes
`test_every_id_of_the_file_is_tried` fail until the rival has such a thing here.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from django.test import Client

from catalog.models import Attraction, Dating, Package
from orders.models import Order
from partners.keys import create_key
from partners.models import Venue
from tests.conftest import ApiClient
from tests.factories import AttractionFactory, PartnerFactory, VenueFactory, sellable_package
from tests.gate.conftest import Gate
from tests.orders.expected import NOBODY, assert_problem, line, settle, stored
from tests.orders.sessions import counted, session
from wallets.devices import create_device
from wallets.models import Scan

pytestmark = pytest.mark.usefixtures("clock")

Issue = Callable[[str], Order]
Theirs = Mapping[str, str]
METHODS = ("GET", "HEAD", "OPTIONS", "TRACE", "POST", "PUT", "PATCH", "DELETE")
WRITING = ("POST", "PUT", "PATCH", "DELETE")
# Besides the file's: what a caller may take for an address.
STRAYS = ("/channelManager/{orderId}/", "/channelManager/{orderId}/x")


# These differ from one request to the next, whatever is asked.
PASSING = ("X-Request-Id", "Content-Length", "RateLimit-Remaining", "RateLimit-Reset")


@dataclasses.dataclass(frozen=True)
class Operation:
    """One route and method of the file, with the ids its path and its body name."""

    operation_id: str
    method: str
    path: str
    of_the_gate: bool
    queries: tuple[str, ...]
    body_ids: frozenset[str]

    @property
    def path_ids(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)


@functools.cache
def operations() -> list[Operation]:
    """Return what the file holds."""
    document = Client().get("/openapi.json").json()
    return [
        Operation(
            operation_id=operation["operationId"],
            method=method.upper(),
            path=path,
            of_the_gate={"deviceKey": []} in operation["security"],
            queries=tuple(
                parameter["name"]
                for parameter in operation.get("parameters", ())
                if parameter["in"] == "query"
            ),
            body_ids=frozenset(ids_in(operation.get("requestBody", {}), document)),
        )
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def ids_in(part: Any, document: Any) -> Iterator[str]:
    """Yield the members of a body's schema that are ids, by form or by name."""
    if isinstance(part, list):
        for entry in part:
            yield from ids_in(entry, document)
    if not isinstance(part, dict):
        return
    if reference := part.get("$ref"):
        yield from ids_in(document["components"]["schemas"][reference.split("/")[-1]], document)
    for name, schema in part.get("properties", {}).items():
        if schema.get("format") == "uuid" or re.search(r"Ids?$", name):
            yield name
    for name, entry in part.items():
        if name not in ("example", "examples"):
            yield from ids_in(entry, document)


def mentioning(operation_id: str, name: str, key: str, api: ApiClient) -> Any:
    """Return a body that is right but for naming an id of somebody else."""
    item = line("SHOW", visitTime="14:00")
    order = api.order_body(line(), sellToOrderReference="TENANCY")
    match operation_id, name:
        case "createOrder" | "replaceOrder", "partnerId":
            return {**order, "partnerId": key}
        case "createOrder" | "replaceOrder", "holdId":
            return {**order, "items": [{**item, "holdId": key}]}
        case "createHold", "partnerId":
            return {"partnerId": key, "items": [item]}
        case "admit", "requestId":
            # The gate's own name for its scan: any text, and its own for each device.
            return {"referenceNumber": "nothing", "requestId": key}
        case "replayWebhook", "eventId":
            return {"eventId": key if key.startswith("evt_") else f"evt_{key.replace('-', '')}"}
    raise AssertionError(f"Say how {operation_id} names the rival's {name}.")


def traits(response: Any, *ids: str) -> Any:
    """Return all that an answer tells, apart from its request's id, the ids sent and the limit."""
    headers = {n: v for n, v in response.items() if n not in PASSING}
    text = response.content.decode()
    for key in ids:
        text = text.replace(key, "(id)")
    body = json.loads(text) if text else None
    if isinstance(body, dict):
        body.pop("requestId", None)
    return response.status_code, headers, body


@pytest.fixture(autouse=True)
def unlimited(settings: Any) -> None:
    """More is asked here than a key may ask at once."""
    settings.RATE_LIMIT_BURST = settings.RATE_LIMIT_PER_SECOND = 10_000


@pytest.fixture
def show(venue: Venue) -> Package:
    """The cinema's show at 14:00."""
    cinema: Attraction = AttractionFactory.create(venue=venue)
    session(cinema, "14:00", capacity=5)
    return counted(sellable_package(venue, "SHOW", dating=Dating.TIMED), cinema)


@pytest.fixture
def gate(venue: Venue) -> Gate:
    """Our gate."""
    return Gate(*create_device(venue=venue, name="North", admits_every_item=True))


@pytest.fixture
def rival_gate(venue: Venue) -> Gate:
    """Another gate of the same park."""
    return Gate(*create_device(venue=venue, name="South", admits_every_item=True))


@pytest.fixture(params=["Draft", "Issued"])
def theirs(
    request: pytest.FixtureRequest,
    venue: Venue,
    api: ApiClient,
    rival: ApiClient,
    rival_gate: Gate,
    show: Package,
    issue: Issue,
) -> dict[str, str]:
    """One of the rival's things for each kind of id; its order is a draft once, and issued once."""
    sellable_package(venue, "ANYDAY", dating=Dating.OPEN, validity_days=7)
    payment = None if request.param == "Draft" else "PAY-1"
    order = settle(rival, issue, line(), paymentReference=payment)
    hold = rival.post({"items": [line("SHOW", visitTime="14:00")]}, "/channelManager/holds")
    visit = settle(rival, issue, {"itemNumber": "ANYDAY"}, sellToOrderReference="VISIT")
    ticket = visit["items"][0]["wallets"][0]["assets"][0]["referenceNumber"]
    scan = rival_gate.scan(ticket, requestId=NOBODY.replace("dead", "beef"))
    assert (hold.status_code, scan["admitted"]) == (201, True), (hold.content, scan)
    hook = rival.post({"url": "https://rival.example/hooks"}, "/channelManager/webhooks")
    (event, *_) = rival.get("/channelManager/events").json()["data"]
    return {
        "orderId": order["orderId"],
        "holdId": hold.json()["holdId"],
        "partnerId": str(rival.partner.pk),
        "admissionId": scan["admissionId"],
        "requestId": scan["requestId"],
        "webhookId": hook.json()["webhookId"],
        "eventId": event["eventId"],
    }


@pytest.fixture
def ours(api: ApiClient, gate: Gate) -> Callable[[Operation], ApiClient | Gate]:
    """Whom we ask an operation as: our partner, or our gate."""
    return lambda operation: gate if operation.of_the_gate else api


def test_every_id_of_the_file_is_tried(theirs: Theirs, api: ApiClient) -> None:
    named = {key for operation in operations() for key in operation.path_ids}
    named |= {key for operation in operations() for key in operation.body_ids}
    named |= {key for o in operations() for key in o.queries if key.endswith("Id")}
    assert named == set(theirs)
    for operation in operations():
        for name in operation.body_ids:
            assert mentioning(operation.operation_id, name, NOBODY, api)


def test_the_rivals_id_in_a_path_is_answered_exactly_like_one_that_does_not_exist(
    ours: Callable[[Operation], ApiClient | Gate], theirs: Theirs, rival: ApiClient, api: ApiClient
) -> None:
    mine = {name: rival.get(path_of(name, theirs)).json() for name in ("orderId", "holdId")}
    before = stored()
    done: set[str] = set()
    bodies = [None, api.order_body(line("GROUP")), {"paymentReference": "P"}, {"reason": "Because"}]
    bodies.append({"typo": 1})
    for operation in (operation for operation in operations() if operation.path_ids):
        known, unknown = address(operation.path, theirs), address(operation.path, {})
        is_tried, done = operation.path in done, done | {operation.path}
        queries = ["", *(f"?{n}={value}" for n in operation.queries for value in ("1", "x"))]
        tries = [("GET", query, None, "") for query in queries]
        tries += [(operation.method, "", body, "") for body in bodies]
        if not is_tried:  # whatever is asked of an address
            tries += [(method, "", None, "") for method in METHODS]
            tries += [(m, "", body, key) for m in WRITING for body in bodies for key in ("", "K")]
        for method, query, body, key in tries:
            answers = [
                ours(operation).request(
                    method, path + query, body, idempotency_key=key and f"{key}{index}"
                )
                for index, path in enumerate((known, unknown))
            ]
            assert traits(answers[0]) == traits(answers[1]), (operation, method, query, body)
            if method == operation.method:
                assert_problem(answers[0], 404, "not_found")
    assert stored() == before
    assert Scan.objects.get().undone_at is None
    assert mine == {name: rival.get(path_of(name, theirs)).json() for name in mine}


def test_the_rivals_id_of_any_kind_is_unknown_at_every_address(
    ours: Callable[[Operation], ApiClient | Gate], theirs: Theirs
) -> None:
    patterns = [(operation.path, operation) for operation in operations() if operation.path_ids]
    patterns += [(stray, operations()[0]) for stray in STRAYS]
    for pattern, operation in patterns:
        for key in theirs.values():
            known, unknown = (re.sub(r"{\w+}", text, pattern) for text in (key, NOBODY))
            for method in ("GET", "DELETE"):
                asked = [ours(operation).request(method, path) for path in (known, unknown)]
                assert traits(asked[0]) == traits(asked[1]), (pattern, method)
                assert asked[0].status_code in (404, 405)


def test_the_rivals_id_in_a_body_is_answered_exactly_like_one_that_does_not_exist(
    ours: Callable[[Operation], ApiClient | Gate], api: ApiClient, theirs: Theirs
) -> None:
    hook = api.post({"url": "https://shop.example/hooks"}, "/channelManager/webhooks").json()
    own = {**api.create(sellToOrderReference="TENANCY"), "webhookId": hook["webhookId"]}
    before = stored()
    for operation in operations():
        path = address(operation.path, own)
        for name in operation.body_ids:
            asked = [
                ours(operation).request(
                    operation.method, path, mentioning(operation.operation_id, name, key, api)
                )
                for key in (theirs[name], NOBODY)
            ]
            known, unknown = (traits(answer, theirs[name], NOBODY) for answer in asked)
            if name == "requestId":
                known, unknown = (without_scan(told) for told in (known, unknown))
            else:
                assert 400 <= known[0] < 500, (operation, name)
            assert known == unknown, (operation, name)
    assert stored() == before


def without_scan(told: Any) -> Any:
    """Leave out what each scan of a gate has of its own."""
    status, headers, body = told
    return status, headers, {n: v for n, v in body.items() if n != "scanId"}


def test_a_key_of_the_other_kind_or_none_opens_nothing(
    ours: Callable[[Operation], ApiClient | Gate],
    api: ApiClient,
    rival: ApiClient,
    rival_gate: Gate,
    theirs: Theirs,
) -> None:
    before = stored()
    for operation in operations():
        path = address(operation.path, theirs)
        other = rival.key if operation.of_the_gate else rival_gate.key
        for key in (other, "", f"{other}x"):
            answer = api.request(operation.method, path, None, **{"x-api-key": key})
            problem = assert_problem(answer, 401, "unauthenticated")
            assert other not in json.dumps(problem)
    assert stored() == before


def address(pattern: str, ids: Theirs) -> str:
    """Return a path with the ids in it; what is not given does not exist."""
    return re.sub(r"{(\w+)}", lambda found: ids.get(found[1], NOBODY), pattern)


def path_of(name: str, ids: Theirs) -> str:
    """Return where the rival reads one of its things."""
    below = {"orderId": "", "holdId": "holds/"}[name]
    return f"/channelManager/{below}{ids[name]}"


def test_the_partner_of_another_venue_is_as_unknown(api: ApiClient, issue: Issue) -> None:
    venue = VenueFactory.create()
    sellable_package(venue, "DAY")
    partner = PartnerFactory.create(venue=venue)
    zoo = ApiClient(create_key(partner=partner)[1], partner)
    ours, theirs = settle(api, issue), settle(zoo, issue)
    assert_problem(zoo.get(f"/channelManager/{ours['orderId']}"), 404, "not_found")
    assert_problem(api.delete(theirs["orderId"]), 404, "not_found")
    number = theirs["buyFromOrderReference"]
    path = f"/channelManager/orders/{api.partner.pk}?buyFromOrderReference={number}"
    assert api.get(path).json()["data"] == []


def test_a_package_of_another_venue_cannot_be_ordered(api: ApiClient) -> None:
    sellable_package(VenueFactory.create(), "ELSEWHERE")
    created = api.create(line("ELSEWHERE"))
    assert created["items"][0]["packageCode"] is None


def test_nothing_of_the_rivals_stands_in_a_refusal(api: ApiClient, rival: ApiClient) -> None:
    theirs = rival.create(line(wallet={"externalReferenceNumbers": ["E"]}), sellToName="Secret")
    taken = api.post(api.order_body(line(wallet={"externalReferenceNumbers": ["E"]})))
    text = taken.content.decode()
    assert taken.status_code == 400
    for secret in (
        theirs["orderId"],
        theirs["buyFromOrderReference"],
        theirs["partnerId"],
        theirs["items"][0]["wallets"][0]["walletReferenceNumber"],
        "Secret",
        rival.partner.name,
    ):
        assert secret not in text
