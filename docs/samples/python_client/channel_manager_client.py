"""A typed client of the channel manager's partner API, to copy into your project and change.

One file, Python 3.11 or newer, nothing besides the standard library. Bodies and answers are the
API's own JSON, described by TypedDicts; what is refused is raised as `Problem`.

    client = ChannelManager("https://tickets.example.com", "your API key", "your partnerId")
    order = client.create_order(
        {
            "sellToOrderReference": "WEB-10042",
            "paymentReference": "PAY-77",
            "items": [{"itemNumber": "DAY", "quantity": 2, "visitDate": "2027-05-04"}],
        }
    )
    order = client.settled_order(order["orderId"])
"""

from __future__ import annotations

import base64
import hmac
import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NotRequired, TypedDict, cast

IN_FLIGHT = ("Submitted", "Scheduled", "Processing")
OrderStatus = Literal[
    "Submitted", "Scheduled", "Processing", "Draft", "Issued", "Cancelled", "Error"
]


class Schedule(TypedDict):
    itemNumber: str
    visitDate: NotRequired[str | None]
    visitTime: NotRequired[str | None]
    seats: NotRequired[list[str] | None]


class WalletsToOrder(TypedDict, total=False):
    names: list[str] | None
    externalReferenceNumbers: list[str] | None
    componentSchedule: list[Schedule] | None


class LineToHold(TypedDict):
    itemNumber: str
    quantity: NotRequired[int]
    visitDate: NotRequired[str | None]
    visitTime: NotRequired[str | None]
    seats: NotRequired[list[str] | None]
    wallet: NotRequired[WalletsToOrder | None]


class LineToOrder(LineToHold):
    holdId: NotRequired[str | None]
    sellToEmail: NotRequired[str | None]
    sellToName: NotRequired[str | None]
    sellToLanguage: NotRequired[str | None]


class OrderToPlace(TypedDict):
    """An order; the client adds your `partnerId` itself."""

    sellToOrderReference: str
    items: list[LineToOrder]
    paymentReference: NotRequired[str | None]
    sellToEmail: NotRequired[str | None]
    sellToName: NotRequired[str | None]
    sellToLanguage: NotRequired[str | None]


class TicketThere(TypedDict):
    number: str | None
    ticketUrl: str | None
    status: Literal["Valid", "Used", "Cancelling", "Cancelled"]


class Outside(TicketThere):
    """Where another system of the venue's has issued an asset."""

    system: str
    orderReference: str | None
    tickets: NotRequired[list[TicketThere]]


class Asset(TypedDict):
    assetId: str
    type: Literal["ticket", "coupon"]
    referenceNumber: str
    itemNumber: str
    description: str
    status: str
    validFrom: str
    validUntil: str
    seat: NotRequired[str]
    outside: NotRequired[Outside]


class Wallet(TypedDict):
    seqNo: int
    walletId: str
    walletReferenceNumber: str
    externalReferenceNumber: str | None
    name: str | None
    status: str
    issuedAt: str | None
    unitPriceInclVat: str | None
    unitPriceExclVat: str | None
    currencyCode: str
    manifestUrl: str | None
    assets: list[Asset]


class Line(TypedDict):
    lineNo: int
    itemNumber: str
    packageCode: str | None
    description: str | None
    isPackage: bool
    isGroup: bool
    quantity: int
    visitDate: str | None
    visitTime: str | None
    sellToEmail: str | None
    sellToName: str | None
    sellToLanguage: str | None
    componentSchedule: list[dict[str, str | None]]
    wallets: list[Wallet]


class OrderSummary(TypedDict):
    orderId: str
    status: OrderStatus
    statusMessage: str | None
    partnerId: str
    sellToOrderReference: str
    buyFromOrderReference: str
    sellToEmail: str | None
    sellToName: str | None
    sellToLanguage: str | None
    paymentReference: str | None
    receivedAt: str
    updatedAt: str
    testMode: bool
    currencyCode: str
    totalInclVat: str | None
    totalExclVat: str | None
    manifestUrl: str | None


class Order(OrderSummary):
    items: list[Line]


class Article(TypedDict):
    itemNumber: str
    packageCode: str
    name: str
    description: str
    dating: Literal["dated", "timed", "open"]
    isPackage: bool
    isGroup: bool
    components: list[dict[str, Any]]
    unitPriceInclVat: str
    unitPriceExclVat: str
    currencyCode: str
    sampleOrder: dict[str, Any]


