"""Differences of a period: each line or order that both sides do not agree on, to be decided on."""

from __future__ import annotations

import dataclasses
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from django.db.models import Q

from orders.finance.states import AGREED, MatchState
from orders.models import Decision, Period, Position, StatementLine, StatementStatus


@dataclasses.dataclass(frozen=True, kw_only=True)
class Difference:
    """A line that stands alone, or an order with the lines that share its state.

    key: names it on pages, such as `line:12` or `order:<uuid>`. amount: what the statement has more
    than we, net, in `currency`. decision: the one that holds, while state and amount are the same.
    """

    key: str
    state: MatchState
    cause: str
    amount: Decimal
    currency: str
    lines: Sequence[StatementLine]
    position: Position | None
    decision: Decision | None

    @property
    def order_id(self) -> uuid.UUID | None:
        """Return the order it is about, as far as one was found."""
        if self.position is not None:
            return self.position.order_id
        return self.lines[0].order_id

    @property
    def our_reference(self) -> str:
        """Return our number, or what the statement says is it."""
        if self.position is not None and self.position.buy_from_order_reference:
            return self.position.buy_from_order_reference
        return self.lines[0].our_reference if self.lines else ""

    @property
    def their_reference(self) -> str:
        """Return the partner's number."""
        if self.position is not None and self.position.sell_to_order_reference:
            return self.position.sell_to_order_reference
        return self.lines[0].their_reference if self.lines else ""

    @property
    def stated(self) -> Decimal | None:
        """Return the net that the statement has of it; None where it has no line."""
        return sum((line.net for line in self.lines), Decimal(0)) if self.lines else None

    @property
    def ours(self) -> Decimal | None:
        """Return the net that we have of it; None where it is of no order of the period."""
        return self.position.net if self.position else None


def differences_of(period: Period, *, keys: Iterable[str] | None = None) -> list[Difference]:
    """Return the differences of a period, by state and number; three statements.

    keys: only those. An adjustment of ours says itself why it is there, and is none.
    """
    wanted = None if keys is None else set(keys)
    decisions = _decisions(period)
    found = [
        difference
        for difference in _all(period, decisions)
        if wanted is None or difference.key in wanted
    ]
    places = {state: place for place, state in enumerate(MatchState)}
    return sorted(found, key=lambda one: (places[one.state], one.our_reference, one.key))


def _all(period: Period, decisions: dict[str, Decision]) -> Iterator[Difference]:
    open_positions = Position.objects.filter(period=period).exclude(
        counts_in__in=(*AGREED, MatchState.ADJUSTMENT)
    )
    positions = {row.pk: row for row in open_positions}
    lines = StatementLine.objects.filter(
        statement__period=period, statement__status=StatementStatus.READ
    ).exclude(state="")
    lines = lines.filter(~Q(state__in=AGREED) | Q(position__in=open_positions.values("pk")))
    joined: dict[int, list[StatementLine]] = defaultdict(list)
    for line in lines.select_related("statement").order_by("statement__uploaded_at", "row"):
        position = positions.get(line.position_id or 0)
        if position is not None and _stands_with(line, position):
            joined[position.pk].append(line)
        else:
            yield _difference(f"line:{line.pk}", [line], None, decisions)
    for position in positions.values():
        yield _difference(f"order:{position.order_id}", joined[position.pk], position, decisions)


def _stands_with(line: StatementLine, position: Position) -> bool:
    """Tell whether a line is compared with an order's net; a repeat, or other money, is not."""
    if line.state in {MatchState.DUPLICATE, MatchState.CURRENCY_DIFFERS}:
        return False
    return line.state in {position.counts_in, *AGREED}


def _difference(
    key: str,
    lines: Sequence[StatementLine],
    position: Position | None,
    decisions: dict[str, Decision],
) -> Difference:
    of = position or lines[0]
    state = position.counts_in if position else lines[0].state
    # Of an order with repeats, what is wrong besides stands with the line that was kept.
    cause = of.cause if state == of.state else next((line.cause for line in lines), of.cause)
    amount = sum((line.net for line in lines), Decimal(0)) - (position.net if position else 0)
    last = decisions.get(key)
    holds = (
        last is not None
        and last.state == state
        and last.difference == amount
        and last.currency == of.currency
    )
    return Difference(
        key=key,
        state=MatchState(state),
        cause=cause,
        amount=amount,
        currency=of.currency,
        lines=lines,
        position=position,
        decision=last if holds else None,
    )


def _decisions(period: Period) -> dict[str, Decision]:
    """Return the newest decision on each difference of a period; not on what was carried into it."""
    its_own = Decision.objects.filter(period=period, settles=None).order_by("pk")
    return {_subject_of(one): one for one in its_own}


def _subject_of(decision: Decision) -> str:
    """Return what names the difference that a decision is on."""
    if decision.line_id:
        return f"line:{decision.line_id}"
    return f"order:{decision.order_id}"
