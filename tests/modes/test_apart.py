"""Test keys and live keys of one partner see nothing of each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orders.models import LedgerEntry, Order
from partners.keys import create_key, create_test_key
from partners.models import IdempotencyRecord, Partner, PartnerStatus
from tests.conftest import ApiClient
from tests.orders.expected import (
    NOBODY,
    Like,
    assert_problem,
    asset,
    item,
    line,
    order,
    settle,
    stored,
    wallet,
)
from tests.orders.held import HOLDS
from tests.orders.sessions import show
from tests.partners.test_tenancy import traits

pytestmark = pytest.mark.usefixtures("clock")

Issue = Callable[[str], Order]
LIST = "/channelManager/orders/{}"
ROUTES = (
    ("GET", "/channelManager/{}"),
    ("GET", "/channelManager/{}?wait=1"),
    ("PUT", "/channelManager/{}"),
    ("DELETE", "/channelManager/{}"),
    ("POST", "/channelManager/{}/confirm"),
)
HOLD_ROUTES = (
    ("GET", "/channelManager/holds/{}"),
    ("DELETE", "/channelManager/holds/{}"),
    ("POST", "/channelManager/holds/{}/extend"),
)


def test_a_test_order_is_issued_like_a_live_one_and_says_that_it_is_a_test(
    tester: ApiClient, issue: Issue
) -> None:
    found = settle(tester, issue)
    link = Like(r"http\S+/[mw]/\S{32}")
    assert found == order(
        item(
            wallet(
                asset(),
                status="Active",
                issuedAt=found["receivedAt"],
                manifestUrl=link,
            )
        ),
        status="Issued",
        testMode=True,
        buyFromOrderReference="T-CM26-0000001",
        manifestUrl=link,
    )
    assert not LedgerEntry.objects.exists()


def test_tests_leave_no_gap_in_the_numbers_of_sales(api: ApiClient, tester: ApiClient) -> None:
    drawn = [
        who.create(line(), sellToOrderReference=f"WEB-{n}")["buyFromOrderReference"]
        for n, who in enumerate((api, tester, tester, api))
    ]
    assert drawn == ["CM26-0000001", "T-CM26-0000001", "T-CM26-0000002", "CM26-0000002"]


@pytest.mark.parametrize(("method", "route"), ROUTES)
@pytest.mark.parametrize("status", ["Draft", "Issued"])
def test_an_order_of_the_other_mode_is_answered_exactly_like_one_that_does_not_exist(
    api: ApiClient, tester: ApiClient, issue: Issue, method: str, route: str, status: str
) -> None:
    payment = None if status == "Draft" else "PAY-1"
    for owner, other in ((api, tester), (tester, api)):
        order_id = settle(owner, issue, paymentReference=payment)["orderId"]
        for body in (owner.order_body(line()), {"paymentReference": "PAY-9"}, {"typo": 1}):
            before = stored()
            known = traits(other.request(method, route.format(order_id), body))
            unknown = traits(other.request(method, route.format(NOBODY), body))
            assert known == unknown
            assert known[0] == 404
            assert stored() == before


@pytest.mark.usefixtures("matinee")
@pytest.mark.parametrize(("method", "route"), HOLD_ROUTES)
def test_a_hold_of_the_other_mode_is_answered_exactly_like_one_that_does_not_exist(
    api: ApiClient, tester: ApiClient, hold: Callable[..., Any], method: str, route: str
) -> None:
    for owner, other in ((api, tester), (tester, api)):
        hold_id = hold(show(), by=owner)["holdId"]
        known = traits(other.request(method, route.format(hold_id)))
        assert known == traits(other.request(method, route.format(NOBODY)))
        assert known[0] == 404
        assert owner.get(f"{HOLDS}/{hold_id}").json()["status"] == "Held"


@pytest.mark.usefixtures("matinee")
def test_a_hold_of_the_other_mode_cannot_be_ordered(
    api: ApiClient, tester: ApiClient, hold: Callable[..., Any], issue: Issue
) -> None:
    for owner, other in ((api, tester), (tester, api)):
        hold_id = hold(show(), by=owner)["holdId"]
        before = stored()
        body = other.order_body(show(holdId=hold_id), sellToOrderReference=f"HELD-{other.key}")
        assert_problem(other.post(body), 400, "unknown_hold", ("/items/0/holdId", "unknown_hold"))
        draft = settle(
            other, issue, show(), sellToOrderReference=f"D-{other.key}", paymentReference=None
        )
        replaced = {**body, "sellToOrderReference": draft["sellToOrderReference"]}
        assert_problem(
            other.put(draft["orderId"], replaced),
            400,
            "unknown_hold",
            ("/items/0/holdId", "unknown_hold"),
        )
        assert owner.get(f"{HOLDS}/{hold_id}").json()["status"] == "Held"
        assert before["Order"] + 1 == stored()["Order"]


def test_each_mode_lists_its_own_orders_and_its_page_keys_serve_no_other(
    api: ApiClient, tester: ApiClient, partner: Partner
) -> None:
    path = LIST.format(partner.pk)
    for who, name in ((api, "LIVE"), (tester, "TEST")):
        for n in (1, 2):
            who.create(line(), sellToOrderReference=f"{name}-{n}")
    for who, name in ((api, "LIVE"), (tester, "TEST")):
        page = who.get(f"{path}?pageSize=1").json()
        assert [row["sellToOrderReference"] for row in page["data"]] == [f"{name}-1"]
        assert [row["testMode"] for row in page["data"]] == [who is tester]
        following = page["nextPageURL"].partition("/channelManager")[2]
        rest = who.get(f"/channelManager{following}").json()
        assert [row["sellToOrderReference"] for row in rest["data"]] == [f"{name}-2"]
        other = tester if who is api else api
        assert other.get(f"/channelManager{following}").status_code == 400
        for number in (f"?sellToOrderReference={name}-1", "?status=Submitted"):
            listed = other.get(path + number).json()["data"]
            assert name not in {row["sellToOrderReference"][:4] for row in listed}


def test_one_reference_may_stand_in_both_modes_and_once_in_each(
    api: ApiClient, tester: ApiClient
) -> None:
    for who in (api, tester):
        first = who.create(line())
        assert_problem(
            who.post(who.order_body(line())),
            400,
            "duplicate_order",
            orderId=first["orderId"],
            buyFromOrderReference=first["buyFromOrderReference"],
            existingStatus="Submitted",
        )


def test_a_guests_number_may_stand_in_both_modes_and_once_among_the_living_of_each(
    api: ApiClient, tester: ApiClient, rival: ApiClient
) -> None:
    mine = line(wallet={"externalReferenceNumbers": ["GUEST-1"]})
    api.create(mine)
    tester.create(mine)
    rivals_test = ApiClient(create_test_key(partner=rival.partner)[1], rival.partner)
    taken = ("/items/0/wallet/externalReferenceNumbers/0", "external_reference_taken")
    for who in (api, tester, rival, rivals_test):
        answer = who.post(who.order_body(mine, sellToOrderReference="WEB-2"))
        assert_problem(answer, 400, "external_reference_taken", taken)


def test_an_idempotency_key_stands_for_one_request_of_each_mode(
    api: ApiClient, tester: ApiClient
) -> None:
    answers = []
    for who in (api, tester, api, tester):
        answer = who.post(who.order_body(line()), idempotency_key="K-1")
        assert answer.status_code == 201, answer.content
        answers.append((answer.json()["orderId"], answer.get("Idempotent-Replayed")))
    (live, _), (test, _), *again = answers
    assert live != test
    assert again == [(live, "true"), (test, "true")]
    other = tester.order_body(line("GROUP"), sellToOrderReference="WEB-2")
    assert_problem(tester.post(other, idempotency_key="K-1"), 422, "idempotency_mismatch")
    kept = IdempotencyRecord.objects.order_by("test_mode").values_list("key", "test_mode")
    assert list(kept) == [("K-1", False), ("K-1", True)]


@pytest.mark.parametrize(
    ("status", "live", "test"),
    [("Onboarding", 403, 201), ("Active", 201, 201), ("Paused", 403, 403), ("Closed", 403, 403)],
)
def test_a_test_key_sells_nothing_and_so_works_while_the_partner_is_onboarding(
    api: ApiClient, tester: ApiClient, status: str, live: int, test: int
) -> None:
    Partner.objects.filter(pk=api.partner.pk).update(status=PartnerStatus(status))
    for who, expected in ((api, live), (tester, test)):
        answer = who.post(who.order_body(line()))
        assert answer.status_code == expected, answer.content
        if expected == 403:
            assert answer.json()["code"] == "partner_not_active"
        held = who.post({"items": [line()]}, HOLDS)
        assert held.status_code == expected, held.content
        assert who.get(LIST.format(who.partner.pk)).status_code == 200


@pytest.mark.parametrize("status", ["Paused", "Closed"])
def test_the_test_orders_of_a_partner_that_is_not_active_are_read_and_cancelled_only(
    tester: ApiClient, issue: Issue, status: str
) -> None:
    draft = settle(tester, issue, paymentReference=None)["orderId"]
    Partner.objects.update(status=PartnerStatus(status))
    assert tester.confirm(draft).json()["code"] == "partner_not_active"
    assert tester.put(draft, tester.order_body(line())).json()["code"] == "partner_not_active"
    assert tester.get(f"/channelManager/{draft}").status_code == 200
    assert tester.delete(draft).json()["status"] == "Cancelled"


def test_a_key_says_its_mode_and_keeps_it(partner: Partner) -> None:
    live, shown_live = create_key(partner=partner)
    test, shown_test = create_test_key(partner=partner)
    assert shown_live.startswith("cm_live_")
    assert shown_test.startswith("cm_test_")
    assert (live.test_mode, test.test_mode) == (False, True)
    assert str(test).startswith("cm_test_")