class Availability(TypedDict):
    itemNumber: str
    visitDate: str
    visitTime: str | None
    startsAt: str
    endsAt: str
    capacity: int | None
    placesLeft: int | None


class Hold(TypedDict):
    holdId: str
    status: Literal["Held", "Converted", "Released", "Expired"]
    partnerId: str
    createdAt: str
    expiresAt: str
    endedAt: str | None
    items: list[dict[str, Any]]


class Event(TypedDict):
    """What a webhook brings and the feed lists; only the feed adds a `cursor`."""

    type: str
    eventId: str
    timestamp: str
    testMode: bool
    orderId: NotRequired[str]
    partnerId: NotRequired[str]
    buyFromOrderReference: NotRequired[str]
    sellToOrderReference: NotRequired[str]
    status: NotRequired[OrderStatus]
    statusMessage: NotRequired[str | None]
    walletReferenceNumber: NotRequired[str]
    assetReferenceNumber: NotRequired[str]
    quantity: NotRequired[int]
    admittedAt: NotRequired[str]
    cursor: NotRequired[str]


class EventPage(TypedDict):
    data: list[Event]
    cursor: str
    moreEvents: bool


class Problem(Exception):
    """The API's refusal: `code` is stable, `page` explains it, `body` has all members."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status = status
        self.body = dict(body)
        self.code = str(body.get("code", "unreadable"))
        self.detail = str(body.get("detail", f"The answer is {status} and no problem body."))
        self.page = str(body.get("type", ""))
        self.request_id = str(body.get("requestId", ""))
        self.retryable = bool(body.get("retryable", status >= 500))
        super().__init__(f"{self.code}: {self.detail}")


class Unreachable(Exception):
    """No answer came, however often it was asked. What was asked for may have been done."""


class NotGenuine(Exception):
    """A webhook that is not the channel manager's, was changed, or is a copy of an old one."""


