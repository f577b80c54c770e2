"""Where is CM26-0004711? One page for its order, ledger, statement lines, periods and exports."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from channel_manager.history import roles
from orders.finance.whereabouts import Whereabouts, find_whereabouts
from orders.models import (
    Decision,
    Export,
    ExportStatus,
    Order,
    Period,
    Position,
    Statement,
    StatementLine,
    StatementStatus,
)
from partners.account import Account
from partners.models import Partner
from partners.numbering import next_document_number
from tests.conftest import ApiClient
from tests.finance.agreed import agree
from tests.orders.expected import NOON, Clock, line, settle
from tests.staff import person, signed_in, text_of

Issue = Callable[[str], Order]
WHERE = "/admin/orders/ledgerentry/whereabouts/"
# The navigation speaks of guests, too.
IN_THE_NAVIGATION = "Guest issuers"


@pytest.fixture(autouse=True)
def clock(db: None, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make time stand still at NOON."""
    standing = Clock()
    monkeypatch.setattr(timezone, "now", standing)
    return standing


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The accountant's browser."""
    return signed_in(order_desk)


@pytest.fixture
def settled(api: ApiClient, issue: Issue, partner: Partner) -> dict[str, Any]:
    """An order of two guests, sold under a contract."""
    agree(partner)
    wallet = {"names": ["Ann Guest", "Bob Guest"], "externalReferenceNumbers": ["Ext-1", "Ext-2"]}
    return settle(api, issue, line(quantity=2, wallet=wallet), sellToName="Ann Guest")


def where_is(number: str) -> Whereabouts:
    return find_whereabouts(asked=number, now=timezone.now())


def reconcile(settled: dict[str, Any], partner: Partner) -> Period:
    """Have a statement name an order, decide on the difference, and close the period with it."""
    period = Period.objects.create(
        partner=partner,
        first_day=datetime.date(2026, 11, 1),
        last_day=datetime.date(2026, 11, 30),
    )
    statement = Statement.objects.create(
        partner=partner,
        period=period,
        status=StatementStatus.READ,
        file_name="november.csv",
        sha256="ab",
        uploaded_by="staff:1",
        uploaded_at=NOON,
    )
    position = Position.objects.create(
        period=period,
        order_id=settled["orderId"],
        buy_from_order_reference=settled["buyFromOrderReference"],
        quantity=2,
        gross=Decimal(69),
        vat=Decimal("5.70"),
        commission=Decimal("13.80"),
        net=Decimal("55.20"),
        currency="EUR",
        state="amount_differs",
        counts_in="amount_differs",
        cause="Its gross is 1.00 less than ours.",
    )
    StatementLine.objects.create(
        statement=statement,
        row=17,
        our_reference=settled["buyFromOrderReference"],
        guest_name="Ann Guest",
        gross=Decimal(68),
        net=Decimal("54.40"),
        currency="EUR",
        state="amount_differs",
        cause="Gross 68.00, ours 69.00.",
        position=position,
        order_id=settled["orderId"],
    )
    Decision.objects.create(
        period=period,
        order_id=settled["orderId"],
        state="amount_differs",
        difference=Decimal("-0.80"),
        currency="EUR",
        action="dispute",
        reason="Two guests came.",
        actor="worker",
        at=NOON,
    )
    export(period=period, title="Closing of November 2026")
    period.review()
    period.close(now=NOON)
    period.save()
    return period


def export(**members: Any) -> Export:
    return Export.objects.create(
        **{
            "status": ExportStatus.DONE,
            "report": "register",
            "format": "csv",
            "title": "Order register",
            "started_by": "staff:1",
            "started_at": NOON,
            "finished_at": NOON,
            "sha256": "ab",
            **members,
        }
    )


def test_one_page_shows_order_ledger_lines_periods_and_exports(
    desk: Client, settled: dict[str, Any], partner: Partner
) -> None:
    reconcile(settled, partner)
    export(title="All of November", filters={"firstDay": "2026-11-01", "lastDay": "2026-11-30"})
    number = settled["buyFromOrderReference"]
    page = desk.get(WHERE, {"q": f" {number.lower()} "})
    text = text_of(page)
    for told in (
        f"{number} Issued Partner Sunny Trips Its number WEB-1 Received 20 Nov 2026, 12:00",
        "Visit Mon 23 Nov 2026",
        "sale Open 100000 20 Nov 2026 20 % of gross (version 1) EUR 69.00 EUR 13.80 EUR 55.20",
        "In all EUR 69.00 EUR 13.80 EUR 55.20",
        "november.csv Sunny Trips, Read 17 November 2026 Amount differs Gross 68.00, ours 69.00.",
        "EUR 68.00 – EUR 54.40",
        "November 2026 Closed Amount differs Its gross is 1.00 less than ours. Dispute: Two guests "
        "came. (System, 20 Nov 2026, 12:00) EUR 69.00 EUR 13.80 EUR 55.20",
        "Closing of November 2026 Done 20 Nov 2026, 12:00 Its period was closed with it",
        "All of November Done 20 Nov 2026, 12:00 Its filters cover it",
    ):
        assert told in text, (told, text)
    assert "Guest" not in text.replace(IN_THE_NAVIGATION, "")
    assert f"/admin/orders/order/{settled['orderId']}/change/" in page.content.decode()


