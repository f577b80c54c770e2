"""A month of our partner: its period, its statement as a file, and what matching made of both."""

from __future__ import annotations

import datetime
import io
import uuid
from collections.abc import Callable, Sequence

from django.utils import timezone

from orders.finance import decisions, line_reading, periods, receiving, reconciling
from orders.finance.differences import differences_of
from orders.finance.statements.format import StatementFormat
from orders.models import Decision, DecisionAction, Period, Statement, StatementLine
from partners.models import Partner

HEADER = "Booking reference;Supplier reference;Date;Quantity;Gross;Commission;Net"
ACCOUNTANT = "staff:1"


def november(partner: Partner) -> Period:
    """Add November 2026."""
    return month(partner, 2026, 11)


def month(partner: Partner, year: int, number: int) -> Period:
    """Add a month of a partner."""
    first = datetime.date(year, number, 1)
    last = (first + datetime.timedelta(days=31)).replace(day=1) - datetime.timedelta(days=1)
    return periods.add_period(
        partner=partner, first_day=first, last_day=last, actor=ACCOUNTANT, now=timezone.now()
    )


def stated(
    theirs: str, ours: str, gross: str = "34,50", net: str = "27,60", quantity: int = 1
) -> str:
    """Return a row of a statement: one day ticket, of which the partner keeps 20 %."""
    commission = f"{(_amount(gross) - _amount(net)) / 100:.2f}".replace(".", ",")
    return f"{theirs};{ours};20-11-2026;{quantity};{gross};{commission};{net}"


def _amount(text: str) -> int:
    return round(float(text.replace(",", ".")) * 100)


def upload(period: Period, *rows: str, name: str = "november.csv") -> Statement:
    """Upload a file, agree to how it is understood, and have it read and matched."""
    content = "\n".join([HEADER, *rows]).encode()
    statement = receiving.receive_statement(
        period_id=period.pk,
        file=io.BytesIO(content),
        file_name=name,
        actor=ACCOUNTANT,
        now=timezone.now(),
    )
    assert statement.questions == []
    receiving.agree_to_format(
        statement_id=statement.pk,
        form=StatementFormat.from_data(statement.format),
        actor=ACCOUNTANT,
        now=timezone.now(),
    )
    line_reading.read_statement(statement_id=statement.pk, clock=timezone.now)
    statement.refresh_from_db()
    return statement


def match(period: Period) -> Period:
    """Match a period with the ledger as it is now."""
    return reconciling.match_period(period_id=period.pk, now=timezone.now())


def states(statement: Statement) -> list[tuple[int, str]]:
    """Return the rows of a statement with what they turned out to be."""
    lines = StatementLine.objects.filter(statement=statement).order_by("row")
    return list(lines.values_list("row", "state"))


def review(period: Period) -> Period:
    """Take a period to review."""
    return periods.start_review(period_id=period.pk, actor=ACCOUNTANT, now=timezone.now())


def decide(
    period: Period,
    action: str = "accept",
    reason: str = "Agreed by telephone",
    keys: Sequence[str] | None = None,
) -> list[Decision]:
    """Decide on differences; without keys, on all."""
    wanted = [one.key for one in differences_of(period)] if keys is None else keys
    return decisions.decide(
        period_id=period.pk,
        keys=wanted,
        action=DecisionAction(action),
        reason=reason,
        actor=ACCOUNTANT,
        now=timezone.now(),
    )


Sell = Callable[..., uuid.UUID]
