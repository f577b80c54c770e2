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
from partners.models import Partner


def main(file: str, partner_id: str, first_day: str, last_day: str) -> None:
    """Add the period, keep the file, and hand it to the worker."""
    partner = Partner.objects.select_related("venue").get(pk=uuid.UUID(partner_id))
    period = periods.add_period(
        partner=partner,
        first_day=datetime.date.fromisoformat(first_day),
        last_day=datetime.date.fromisoformat(last_day),
        actor="staff:1",
        now=timezone.now(),
    )
    with Path(file).open("rb") as content:
        statement = receiving.receive_statement(
            period_id=period.pk,
            file=content,
            file_name=Path(file).name,
            actor="staff:1",
            now=timezone.now(),
        )
    receiving.agree_to_format(
        statement_id=statement.pk,
        form=StatementFormat.from_data(statement.format),
        actor="staff:1",
        now=timezone.now(),
    )
    print(statement.pk, period.pk)


if __name__ == "__main__":
    main(*sys.argv[1:])
