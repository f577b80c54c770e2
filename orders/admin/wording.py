"""What is told of many orders at once: counted, cancelled, how they are worked off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from channel_manager.lib.admin.columns import money

# What a page says that starts working off orders.
ONE_BY_ONE = (
    "Orders are worked off one by one in the background. You see how far it is, and can stop."
)


def counted(number: int, one: str, several: str) -> str:
    """Return a number with what it counts: `one` where it is 1."""
    return f"{number:,} {one if number == 1 else several}"


def count_of(number: int, what: str) -> str:
    """Return a number with what it counts, in the plural with an s."""
    return counted(number, what, f"{what}s")


def about_cancelling(
    *, issued: int, taken_back: Mapping[str, Decimal], removed: int
) -> Iterator[str]:
    """Say what cancelling does.

    issued, removed: how many issued ones are cancelled, and how many others removed; taken_back:
    by currency, VAT included.
    """
    if issued:
        are = counted(
            issued, "issued order is cancelled: its", "issued orders are cancelled: their"
        )
        amounts = amounts_of(taken_back)
        ledger = f", and {amounts} is taken back in the ledger" if amounts else ""
        yield f"{are} tickets are destroyed{ledger}."
    if removed:
        are = counted(removed, "draft or failed order is", "draft or failed orders are")
        yield f"{are} removed for good."


def amounts_of(totals: Mapping[str, Decimal]) -> str:
    """Return what something comes to, currency by currency."""
    return " and ".join(money(amount, currency) for currency, amount in totals.items())
