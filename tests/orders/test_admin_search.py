"""Finding an order by half of what somebody remembers: parts of numbers, names and addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from channel_manager.lib.database import TookTooLong, reading
from orders import search, search_parts
from orders.models import Order
from orders.search import CUT, NOT_ALL, NUMBERS_ONLY, TOO_COMMON, TOO_SHORT, find_orders
from orders.search_parts import NUMBERS
from tests.conftest import TOMORROW, ApiClient
from tests.staff import signed_in, text_of
from wallets.models import Asset, Wallet

LIST = "/admin/orders/order/"
DAY = {"itemNumber": "DAY", "visitDate": TOMORROW.isoformat()}
Issue = Callable[[str], Order]


@pytest.fixture(params=[20_000, 1], ids=["among the newest", "by the index"], autouse=True)
def newest(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many orders are looked through before the index is asked: what is found is the same."""
    monkeypatch.setattr(search_parts, "NEWEST", request.param)


@pytest.fixture
def order(api: ApiClient, issue: Issue) -> Order:
    """An issued order with two lines, one of them for guests of its own."""
    sent = api.create(
        {**DAY, "quantity": 2, "wallet": {"externalReferenceNumbers": ["Gyg-81a", "Gyg-82b"]}},
        {
            **DAY,
            "sellToName": "Søren Ångström",
            "sellToEmail": "gift@example.org",
            "wallet": {"names": ["Zoë Élan-Groß"]},
        },
        sellToOrderReference="Sun-7341/May",
        paymentReference="Psp_99%Paid",
        sellToName="René O'Neil-Müller",
        sellToEmail="rene.mueller@example.com",
    )
    return issue(sent["orderId"])


@pytest.fixture
def other(rival: ApiClient, issue: Issue, order: Order) -> Order:
    """A newer order that has nothing of the first one."""
    sent = rival.create(
        sellToOrderReference="OTHER-1", paymentReference="PAY-OTHER", sellToName="Bo Yang"
    )
    return issue(sent["orderId"])


def found(text: str) -> tuple[list[str], str]:
    """Return the numbers of the orders a text finds, and what is told beside them."""
    result = find_orders(Order.objects.all(), text)
    return [str(order) for order in result.orders], result.advice


def test_any_part_in_any_case_finds_the_order(order: Order, other: Order) -> None:
    for text in (
        "341/m",
        "sun-7341/MAY",
        "N-734",
        "psp_99%",
        "99%paid",
        "rené",
        "RENÉ",
        "müller",
        "MÜLLER",
        "O'NEIL-m",
        "mueller@EXAMPLE",
        "mueller rené",
        "é neil",
        "søren",
        "ÅNGSTRÖM",
        "GIFT@example.org",
        "zoë",
        "élan ÅNG",
        "rene muller",
        "RÉNÈ",
        "soren ANGSTROM",
        "zoe groß",
        "elan-GROSS",
        "yg-82B",
        "gyg-8",
    ):
        assert found(text) == ([str(order)], ""), text


def test_a_reference_keeps_its_accents(api: ApiClient, order: Order) -> None:
    odd = api.create(sellToOrderReference="Büro/Möwe")["buyFromOrderReference"]
    assert found("büro") == found("o/möw") == ([odd], "")
    assert found("buro") == ([], "")


def test_what_nobody_has_in_one_place_finds_nothing(order: Order, other: Order) -> None:
    for text in (
        "Sun%May",
        "Ren_",
        "Psp_99_Paid",
        "Psp-99%Paid",
        "O\\'Neil",
        "%%%abc",
        "rené yang",
        "rené élan",
        "paid rene yang",
    ):
        assert found(text) == ([], ""), text


def test_signs_that_mean_something_to_the_database_mean_themselves(
    api: ApiClient, order: Order
) -> None:
    odd = api.create(sellToName="100% Fun_Park \\o/ Co", sellToOrderReference="ODD")
    for text in ("100%", "fun_park", "\\o/ park", "100% co"):
        assert found(text) == ([odd["buyFromOrderReference"]], ""), text