def test_every_number_of_an_order_leads_to_it_in_any_case(settled: dict[str, Any]) -> None:
    wallet = settled["items"][0]["wallets"][1]
    for number in (
        settled["buyFromOrderReference"],
        settled["sellToOrderReference"],
        settled["orderId"],
        wallet["walletReferenceNumber"],
        wallet["assets"][0]["referenceNumber"],
    ):
        for typed in (number, number.lower(), number.upper()):
            order = where_is(typed).order
            assert order is not None, typed
            assert str(order.pk) == settled["orderId"]
    found = where_is("Ext-2").order
    assert found is not None
    assert where_is(settled["buyFromOrderReference"][:-1]).order is None


def test_numbers_of_the_partner_are_found_in_any_case(
    desk: Client, api: ApiClient, issue: Issue, statements: Callable[[], Any]
) -> None:
    wallet = {"names": ["Ann Guest"], "externalReferenceNumbers": ["Ext-7b"]}
    settled = settle(api, issue, line(wallet=wallet), sellToOrderReference="Web-Shop/7a")
    settle(api, issue, line(), sellToOrderReference="Web-Shop/7ab")
    for typed in ("WEB-Shop/7A", "eXt-7B"):
        page = desk.get(WHERE, {"q": typed}, follow=True)
        assert page.context["found"].order.pk == uuid.UUID(settled["orderId"]), typed
        with statements() as count:
            where_is(typed)
        assert len(count) <= 12, count.statements
    # A part of a number is none, and a guest's name neither.
    for typed in ("Web-Shop", "Ann Guest", "7a"):
        found = where_is(typed)
        assert (found.order, list(found.lines)) == (None, []), typed
    settle(api, issue, line(), sellToOrderReference="DOUBLE-x")
    settle(api, issue, line(), sellToOrderReference="double-X")
    assert "Several orders have this number:" in text_of(desk.get(WHERE, {"q": "Double-X"}))


def test_a_reversal_and_what_corrects_a_closed_period_are_told(
    desk: Client, api: ApiClient, settled: dict[str, Any], partner: Partner
) -> None:
    reconcile(settled, partner)
    api.delete(settled["orderId"])
    text = text_of(desk.get(WHERE, {"q": settled["buyFromOrderReference"]}))
    assert "1 Dec 2026 corrects November 2026" in text
    assert "In all EUR 0.00 EUR 0.00 EUR 0.00" in text


@pytest.mark.parametrize(
    ("filters", "is_covered"),
    [
        ({}, True),
        ({"firstDay": "2026-11-20", "lastDay": "2026-11-20"}, True),
        ({"firstDay": "2026-11-21"}, False),
        ({"lastDay": "2026-11-19"}, False),
        ({"firstDay": "2026-11-23", "dateBy": "visit"}, True),
        ({"firstDay": "2026-11-23", "dateBy": "counting"}, False),
        ({"partner": "ours"}, True),
        ({"partner": str(uuid.uuid4())}, False),
        ({"venue": str(uuid.uuid4())}, False),
        ({"package": str(uuid.uuid4())}, False),
    ],
)
def test_an_export_is_told_when_its_filters_cover_the_order(
    settled: dict[str, Any], partner: Partner, filters: dict[str, str], is_covered: bool
) -> None:
    if "partner" in filters:
        filters = {"partner": filters["partner"].replace("ours", str(partner.pk))}
    export(filters=filters)
    export(report="open_items")
    export(status=ExportStatus.FAILED, message="Full")
    export(finished_at=NOON - datetime.timedelta(days=1))
    found = where_is(settled["buyFromOrderReference"])
    assert len(found.covering_exports) == is_covered


def test_a_number_that_a_removed_draft_had_says_who_removed_it(
    desk: Client, api: ApiClient, issue: Issue
) -> None:
    draft = settle(api, issue, paymentReference=None)
    api.delete(draft["orderId"])
    for number in (draft["buyFromOrderReference"].lower(), draft["sellToOrderReference"]):
        text = text_of(desk.get(WHERE, {"q": number}))
        assert (
            f"The order {draft['buyFromOrderReference']} was deleted by Sunny Trips on 20 Nov 2026, "
            "12:00, before it was issued: nothing of it was ever posted." in text
        )


