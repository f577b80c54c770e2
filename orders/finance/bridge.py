"""The bridge of a period: from our net to the statements' net, by state, and what is unexplained."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from django.db.models import Count, F, Sum

from orders.finance.states import MatchState
from orders.models import LedgerEntry, Period, Position, Statement, StatementLine, StatementStatus

_NOTHING = Decimal(0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BridgeRow:
    """What one state comes to, in the bridge's currency: net as stated, and ours."""

    state: MatchState
    lines: int
    positions: int
    stated: Decimal
    ours: Decimal

    @property
    def difference(self) -> Decimal:
        """Return what the statement has more than we."""
        return self.stated - self.ours


@dataclasses.dataclass(frozen=True, kw_only=True)
class Unexplained:
    """An amount that no state holds, and a sentence of where it is."""

    amount: Decimal
    why: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bridge:
    """One currency of a period: statement net - our net = the rows' differences + unexplained."""

    currency: str
    stated: Decimal
    ours: Decimal
    rows: Sequence[BridgeRow]
    unexplained: Sequence[Unexplained]

    @property
    def difference(self) -> Decimal:
        """Return what the statements have more than the ledger."""
        return self.stated - self.ours

    @property
    def rest(self) -> Decimal:
        """Return what the states do not explain."""
        return self.difference - sum((row.difference for row in self.rows), _NOTHING)


def bridges_of(period: Period) -> list[Bridge]:
    """Return the bridge of each currency of a period; four statements.

    The statements' net is what their rows of totals say, where they have any, else the sum of the
    lines; ours is the ledger's, read now.
    """
    lines = StatementLine.objects.filter(
        statement__period=period, statement__status=StatementStatus.READ
    )
    by_line = {
        (one["currency"], one["state"]): (one["count"], one["net_sum"])
        for one in lines.values("currency", "state")
        .annotate(count=Count("pk"), net_sum=Sum("net"))
        .order_by()
    }
    by_position = {
        (one["currency"], one["counts_in"]): (one["count"], one["net_sum"])
        for one in Position.objects.filter(period=period)
        .values("currency", "counts_in")
        .annotate(count=Count("pk"), net_sum=Sum("net"))
        .order_by()
    }
    ledger = {
        one["currency"]: one["net_sum"]
        for one in LedgerEntry.objects.counting_in(period)
        .values("currency")
        .annotate(net_sum=Sum(F("gross") - F("commission")))
        .order_by()
    }
    totals = _stated_totals(period)
    currencies = sorted({key for key, _ in (*by_line, *by_position)} | set(ledger) | set(totals))
    return [_bridge(currency, by_line, by_position, ledger, totals) for currency in currencies]


_Sums = dict[tuple[str, str], tuple[int, Decimal]]


def _bridge(
    currency: str,
    by_line: _Sums,
    by_position: _Sums,
    ledger: dict[str, Decimal],
    totals: dict[str, Decimal],
) -> Bridge:
    rows, unread = [], by_line.get((currency, ""), (0, _NOTHING))
    for state in MatchState:
        lines, stated = by_line.get((currency, state), (0, _NOTHING))
        positions, ours = by_position.get((currency, state), (0, _NOTHING))
        if lines or positions:
            rows.append(
                BridgeRow(state=state, lines=lines, positions=positions, stated=stated, ours=ours)
            )
    listed = sum((row.stated for row in rows), unread[1])
    matched = sum((row.ours for row in rows), _NOTHING)
    ours = ledger.get(currency, _NOTHING)
    # A total says what it is off by, added to the lines of the statements that have none.
    stated = listed + totals.get(currency, _NOTHING)
    gaps = (
        (stated - listed, "Rows of totals in the statements are not the sum of their lines."),
        (unread[1], "Lines were not matched yet."),
        (matched - ours, "The ledger has changed since the period was matched."),
    )
    return Bridge(
        currency=currency,
        stated=stated,
        ours=ours,
        rows=rows,
        unexplained=[Unexplained(amount=amount, why=why) for amount, why in gaps if amount],
    )


def _stated_totals(period: Period) -> dict[str, Decimal]:
    """Return by currency how far rows of totals are from the sums of their statements' lines."""
    off: dict[str, Decimal] = defaultdict(Decimal)
    statements = Statement.objects.filter(period=period, status=StatementStatus.READ)
    for totals in statements.values_list("stated_totals", flat=True):
        for currency, amount in totals.items():
            off[currency] += Decimal(amount)
    return {currency: amount for currency, amount in off.items() if amount}