class ChannelManager:
    """One partner's access. Every method asks again when an answer is lost or comes too early.

    `attempts` is how often a request is sent at most, `timeout` how many seconds one may take.
    Requests that change something carry an `Idempotency-Key`, so that asking again does nothing
    twice; pass your own to repeat a request after your program was started anew.
    """

    def __init__(
        self,
        url: str,
        key: str,
        partner_id: str,
        *,
        attempts: int = 5,
        timeout: float = 35,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url.rstrip("/") + "/channelManager"
        self._key = key
        self._partner_id = partner_id
        self._attempts = attempts
        self._timeout = timeout
        self._sleep = sleep

    def packages(self) -> list[Article]:
        """Return what you may sell."""
        return cast("list[Article]", self._send("GET", "/packages")["data"])

    def availability(self, item_number: str, **days: str) -> list[Availability]:
        """Return what is left; `days` are `from` and `to` (YYYY-MM-DD) and `calendar="true"`."""
        query = urllib.parse.urlencode({"itemNumber": item_number, **days})
        return cast("list[Availability]", self._send("GET", f"/availability?{query}")["data"])

    def create_order(self, order: OrderToPlace, *, idempotency_key: str | None = None) -> Order:
        """Take an order in; it is `Submitted` and will be issued in the background."""
        body = {"partnerId": self._partner_id, **order}
        return cast("Order", self._send("POST", "", body, idempotency_key))

    def order(self, order_id: str, *, wait: int | None = None) -> Order:
        """Return an order, with `wait` (1 to 25 seconds) as soon as it has settled."""
        query = f"?wait={wait}" if wait else ""
        return cast("Order", self._send("GET", f"/{order_id}{query}"))

    def settled_order(self, order_id: str, *, within: float = 120) -> Order:
        """Return the order once it is no longer worked on; raises TimeoutError after `within`."""
        deadline = time.monotonic() + within
        while (order := self.order(order_id, wait=20))["status"] in IN_FLIGHT:
            if time.monotonic() > deadline:
                raise TimeoutError(f"The order {order_id} is still {order['status']}.")
            self._sleep(0.5)
        return order

    def orders(self, **filters: str) -> Iterator[OrderSummary]:
        """Yield your orders, oldest first, page by page; `filters` are those of the API."""
        path = f"/orders/{self._partner_id}?{urllib.parse.urlencode(filters)}"
        page = self._send("GET", path)
        yield from page["data"]
        while page["morePages"]:
            following = urllib.parse.urlencode({**filters, "pageKey": page["nextPageKey"]})
            page = self._send("GET", f"/orders/{self._partner_id}?{following}")
            yield from page["data"]

    def confirm_order(
        self, order_id: str, payment_reference: str, *, idempotency_key: str | None = None
    ) -> Order:
        """Release a Draft that has been paid."""
        body = {"paymentReference": payment_reference}
        return cast("Order", self._send("POST", f"/{order_id}/confirm", body, idempotency_key))

    def replace_order(
        self, order_id: str, order: OrderToPlace, *, idempotency_key: str | None = None
    ) -> Order:
        """Give a Draft or Error new contents; what you leave out is cleared."""
        body = {"partnerId": self._partner_id, **order}
        return cast("Order", self._send("PUT", f"/{order_id}", body, idempotency_key))

    def delete_order(self, order_id: str, *, idempotency_key: str | None = None) -> Order:
        """Cancel an Issued order, or remove a Draft or Error; return it as it ended."""
        return cast("Order", self._send("DELETE", f"/{order_id}", None, idempotency_key))

    def create_hold(self, items: list[LineToHold], *, idempotency_key: str | None = None) -> Hold:
        """Keep places while your guest pays."""
        return cast("Hold", self._send("POST", "/holds", {"items": items}, idempotency_key))

    def hold(self, hold_id: str) -> Hold:
        """Return a hold as it is now."""
        return cast("Hold", self._send("GET", f"/holds/{hold_id}"))

    def extend_hold(self, hold_id: str, *, idempotency_key: str | None = None) -> Hold:
        """Start the hold's time anew."""
        return cast("Hold", self._send("POST", f"/holds/{hold_id}/extend", None, idempotency_key))

    def release_hold(self, hold_id: str, *, idempotency_key: str | None = None) -> Hold:
        """Give the places back."""
        return cast("Hold", self._send("DELETE", f"/holds/{hold_id}", None, idempotency_key))

    def event_pages(self, after: str | None = None, *, limit: int = 100) -> Iterator[EventPage]:
        """Yield pages of events until there are no more.

        Keep each page's `cursor` once you have worked its events off, and begin with it next time.
        """
        more = True
        while more:
            query = {"limit": str(limit), **({"after": after} if after else {})}
            sent = self._send("GET", f"/events?{urllib.parse.urlencode(query)}")
            page = cast("EventPage", sent)
            yield page
            after, more = page["cursor"], page["moreEvents"]

    def _send(
        self, method: str, path: str, body: Any = None, idempotency_key: str | None = None
    ) -> dict[str, Any]:
        headers = {"x-api-key": self._key, "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if method != "GET":
            headers["Idempotency-Key"] = idempotency_key or str(uuid.uuid4())
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, headers, method=method)
        for attempt in range(1, self._attempts + 1):
            pause = min(0.5 * 2**attempt, 10.0)
            try:
                with urllib.request.urlopen(request, timeout=self._timeout) as answer:
                    return cast("dict[str, Any]", json.load(answer))
            except urllib.error.HTTPError as refusal:
                problem = Problem(refusal.code, _members(refusal))
                if attempt == self._attempts or not _worth_asking_again(problem):
                    raise problem from None
                asked = refusal.headers.get("Retry-After") or ""
                pause = float(asked) if asked.isdecimal() else pause
            except (OSError, http.client.HTTPException, ValueError) as error:
                if attempt == self._attempts:
                    raise Unreachable(f"{method} {self._url}{path}: {error}") from error
            self._sleep(pause)
        raise Unreachable("attempts is less than 1.")


def _members(refusal: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        body = json.load(refusal)
    except (OSError, http.client.HTTPException, ValueError):
        return {}  # not ours: some proxy's page
    return body if isinstance(body, dict) else {}


def _worth_asking_again(problem: Problem) -> bool:
    """A session that is sold out or an order in flight needs a decision of yours, not patience."""
    return (
        problem.status == 429 or problem.status >= 500 or problem.code == "idempotency_in_progress"
    )


def verify_webhook(
    secret: str, headers: Mapping[str, str], body: bytes, *, tolerance: float = 300
) -> Event:
    """Return the event of a webhook; `body` is what arrived, before anything parses it.

    Raises NotGenuine. `tolerance` is how many seconds a message may be old.
    """
    sent = {name.lower(): value for name, value in headers.items()}
    timestamp = sent.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > tolerance:
        raise NotGenuine("The timestamp is missing or too far from now.")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{sent.get('webhook-id', '')}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256"))
    for signature in sent.get("webhook-signature", "").split():
        if hmac.compare_digest(signature.encode(), expected):
            return cast("Event", json.loads(body))
    raise NotGenuine("No signature fits.")