def test_too_short_a_text_reads_nothing_and_says_what_to_type(order: Order) -> None:
    with CaptureQueriesContext(connection) as queries:
        for text in ("an", "é", "a b", "%", "__", "o' n", "bo y", "☃", "--an--"):
            assert found(text) == ([], TOO_SHORT), text
    assert not any("searched" in query["sql"] or "LIKE" in query["sql"] for query in queries)


def test_the_start_of_a_number_goes_before_parts_of_others(
    api: ApiClient, order: Order, other: Order
) -> None:
    start = api.create(sellToOrderReference="7341-A")["buyFromOrderReference"]
    assert found("7341") == ([start], NOT_ALL)
    assert found("*7341") == ([start, str(order)], "")
    # Drawn numbers have no digit among so many characters once in some hundred runs.
    wallet, asset = "WAB7CDEFGHJKMNPQR", "TAB7CDEFGHJKMNPQR"
    held = Asset.objects.filter(wallet__order=order).values_list("pk", "wallet")[0]
    Asset.objects.filter(pk=held[0]).update(reference_number=asset)
    Wallet.objects.filter(pk=held[1]).update(reference_number=wallet)
    for number in (wallet, asset):
        part = number[:5]
        assert found(part.lower()) == ([str(order)], NOT_ALL)


def test_the_last_digits_lead_to_the_number_they_are_and_to_all_that_have_them(
    api: ApiClient, order: Order
) -> None:
    digits = order.buy_from_order_reference[-7:].lstrip("0").zfill(4)
    newer = api.create(sellToOrderReference=f"A-{digits}-Z")["buyFromOrderReference"]
    assert found(digits) == ([str(order)], NOT_ALL)
    assert found(f"*{digits}") == ([newer, str(order)], "")
    assert found(f"* {digits}") == ([newer, str(order)], "")


def test_a_reference_does_not_hide_a_guest(api: ApiClient, order: Order) -> None:
    newer = api.create(sellToOrderReference="rené")["buyFromOrderReference"]
    other = api.create(sellToOrderReference="Rene")["buyFromOrderReference"]
    assert found("rene") == ([other, str(order)], "")
    assert found("müll") == ([str(order)], "")
    assert found("rené") == ([newer], NOT_ALL)


def test_a_number_that_others_begin_with_says_that_there_may_be_more(api: ApiClient) -> None:
    numbers = [
        api.create(sellToOrderReference=reference)["buyFromOrderReference"]
        for reference in ("BULK-2", "BULK-20", "BULK-21")
    ]
    assert found("bulk-2") == (numbers[:1], NOT_ALL)
    assert found("*bulk-2") == (numbers[::-1], "")
    assert found(numbers[0]) == (numbers[:1], "")  # nothing begins with a whole number of ours


def test_orders_that_are_worked_on_or_failed_are_found_too(api: ApiClient, issue: Issue) -> None:
    waiting = api.create(sellToName="Wanda Waits", sellToOrderReference="A")
    failed = api.create(
        {
            **DAY,
            "itemNumber": "SKU-9",
            "quantity": 1,
            "wallet": {"externalReferenceNumbers": ["Faulty-77"]},
        },
        sellToName="Wanda Fails",
        sellToOrderReference="B",
    )
    assert issue(failed["orderId"]).status == "Error"
    newest_first = [failed["buyFromOrderReference"], waiting["buyFromOrderReference"]]
    assert found("wanda") == (newest_first, "")
    assert found("aulty-7") == ([failed["buyFromOrderReference"]], "")


