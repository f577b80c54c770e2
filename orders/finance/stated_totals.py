"""What a statement's rows of totals say, beside the sums of its lines."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from orders.finance.lines import StatedLine
from orders.finance.statements.rows import TotalRow


class StatedTotals:
    """Holds totals against the sums of the lines above them: of all, and since the last total.

    notes: a sentence on each total, in their order.
    """

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._all: dict[str, Decimal] = defaultdict(Decimal)
        self._since: dict[str, Decimal] = defaultdict(Decimal)
        self._off: dict[str, Decimal] = {}

    def add(self, line: StatedLine) -> None:
        """Count a line."""
        self._all[line.currency] += line.net
        self._since[line.currency] += line.net

    def compare(self, total: TotalRow) -> None:
        """Hold a total against both sums of its currency; it is off by the smaller difference."""
        if total.net is not None:
            gaps = [total.net - sums[total.currency] for sums in (self._all, self._since)]
            gap = min(gaps, key=abs)
            if gap:
                self._off[total.currency] = gap
            called = total.label or "a total"
            told = "the sum of its lines" if not gap else f"off the sum of its lines by {gap}"
            self.notes.append(
                f"Row {total.row} ({called}) was left out: {total.net} {total.currency} is {told}."
            )
        # The total of another currency may follow.
        self._since.pop(total.currency, None)

    def off(self) -> dict[str, str]:
        """Return by currency what totals are off by."""
        return {currency: str(gap) for currency, gap in self._off.items()}