def test_a_number_that_was_drawn_and_never_accepted_is_told_from_one_never_drawn(
    api: ApiClient, settled: dict[str, Any]
) -> None:
    refused = next_document_number(account=Account(api.partner, test_mode=False), now=NOON)
    assert where_is(refused).fate == (
        f"{refused} was drawn, and no order was accepted under it: the request was refused, or "
        "broke off, after its number was drawn. Nothing was posted, and it is not given out again."
    )
    last = refused.split("-")[1]
    assert where_is("cm26-9999999").fate == (
        f"CM26-9999999 was never given out: the venue's last number is {last}."
    )
    given = settled["buyFromOrderReference"]
    assert where_is(given.replace("CM26", "CM25")).fate == (
        f"{given.replace('CM26', 'CM25')} was never given out: this number of the venue's is {given}."
    )
    assert where_is("T-CM26-0000001").fate == (
        "T-CM26-0000001 was never given out: the venue has drawn no test number."
    )
    for nothing in ("XX26-0000001", "no such thing", "=1", "\0"):
        assert where_is(nothing).order is None
    assert where_is("XX26-0000001").fate == (
        "No order has this number, and none that was removed had it."
    )


def test_a_test_number_says_that_it_is_never_posted(
    desk: Client, tester: ApiClient, issue: Issue
) -> None:
    settled = settle(tester, issue)
    text = text_of(desk.get(WHERE, {"q": settled["buyFromOrderReference"]}))
    assert "A test order: it sells nothing and is never posted." in text
    assert "Test orders are never posted." in text


def test_a_number_that_only_a_statement_knows_shows_its_lines(
    desk: Client, settled: dict[str, Any], partner: Partner
) -> None:
    period = reconcile(settled, partner)
    period.reopen()
    period.save()
    StatementLine.objects.create(
        statement=period.statements.get(),
        row=18,
        our_reference="CM26-7777777",
        net=Decimal(5),
        currency="EUR",
        state="missing_at_us",
    )
    text = text_of(desk.get(WHERE, {"q": "cm26-7777777"}))
    assert "was never given out" in text
    assert "november.csv Sunny Trips, Read 18 November 2026 Missing at us" in text


def test_two_partners_orders_with_one_number_are_both_named(
    api: ApiClient, rival: ApiClient, issue: Issue
) -> None:
    settle(api, issue, sellToOrderReference="SAME")
    settle(rival, issue, line(), sellToOrderReference="SAME")
    found = where_is("same")
    assert found.order is not None
    assert len(found.others) == 1


def test_each_sees_what_it_may(settled: dict[str, Any], partner: Partner) -> None:
    reconcile(settled, partner)
    number = settled["buyFromOrderReference"]
    clerk = signed_in(person("clerk", "orders.view_ledgerentry"))
    page = clerk.get(WHERE, {"q": number})
    text = text_of(page)
    assert "EUR 13.80" in text
    for hidden in ("20 % of gross", "november.csv", "Two guests came", "Closing of", "Exports"):
        assert hidden not in text, hidden
    assert "/admin/orders/order/" not in page.content.decode()
    assert signed_in(person("newcomer")).get(WHERE).status_code == 403
    finance = User.objects.create_user("finance", is_staff=True)
    finance.groups.add(roles.group_of("finance"))
    whole = text_of(signed_in(finance).get(WHERE, {"q": number}))
    assert "Two guests came" in whole
    assert "Guest" not in whole


def test_it_takes_twelve_statements_at_most(
    settled: dict[str, Any], partner: Partner, statements: Callable[[], Any]
) -> None:
    reconcile(settled, partner)
    export()
    for number in (settled["buyFromOrderReference"], "CM26-9999999", "W0000000000000000"):
        with statements() as count:
            where_is(number)
        assert len(count) <= 12, count.statements


def test_it_is_linked_from_the_order_and_the_sidebar(desk: Client, settled: dict[str, Any]) -> None:
    address = f"{WHERE}?q={settled['buyFromOrderReference']}"
    page = desk.get(f"/admin/orders/order/{settled['orderId']}/change/")
    assert address in page.content.decode()
    empty = desk.get(WHERE)
    assert "One page shows its order, ledger" in text_of(empty)
    # The sidebar says it once, the head of the page again.
    assert text_of(empty).count("Where is a number?") == 2
    links = [
        item["link"] for group in empty.context["sidebar_navigation"] for item in group["items"]
    ]
    assert WHERE in links
