"""Rows that add up others: known by their label, or by their amounts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from orders.finance.lines import StatedLine
from orders.finance.statements.format import Column
from orders.finance.statements.headers import plain

# The first word of a totals row, by itself or with others behind it: "Total", "Totaal mei 2026".
_LABEL_NAMES = (
    "total totals totaal totalen subtotal subtotals subtotaal eindtotaal summe zwischensumme "
    "endsumme gesamt gesamtsumme gesamtbetrag gesamttotal totaux soustotal somme totale totales "
    "suma sumatotal grandtotal"
)
_LABELS = frozenset(_LABEL_NAMES.split())
_TWO_WORDS = re.compile(
    r"(?:grand|sub|sous|sum|running|invoice|report|eind|net|gross) (?:total|totaal)\b"
)


def label_of(texts: Iterable[str]) -> str:
    """Return the text that says that a row is a total, of the texts of its cells, or nothing."""
    for text in texts:
        words = plain(text)
        if words.partition(" ")[0] in _LABELS or _TWO_WORDS.match(words):
            return text
    return ""


class RunningSums:
    """What the lines since the last total come to, and all lines of the file."""

    def __init__(self) -> None:
        self._of_all = _Sums()
        self._since_total = _Sums()

    def add(self, line: StatedLine) -> None:
        """Count a line."""
        self._of_all.add(line)
        self._since_total.add(line)

    def end_block(self) -> None:
        """Begin again after a total."""
        self._since_total = _Sums()

    def are(self, amounts: Mapping[Column, Decimal], currency: str) -> bool:
        """Tell whether amounts are the sum of at least two lines, so that they are a total.

        The sum of one line is that line's amount: a row like that may be a booking of its own.
        """
        return any(
            sums.count > 1
            and any(amounts.values())
            and all(value == sums.amounts[column, currency] for column, value in amounts.items())
            for sums in (self._since_total, self._of_all)
        )


class _Sums:
    def __init__(self) -> None:
        self.count = 0
        self.amounts: defaultdict[tuple[Column, str], Decimal] = defaultdict(Decimal)

    def add(self, line: StatedLine) -> None:
        self.count += 1
        self.amounts[Column.NET, line.currency] += line.net
        self.amounts[Column.GROSS, line.currency] += line.gross or 0
        self.amounts[Column.COMMISSION, line.currency] += line.commission or 0
