"""The two sides that are matched: a line as the partner states it, and an order as we have it."""

from __future__ import annotations

import dataclasses
import datetime
import enum
from decimal import Decimal


class LineKind(enum.StrEnum):
    """What a line of a statement says that it is."""

    SALE = "sale"
    REFUND = "refund"
    ADJUSTMENT = "adjustment"


@dataclasses.dataclass(frozen=True, kw_only=True)
class StatedLine:
    """One line of a partner's statement, its signs made ours: a sale is positive, a refund negative.

    row: its row in the file, from 1. Amounts are in `currency`, as stated: gross includes VAT,
    net = gross - commission is what goes over. What the file does not say is None or empty, but
    net is always there. linked_order: the key of the order that somebody linked it to by hand.
    net_is_worked_out: the file has none. damage: a sentence for each number that the file has visibly spoilt (1.23E+11, lost zeros).
    """

    row: int
    our_reference: str = ""
    their_reference: str = ""
    other_reference: str = ""
    guest_name: str = ""
    date: datetime.date | None = None
    quantity: int | None = None
    gross: Decimal | None = None
    commission: Decimal | None = None
    net: Decimal
    currency: str
    kind: LineKind = LineKind.SALE
    damage: tuple[str, ...] = ()
    linked_order: str = ""
    net_is_worked_out: bool = False


class Standing(enum.StrEnum):
    """Whether an order is of the period that is matched, and if not, why it is looked at."""

    IN_SCOPE = "in_scope"
    OTHER_PERIOD = "other_period"
    OTHER_PARTNER = "other_partner"
    # A draft, an order in Error, a test order, one that was deleted before it was ever issued.
    NOT_BILLABLE = "not_billable"
    # An adjustment that finance posted: a position of its own, which no line is to be found for.
    ADJUSTMENT = "adjustment"


@dataclasses.dataclass(frozen=True, kw_only=True)
class OurOrder:
    """One order as the ledger has it: what it comes to in the period, cancelled parts taken off.

    key: names it in the results. Amounts as in StatedLine. other_numbers: of its wallets, tickets
    and coupons, and the partner's external ones. dates: the days it was booked and is visited on.
    is_cancelled: nothing of it is left. why: ends the sentence "order X ..." for an order out of
    scope, such as "belongs to March 2026". reported_in: names the other period's statement that
    lists it, if one does. guest_names: lower-case words are not needed, matching normalises.
    """

    key: str
    our_reference: str
    their_reference: str = ""
    other_numbers: frozenset[str] = frozenset()
    standing: Standing = Standing.IN_SCOPE
    why: str = ""
    is_cancelled: bool = False
    quantity: int = 0
    gross: Decimal = Decimal(0)
    commission: Decimal = Decimal(0)
    net: Decimal = Decimal(0)
    currency: str
    guest_names: frozenset[str] = frozenset()
    dates: frozenset[datetime.date] = frozenset()
    reported_in: str = ""
