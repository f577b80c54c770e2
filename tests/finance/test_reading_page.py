"""The page on which somebody agrees to how a statement is read: what it asks, and what it shows."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders.finance import line_reading, receiving
from orders.models import Period, Statement, StatementLine
from tests.finance.months import ACCOUNTANT
from tests.staff import person, signed_in, text_of

pytestmark = pytest.mark.usefixtures("clock")
UNANSWERED = "Choose an answer: the file is not read before."
TWO_NETS = "Booking reference;Net amount;Net payout\nWEB-1;27,60;25,00\nWEB-2;27,60;25,00\n"


@pytest.fixture
def accounts(accountant: User) -> Client:
    return signed_in(accountant)


def received(period: Period, text: str, name: str = "november.csv") -> Statement:
    """Upload a file."""
    return receiving.receive_statement(
        period_id=period.pk,
        file=io.BytesIO(text.encode()),
        file_name=name,
        actor=ACCOUNTANT,
        now=timezone.now(),
    )


def address(statement: Statement) -> str:
    return reverse("admin:orders_statement_change", args=[statement.pk])


def fields(answer: Any) -> dict[str, str]:
    """Return what the page's fields hold, as a browser would send it."""
    form = answer.context["form"]
    return {bound.name: bound.value() or "" for bound in form}


def asked(answer: Any) -> list[str]:
    """Return the fields that ask something."""
    form = answer.context["form"]
    return [bound.name for bound in form if bound.help_text]


def send(client: Client, statement: Statement, button: str = "_read", **given: str) -> Any:
    """Open the page, change some of its fields, and press a button."""
    form = fields(client.get(address(statement))) | given
    return client.post(address(statement), {**form, button: "1"})


def now(statement: Statement) -> Statement:
    return Statement.objects.get(pk=statement.pk)


def test_a_question_is_shown_beside_its_field_and_keeps_the_file_from_being_read(
    accounts: Client, period: Period
) -> None:
    statement = received(period, TWO_NETS)
    answer = accounts.get(address(statement))
    assert asked(answer) == ["column_net"]
    assert "1 question to answer below before it is read." in text_of(answer)
    assert "Two columns may be the net: which one is it?" in text_of(answer)

    answer = send(accounts, statement)
    assert answer.status_code == 422
    assert answer.context["form"].errors == {"column_net": [UNANSWERED]}
    assert (now(statement).status, asked(answer)) == ("Uploaded", ["column_net"])

    assert send(accounts, statement, column_net="Net payout").status_code == 302
    assert (now(statement).status, now(statement).questions) == ("Reading", [])
    line_reading.read_statement(statement_id=statement.pk, clock=timezone.now)
    assert set(StatementLine.objects.values_list("net", flat=True)) == {Decimal("25.000")}


def test_an_answer_is_kept_and_not_asked_again(accounts: Client, period: Period) -> None:
    statement = received(period, TWO_NETS)
    answer = send(accounts, statement, "_look", column_net="Net payout")
    assert (answer.status_code, asked(answer)) == (200, [])

    answer = accounts.get(address(statement))
    assert (asked(answer), fields(answer)["column_net"]) == ([], "Net payout")
    assert send(accounts, statement).status_code == 302


def test_that_the_file_has_no_such_column_is_an_answer(accounts: Client, period: Period) -> None:
    statement = received(period, "Booking reference;Gross;Remark\nWEB-1;34,50;x\n")
    answer = accounts.get(address(statement))
    assert asked(answer) == ["column_commission", "column_net"]

    answer = send(accounts, statement, column_commission="")
    assert (answer.status_code, asked(answer)) == (422, ["column_net"])
    assert send(accounts, statement, column_net="").status_code == 302
    assert now(statement).format["columns"] == {
        "their_reference": "Booking reference",
        "gross": "Gross",
    }


def test_what_a_file_cannot_do_without_is_asked_until_it_is_there(
    accounts: Client, period: Period
) -> None:
    statement = received(period, TWO_NETS)
    answer = send(accounts, statement, column_net="")
    assert (answer.status_code, asked(answer)) == (422, ["column_gross", "column_net"])
    assert send(accounts, statement, column_gross="", column_net="Net amount").status_code == 302


def test_what_parts_the_cents_is_asked(accounts: Client, period: Period) -> None:
    statement = received(period, "Booking reference;Net\nWEB-1;1.234\n")
    answer = accounts.get(address(statement))
    assert asked(answer) == ["decimal"]
    assert "each amount reads either way. 1.234" in text_of(answer)

    assert send(accounts, statement).context["form"].errors == {"decimal": [UNANSWERED]}
    assert send(accounts, statement, decimal=",").status_code == 302
    line_reading.read_statement(statement_id=statement.pk, clock=timezone.now)
    assert StatementLine.objects.get().net == 1234


def test_in_which_order_dates_stand_is_asked_of_the_column_that_is_chosen(
    accounts: Client, period: Period
) -> None:
    text = "Booking reference;Visit date;Sold;Net\nWEB-1;20-11-2026;03-11-2026;27,60\n"
    statement = received(period, text)
    answer = accounts.get(address(statement))
    assert (asked(answer), fields(answer)["date_order"]) == ([], "dmy")

    answer = send(accounts, statement, column_date="Sold")
    assert (answer.status_code, asked(answer)) == (422, ["date_order"])
    assert "03-11-2026" in text_of(answer)
    assert send(accounts, statement, date_order="mdy").status_code == 302
    line_reading.read_statement(statement_id=statement.pk, clock=timezone.now)
    assert str(StatementLine.objects.get().date) == "2026-03-11"


