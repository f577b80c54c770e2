"""replaceOrder: new contents for a Draft or Error order (contract sections 2, 3 and 5)."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from orders.models import Order, OrderEvent, OrderLine
from tests.conftest import ApiClient
from tests.factories import sellable_package
from tests.orders.expected import (
    NOBODY,
    NOON,
    Clock,
    assert_problem,
    item,
    line,
    moment,
    order,
    settle,
    stored,
    wallet,
)
from wallets.models import Asset, Wallet

pytestmark = pytest.mark.usefixtures("clock")

Issue = Callable[[str], Order]
GUEST = {
    "sellToEmail": "renee@example.com",
    "sellToName": "Renée",
    "sellToLanguage": "nl",
}


def draft(api: ApiClient, issue: Issue, *items: Any, **members: Any) -> Any:
    found = settle(api, issue, *items, paymentReference=None, **members)
    assert found["status"] == "Draft"
    return found


def numbers(answer: Any, member: str = "walletReferenceNumber") -> list[str]:
    return [row[member] for found in answer["items"] for row in found["wallets"]]


@pytest.mark.parametrize("status", ["Draft", "Error"])
def test_contents_are_replaced_and_the_identity_kept(
    api: ApiClient, clock: Clock, issue: Issue, status: str
) -> None:
    lines = [line(quantity=3)] if status == "Draft" else [line(), line("unknown")]
    before = settle(api, issue, *lines, paymentReference=None, **GUEST)
    assert before["status"] == status
    replaced_at = clock.forward(days=1)
    body = api.order_body(line("GROUP", quantity=4), sellToName="Jürgen", paymentReference="P2")
    response = api.put(before["orderId"], body)
    assert response.status_code == 200
    expected = order(
        item(
            wallet(unitPriceInclVat="27.00", unitPriceExclVat="24.77"),
            itemNumber="GROUP",
            packageCode="GROUP",
            description="Name of GROUP",
            isGroup=True,
            quantity=4,
            sellToName="Jürgen",
        ),
        orderId=before["orderId"],
        buyFromOrderReference=before["buyFromOrderReference"],
        receivedAt=moment(NOON),
        updatedAt=moment(replaced_at),
        sellToName="Jürgen",
        paymentReference="P2",
        totalInclVat="108.00",
        totalExclVat="99.08",
    )
    assert response.json() == expected
    assert api.get(f"/channelManager/{before['orderId']}").json() == expected
    assert not set(numbers(response.json())) & set(numbers(before))
    event = OrderEvent.objects.latest("id")
    assert (event.name, event.from_state, event.to_state) == ("replaced", status, "Submitted")
    assert (event.actor, event.at) == (f"partner:{api.partner.pk}", replaced_at)

    issue(before["orderId"])
    issued = api.get(f"/channelManager/{before['orderId']}").json()
    assert (issued["status"], issued["statusMessage"]) == ("Issued", None)
    assert numbers(issued) == numbers(response.json())


def test_members_left_out_are_cleared(api: ApiClient, issue: Issue) -> None:
    before = settle(api, issue, line("unknown", visitTime="10:00"), **GUEST)
    body = {
        "partnerId": before["partnerId"],
        "sellToOrderReference": before["sellToOrderReference"],
        "items": [line()],
    }
    found = api.put(before["orderId"], body).json()
    assert found == order(
        item(wallet()), orderId=before["orderId"], paymentReference=None, status="Submitted"
    )
    assert issue(before["orderId"]).status == "Draft"


def test_an_order_may_be_replaced_again_and_again(api: ApiClient, issue: Issue) -> None:
    found = draft(api, issue)
    seen = set(numbers(found))
    for quantity in (2, 3):
        body = api.order_body(line(quantity=quantity), paymentReference=None)
        again = api.put(found["orderId"], body).json()
        assert not seen & set(numbers(again))
        seen |= set(numbers(again))
        assert issue(found["orderId"]).status == "Draft"
    assert api.confirm(found["orderId"]).json()["status"] == "Issued"
    assert Wallet.objects.living().count() == 3


def test_old_wallets_are_destroyed_and_say_who_when_and_why_and_have_no_line(
    api: ApiClient, clock: Clock, issue: Issue
) -> None:
    before = draft(api, issue, line(quantity=2), line("BUNDLE"))
    clock.forward(hours=3)
    assert api.put(before["orderId"], api.order_body(line())).status_code == 200
    old = Wallet.objects.filter(reference_number__in=numbers(before))
    assert old.count() == 3
    for row in old:
        assert (row.status, row.line, str(row.order_id)) == ("Destroyed", None, before["orderId"])
        assert row.destroyed_by == f"partner:{api.partner.pk}"
        assert row.destroyed_at == clock.now
        assert row.destroyed_why
        assert {asset.status for asset in row.assets.all()} == {"Destroyed"}
    assert Asset.objects.count() == 5
    assert OrderLine.objects.count() == 1


def test_an_orders_own_external_numbers_may_be_used_again(api: ApiClient, issue: Issue) -> None:
    numbered = {"externalReferenceNumbers": ["EXT-1", "EXT-2"]}
    before = draft(api, issue, line(quantity=2, wallet=numbered))
    swapped = {"externalReferenceNumbers": ["EXT-2", "EXT-3", "EXT-1"]}
    found = api.put(before["orderId"], api.order_body(line(quantity=3, wallet=swapped))).json()
    assert numbers(found, "externalReferenceNumber") == swapped["externalReferenceNumbers"]
    issue(before["orderId"])
    issued = api.get(f"/channelManager/{before['orderId']}").json()
    assert numbers(issued, "externalReferenceNumber") == swapped["externalReferenceNumbers"]


def test_numbers_that_were_given_up_are_free_for_others(api: ApiClient, issue: Issue) -> None:
    before = draft(api, issue, line(wallet={"externalReferenceNumbers": ["EXT-1"]}))
    api.put(before["orderId"], api.order_body(line()))
    numbered = line(wallet={"externalReferenceNumbers": ["EXT-1"]})
    api.create(numbered, sellToOrderReference="WEB-2")


def test_a_new_job_issues_it(api: ApiClient, issue: Issue) -> None:
    before = draft(api, issue)
    api.put(before["orderId"], api.order_body(line()))
    job = ProcrastinateJob.objects.latest("id")
    assert (Order.objects.get().job_id, job.args) == (job.pk, {"order_id": before["orderId"]})


def refused_bodies() -> list[Any]:
    return [
        pytest.param([line("OLD")], "not_on_sale", "/items/0/itemNumber", id="withdrawn"),
        pytest.param([line(), line(visit_date="2026-11-19")], "visit_in_past", None, id="past"),
        pytest.param(
            [line(), line(wallet={"externalReferenceNumbers": ["TAKEN"]})],
            "external_reference_taken",
            "/items/1/wallet/externalReferenceNumbers/0",
            id="taken",
        ),
        pytest.param([line(quantity=1000), line()], "too_many_wallets", "/items", id="many"),
        pytest.param([line(quantity=0)], "min_value", "/items/0/quantity", id="shape"),
    ]


@pytest.mark.parametrize(("items", "code", "pointer"), refused_bodies())
@pytest.mark.parametrize("status", ["Draft", "Error"])
def test_the_old_order_stands_when_the_new_contents_are_refused(
    api: ApiClient,
    rival: ApiClient,
    clock: Clock,
    issue: Issue,
    status: str,
    items: list[Any],
    code: str,
    pointer: str | None,
) -> None:
    sellable_package(api.partner.venue, "OLD", status="Withdrawn")
    rival.create(line(wallet={"externalReferenceNumbers": ["TAKEN"]}))
    numbered = {"externalReferenceNumbers": ["MINE"]}
    before = settle(
        api,
        issue,
        line("unknown" if status == "Error" else "DAY", wallet=numbered),
        line("BUNDLE"),
        paymentReference=None,
        **GUEST,
    )
    rows = stored()
    clock.forward(hours=1)
    page = code if code in ("not_on_sale", "visit_in_past", "external_reference_taken") else None
    assert_problem(
        api.put(before["orderId"], api.order_body(*items, sellToName="New")),
        400,
        page or "invalid_request",
        (pointer or "/items/1/visitDate", code),
    )
    assert stored() == rows
    assert api.get(f"/channelManager/{before['orderId']}").json() == before
    assert not Wallet.objects.filter(status="Destroyed").exists()


def test_the_references_must_equal_the_orders_and_all_faults_are_listed_at_once(
    api: ApiClient, rival: ApiClient, issue: Issue
) -> None:
    before = draft(api, issue)
    rows = stored()
    body = api.order_body(line(quantity=0), sellToOrderReference="WEB-2", typo=1)
    body["partnerId"] = str(rival.partner.pk)
    response = api.put(before["orderId"], body)
    assert response.status_code == 400
    assert sorted(fault["pointer"] for fault in response.json()["errors"]) == [
        "/items/0/quantity",
        "/partnerId",
        "/sellToOrderReference",
        "/typo",
    ]
    assert stored() == rows


@pytest.mark.parametrize("reference", ["WEB-2", "web-1", "WEB-1 ", " WEB-1"])
def test_the_reference_is_compared_exactly(api: ApiClient, issue: Issue, reference: str) -> None:
    before = draft(api, issue)
    response = api.put(before["orderId"], api.order_body(line(), sellToOrderReference=reference))
    assert response.status_code == 400
    assert [f["pointer"] for f in response.json()["errors"]] == ["/sellToOrderReference"]


def test_another_partners_id_in_the_body_is_unknown(
    api: ApiClient, rival: ApiClient, issue: Issue
) -> None:
    before = draft(api, issue)
    body = {**api.order_body(line()), "partnerId": str(rival.partner.pk)}
    assert_problem(
        api.put(before["orderId"], body), 400, "unknown_partner", ("/partnerId", "unknown_partner")
    )


def test_the_checks_run_in_the_order_of_the_contract(api: ApiClient) -> None:
    created = api.create(line())
    withdrawn = api.order_body(line("OLD"))
    sellable_package(api.partner.venue, "OLD", status="Withdrawn")
    broken = {**withdrawn, "typo": 1}
    # Path id before body shape, body shape before state, state before catalogue.
    assert_problem(api.put(NOBODY, broken), 404, "not_found")
    assert_problem(
        api.put(created["orderId"], broken), 400, "invalid_request", ("/typo", "unknown_member")
    )
    assert_problem(
        api.put(created["orderId"], withdrawn),
        409,
        "order_state_conflict",
        currentStatus="Submitted",
        allowedActions=[],
        retryable=True,
    )


def test_a_replacement_is_priced_and_checked_as_of_now(
    api: ApiClient, clock: Clock, issue: Issue
) -> None:
    before = draft(api, issue, line(visit_date="2026-11-21"))
    clock.forward(days=4)
    assert_problem(
        api.put(before["orderId"], api.order_body(line(visit_date="2026-11-23"))),
        400,
        "visit_in_past",
        ("/items/0/visitDate", "visit_in_past"),
    )
    again = api.put(before["orderId"], api.order_body(line(visit_date="2026-11-24"))).json()
    assert (again["receivedAt"], again["updatedAt"]) == (moment(NOON), moment(clock.now))
    assert clock.now - NOON == datetime.timedelta(days=4)


def test_a_replacement_may_be_unmapped_and_replaced_once_more(api: ApiClient, issue: Issue) -> None:
    before = draft(api, issue)
    found = api.put(before["orderId"], api.order_body(line("unknown"))).json()
    assert (found["totalInclVat"], found["items"][0]["wallets"]) == (None, [])
    assert issue(before["orderId"]).status == "Error"
    assert api.put(before["orderId"], api.order_body(line())).status_code == 200
    assert issue(before["orderId"]).status == "Issued"
