"""Amounts as VoordeMensen writes them: decimal strings, such as "24.50"."""

from __future__ import annotations

from decimal import Decimal

from channel_manager.lib.money import rounded


def write_amount(amount: Decimal, currency: str) -> str:
    """Return an amount in a currency, half a cent rounded up."""
    return f"{rounded(amount, currency):f}"