def test_more_than_anybody_looks_through_are_cut_to_the_newest(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST", 2)
    numbers = [
        api.create(sellToName="Many", sellToOrderReference=f"R-{number}")["buyFromOrderReference"]
        for number in range(3)
    ]
    assert found("many") == ([numbers[2], numbers[1]], CUT)
    assert found("CM2") == ([numbers[2], numbers[1]], CUT)


def test_filters_go_before_the_cut(
    order_desk: User, api: ApiClient, rival: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST", 2)
    mine = api.create(sellToName="Many")["buyFromOrderReference"]
    for number in range(3):
        rival.create(sellToName="Many", sellToOrderReference=f"R-{number}")
    page = signed_in(order_desk).get(LIST, {"q": "many", "partner__id__exact": str(api.partner.pk)})
    assert [str(row) for row in page.context["cl"].result_list] == [mine]


def test_a_number_that_a_filter_leaves_out_hides_nothing(
    order_desk: User, api: ApiClient, rival: ApiClient, order: Order, statements: Callable[[], Any]
) -> None:
    theirs = rival.create(sellToOrderReference="7341")["buyFromOrderReference"]
    assert found("7341") == ([theirs], NOT_ALL)
    desk, filters = signed_in(order_desk), {"partner__id__exact": str(api.partner.pk)}
    with statements() as count:
        page = desk.get(LIST, {"q": "7341", **filters})
    assert [str(row) for row in page.context["cl"].result_list] == [str(order)]
    assert len(count) <= 15, "\n".join(count.statements)


def test_the_list_says_what_to_type_and_stays_within_its_statements(
    order_desk: User, order: Order, other: Order, statements: Callable[[], Any]
) -> None:
    desk: Client = signed_in(order_desk)
    assert TOO_SHORT in text_of(desk.get(LIST, {"q": "an"}))
    with statements() as count:
        page = desk.get(LIST, {"q": "rené"})
    assert [str(row) for row in page.context["cl"].result_list] == [str(order)]
    assert len(count) <= 15, "\n".join(count.statements)


def test_a_search_that_takes_too_long_shows_what_the_newest_have(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(*_: object) -> None:
        raise TookTooLong

    monkeypatch.setattr(search_parts, "_by_index", give_up)
    monkeypatch.setattr(search_parts, "NEWEST", 20_000)
    assert found("rené") == ([str(order)], TOO_COMMON)
    assert found("nobody") == ([], TOO_COMMON)


def test_every_statement_has_the_plan_it_is_meant_to_have(order: Order, other: Order) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert found("müller")[0] == [str(order)]
    plans = []
    with reading(), connection.cursor() as cursor:
        # Tables as small as these are walked by any index that has the key, as their sizes happen
        # to be after other tests.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("DROP INDEX order_by_receipt, order_by_partner")
        for query in queries.captured_queries:
            if "set_config" in query["sql"]:
                cursor.execute("RESET ALL")
                cursor.execute(query["sql"])
            elif query["sql"].startswith("SELECT") or query["sql"].startswith("("):
                cursor.execute("EXPLAIN " + query["sql"])
                plans.append("\n".join(line for (line,) in cursor.fetchall()))
    among_newest, by_index = (plan for plan in plans if "~~" in plan)
    for index in ("orders_order_pkey", "orders_orderline_pkey"):
        assert f"using {index}" in among_newest, among_newest
    for index in ("order_searched", "order_in_flight", "line_searched"):
        assert f"Bitmap Index Scan on {index}" in by_index, by_index
    for plan in (among_newest, by_index):
        assert "Seq Scan" not in plan, plan


def test_accents_come_off_without_a_search_path(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL search_path = ''")  # as while a dump is restored
        cursor.execute("SELECT public.orders_folded('Zoë Groß-Łódź')")
        assert cursor.fetchone() == ("Zoe Gross-Lodz",)


def test_who_may_not_see_guests_finds_orders_by_numbers_only(order: Order, other: Order) -> None:
    for text in (
        "rené",
        "rene",
        "soren",
        "mueller@",
        "Søren",
        "gift@example.org",
        "élan",
        "rené psp_99",
    ):
        result = find_orders(Order.objects.all(), text, NUMBERS)
        assert (list(result.orders), result.advice) == ([], NUMBERS_ONLY), text
    for text in ("341/m", "psp_99%", "gyg-81", "n-734 99%paid", "Sun-7341/May"):
        assert list(find_orders(Order.objects.all(), text, NUMBERS).orders) == [order], text
