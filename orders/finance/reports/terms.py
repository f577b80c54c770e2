"""The terms an entry of the ledger was posted by, in words."""

from __future__ import annotations

from decimal import Decimal

from partners.models import Contract

NO_CONTRACT = "no contract"
# Columns of a contract `c`, as `in_words` takes them.
TERMS_SQL = "c.version, c.terms, c.percent, c.fee, c.currency AS fee_currency"


def in_words(
    version: int | None,
    terms: str | None,
    percent: Decimal | None,
    fee: Decimal | None,
    currency: str | None,
) -> str:
    """Return the terms with their version; that there are none is for finance to see."""
    if version is None or terms is None:
        return NO_CONTRACT
    contract = Contract(
        terms=terms,
        percent=percent or Decimal(0),
        fee=fee or Decimal(0),
        currency=currency or "",
    )
    return f"{contract.rate} (version {version})"
