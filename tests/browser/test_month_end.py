"""A month end in a real browser: upload, match, bridge, decisions, Excel, close, a late cancel."""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from orders import cancellation
from orders.finance import exports, line_reading
from orders.models import Export, LedgerEntry, Order, Period, Statement
from tests.browser.appearance import AdminLooks
from tests.conftest import ApiClient
from tests.finance.agreed import agree
from tests.finance.months import HEADER, stated
from tests.orders.expected import line, settle
from tests.staff import signed_in

pytestmark = pytest.mark.django_db(transaction=True)
Issue = Callable[[str], Order]


@pytest.fixture
def accounts(page: Page, live_server: LiveServer, accountant: User, living_worker: None) -> Page:
    """A page in which the accountant has signed in; nothing is open yet."""
    sign_in(page, live_server, accountant)
    return page


def sign_in(page: Page, live_server: LiveServer, user: User) -> None:
    session = signed_in(user).cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies(
        [{"name": session.key, "value": session.value, "url": live_server.url}]
    )


@pytest.fixture
def sold(api: ApiClient, issue: Issue) -> list[Order]:
    """Four orders of a day ticket each; our partner keeps 20 % of gross."""
    agree(api.partner)
    made = [settle(api, issue, line(), sellToOrderReference=f"WEB-{n}") for n in range(1, 5)]
    return [Order.objects.get(pk=one["orderId"]) for one in made]


def this_month() -> tuple[str, str]:
    first = timezone.localdate().replace(day=1)
    after = (first + datetime.timedelta(days=31)).replace(day=1)
    return first.isoformat(), (after - datetime.timedelta(days=1)).isoformat()


def write_statement(path: Path, sold: list[Order]) -> Path:
    """Write what the partner says: one as we have it, one dearer, one twice; the fourth is missing."""
    one, two, three, _four = (order.buy_from_order_reference for order in sold)
    rows = [
        HEADER,
        stated("WEB-1", one),
        stated("WEB-2", two, "40,00", "32,00"),
        stated("WEB-3", three),
        stated("WEB-3", three),
        "Total;;;;143,50;28,70;114,80",
    ]
    file = path / "november.csv"
    file.write_text("\n".join(rows), encoding="utf-8")
    return file


def test_a_month_end(
    accounts: Page,
    live_server: LiveServer,
    sold: list[Order],
    tmp_path: Path,
    order_desk: User,
) -> None:
    page, looks = accounts, AdminLooks(accounts, live_server.url)
    page.goto(live_server.url + reverse("admin:orders_period_changelist"))
    looks.look("periods-empty")
    period = add_period(page, looks)
    upload(page, looks, write_statement(tmp_path, sold))
    page.get_by_role("link", name="To the period").click()
    expect(page.get_by_label("Bridge in EUR").get_by_text("Unexplained")).to_be_visible()
    expect(page.get_by_label("Bridge in EUR")).to_contain_text("EUR 114.80")
    looks.look("period-open")
    decide(page, looks)
    page.get_by_role("link", name="Close", exact=True).click()
    looks.look("period-close")
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_text("is closed.")).to_be_visible()
    export = Export.objects.get(period=period)
    exports.write_export(export_id=export.pk, clock=timezone.now)
    cancel_late(sold[0], period)
    page.reload()
    expect(page.get_by_label("Bridge in EUR")).to_contain_text("EUR 114.80")
    looks.look("period-closed")
    expect(page.get_by_role("link", name="Reopen")).to_have_count(0)
    answer = page.goto(live_server.url + reverse("admin:orders_period_reopen", args=[period.pk]))
    assert answer is not None
    assert answer.status == 403
    assert looks.wrong == {}
    reopen_as_owner(page, live_server, order_desk, period)


def add_period(page: Page, looks: AdminLooks) -> Period:
    page.get_by_role("link", name="Add period").first.click()
    looks.look("period-add")
    first, last = this_month()
    page.locator("select[name=partner]").evaluate(
        "list => { list.value = list.options[1].value; list.dispatchEvent(new Event('change')); }"
    )
    page.locator("[name=first_day]").fill(first)
    page.locator("[name=last_day]").fill(last)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("No statement yet.")).to_be_visible()
    looks.look("period-new")
    return Period.objects.get()


