"""Another partner's orders do not exist: every route and method (contract section 1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orders.models import Order
from partners.keys import create_key
from tests.conftest import ApiClient
from tests.factories import PartnerFactory, VenueFactory, sellable_package
from tests.orders.expected import NOBODY, assert_problem, line, settle, stored

pytestmark = pytest.mark.usefixtures("clock")

Issue = Callable[[str], Order]
READING = ("GET", "HEAD", "OPTIONS", "TRACE")
WRITING = ("POST", "PUT", "PATCH", "DELETE")
ROUTES = (
    "/channelManager/{order}",
    "/channelManager/{order}?wait=1",
    "/channelManager/{order}?wait=99",
    "/channelManager/{order}/confirm",
    "/channelManager/{order}/",
    "/channelManager/{order}/x",
    "/channelManager/orders/{partner}",
    "/channelManager/orders/{partner}?status=Issued",
    "/channelManager/orders/{partner}?pageSize=0",
    "/channelManager/orders/{order}",
    "/channelManager/packages/{partner}",
)


# These differ from one request to the next, whatever is asked.
PASSING = ("X-Request-Id", "Content-Length", "RateLimit-Remaining", "RateLimit-Reset")


def traits(response: Any) -> Any:
    """Return all that an answer tells, apart from its request's id and what is left of the limit."""
    headers = {n: v for n, v in response.items() if n not in PASSING}
    body = response.json() if response.content else None
    if isinstance(body, dict):
        body.pop("requestId", None)
    return response.status_code, headers, body


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("status", ["Draft", "Issued"])
def test_the_rivals_id_is_answered_exactly_like_one_that_does_not_exist(
    api: ApiClient, rival: ApiClient, issue: Issue, route: str, status: str
) -> None:
    payment = None if status == "Draft" else "PAY-1"
    theirs = settle(rival, issue, line(), paymentReference=payment)
    path = route.format(order=theirs["orderId"], partner=rival.partner.pk)
    nothing = route.format(order=NOBODY, partner=NOBODY)
    bodies = [api.order_body(line("GROUP")), {"paymentReference": "PAY-1"}, {"typo": 1}]
    tries = [(method, None, "") for method in READING]
    tries += [(method, body, key) for method in WRITING for body in bodies for key in ("", "K")]
    before = stored()
    for method, body, key in tries:
        known, unknown = (
            traits(api.request(method, address, body, idempotency_key=key and f"{key}{index}"))
            for index, address in enumerate((path, nothing))
        )
        assert known == unknown, (method, body)
    assert stored() == before
    assert rival.get(f"/channelManager/{theirs['orderId']}").json() == theirs


def test_operations_on_the_rivals_order_are_not_found(
    api: ApiClient, rival: ApiClient, issue: Issue
) -> None:
    order_id = settle(rival, issue, paymentReference=None)["orderId"]
    for response in (
        api.get(f"/channelManager/{order_id}"),
        api.get(f"/channelManager/{order_id}?wait=1"),
        api.confirm(order_id),
        api.put(order_id, api.order_body(line())),
        api.delete(order_id),
        api.get(f"/channelManager/orders/{rival.partner.pk}"),
    ):
        assert_problem(response, 404, "not_found")
    assert Order.objects.get().status == "Draft"


def test_the_rivals_partner_id_in_a_body_is_unknown_like_any_other(
    api: ApiClient, rival: ApiClient
) -> None:
    before = stored()
    answers = [
        assert_problem(
            api.post({**api.order_body(line()), "partnerId": partner_id}),
            400,
            "unknown_partner",
            ("/partnerId", "unknown_partner"),
        )
        for partner_id in (str(rival.partner.pk), NOBODY)
    ]
    for answer in answers:
        del answer["requestId"]
    assert answers[0] == answers[1]
    assert stored() == before


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
