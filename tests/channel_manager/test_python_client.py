"""The Python client of `docs/samples`: it drives the API, and lets no request get lost."""

from __future__ import annotations

import importlib.util
import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import Client

from channel_manager.docs import sample_files, webhooks
from orders.models import Order
from partners.models import Venue
from tests.channel_manager.test_docs_pages import sell_cinema
from tests.conftest import TOMORROW, ApiClient

NAME = "channel_manager_client"


@pytest.fixture(scope="module")
def module() -> Any:
    """The client, as if it had been copied into a project."""
    path = sample_files.FOLDER / "python_client" / f"{NAME}.py"
    found = importlib.util.spec_from_file_location(NAME, path)
    assert found
    assert found.loader
    loaded = importlib.util.module_from_spec(found)
    sys.modules[NAME] = loaded
    found.loader.exec_module(loaded)
    return loaded


@pytest.fixture
def client(module: Any, live_server: Any, api: ApiClient, settings: Any) -> Any:
    """Our partner's client."""
    settings.PUBLIC_URL = live_server.url
    return module.ChannelManager(live_server.url, api.key, str(api.partner.pk))


def line(**members: Any) -> dict[str, Any]:
    return {"itemNumber": "DAY", "visitDate": TOMORROW.isoformat(), **members}


@pytest.mark.django_db(transaction=True)
def test_the_client_leads_an_order_through_its_life(
    client: Any, module: Any, issue: Callable[[str], Order]
) -> None:
    draft = {"sellToOrderReference": "WEB-1", "items": [line()]}
    made = client.create_order(draft, idempotency_key="once")
    assert made["status"] == "Submitted"
    assert client.create_order(draft, idempotency_key="once") == made
    with pytest.raises(module.Problem) as refused:
        client.create_order(draft)
    assert (refused.value.status, refused.value.code) == (400, "duplicate_order")
    assert refused.value.body["orderId"] == made["orderId"]
    assert refused.value.page.endswith("/docs/errors/duplicate_order")

    issue(made["orderId"])
    assert client.settled_order(made["orderId"])["status"] == "Draft"
    replaced = client.replace_order(made["orderId"], {**draft, "items": [line(quantity=2)]})
    assert [one["quantity"] for one in replaced["items"]] == [2]
    issue(made["orderId"])
    issued = client.confirm_order(made["orderId"], "PAY-1")
    assert issued["status"] == "Issued"
    assert len(issued["items"][0]["wallets"]) == 2
    assert client.order(made["orderId"], wait=5) == issued
    assert client.delete_order(made["orderId"])["status"] == "Cancelled"


@pytest.mark.django_db(transaction=True)
def test_the_client_walks_through_pages_and_reads_the_catalogue(client: Any, venue: Venue) -> None:
    sell_cinema(venue, TOMORROW)
    references = [f"WEB-{number}" for number in range(3)]
    for reference in references:
        client.create_order({"sellToOrderReference": reference, "items": [line()]})
    pages = client.orders(pageSize="2", status="Submitted")
    assert [order["sellToOrderReference"] for order in pages] == references
    assert {"DAY", "CINEMA"} <= {article["itemNumber"] for article in client.packages()}

    day = TOMORROW.isoformat()
    (session,) = client.availability("CINEMA", **{"from": day, "to": day})
    show = {"itemNumber": "CINEMA", "visitDate": day, "visitTime": session["visitTime"]}
    hold = client.create_hold([{**show, "quantity": 2}])
    assert client.availability("CINEMA")[0]["placesLeft"] == session["placesLeft"] - 2
    assert client.extend_hold(hold["holdId"])["status"] == "Held"
    assert client.release_hold(hold["holdId"])["status"] == "Released"
    assert client.hold(hold["holdId"])["status"] == "Released"
    assert client.availability("CINEMA")[0] == session


Answer = tuple[int, dict[str, str], Any]


