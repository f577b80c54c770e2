"""A partner's statement of many orders, uploaded and agreed to: `Stack.django` runs it.

Arguments: the file, the partner's id, the first and the last day of its period. Says the ids of the
statement and the period.
"""

from __future__ import annotations

import datetime
import sys
import uuid
from pathlib import Path

from django.utils import timezone

from orders.finance import periods, receiving
from orders.finance.statements.format import StatementFormat
from orders.models import Statement
from partners.models import Partner


def upload(
    file: Path, partner: Partner, first_day: datetime.date, last_day: datetime.date
) -> Statement:
    """Add the period, keep the file, and hand it to the worker."""
    period = periods.add_period(
        partner=partner,
        first_day=first_day,
        last_day=last_day,
        actor="staff:1",
        now=timezone.now(),
    )
    with file.open("rb") as content:
        statement = receiving.receive_statement(
            period_id=period.pk,
            file=content,
            file_name=file.name,
            actor="staff:1",
            now=timezone.now(),
        )
    receiving.agree_to_format(
        statement_id=statement.pk,
        form=StatementFormat.from_data(statement.format),
        actor="staff:1",
        now=timezone.now(),
    )
    return statement


def main(file: str, partner_id: str, first_day: str, last_day: str) -> None:
    """Do what the module says."""
    statement = upload(
        Path(file),
        Partner.objects.select_related("venue").get(pk=uuid.UUID(partner_id)),
        datetime.date.fromisoformat(first_day),
        datetime.date.fromisoformat(last_day),
    )
    print(statement.pk, statement.period_id)


if __name__ == "__main__":
    main(*sys.argv[1:])
