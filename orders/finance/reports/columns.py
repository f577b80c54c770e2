"""The columns of reports: what each is called, and of what kind its cells are."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Sequence
from typing import Any

# The cells of a row, as many as there are columns; None where there is nothing to say.
Row = Sequence[Any]


class Kind(enum.StrEnum):
    """What a cell holds, and as what type."""

    TEXT = "text"  # str
    AMOUNT = "amount"  # Decimal, in the currency that stands in the row
    DATE = "date"  # datetime.date
    MOMENT = "moment"  # aware datetime.datetime, on the venue's clock
    NUMBER = "number"  # int
    YES_NO = "yesNo"  # bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class Column:
    """name: in the API; title: on the screen and in files. Partners do not see what is for staff.

    help: what it tells, for the API's description. is_given: whether the cell is never empty, but for
    gaps in the register.
    """

    name: str
    title: str
    kind: Kind = Kind.TEXT
    help: str = ""
    is_given: bool = False
    is_for_staff: bool = False


CURRENCY = Column(name="currencyCode", title="Currency", help="ISO 4217.", is_given=True)
GROSS = Column(name="gross", title="Gross", kind=Kind.AMOUNT, help="Including VAT.")
VAT = Column(name="vat", title="VAT", kind=Kind.AMOUNT)
COMMISSION = Column(name="commission", title="Commission", kind=Kind.AMOUNT)
NET = Column(
    name="net",
    title="Net",
    kind=Kind.AMOUNT,
    help="Gross - commission: what goes over between partner and venue.",
)
VENUE = Column(name="venue", title="Venue", is_given=True, is_for_staff=True)
PARTNER = Column(name="partner", title="Partner", is_for_staff=True)
OUR_NUMBER = Column(name="buyFromOrderReference", title="Our number", is_given=True)
THEIR_NUMBER = Column(name="sellToOrderReference", title="Partner's number")


def place_of(columns: Sequence[Column], name: str) -> int:
    """Return where a column stands in a row."""
    return [column.name for column in columns].index(name)
