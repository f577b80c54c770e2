"""Ordered natively at one instance, issued through the dialect of another one, cancelled again.

Two whole products as processes, each with a database, a web server and a worker of its own.
"""

from __future__ import annotations

import datetime
import json
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.process import wait_for
from tests.stack import Stack, running_stack
from tests.traffic import TOMORROW

SECONDS = 60.0
VISIT = (datetime.date.fromisoformat(TOMORROW) + datetime.timedelta(days=2)).isoformat()


@dataclass
class Instances:
    """Where partners order, and the second instance, which issues."""

    here: Stack
    there: Stack
    secret: str  # of the VoordeMensen shop there

    def link(self, system: str, **told: Any) -> str:
        """Have a package here issued there; return its code."""
        version = "/v1" if system == "voordemensen" else ""
        url = f"{self.there.environment['PUBLIC_URL']}/{system}{version}"
        told["connection"] = {
            "system": system,
            "base_url": url,
            "buyer_email": "tickets@dunes.example",
            **told.get("connection", {}),
        }
        venue = self.here.demo["venue"]["code"]
        given = json.dumps({"system": system, "venue": venue, "credentials": {}, **told})
        return str(json.loads(self.here.django("tests.contracts.link", "buyer", given=given)))

    def order(self, code: str, day: str = VISIT) -> dict[str, Any]:
        """Order two tickets natively here; return the order once it is issued."""
        with self.here.seller() as seller:
            body = {
                "partnerId": seller.partner_id,
                "sellToOrderReference": f"TWO-{code}",
                "sellToEmail": "mila@example.org",
                "sellToName": "Mila Bos",
                "sellToLanguage": "nl-NL",
                "paymentReference": "PAY-1",
                "items": [{"itemNumber": code, "quantity": 2, "visitDate": day}],
            }
            made = seller.create(body)
            assert made.status == 201, made.text
            order_id = made.body["orderId"]
            wait_for("the order settles", lambda: self._settled(order_id), seconds=SECONDS)
            order: dict[str, Any] = seller.get(order_id).body
        assert order["status"] == "Issued", order["statusMessage"]
        return order

    def _settled(self, order_id: str) -> bool:
        [(status,)] = self.here.sql("SELECT status FROM orders_order WHERE id = %s", order_id)
        return status in ("Issued", "Error")

    def cancel(self, order: Mapping[str, Any], ends_as: str) -> None:
        """Cancel an order here, and wait until it is known here what became of it there."""
        with self.here.seller() as seller:
            assert seller.delete(order["orderId"]).body["status"] == "Cancelled"
        wait_for(
            f"it is {ends_as} there", lambda: self.outside(order)[0] == ends_as, seconds=SECONDS
        )

    def outside(self, order: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return status, reference there and number of tickets of the order, as known here."""
        [row] = self.here.sql(
            "SELECT o.status, o.outside_reference, count(t.id) FROM wallets_outsideorder o"
            " LEFT JOIN wallets_outsideticket t ON t.outside_order_id = o.id"
            " WHERE o.order_key = %s GROUP BY o.id",
            order["orderId"],
        )
        return tuple(row)

    def newest_there(self) -> tuple[Any, ...]:
        """Return status and the numbers of the last order there."""
        [row] = self.there.sql(
            "SELECT o.status, (SELECT array_agg(a.reference_number)"
            " FROM wallets_asset a JOIN wallets_wallet w ON w.id = a.wallet_id"
            " WHERE w.order_id = o.id), o.sell_to_email"
            " FROM orders_order o ORDER BY o.received_at DESC, o.id DESC LIMIT 1"
        )
        return tuple(row)


@pytest.fixture(scope="module")
def instances() -> Iterator[Instances]:
    """Two instances; nothing of theirs may have gone wrong in the end."""
    with running_stack() as there, running_stack() as here:
        secret = json.loads(there.django("tests.contracts.link", "seller"))
        yield Instances(here, there, secret)
        assert here.faults_logged() == []
        assert there.faults_logged() == []


def numbers(order: Mapping[str, Any]) -> list[str]:
    return sorted(
        asset["referenceNumber"]
        for item in order["items"]
        for wallet in item["wallets"]
        for asset in wallet["assets"]
    )


def test_through_ordino(instances: Instances) -> None:
    park = instances.there.demo["dialects"]["ordino"]
    code = instances.link(
        "ordino",
        connection={"repeats_safely": True},
        credentials={"api_key": park["apiKey"]},
        source={"outside_item": park["packageIds"][0]},
    )
    order = instances.order(code)
    assert instances.outside(order) == ("Made", order["buyFromOrderReference"], 2)
    wait_for("it is issued there", lambda: instances.newest_there()[0] == "Issued", seconds=SECONDS)
    status, given, guest = instances.newest_there()
    assert (status, len(given), guest) == ("Issued", 2, "mila@example.org")
    instances.cancel(order, "Left")
    assert instances.newest_there()[0] == "Issued"


def test_through_onebox(instances: Instances) -> None:
    channel = instances.there.demo["dialects"]["onebox"]
    code = instances.link(
        "onebox",
        connection={"account": str(channel["channelId"])},
        credentials={"client_secret": channel["clientSecret"]},
        source={
            "outside_session": str(channel["sessionId"]),
            "outside_item": str(channel["priceTypeId"]),
        },
    )
    order = instances.order(code)
    status, reference, tickets = instances.outside(order)
    assert (status, len(reference), tickets) == ("Made", 12, 2)
    assert instances.newest_there()[0] == "Issued"
    instances.cancel(order, "Ended")
    assert instances.newest_there()[0] == "Cancelled"


def test_through_openticket(instances: Instances) -> None:
    shop = instances.there.demo["dialects"]["openticket"]
    method = _on_account(
        instances,
        f"/openticket/shop/{shop['shopGuid']}/payment_methods",
        "name",
        Authorization=f"Bearer {shop['accessToken']}",
    )
    code = instances.link(
        "openticket",
        connection={
            "second_url": f"{instances.there.environment['PUBLIC_URL']}/openticket",
            "account": shop["shopGuid"],
            "payment_method": method["guid"],
        },
        credentials={"access_token": shop["accessToken"]},
        source={"outside_item": shop["ticketGuid"], "outside_session": shop["eventDateGuid"]},
    )
    order = instances.order(code)
    status, given, _guest = instances.newest_there()
    assert (status, sorted(given)) == ("Issued", numbers(order))
    assert instances.outside(order)[0] == "Made"
    instances.cancel(order, "Left")
    assert instances.newest_there()[0] == "Issued"


def test_through_voordemensen(instances: Instances) -> None:
    client = instances.there.demo["dialects"]["voordemensen"]
    method = _on_account(
        instances,
        f"/voordemensen/v1/{client['clientName']}/paymentmethods",
        "payment_desc",
        Authorization=instances.secret,
    )
    code = instances.link(
        "voordemensen",
        connection={
            "account": client["clientName"],
            "payment_method": str(method["payment_id"]),
        },
        credentials={"peppered_key": instances.secret},
        source={
            "outside_session": str(client["subEventId"]),
            "outside_item": client["discountId"],
        },
    )
    [day] = [
        event["event_date"]
        for main in _told(instances, f"/voordemensen/v1/{client['clientName']}/events")
        for event in main["sub_events"]
        if event["event_id"] == client["subEventId"]
    ]
    order = instances.order(code, day)
    assert instances.newest_there()[0] == "Issued"
    assert (instances.outside(order)[0], instances.outside(order)[2]) == ("Made", 2)
    instances.cancel(order, "Left")
    assert instances.newest_there()[0] == "Issued"


def _on_account(instances: Instances, path: str, name: str, **headers: str) -> Any:
    """Return the method of a shop there by which its partner pays on account."""
    [method] = [one for one in _told(instances, path, **headers) if one[name] == "On account"]
    return method


def _told(instances: Instances, path: str, **headers: str) -> Any:
    """Return what the instance there answers to a GET."""
    url = instances.there.environment["PUBLIC_URL"] + path
    with urllib.request.urlopen(
        urllib.request.Request(url, headers=headers), timeout=SECONDS
    ) as answer:
        return json.load(answer)
