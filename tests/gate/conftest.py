"""What the tests of the gate share: an issued order, a gate, and a clock on the day of the visit."""

from __future__ import annotations

import datetime
import itertools
import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import Dating, Item, Package
from orders.models import Order
from partners.models import Venue
from tests.conftest import ApiClient
from tests.factories import sellable_package
from tests.orders.expected import NOON, VISIT, Clock, line, settle
from wallets.devices import create_device
from wallets.models import Asset, GateDevice, Wallet

# 10:00 in Amsterdam on the day of the visit; the park is open from 08:00 to 20:00.
ON_THE_DAY = datetime.datetime.fromisoformat(f"{VISIT}T09:00:00+00:00")

Issue = Callable[[str], Order]
Issued = Callable[..., Order]


class Gate:
    """A gate device: sends what it scans, with its key."""

    def __init__(self, device: GateDevice, key: str) -> None:
        self.device = device
        self.key = key
        self._client = Client(raise_request_exception=False)
        self._numbers = itertools.count(1)

    def request(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> Any:
        """Send a request; headers as keyword arguments."""
        sent = {"x-api-key": self.key, **{n.replace("_", "-"): v for n, v in headers.items()}}
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        return self._client.generic(
            method,
            path,
            data,
            content_type=sent.pop("content-type", "application/json"),
            headers={name: value for name, value in sent.items() if value},
        )

    def send(self, number: str, **members: Any) -> Any:
        """Scan a number; a fresh request id unless one is given."""
        body = {"referenceNumber": number, "requestId": f"scan-{next(self._numbers)}", **members}
        return self.request("POST", "/gate/admissions", body)

    def scan(self, number: str, **members: Any) -> dict[str, Any]:
        """Scan a number and return the gate's verdict."""
        response = self.send(number, **members)
        assert response.status_code == 200, response.content
        return dict(response.json())

    def undo(self, admission_id: object, reason: str = "Wrong guest") -> Any:
        """Undo an admission."""
        return self.request("DELETE", f"/gate/admissions/{admission_id}", {"reason": reason})

    def last(self, **query: Any) -> list[dict[str, Any]]:
        """Return the gate's last scans."""
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        response = self.request("GET", f"/gate/admissions?{asked}")
        assert response.status_code == 200, response.content
        return list(response.json()["data"])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make time stand still: at NOON three days before the visit, until a test moves on."""
    standing = Clock()
    monkeypatch.setattr(timezone, "now", standing)
    return standing


@pytest.fixture
def issued(api: ApiClient, issue: Issue, clock: Clock) -> Issued:
    """Sell and issue an order at NOON, three days before its visit; then go to its morning."""
    numbers = itertools.count(1)

    def sell(*items: Any, **members: Any) -> Order:
        reference = {"sellToOrderReference": f"GATE-{next(numbers)}"}
        at, clock.now = clock.now, NOON
        found = settle(api, issue, *(items or (line(),)), **{**reference, **members})
        clock.now = max(at, ON_THE_DAY)
        return Order.objects.get(pk=found["orderId"])

    return sell


@pytest.fixture
def make_gate(venue: Venue) -> Callable[..., Gate]:
    """Set up a gate at our park: its name, and the numbers of the items it admits; none are all."""

    def make(name: str = "North entrance", *numbers: str, at: Venue = venue) -> Gate:
        items: Iterable[Item] = Item.objects.filter(venue=at, number__in=numbers)
        return Gate(*create_device(venue=at, name=name, items=items, admits_every_item=not numbers))

    return make


@pytest.fixture
def gate(make_gate: Callable[..., Gate]) -> Gate:
    """The north entrance, which admits everything."""
    return make_gate()


@pytest.fixture
def anyday(venue: Venue) -> Package:
    """An open-dated ticket, valid for a week."""
    return sellable_package(venue, "ANYDAY", dating=Dating.OPEN, validity_days=7)


def asset_of(order: Order, item_number: str = "") -> Asset:
    """Return the first asset of an order, or the one of an item."""
    assets = Asset.objects.filter(wallet__order=order).order_by("pk")
    if item_number:
        assets = assets.filter(item__number=item_number)
    return assets.select_related("wallet")[0]


def wallet_of(order: Order) -> Wallet:
    """Return the first wallet of an order."""
    return Wallet.objects.filter(order=order).order_by("pk")[0]
