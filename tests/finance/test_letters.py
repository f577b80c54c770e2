"""The letter on what is disputed: what stands in it, over how many pages, and what never does."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pypdfium2
import pytest
from django.utils import timezone

from orders.finance.disputes import read_letter
from orders.finance.letters import Letter, LetterLine, render_csv, render_pdf
from orders.models import (
    Decision,
    DecisionAction,
    Order,
    Period,
    Position,
    Statement,
    StatementLine,
    StatementStatus,
)
from partners.models import Partner
from tests.conftest import ApiClient
from tests.orders.expected import NOON, Clock, line, settle

Issue = Callable[[str], Order]


def letter(*lines: LetterLine, **members: Any) -> Letter:
    return Letter(
        **{
            "venue_name": "Dune Park",
            "venue_address": "Strandweg 1, 1970 AA Duinstad",
            "venue_contact": "+31 20 555 0100 · finance@example.com",
            "brand_color": "#0f766e",
            "partner_name": "Sunny & Trips",
            "period_title": "November 2026",
            "written_on": datetime.date(2026, 12, 3),
            "lines": lines,
            **members,
        }
    )


def disputed(**members: Any) -> LetterLine:
    return LetterLine(
        **{
            "our_reference": "CM26-0000042",
            "their_reference": "WEB-1",
            "date": datetime.date(2026, 11, 20),
            "stated": Decimal("30.10"),
            "ours": Decimal("27.60"),
            "difference": Decimal("2.50"),
            "currency": "EUR",
            "cause": "Net is 2.50 more than ours.",
            "reason": "The commission is 20 %.",
            **members,
        }
    )


def pages_of(data: bytes) -> list[str]:
    """Return the text of each page, white space pulled together."""
    document = pypdfium2.PdfDocument(data)
    texts = []
    for page in document:
        text = page.get_textpage()
        texts.append(" ".join(text.get_text_bounded().split()))
        text.close()
        page.close()
    document.close()
    return texts


def test_the_letter_says_who_disputes_what_and_why() -> None:
    (page,) = pages_of(render_pdf(letter(disputed())))
    for told in (
        "Dune Park Strandweg 1, 1970 AA Duinstad +31 20 555 0100 · finance@example.com",
        "To: Sunny & Trips 3 December 2026",
        "Disputed differences, November 2026",
        "Our number Your number Date Your statement We have Difference Why",
        "CM26-0000042 WEB-1 20 Nov 2026 EUR 30.10 EUR 27.60 EUR 2.50",
        "Net is 2.50 more than ours. Our reason: The commission is 20 %.",
        "Total in EUR: your statement EUR 30.10, we have EUR 27.60, difference EUR 2.50.",
        "One difference is disputed.",
        "Dune Park · Sunny & Trips · November 2026",
        "Page 1 of 1",
    ):
        assert told in page, (told, page)


def test_a_long_letter_goes_on_with_its_heads_on_numbered_pages() -> None:
    lines = [disputed(our_reference=f"CM26-{number:07d}") for number in range(120)]
    pages = pages_of(render_pdf(letter(*lines)))
    assert len(pages) > 3
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
        assert "Your statement We have Difference" in page
    whole = " ".join(pages)
    assert all(one.our_reference in whole for one in lines)
    assert "120 differences are disputed." in pages[-1]


def test_totals_are_by_currency_and_a_side_that_has_nothing_is_a_dash() -> None:
    data = letter(
        disputed(),
        disputed(stated=None, difference=Decimal("-27.60")),
        disputed(
            currency="JPY", stated=Decimal(1500), ours=None, difference=Decimal(1500), reason=""
        ),
    )
    (page,) = pages_of(render_pdf(data))
    assert "20 Nov 2026 – EUR 27.60 EUR -27.60" in page
    assert (
        "Total in EUR: your statement EUR 30.10, we have EUR 55.20, difference EUR -25.10" in page
    )
    assert "Total in JPY: your statement JPY 1,500, we have JPY 0, difference JPY 1,500" in page


def test_texts_of_others_are_texts_in_the_pdf() -> None:
    odd = disputed(their_reference="<b>&amp;</b>", cause="a < b", reason="x" * 400)
    (page,) = pages_of(render_pdf(letter(odd)))
    assert "<b>&amp;</b>" in page
    assert "a < b" in page


def test_the_csv_holds_every_line_and_no_formula() -> None:
    data = render_csv(
        letter(
            disputed(their_reference="=1+1", reason='+cmd|"x"!A1', cause="Fine, so far"),
            disputed(stated=None, difference=Decimal("-27.6"), date=None),
        )
    )
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert rows == [
        [
            *("our_number", "your_number", "date", "currency", "statement_net", "our_net"),
            *("difference", "what_differs", "our_reason"),
        ],
        [
            *("CM26-0000042", "'=1+1", "2026-11-20", "EUR", "30.10", "27.60", "2.50"),
            *("Fine, so far", '\'+cmd|"x"!A1'),
        ],
        [
            *("CM26-0000042", "WEB-1", "", "EUR", "", "27.60", "-27.60"),
            *("Net is 2.50 more than ours.", "The commission is 20 %."),
        ],
    ]


class Case:
    """A period in review of one partner, with orders and a statement of it."""

    def __init__(self, api: ApiClient, issue: Issue) -> None:
        self.api, self.issue = api, issue
        self.period = Period.objects.create(
            partner=api.partner,
            first_day=datetime.date(2026, 11, 1),
            last_day=datetime.date(2026, 11, 30),
        )
        self.statement = Statement.objects.create(
            partner=api.partner,
            period=self.period,
            status=StatementStatus.READ,
            file_name="november.csv",
            sha256=str(api.partner.pk),
            uploaded_by="staff:1",
            uploaded_at=NOON,
        )

    def order(self, reference: str, stated: str) -> Position:
        """Sell an order and state it with another net."""
        settled = settle(self.api, self.issue, line(), sellToOrderReference=reference)
        position = Position.objects.create(
            period=self.period,
            order_id=settled["orderId"],
            buy_from_order_reference=settled["buyFromOrderReference"],
            sell_to_order_reference=reference,
            quantity=1,
            gross=Decimal("34.50"),
            vat=Decimal("2.85"),
            commission=Decimal(0),
            net=Decimal("34.50"),
            currency="EUR",
            state="amount_differs",
            counts_in="amount_differs",
            cause="Net differs.",
        )
        self.line(net=Decimal(stated), state="amount_differs", position=position)
        return position

    def line(self, **members: Any) -> StatementLine:
        return StatementLine.objects.create(
            statement=self.statement,
            row=self.statement.lines.count() + 1,
            currency="EUR",
            guest_name="Ann Guest",
            **members,
        )

    def decide(self, action: str = "dispute", **members: Any) -> None:
        Decision.objects.create(
            **{
                "period": self.period,
                "currency": "EUR",
                "state": "amount_differs",
                "action": action,
                "reason": "We do not agree.",
                "actor": "staff:1",
                "at": NOON,
                **members,
            }
        )


@pytest.fixture(autouse=True)
def clock(db: None, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make time stand still at NOON."""
    standing = Clock()
    monkeypatch.setattr(timezone, "now", standing)
    return standing


