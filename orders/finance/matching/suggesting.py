"""Orders that a line may be of by name, date and amount: to be accepted by hand, never a match."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

from orders.finance.lines import OurOrder, StatedLine
from orders.finance.matching.amounts import gross_of

_MOST = 3
# Name, date, currency, whether the amount is gross, amount.
_Likeness = tuple[str, datetime.date, str, bool, Decimal]


class Suggester:
    """The orders that the partner did not state, by name, date and amount."""

    def __init__(self, missing: Iterable[OurOrder]) -> None:
        self._keys: dict[_Likeness, list[str]] = {}
        for order in sorted(missing, key=lambda order: order.key):
            for name in {_alike(name) for name in order.guest_names} - {""}:
                for day in order.dates:
                    for is_gross, amount in ((True, order.gross), (False, order.net)):
                        likeness = (name, day, order.currency, is_gross, amount)
                        keys = self._keys.setdefault(likeness, [])
                        if len(keys) < _MOST:
                            keys.append(order.key)

    def suggest(self, line: StatedLine) -> tuple[str, ...]:
        """Return the first three keys of orders with a line's name, date and amount.

        The amount is the gross, or the net of a line that states no gross.
        """
        name = _alike(line.guest_name)
        if not name or line.date is None:
            return ()
        gross = gross_of(line)
        amount = line.net if gross is None else gross
        likeness = (name, line.date, line.currency, gross is not None, amount)
        return tuple(self._keys.get(likeness, ()))


def _alike(name: str) -> str:
    """Return the words of a name, without case, accents and signs, in alphabetical order."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(
        letter if letter.isalnum() else " "
        for letter in letters
        if not unicodedata.combining(letter)
    )
    return " ".join(sorted(plain.split()))
