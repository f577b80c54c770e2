"""Client SQL statements of each operation, counted in this process.

`Stack.django("tests.bench.statements", "all", key, partner_id, gate_key)` runs it on a stack without
workers, and `"places", key, partner_id, day` those of a venue with sessions. It prints a JSON
object. The rule is the one that the tests assert budgets by (design section 7).
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from channel_manager.history.role_matrix import OWNER
from orders.issuance import issue_order
from partners.models import ApiKey
from tests.conftest import StatementCount
from tests.traffic import BASE, Seller, day_tickets, visits
from wallets.models import Asset, GateDevice

WALLETS = (1, 4, 20, 1000)
LINES = (1, 10, 500)
LIST_SIZES = (1, 50, 100)


def count(work: Callable[[], Any]) -> tuple[int, Any]:
    """Return how many statements some work takes, and its result."""
    ApiKey.objects.update(last_used_at=None)  # noting it is counted, too
    statements = StatementCount()
    with connection.execute_wrapper(statements):
        result = work()
    return len(statements), result


def count_places(key: str, partner_id: str, day: str) -> dict[str, int]:
    """Return how many statements operations with counted places take."""
    client = Client(headers={"x-api-key": key})
    seller = Seller(0, key, partner_id)

    def post(body: Any, path: str = BASE, *, expected: int = 201) -> tuple[int, Any]:
        taken, response = count(lambda: client.post(path, body, content_type="application/json"))
        assert response.status_code == expected, response.content
        return taken, response.json()

    def order(name: str, line: dict[str, Any], *, expected: int = 201) -> int:
        return post(seller.order(f"COUNT-{name}", line), expected=expected)[0]

    show = visits("SHOW", day, "10:00", quantity=4)
    found = {
        "POST, places of one session": order("PLACES", show),
        "POST, places of three sessions": order("TOUR", visits("TOUR-ABC", day, "10:00")),
        "POST, 4 numbered seats": order("SEATS", visits("STALLS", day, "10:00", quantity=4)),
    }
    found["Hold of places"], hold = post({"items": [show]}, f"{BASE}/holds")
    line = {**show, "holdId": hold["holdId"]}
    found["Order of held places"] = order("HOLD", line)
    many = {**show, "quantity": 1000}
    found["Refusal, sold out"] = order("MANY", many, expected=409)
    return found


def count_all(key: str, partner_id: str, gate_key: str) -> dict[str, int]:
    """Return how many statements each operation took."""
    client = Client(headers={"x-api-key": key})
    seller = Seller(0, key, partner_id)  # for the bodies only

    def post(reference: str, items: list[dict[str, Any]], **headers: str) -> Any:
        body = seller.order(reference, *items)
        response = client.post(BASE, body, content_type="application/json", headers=headers)
        assert response.status_code == 201, response.content
        return response.json()

    for number in range(max(LIST_SIZES)):
        post(f"COUNT-LIST-{number}", [day_tickets(1)])
    found: dict[str, int] = {}
    for lines in LINES:
        items = [day_tickets(1)] * lines
        name = f"POST, {lines} line{'s' if lines > 1 else ''}"
        found[name], _ = count(lambda: post(f"COUNT-{lines}", items))  # noqa: B023
    items = [day_tickets(4, externalReferenceNumbers=[f"COUNT-{n}" for n in range(4)])]
    found["POST, guest numbers and Idempotency-Key"], _ = count(
        lambda: post("COUNT-KEY", items, **{"Idempotency-Key": "count"})
    )
    for wallets in WALLETS:
        order = post(f"COUNT-W{wallets}", [day_tickets(wallets)])
        order_id = uuid.UUID(order["orderId"])
        name = f"Issuing, {wallets} wallet{'s' if wallets > 1 else ''}"
        found[name], _ = count(
            lambda: issue_order(order_id=order_id, clock=timezone.now)  # noqa: B023
        )
    found["GET, 1000 wallets"], _ = count(lambda: client.get(f"{BASE}/{order_id}"))
    for size in LIST_SIZES:
        name = f"List page, {size} row{'s' if size > 1 else ''}"
        path = f"{BASE}/orders/{partner_id}?pageSize={size}"
        found[name], page = count(lambda: client.get(path))  # noqa: B023
        assert len(page.json()["data"]) == size
    found["Orders in the admin, the newest"] = _count_list_of_orders()
    found.update(_count_scans(client, str(order["orderId"]), gate_key))
    return found


def _count_list_of_orders() -> int:
    """Count the statements of the admin's list of orders, for somebody who is signed in."""
    browser = Client()
    browser.force_login(User.objects.filter(groups__role__name=OWNER)[0])
    taken, response = count(lambda: browser.get("/admin/orders/order/"))
    assert response.status_code == 200, response.content
    return taken


def _count_scans(client: Client, order_id: str, gate_key: str) -> dict[str, int]:
    """Count the statements of scans by each number of a wallet that was issued."""
    Asset.objects.filter(wallet__order=order_id).update(valid_from=timezone.now())
    GateDevice.objects.update(last_used_at=timezone.now())
    assets = Asset.objects.filter(wallet__order=order_id).select_related("wallet")[:2]
    found = {}
    for name, number in (
        ("its own number", assets[0].reference_number),
        ("its wallet's number", assets[1].wallet.reference_number),
    ):
        body = {"referenceNumber": number, "requestId": name}
        taken, response = count(
            lambda: client.post(
                "/gate/admissions",
                body,  # noqa: B023
                content_type="application/json",
                headers={"x-api-key": gate_key},
            )
        )
        assert response.json()["admitted"], response.content
        found[f"Scan of a ticket by {name}"] = taken
    return found


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    print(json.dumps({"all": count_all, "places": count_places}[what](*arguments)))
