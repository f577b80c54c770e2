"""getOrder, at once and with `wait` (contract section 2)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest

from orders import reading
from orders.api import waiting
from orders.models import Order
from tests.conftest import ApiClient
from tests.orders.expected import (
    NOBODY,
    NOON,
    ORDER_MANIFEST,
    UUID,
    VISIT,
    WALLET_MANIFEST,
    Clock,
    assert_problem,
    asset,
    item,
    line,
    moment,
    order,
    settle,
    wallet,
)
from wallets.models import Wallet

pytestmark = pytest.mark.usefixtures("clock")


def test_what_was_replaced_is_not_read(api: ApiClient, issue: Callable[[str], Order]) -> None:
    before = settle(api, issue, line(quantity=5), paymentReference=None)
    assert api.put(before["orderId"], api.order_body(line(quantity=2))).status_code == 200
    issue(before["orderId"])
    key = uuid.UUID(before["orderId"])
    assert Wallet.objects.filter(order=key).count() == 7
    assert (len(reading._WALLETS.rows(key)), len(reading._ASSETS.rows(key))) == (2, 2)
    (only,) = api.get(f"/channelManager/{key}").json()["items"]
    assert [len(found["assets"]) for found in only["wallets"]] == [1, 1]


def test_an_issued_order_is_answered_whole(
    api: ApiClient, clock: Clock, issue: Callable[[str], Order]
) -> None:
    created = api.create(
        line(quantity=2, wallet={"names": ["Ann", "Bob"]}),
        line("GROUP", quantity=12, visitTime="10:00"),
    )
    issued_at = clock.forward(seconds=1, milliseconds=250)
    issue(created["orderId"])
    active = {"status": "Active", "issuedAt": moment(issued_at), "manifestUrl": WALLET_MANIFEST}
    assert api.get(f"/channelManager/{created['orderId']}").json() == order(
        item(
            wallet(asset(), name="Ann", **active),
            wallet(asset(), seqNo=2, name="Bob", **active),
            quantity=2,
        ),
        item(
            wallet(
                asset(
                    itemNumber="GROUP-ENTRY",
                    description="GROUP entry",
                    validFrom=f"{VISIT}T09:00:00.000Z",
                ),
                unitPriceInclVat="27.00",
                unitPriceExclVat="24.77",
                **active,
            ),
            lineNo=200_000,
            itemNumber="GROUP",
            packageCode="GROUP",
            description="Name of GROUP",
            isGroup=True,
            quantity=12,
            visitTime="10:00:00",
        ),
        orderId=created["orderId"],
        buyFromOrderReference=created["buyFromOrderReference"],
        status="Issued",
        receivedAt=moment(NOON),
        updatedAt=moment(issued_at),
        totalInclVat="393.00",
        totalExclVat="360.54",
        manifestUrl=ORDER_MANIFEST,
    )


def test_an_id_is_accepted_in_any_case(api: ApiClient) -> None:
    created = api.create(line())
    assert api.get(f"/channelManager/{created['orderId'].upper()}").json() == created
    assert created["orderId"] == UUID


@pytest.mark.parametrize("query", ["", "?wait=1", "?wait=25"])
def test_an_unknown_id_is_not_found(api: ApiClient, query: str) -> None:
    assert_problem(api.get(f"/channelManager/{NOBODY}{query}"), 404, "not_found")


WAITS = ("0", "26", "-1", "1.5", "1e1", "", "ten", "\u0661", "%2B5", "%205", "9" * 500, "%00")


def test_a_wait_is_1_to_25_seconds(api: ApiClient) -> None:
    created = api.create(line())
    for wait in WAITS:
        assert_problem(
            api.get(f"/channelManager/{created['orderId']}?wait={wait}"),
            400,
            "invalid_request",
            ("?wait", "invalid_wait"),
        )


def test_the_id_is_looked_at_before_the_wait(api: ApiClient) -> None:
    assert_problem(api.get(f"/channelManager/{NOBODY}?wait=0"), 404, "not_found")


class Patience:
    """A clock for `wait`: sleeping moves it on, and may let something happen meanwhile."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept = 0
        self.meanwhile: Callable[[], object] = lambda: None

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += 1
        self.meanwhile()


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Iterator[Patience]:
    standing = Patience()
    monkeypatch.setattr(waiting, "time", standing)
    yield standing
    # Whatever happened, every waiter has given its place back.
    places = 0
    while waiting._places.acquire(blocking=False):
        places += 1
    for _ in range(places):
        waiting._places.release()
    assert places == 8


def test_a_settled_order_is_answered_at_once(
    api: ApiClient, issue: Callable[[str], Order], patience: Patience
) -> None:
    found = settle(api, issue)
    assert api.get(f"/channelManager/{found['orderId']}?wait=25").json() == found
    assert patience.slept == 0


@pytest.mark.parametrize(
    ("number", "payment", "status"),
    [("DAY", "PAY", "Issued"), ("DAY", None, "Draft"), ("unknown", "PAY", "Error")],
)
def test_the_answer_comes_as_soon_as_the_order_has_settled(
    api: ApiClient,
    issue: Callable[[str], Order],
    patience: Patience,
    number: str,
    payment: str | None,
    status: str,
) -> None:
    created = api.create(line(number), paymentReference=payment)
    patience.meanwhile = lambda: patience.slept == 3 and issue(created["orderId"])
    response = api.get(f"/channelManager/{created['orderId']}?wait=20")
    assert (response.status_code, response.json()["status"]) == (200, status)
    assert patience.slept == 3


def test_an_order_that_does_not_settle_is_answered_when_the_time_is_up(
    api: ApiClient, patience: Patience
) -> None:
    created = api.create(line())
    assert api.get(f"/channelManager/{created['orderId']}?wait=2").json() == created
    assert 2 <= patience.now < 3


def test_an_order_that_is_deleted_meanwhile_is_not_found(
    api: ApiClient, issue: Callable[[str], Order], patience: Patience
) -> None:
    created = api.create(line(), paymentReference=None)

    def settle_and_delete() -> None:
        issue(created["orderId"])
        assert api.delete(created["orderId"]).status_code == 200

    patience.meanwhile = settle_and_delete
    assert_problem(api.get(f"/channelManager/{created['orderId']}?wait=5"), 404, "not_found")


def test_when_half_of_the_threads_wait_the_others_answer_at_once(
    api: ApiClient, patience: Patience
) -> None:
    created = api.create(line())
    for _ in range(8):
        assert waiting._places.acquire(blocking=False)
    try:
        assert api.get(f"/channelManager/{created['orderId']}?wait=25").json() == created
    finally:
        for _ in range(8):
            waiting._places.release()
    assert patience.slept == 0


def test_literal_paths_are_matched_before_the_order_id(api: ApiClient) -> None:
    assert api.get("/channelManager/packages").status_code == 200
    assert api.get(f"/channelManager/orders/{api.partner.pk}").status_code == 200
    for path in ("orders", "packages/", "orders/confirm", f"{uuid.uuid4()}/confirm/x"):
        assert_problem(api.get(f"/channelManager/{path}"), 404, "not_found")
