"""Staff see tests where they ask for them, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from catalog.closing import Day
from channel_manager.history.models import Event
from orders.affected import Affected
from orders.models import Hold, LedgerEntry, Order
from orders.moving import move_order
from tests.conftest import ApiClient
from tests.gate.conftest import ON_THE_DAY, Gate, wallet_of
from tests.invariants import violations
from tests.modes.conftest import sql
from tests.orders.expected import NOON, VISIT, Clock, line, settle
from tests.orders.held import HOLDS
from tests.orders.sessions import counters, session, show
from tests.staff import signed_in
from wallets.models import Asset, Scan, Wallet

pytestmark = pytest.mark.usefixtures("clock")

Issue = Callable[[str], Order]


@pytest.fixture
def desk(order_desk: User) -> Client:
    """Somebody at the order desk, signed in."""
    return signed_in(order_desk)


def listed(desk: Client, path: str, **query: str) -> list[Any]:
    page = desk.get(f"/admin/{path}/", query)
    assert page.status_code == 200, page
    return list(page.context["cl"].result_list)


@pytest.fixture
def both(
    api: ApiClient, tester: ApiClient, issue: Issue, gate: Gate, clock: Clock, matinee: object
) -> tuple[Order, Order]:
    """An issued order of each mode, with a hold, a scan and a removed draft of each."""
    found = []
    for who in (api, tester):
        order = Order.objects.get(pk=settle(who, issue)["orderId"])
        assert who.post({"items": [show()]}, HOLDS).status_code == 201
        draft = settle(who, issue, sellToOrderReference="GONE", paymentReference=None)
        assert who.delete(draft["orderId"]).status_code == 200
        clock.now = ON_THE_DAY
        gate.scan(wallet_of(order).reference_number)
        clock.now = NOON
        found.append(order)
    return found[0], found[1]


@pytest.mark.parametrize(
    ("path", "is_test"),
    [
        ("orders/order", lambda row: row.test_mode),
        ("orders/hold", lambda row: row.test_mode),
        ("wallets/wallet", lambda row: row.test_mode),
        ("wallets/asset", lambda row: row.wallet.test_mode),
        ("wallets/scan", lambda row: row.code == "test_mode"),
        (
            "orders/orderevent",
            lambda row: (
                Order.objects.filter(pk=row.subject_id, test_mode=True).exists()
                or Event.objects.filter(
                    subject_id=row.subject_id, data__testMode=True, name="deleted"
                ).exists()
            ),
        ),
    ],
)
@pytest.mark.usefixtures("both")
def test_a_list_has_tests_only_when_it_is_asked_for_them(
    desk: Client, path: str, is_test: Callable[[Any], bool]
) -> None:
    live, tests, every = (
        listed(desk, path, **({"test_mode": asked} if asked else {}))
        for asked in ("", "only", "with")
    )
    assert live
    assert tests
    assert not any(is_test(row) for row in live)
    assert all(is_test(row) for row in tests)
    assert {row.pk for row in every} == {row.pk for row in (*live, *tests)}


def test_the_home_page_and_its_counts_know_no_tests(
    desk: Client, api: ApiClient, tester: ApiClient, issue: Issue
) -> None:
    settle(tester, issue, line("NOTHING"), sellToOrderReference="FAILED")
    settle(tester, issue, paymentReference=None)
    tester.create(line(), sellToOrderReference="IN-FLIGHT")
    page = desk.get("/admin/")
    assert [tile.number for tile in page.context["tiles"]] == [0, 0, 0, 0]
    assert (page.context["causes"], page.context["latest"]) == ([], [])
    assert listed(desk, "orders/order", cause="unmapped_item") == []
    sold = api.create(line("NOTHING"))
    issue(sold["orderId"])
    page = desk.get("/admin/")
    assert [tile.number for tile in page.context["tiles"]] == [1, 1, 0, 0]
    assert [row["number"] for row in page.context["latest"]] == [sold["buyFromOrderReference"]]


def test_the_page_of_a_test_says_what_it_is(desk: Client, both: tuple[Order, Order]) -> None:
    sold, test = both
    words = "it sells nothing, takes no places and admits nobody"
    for order, is_test in ((sold, False), (test, True)):
        page = desk.get(f"/admin/orders/order/{order.pk}/change/").content.decode()
        assert (words in page) is is_test
    found = desk.get("/admin/orders/order/", {"q": test.buy_from_order_reference})
    assert "choose them as test mode" in found.content.decode()
    assert LedgerEntry.objects.exclude(order=sold).count() == 0
    for model in (Hold, Wallet):
        row = model.objects.filter(test_mode=True).first()
        address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/{row.pk}/change/"  # type: ignore[union-attr]
        assert desk.get(address).status_code == 200


def test_the_page_of_a_test_ticket_can_be_read(
    desk: Client, tester: ApiClient, issue: Issue
) -> None:
    found = settle(tester, issue, {"itemNumber": "TEST-OK"})
    page = desk.get(f"/admin/orders/order/{found['orderId']}/change/")
    assert "CM-TEST-TICKET" in page.content.decode()
    asset = Asset.objects.get()
    assert desk.get(f"/admin/wallets/asset/{asset.pk}/change/").status_code == 200
    for path in ("catalog/package", "catalog/item"):
        assert "CM-TEST-TICKET" not in desk.get(f"/admin/{path}/").content.decode()
    assert desk.get("/admin/catalog/package/", {"q": "CM-TEST-TICKET"}).status_code == 200


@pytest.mark.parametrize("number", ["TEST-ERROR", "TEST-UNMAPPED"])
def test_nobody_is_told_to_mend_what_a_test_asked_for(
    desk: Client, tester: ApiClient, issue: Issue, number: str
) -> None:
    found = settle(tester, issue, line(number))
    page = desk.get(f"/admin/orders/order/{found['orderId']}/change/")
    assert [remedy.link for remedy, _ in page.context["remedies"]] == [""]
    assert "there is nothing to mend" in page.content.decode()


def test_closing_a_day_leaves_tests_as_they_are(
    api: ApiClient, tester: ApiClient, issue: Issue, clock: Clock
) -> None:
    sold = settle(api, issue)
    settle(tester, issue)
    settle(tester, issue, line("NOTHING"), sellToOrderReference="WEB-2")
    date = Order.objects.filter(visit_date__isnull=False)[0].visit_date
    assert date is not None
    affected = Affected(day=Day(venue=api.partner.venue, date=date, attraction=None), now=clock.now)
    assert [number for _, number in affected.orders()] == [sold["buyFromOrderReference"]]
    assert [share.orders for share in affected.shares()] == [1]


@pytest.mark.usefixtures("matinee")
def test_a_moved_test_takes_no_places_on_the_other_day(
    tester: ApiClient, issue: Issue, clock: Clock, cinema: Any
) -> None:

    session(cinema, "14:00", "2026-11-24", capacity=1)
    found = settle(tester, issue, show(quantity=3))
    date = Order.objects.get().visit_date
    assert date is not None
    moved = move_order(
        orders=Order.objects.all(),
        order_id=Order.objects.get().pk,
        from_date=date,
        to_date=date.replace(day=24),
        actor="staff:1",
        now=clock.now,
    )
    assert (str(moved.visit_date), VISIT) == ("2026-11-24", found["items"][0]["visitDate"])
    assert counters() == {}
    assert [v for v in violations(sql) if "a job is left" not in v] == []


def test_scans_of_tests_are_marked(both: tuple[Order, Order]) -> None:
    assert set(Scan.objects.values_list("code", flat=True)) == {"admitted", "test_mode"}
