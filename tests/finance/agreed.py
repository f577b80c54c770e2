"""Contracts of the tests, and what the ledger says."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from orders.models import LedgerEntry, Period
from partners.models import Contract, Partner

LONG_AGO = datetime.date(2026, 1, 1)


def agree(partner: Partner, terms: str = "commission_of_gross", **members: Any) -> Contract:
    """Agree on terms from long ago: 20 % of gross, unless something else is said."""
    percent = Decimal(20) if terms.startswith("commission") else Decimal(0)
    contract = Contract.objects.create(
        **{
            "partner": partner,
            "terms": terms,
            "percent": percent,
            "valid_from": LONG_AGO,
            "currency": partner.venue.currency,
            **members,
        }
    )
    contract.refresh_from_db()
    return contract


def close(partner: Partner, first: str, last: str, *, now: datetime.datetime) -> Period:
    """Close a period as finance does."""
    period = Period.objects.create(
        partner=partner,
        first_day=datetime.date.fromisoformat(first),
        last_day=datetime.date.fromisoformat(last),
    )
    period.review()
    period.close(now=now)
    period.save()
    return period


def posted() -> list[tuple[str, int, str, str, str]]:
    """Return kind, quantity, gross, commission and day of every entry."""
    return [
        (
            entry.kind,
            entry.quantity,
            *(f"{amount.normalize():f}" for amount in (entry.gross, entry.commission)),
            str(entry.accounting_date),
        )
        for entry in LedgerEntry.objects.order_by("id")
    ]