class Scripted:
    """A server that answers what it was told to, one after another, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Answer | None] = []
        self.asked: list[tuple[str, str, str | None]] = []
        script = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                key = self.headers.get("Idempotency-Key")
                script.asked.append((self.command, self.path, key))
                answer = script.answers.pop(0)
                if answer is None:  # the answer gets lost
                    self.close_connection = True
                    return
                status, headers, body = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(
                    body.encode() if isinstance(body, str) else json.dumps(body).encode()
                )

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    script = Scripted()
    thread = threading.Thread(target=script.server.serve_forever, args=(0.01,))
    thread.start()
    yield script
    script.server.shutdown()
    thread.join()
    script.server.server_close()


@pytest.fixture
def pauses() -> list[float]:
    """How long the client waited before it asked again."""
    return []


@pytest.fixture
def careful(module: Any, scripted: Scripted, pauses: list[float]) -> Any:
    """A client of the scripted server that waits for no real time."""
    return module.ChannelManager(
        scripted.url, "key", "us", attempts=4, timeout=10, sleep=pauses.append
    )


ORDER = {"sellToOrderReference": "WEB-1", "items": [{"itemNumber": "DAY"}]}


def test_a_lost_answer_is_asked_for_with_the_same_key(
    careful: Any, scripted: Scripted, pauses: list[float]
) -> None:
    running = {"code": "idempotency_in_progress", "retryable": True}
    scripted.answers = [
        None,
        (409, {"Retry-After": "3"}, running),
        (503, {}, "<h1>Bad gateway</h1>"),
        (201, {}, {"orderId": "x"}),
    ]
    assert careful.create_order(ORDER) == {"orderId": "x"}
    assert len(set(scripted.asked)) == 1
    assert len(scripted.asked) == 4
    method, path, key = scripted.asked[0]
    assert (method, path) == ("POST", "/channelManager")
    assert key
    assert pauses == [1.0, 3.0, 4.0]


def test_a_limit_is_waited_for_as_long_as_it_says(
    careful: Any, scripted: Scripted, pauses: list[float]
) -> None:
    scripted.answers = [(429, {"Retry-After": "7"}, {"code": "rate_limited"}), (200, {}, {"a": 1})]
    assert careful.order("x") == {"a": 1}
    assert pauses == [7.0]
    assert scripted.asked == [("GET", "/channelManager/x", None)] * 2


def test_a_refusal_is_not_repeated(
    careful: Any, module: Any, scripted: Scripted, pauses: list[float]
) -> None:
    scripted.answers = [(409, {}, {"code": "sold_out", "detail": "None left.", "retryable": True})]
    with pytest.raises(module.Problem, match=r"sold_out: None left\.") as refused:
        careful.create_order(ORDER)
    assert (refused.value.retryable, pauses) == (True, [])


def test_the_client_gives_up_and_says_which_of_the_two_it_is(
    careful: Any, module: Any, scripted: Scripted, pauses: list[float]
) -> None:
    scripted.answers = [None] * 4
    with pytest.raises(module.Unreachable):
        careful.delete_order("x")
    assert len(pauses) == 3
    scripted.answers = [(500, {}, {"code": "internal_error"})] * 4
    with pytest.raises(module.Problem, match="internal_error"):
        careful.delete_order("x")


def test_an_order_that_does_not_settle_is_no_endless_wait(careful: Any, scripted: Scripted) -> None:
    scripted.answers = [(200, {}, {"status": "Processing"})]
    with pytest.raises(TimeoutError, match="still Processing"):
        careful.settled_order("x", within=0)
    scripted.answers = [
        (200, {}, {"status": "Processing"}),
        (200, {}, {"status": "Error"}),
    ]
    assert careful.settled_order("x") == {"status": "Error"}


def test_the_feed_is_read_page_by_page_from_a_cursor(careful: Any, scripted: Scripted) -> None:
    first = {"data": [webhooks.EVENT], "cursor": "c1", "moreEvents": True}
    last = {"data": [], "cursor": "c2", "moreEvents": False}
    scripted.answers = [(200, {}, first), (200, {}, last)]
    assert list(careful.event_pages("c0", limit=1)) == [first, last]
    assert [path for _, path, _ in scripted.asked] == [
        "/channelManager/events?limit=1&after=c0",
        "/channelManager/events?limit=1&after=c1",
    ]


def test_the_types_are_those_of_the_api(module: Any) -> None:
    schemas = Client().get("/openapi.json").json()["components"]["schemas"]
    names = {
        "Order": "Order",
        "OrderSummary": "OrderSummary",
        "Line": "Line",
        "Wallet": "Wallet",
        "Asset": "Asset",
        "Article": "Article",
        "Availability": "Availability",
        "Hold": "Hold",
        "LineToOrder": "LineRequest",
        "LineToHold": "HoldLineRequest",
        "WalletsToOrder": "WalletRequest",
        "Schedule": "ScheduleRequest",
    }
    for name, schema in names.items():
        type_ = getattr(module, name)
        members = type_.__required_keys__ | type_.__optional_keys__
        assert members == set(schemas[schema]["properties"]), name
    order = module.OrderToPlace
    assert order.__required_keys__ | order.__optional_keys__ | {"partnerId"} == set(
        schemas["OrderRequest"]["properties"]
    )
    event = module.Event
    told = {*webhooks.FEED["data"][0], *webhooks.ADMISSION_MEMBERS}
    assert event.__required_keys__ | event.__optional_keys__ == told