@pytest.fixture
def case(api: ApiClient, issue: Issue) -> Case:
    return Case(api, issue)


def read(case: Case) -> list[tuple[str, str | None, str | None, str, str]]:
    period = Period.objects.select_related("partner__venue").get(pk=case.period.pk)
    return [
        (
            one.their_reference,
            *(None if amount is None else f"{amount:.2f}" for amount in (one.stated, one.ours)),
            f"{one.difference:.2f}",
            one.reason,
        )
        for one in read_letter(period=period, now=NOON).lines
    ]


def test_what_is_disputed_is_collected_from_orders_and_lines(case: Case, partner: Partner) -> None:
    position = case.order("WEB-1", "30.00")
    case.decide(order=position.order, difference=Decimal("-4.50"))
    unknown = case.line(
        net=Decimal(12), state="missing_at_us", their_reference="WEB-9", cause="We know no such."
    )
    case.decide(line=unknown, state="missing_at_us", difference=Decimal(12), reason="Not ours.")
    assert sorted(read(case)) == [
        ("WEB-1", "30.00", "34.50", "-4.50", "We do not agree."),
        ("WEB-9", "12.00", None, "12.00", "Not ours."),
    ]
    period = Period.objects.select_related("partner__venue").get(pk=case.period.pk)
    data = read_letter(period=period, now=NOON)
    assert (data.partner_name, data.period_title) == ("Sunny Trips", "November 2026")
    assert str(data.written_on) == "2026-11-20"
    assert "Ann Guest" not in pages_of(render_pdf(data))[0]
    assert b"Ann Guest" not in render_csv(data)


def test_only_the_last_decision_counts_and_only_while_the_difference_is_what_it_was(
    case: Case,
) -> None:
    accepted, changed, other = (case.order(f"WEB-{n}", "30.00") for n in (1, 2, 3))
    for position in (accepted, changed, other):
        case.decide(order=position.order, difference=Decimal("-4.50"))
    case.decide(DecisionAction.ACCEPT, order=accepted.order, difference=Decimal("-4.50"))
    StatementLine.objects.filter(position=changed).update(net=Decimal("31.00"))
    assert [row[0] for row in read(case)] == ["WEB-3"]


def test_nothing_of_another_partner_or_of_a_withdrawn_statement_is_told(
    case: Case, rival: ApiClient, issue: Issue
) -> None:
    theirs = Case(rival, issue)
    position = theirs.order("RIVAL-1", "30.00")
    theirs.decide(order=position.order, difference=Decimal("-4.50"))
    mine = case.order("WEB-1", "30.00")
    case.decide(order=mine.order, difference=Decimal("-4.50"))
    assert [row[0] for row in read(case)] == ["WEB-1"]
    case.statement.withdraw()
    case.statement.save()
    assert read(case) == []
    assert [row[0] for row in read(theirs)] == ["RIVAL-1"]


def test_many_disputes_take_as_many_statements_as_one(
    case: Case, statements: Callable[[], Any]
) -> None:
    taken = []
    for number in range(4):
        position = case.order(f"WEB-{number}", "30.00")
        case.decide(order=position.order, difference=Decimal("-4.50"))
        period = Period.objects.select_related("partner__venue").get(pk=case.period.pk)
        with statements() as count:
            read_letter(period=period, now=NOON)
        taken.append(len(count))
    assert set(taken) == {5}
