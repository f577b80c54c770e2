"""Amounts as OpenTicket writes them."""

from decimal import Decimal

from channel_manager.lib.money import rounded, smallest_unit


def to_minor(amount: Decimal, currency: str) -> int:
    """Return an amount in whole smallest units, such as 2450 for 24.50 EUR.

    That `amount` is meant so is derived: the one public example is 0 (contract section 4).
    """
    return int(rounded(amount, currency) / smallest_unit(currency))
