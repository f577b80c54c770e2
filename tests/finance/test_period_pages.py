"""The pages of periods and statements: what they take, what they refuse, and in which words."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders.finance import closing
from orders.models import Decision, Order, Period, PeriodStatus, Statement, StatementLine
from partners.models import Partner
from tests.conftest import ApiClient
from tests.finance import months
from tests.finance.months import HEADER, review, stated, upload
from tests.finance.statement_files import bomb, with_macros
from tests.orders.expected import line, settle
from tests.staff import messages_of, signed_in, text_of, viewer

pytestmark = pytest.mark.usefixtures("clock")
Issue = Callable[[str], Order]


@pytest.fixture
def accounts(accountant: User) -> Client:
    return signed_in(accountant)


@pytest.fixture
def order(api: ApiClient, issue: Issue, period: Period) -> Order:
    """A day ticket of our partner, in November."""
    found = settle(api, issue, line(), sellToOrderReference="WEB-1", sellToName="Ann Meyer")
    return Order.objects.get(pk=found["orderId"])


def page(period: Period, name: str = "change") -> str:
    return reverse(f"admin:orders_period_{name}", args=[period.pk])


def send(client: Client, period: Period, content: bytes, name: str = "november.csv") -> str:
    """Upload a file; return what the page says then."""
    file = SimpleUploadedFile(name, content)
    return text_of(client.post(page(period, "upload"), {"file": file}, follow=True))


def test_a_period_is_added_once(accounts: Client, period: Period) -> None:
    answer = accounts.post(
        reverse("admin:orders_period_add"),
        {"partner": period.partner_id, "first_day": "2026-11-15", "last_day": "2026-12-14"},
    )
    assert answer.status_code == 422
    assert "Another period of Sunny Trips covers some of these days already." in text_of(answer)
    backwards = {"partner": period.partner_id, "first_day": "2026-12-31", "last_day": "2026-12-01"}
    answer = accounts.post(reverse("admin:orders_period_add"), backwards)
    assert "The last day lies before the first." in text_of(answer)
    assert Period.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.csv", b"", "The submitted file is empty."),
        ("letter.csv", b"%PDF-1.7\n%\xe2\xe3", "This is a PDF."),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "XLSX"),
        ("text.csv", b"nothing\nto see\n", "names the columns"),
    ],
)
def test_a_file_that_is_no_statement_is_refused_in_words(
    accounts: Client, period: Period, name: str, content: bytes, told: str
) -> None:
    said = send(accounts, period, content, name)
    assert told.lower() in said.lower(), said
    assert not Statement.objects.exists()


def test_bombs_and_macros_are_refused_and_nothing_is_kept(accounts: Client, period: Period) -> None:
    assert "macro" in send(accounts, period, with_macros(), "macro.xlsm").lower()
    assert "unpacked" in send(accounts, period, bomb(), "bomb.xlsx").lower()
    assert not Statement.objects.exists()


def test_a_missing_column_is_asked_for_and_the_file_is_not_read_before(
    accounts: Client, period: Period
) -> None:
    content = b"Booking reference;Day of sale;Remark\nWEB-1;20-11-2026;x\n"
    said = send(accounts, period, content)
    statement = Statement.objects.get()
    assert statement.questions, said
    form = {"decimal": ",", "sign_rule": "as_stated", "currency": "EUR", "_read": "1"}
    form["column_their_reference"] = "Booking reference"
    address = reverse("admin:orders_statement_change", args=[statement.pk])
    answer = accounts.post(address, form)
    assert answer.status_code == 422
    statement.refresh_from_db()
    assert statement.status == "Uploaded"


def test_dates_that_cannot_be_decided_are_asked(
    accounts: Client, period: Period, order: Order
) -> None:
    number = order.buy_from_order_reference
    content = f"{HEADER}\nWEB-1;{number};03-11-2026;1;34,50;6,90;27,60\n".encode()
    said = send(accounts, period, content)
    assert "03-11-2026" in said
    statement = Statement.objects.get()
    assert [one["about"] for one in statement.questions] == ["date_order"]


def test_a_form_with_nonsense_is_told_and_changes_nothing(
    accounts: Client, period: Period, order: Order
) -> None:
    upload(period, stated("WEB-1", order.buy_from_order_reference, "30,00", "24,00"))
    review(period)
    for form in (
        {},
        {"action": "forget", "reason": "x", "difference": f"order:{order.pk}"},
        {"action": "accept", "reason": "", "difference": f"order:{order.pk}"},
        {"action": "accept", "reason": "x", "difference": "order:\0"},
        {"action": "accept", "reason": "x"},
        {"action": "accept", "reason": "x", "difference": ["line:7", f"order:{order.pk}"]},
        {"action": "accept", "reason": "x" * 501, "difference": f"order:{order.pk}"},
    ):
        answer = accounts.post(page(period, "decide"), form, follow=True)
        assert messages_of(answer), form
    for form in ({}, {"line": "x", "order": "y"}, {"line": "9" * 40, "order": str(uuid.uuid4())}):
        assert accounts.post(page(period, "link"), form).status_code == 302
    settle_form = {"action": "accept", "reason": "x", "decision": "9" * 40}
    assert accounts.post(page(period, "settle"), settle_form).status_code == 302
    for query in ("?show=\0", "?show=nonsense", "?p=99999999999999999999", "?p=x"):
        assert accounts.get(page(period) + query).status_code == 200, query
    assert not Decision.objects.exists()


def test_decisions_are_taken_in_review_only(accounts: Client, period: Period, order: Order) -> None:
    upload(period, stated("WEB-1", order.buy_from_order_reference, "30,00", "24,00"))
    form = {"action": "accept", "reason": "Fine", "difference": f"order:{order.pk}"}
    answer = accounts.post(page(period, "decide"), form, follow=True)
    assert messages_of(answer) == ["Differences are decided on while the period is in review."]
    accounts.post(page(period, "review"))
    answer = accounts.post(page(period, "decide"), {**form, "all_shown": "on"}, follow=True)
    assert messages_of(answer) == ["1 difference accepted."]
    period.refresh_from_db()
    assert period.status == PeriodStatus.IN_REVIEW


def test_nobody_is_asked_for_a_statement_who_cannot_send_one(
    accounts: Client, partner: Partner
) -> None:
    october = months.month(partner, 2026, 10)
    assert "No statement yet. Upload the partner's file" in text_of(accounts.get(page(october)))
    looking = text_of(signed_in(viewer()).get(page(october)))
    assert "No statement yet." in looking
    assert "Upload the partner's file" not in looking
    months.review(months.match(october))
    closing.close_period(period_id=october.pk, actor=months.ACCOUNTANT, now=timezone.now())
    closed = text_of(accounts.get(page(october)))
    assert "It was closed without a statement." in closed
    assert "Upload the partner's file" not in closed


def test_a_suggestion_is_linked_by_hand_and_matched(
    accounts: Client, period: Period, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = "Voucher;Guest name;Date;Gross;Commission;Net"
    monkeypatch.setattr(months, "HEADER", header)
    statement = upload(period, "V-77;Ann Meyer;20-11-2026;34,50;6,90;27,60")
    row = StatementLine.objects.get()
    assert (row.state, row.suggestions) == ("missing_at_us", [order.pk])
    said = text_of(accounts.get(page(period)))
    assert f"It is {order.buy_from_order_reference}: same name, date and amount" in said
    assert "Ann" not in said
    accounts.post(page(period, "link"), {"line": row.pk, "order": str(order.pk)})
    row.refresh_from_db()
    assert (row.state, row.rule, row.statement) == ("matched", "by_hand", statement)


def test_a_letter_needs_something_that_is_disputed(
    accounts: Client, period: Period, order: Order
) -> None:
    upload(period, stated("WEB-1", order.buy_from_order_reference, "30,00", "24,00"))
    answer = accounts.get(page(period, "letter_pdf"), follow=True)
    assert messages_of(answer) == ["Nothing of this period is disputed as it stands."]
    review(period)
    months.decide(period, "dispute", "We never agreed to a rebate")
    answer = accounts.get(page(period, "letter_pdf"))
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == (
        'attachment; filename="dispute-sunny-trips-november-2026.pdf"'
    )
    text = accounts.get(page(period, "letter_csv")).content.decode("utf-8-sig")
    assert "We never agreed to a rebate" in text
    assert "Ann Meyer" not in text


def test_a_withdrawn_statement_counts_no_more_and_may_be_sent_again(
    accounts: Client, period: Period, order: Order
) -> None:
    row = stated("WEB-1", order.buy_from_order_reference)
    statement = upload(period, row)
    address = reverse("admin:orders_statement_withdraw", args=[statement.pk])
    assert "its lines no longer count" in text_of(accounts.get(address)).lower()
    accounts.post(address, {"reason": "The wrong month"}, follow=True)
    statement.refresh_from_db()
    assert statement.status == "Withdrawn"
    assert upload(period, row).status == "Read"
    answer = accounts.post(address, {"reason": "Again"}, follow=True)
    assert messages_of(answer) == ["Somebody else was faster: the statement is Withdrawn now."]


def test_unknown_ids_are_told(accounts: Client, period: Period) -> None:
    nobody = uuid.uuid4()
    for name in ("orders_period_change", "orders_statement_change"):
        answer = accounts.get(reverse(f"admin:{name}", args=[nobody]), follow=True)
        assert messages_of(answer), name
    for name in ("close", "reopen", "upload", "letter_pdf", "match"):
        address = reverse(f"admin:orders_period_{name}", args=[nobody])
        answer = accounts.get(address, follow=True)
        assert answer.status_code in {403, 404} or messages_of(answer), name
    for odd in ("x", "%00", "1" * 60):
        assert accounts.get(f"/admin/orders/period/{odd}/change/").status_code in {302, 400, 404}
