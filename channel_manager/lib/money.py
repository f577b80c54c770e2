"""Amounts of money: Decimal with a currency, rounded to what the currency has."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

# ISO 4217: every other currency has two decimals.
_EXPONENTS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def smallest_unit(currency: str) -> Decimal:
    """Return the smallest amount of a currency, such as 0.01 for EUR (ISO 4217 exponent)."""
    return Decimal(1).scaleb(-_EXPONENTS.get(currency, 2))


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Round an amount to the currency's smallest unit, half away from zero."""
    return amount.quantize(smallest_unit(currency), rounding=ROUND_HALF_UP)


def apportion(amount: Decimal, shares: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Split an amount by shares so that the parts add up to it exactly.

    The units left over by rounding go to the parts with the largest remainders, first one first.
    Shares that are all zero count as equal. The amount must be a multiple of the smallest unit.
    """
    unit = smallest_unit(currency)
    total = sum(shares, Decimal(0))
    weights = list(shares) if total else [Decimal(1)] * len(shares)
    total = total or Decimal(len(shares))
    exact = [amount * weight / total for weight in weights]
    parts = [part.quantize(unit, rounding=ROUND_FLOOR) for part in exact]
    left = int((amount - sum(parts, Decimal(0))) / unit)
    by_remainder = sorted(range(len(parts)), key=lambda i: parts[i] - exact[i])
    for index in by_remainder[:left]:
        parts[index] += unit
    return parts
