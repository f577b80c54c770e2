"""Which order a line is of: by the first rule that finds exactly one."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Iterable

from orders.finance.lines import OurOrder, Standing, StatedLine
from orders.finance.matching.references import normalised, usable
from orders.finance.states import MatchRule

_Entered = collections.defaultdict[str, list[OurOrder]]
# The order that a number means; None where it fits several.
_Index = dict[str, OurOrder | None]


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What was found for a line.

    ambiguous: numbers on the line that fit several orders, if none was found. also_names: our
    number of another order that the line names, if one was found.
    """

    order: OurOrder | None
    rule: MatchRule | None
    ambiguous: tuple[str, ...] = ()
    also_names: str = ""


class Finder:
    """The orders by everything that a line may name them by.

    Best first: the link made by hand; our number and then the partner's, each in its own column;
    the same in the other columns, since partners put numbers into odd ones; the two normalised;
    numbers of wallets, tickets and coupons, in any column. An order of another partner is found by
    our number only. Of several orders with the same exact number the one in scope is meant, or of
    several in scope the one that is not cancelled, since a guest's number may be on a new order
    then. A normalised number that fits several finds none of them.
    """

    def __init__(self, orders: Iterable[OurOrder]) -> None:
        self._by_key: dict[str, OurOrder] = {}
        ours: _Entered = collections.defaultdict(list)
        theirs: _Entered = collections.defaultdict(list)
        alike: _Entered = collections.defaultdict(list)
        tickets: _Entered = collections.defaultdict(list)
        for order in orders:
            if order.standing == Standing.ADJUSTMENT:
                continue
            self._by_key[order.key] = order
            numbers = {order.our_reference.strip()}
            ours[order.our_reference.strip()].append(order)
            if order.standing != Standing.OTHER_PARTNER:
                numbers.add(order.their_reference.strip())
                theirs[order.their_reference.strip()].append(order)
                for number in {number.strip() for number in order.other_numbers}:
                    tickets[number].append(order)
            for text in {normalised(number) for number in numbers}:
                alike[text].append(order)
        self._ours = _resolved(ours, _one_in_scope)
        self._theirs = _resolved(theirs, _one_in_scope)
        self._tickets = _resolved(tickets, _one_in_scope)
        self._alike = _resolved(alike, _only)

    def find(self, line: StatedLine) -> Found:
        """Return the order that a line is of, and the rule that found it."""
        ours, theirs, other = usable(line)
        if linked := self._by_key.get(line.linked_order):
            return self._found(linked, MatchRule.BY_HAND, ours, theirs)
        ambiguous: dict[str, None] = {}
        for rule, index, texts in (
            (MatchRule.OUR_NUMBER, self._ours, (ours,)),
            (MatchRule.THEIR_NUMBER, self._theirs, (theirs,)),
            (MatchRule.OUR_NUMBER, self._ours, (theirs, other)),
            (MatchRule.THEIR_NUMBER, self._theirs, (ours, other)),
            (MatchRule.NORMALISED, self._alike, (ours, theirs, other)),
            (MatchRule.TICKET_NUMBER, self._tickets, (other, theirs, ours)),
        ):
            for text in texts:
                number = normalised(text) if rule == MatchRule.NORMALISED else text
                if order := index.get(number):
                    return self._found(order, rule, ours, theirs)
                if number in index:
                    ambiguous[text] = None
        return Found(None, None, ambiguous=tuple(ambiguous))

    def _found(self, order: OurOrder, rule: MatchRule, ours: str, theirs: str) -> Found:
        """Return what was found, with the other order that the line names, if it does."""
        for other in (self._ours.get(ours), self._theirs.get(theirs)):
            if other is not None and other is not order:
                return Found(order, rule, also_names=other.our_reference)
        return Found(order, rule)


def _resolved(entered: _Entered, choose: Callable[[list[OurOrder]], OurOrder | None]) -> _Index:
    """Decide once for each number which order is meant by it."""
    return {text: choose(orders) for text, orders in entered.items() if text}


def _only(orders: list[OurOrder]) -> OurOrder | None:
    return orders[0] if len(orders) == 1 else None


def _one_in_scope(orders: list[OurOrder]) -> OurOrder | None:
    if len(orders) > 1:
        orders = [order for order in orders if order.standing == Standing.IN_SCOPE]
    if len(orders) > 1:
        orders = [order for order in orders if not order.is_cancelled]
    return _only(orders)