def test_signs_unlike_those_of_earlier_files_are_asked_until_somebody_says(
    accounts: Client, period: Period
) -> None:
    first = received(period, "Booking reference;Net\nWEB-1;27,60\n")
    assert send(accounts, first).status_code == 302
    second = received(period, "Booking reference;Net\nWEB-1;-27,60\n", "late.csv")
    assert asked(accounts.get(address(second))) == ["sign_rule"]

    assert send(accounts, second, "_look").status_code == 200
    assert send(accounts, second).context["form"].errors == {"sign_rule": [UNANSWERED]}
    assert send(accounts, second, sign_rule="as_stated").status_code == 302
    assert now(second).format["sign_rule"] == "as_stated"


def test_a_file_of_unknown_headings_offers_them_to_choose_from(
    accounts: Client, period: Period
) -> None:
    statement = received(period, "Foo,Bar,Baz\nabc1,12.50,x\n")
    answer = accounts.get(address(statement))
    assert answer.status_code == 200
    assert asked(answer) == ["column_their_reference", "column_gross", "column_net"]
    choices = [name for name, _ in answer.context["form"].fields["column_net"].choices][1:]
    assert choices == ["", "Foo", "Bar", "Baz"]

    answer = send(accounts, statement, "_look", column_their_reference="Foo", column_gross="Bar")
    assert asked(answer) == ["column_commission", "column_net"]
    answer = send(accounts, statement, column_commission="", column_net="Bar", column_gross="")
    assert answer.status_code == 302
    line_reading.read_statement(statement_id=statement.pk, clock=timezone.now)
    assert StatementLine.objects.values("their_reference", "net").get() == {
        "their_reference": "abc1",
        "net": Decimal("12.500"),
    }


@pytest.mark.parametrize("spoilt", [{}, {"header_row": 39}, {"columns": {"net": "Gone"}}])
def test_a_file_that_is_not_understood_can_be_withdrawn(
    accounts: Client, period: Period, spoilt: dict[str, Any]
) -> None:
    statement = received(period, TWO_NETS)
    kept = {**statement.format, "columns": {"their_reference": "Booking reference", "net": "x"}}
    statement.format = {**kept, **spoilt} if spoilt else {}
    statement.save(update_fields=["format"])
    for answer in (accounts.get(address(statement)), accounts.post(address(statement), {"a": "b"})):
        assert answer.status_code == 422
        assert "Withdraw this file, and upload another." in text_of(answer)
        assert reverse("admin:orders_statement_withdraw", args=[statement.pk]) in str(
            answer.content
        )
    withdraw = reverse("admin:orders_statement_withdraw", args=[statement.pk])
    accounts.post(withdraw, {"reason": "Not a statement"})
    assert now(statement).status == "Withdrawn"


def test_a_column_has_one_meaning(accounts: Client, period: Period) -> None:
    statement = received(period, TWO_NETS)
    answer = send(accounts, statement, column_net="Net amount", column_gross="Net amount")
    assert answer.status_code == 422
    assert answer.context["form"].errors == {
        "column_net": ["“Net amount” is chosen for “Gross” already."]
    }


def test_a_header_that_stands_twice_is_told(accounts: Client, period: Period) -> None:
    text = "Booking reference;Net;Remark;Remark\nWEB-1;27,60;a;b\n"
    statement = received(period, text)
    answer = send(accounts, statement, column_type="Remark")
    assert answer.status_code == 422
    assert "Two columns are called “Remark” (columns 3 and 4)." in text_of(answer)


NAMES = """Booking reference;Guest name;Date;Type;Net
WEB-1;Ann Meyer;20-11-2026;sale;27,60
WEB-2;Bob Meyer;20-11-2026;sale;Cid Meyer
Dan Meyer;Eve Meyer;;;
WEB-3;Fay;Meyer;20-11-2026;sale;27,60
Total;;;;82,80
"""


def test_cells_are_shown_whole_to_those_only_who_may_see_people(
    accounts: Client, period: Period
) -> None:
    statement = received(period, NAMES)
    shown = accounts.get(address(statement))
    said = text_of(shown)
    assert [row["cells"] for row in shown.context["rows"]] == [
        "WEB-1 · 20-11-2026 · sale · 27,60",
        "WEB-2 · 20-11-2026 · sale",
        "",
        "",
        "82,80",
    ]
    assert not [
        name for name in ("Meyer", "Ann", "Bob", "Cid", "Dan", "Eve", "Fay") if name in said
    ]

    reader = person(
        "host", "orders.view_statement", "orders.add_statement", "orders.view_personal_data"
    )
    said = text_of(signed_in(reader).get(address(statement)))
    assert "WEB-2 · Bob Meyer · 20-11-2026 · sale · Cid Meyer" in said
    assert "Dan Meyer · Eve Meyer" in said


def test_cells_of_columns_that_nobody_has_named_are_not_shown(
    accounts: Client, period: Period
) -> None:
    statement = received(period, "Foo,Bar,Baz\nabc1,12.50,Ann Meyer\n")
    said = text_of(accounts.get(address(statement)))
    assert "Not understood yet." in said
    assert "Meyer" not in said