def upload(page: Page, looks: AdminLooks, file: Path) -> None:
    page.get_by_role("link", name="Upload a statement").click()
    looks.look("statement-upload")
    page.locator("[name=file]").set_input_files(file)
    page.get_by_role("button", name="Upload", exact=True).click()
    preview = page.locator("#preview")
    expect(preview).to_contain_text("EUR 27.60")
    expect(preview).to_contain_text("Left out. It is a total: it says “Total”.")
    looks.look("statement-format")
    page.get_by_role("button", name="Read it and match").click()
    expect(page.get_by_text("Reading: 0 lines so far.")).to_be_visible()
    looks.look("statement-reading")
    line_reading.read_statement(statement_id=Statement.objects.get().pk, clock=timezone.now)
    expect(page.get_by_text("Duplicate").first).to_be_visible()
    looks.look("statement-read")


def decide(page: Page, looks: AdminLooks) -> None:
    """Adjust what is dearer, dispute what is billed twice, carry what is missing."""
    page.get_by_role("button", name="Start review").click()
    expect(page.locator("#obstacles")).to_contain_text("Not decided on: 3 differences.")
    page.get_by_role("link", name="Close", exact=True).click()
    expect(page.get_by_role("button", name="Close")).to_have_count(0)
    page.get_by_role("link", name="Back").click()
    for state, action, reason in (
        ("Duplicate", "dispute", "You bill WEB-3 twice"),
        ("Missing at partner", "carry", "They list it next month"),
        ("Amount differs", "adjust", "The new price, agreed by telephone"),
    ):
        page.locator("tr", has_text=state).get_by_role("checkbox").check()
        page.get_by_label("What is done").select_option(action)
        page.get_by_label("Reason").fill(reason)
        page.get_by_role("button", name="Decide").click()
        expect(page.get_by_text("1 difference ").first).to_be_visible()
    looks.look("period-decided")
    with page.expect_download() as download:
        page.get_by_role("link", name="Dispute letter").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    expect(page.locator("#obstacles")).to_have_count(0)


def cancel_late(order: Order, period: Period) -> None:
    """Cancel an order of the closed period: it counts in the next one, and points back."""
    cancellation.cancel_order(
        orders=Order.objects.all(), order_id=order.pk, actor="staff:1", now=timezone.now()
    )
    reversal = LedgerEntry.objects.get(kind="reversal")
    assert reversal.corrects == period
    assert reversal.accounting_date == period.last_day + datetime.timedelta(days=1)


def reopen_as_owner(page: Page, live_server: LiveServer, owner: User, period: Period) -> None:
    sign_in(page, live_server, owner)
    page.goto(live_server.url + reverse("admin:orders_period_change", args=[period.pk]))
    page.get_by_role("link", name="Reopen").click()
    page.get_by_role("button", name="Reopen").click()
    assert Period.objects.get(pk=period.pk).is_closed
    page.get_by_label("Reason").fill("A second file came")
    page.get_by_role("button", name="Reopen").click()
    expect(page.get_by_text("is in review again.")).to_be_visible()


def test_the_register_is_read_in_excel(
    accounts: Page, live_server: LiveServer, sold: list[Order]
) -> None:
    page = accounts
    page.goto(live_server.url + reverse("admin:orders_ledgerentry_report", args=["register"]))
    page.get_by_role("button", name="Excel").click()
    export = Export.objects.get()
    exports.write_export(export_id=export.pk, clock=timezone.now)
    with page.expect_download() as download:
        page.locator("#file").click()
    book = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes()))
    sheet = book.active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    place = rows[0].index("Our number")
    assert [row[place] for row in rows[1:]] == [order.buy_from_order_reference for order in sold]
    assert [row[rows[0].index("Net")] for row in rows[1:]] == [27.6] * 4
    assert sheet.freeze_panes == "A2"
