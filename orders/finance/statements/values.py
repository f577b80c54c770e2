"""What the text of one cell means: an amount, a number of places, a day."""

from __future__ import annotations

import dataclasses
import datetime
import re
from decimal import Decimal

from channel_manager.lib.money import rounded, smallest_unit
from orders.finance.statements.cells import Cell, Formula, as_text
from orders.finance.statements.currencies import CURRENCY_SIGNS, KNOWN_CURRENCIES
from orders.finance.statements.dates import BadDate, day_of
from orders.finance.statements.format import DateOrder

# Longer texts are no value, and are not searched for one.
MAX_VALUE_CHARACTERS = 60
MOST_PLACES = 1_000_000
# More than any partner pays for one booking, and less than the columns of the ledger hold.
MAX_AMOUNT = Decimal(10) ** 10
_BLANKS = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " "})
_MINUSES = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2012": "-", "\uff0d": "-"})
_APOSTROPHES = str.maketrans({"\u2019": "'"})
_SIGNS = "|".join(re.escape(sign) for sign in sorted(CURRENCY_SIGNS, key=len, reverse=True))
_CURRENCY = rf"(?:{_SIGNS}|[a-z]{{3}})"
_AMOUNT = re.compile(
    rf"(?P<sign>[-+]?)\s*(?P<before>{_CURRENCY})?\s*(?P<inner>[-+]?)\s*"
    rf"(?P<number>[0-9.,](?:[0-9.,' ]*[0-9])?)"
    rf"\s*(?P<trailing>-?)\s*(?P<after>{_CURRENCY})?\s*(?P<last>-?)",
    re.IGNORECASE,
)
# "12,-" is 12,00: the dash stands for cents that there are none of, and is no minus.
NO_CENTS = re.compile(r"(?<=\d)[.,][-\u2013\u2014]{1,2}(?=\s|\Z)")
_QUANTITY = re.compile(r"(-?)(\d{1,7})(?:[.,]0{1,2})?\Z", re.ASCII)


class NotUnderstood(ValueError):
    """A cell does not say what its column is for; the text ends the sentence "row 7, Net: ..."."""


@dataclasses.dataclass(frozen=True)
class Amount:
    """An amount as a cell has it. currencies: those that a sign or code beside it may mean."""

    value: Decimal
    currencies: frozenset[str] = frozenset()
    # A workbook keeps what it worked out, with more decimals than it shows.
    is_computed: bool = False

    def in_currency(self, currency: str) -> Decimal:
        """Return the amount to the currency's smallest unit.

        Raises NotUnderstood for a text with more decimals, and for another currency's sign.
        """
        if self.currencies and currency not in self.currencies:
            named = " or ".join(sorted(self.currencies))
            raise NotUnderstood(f"the amount is in {named}, and the row in {currency}")
        exact = rounded(self.value, currency)
        if exact != self.value and not self.is_computed:
            places = -int(smallest_unit(currency).as_tuple().exponent)
            raise NotUnderstood(f"{self.value:f} has more than the {places} decimals of {currency}")
        # Negative zero is zero.
        return exact if exact else abs(exact)


def amount(cell: Cell, *, decimal: str, thousands: str) -> Amount | None:
    """Return the amount in a cell, None when it is empty. Raises NotUnderstood."""
    if isinstance(cell, Formula):
        raise NotUnderstood(
            "a formula is not worked out here; save the file with values instead of formulas"
        )
    if isinstance(cell, datetime.date):
        raise NotUnderstood(f"{cell} is a date; the spreadsheet made one of an amount")
    if isinstance(cell, Decimal):
        return Amount(_bounded(cell), is_computed=True)
    text = cell.translate(_BLANKS).strip()
    return _amount(text, decimal=decimal, thousands=thousands) if text else None


def quantity(cell: Cell) -> int | None:
    """Return how many places a cell states, without its sign; None when it is empty."""
    if isinstance(cell, Formula):
        raise NotUnderstood(
            "a formula is not worked out here; save the file with values instead of formulas"
        )
    text = as_text(cell)
    if not text:
        return None
    found = _QUANTITY.match(text)
    if found is None or int(found.group(2)) > MOST_PLACES:
        raise NotUnderstood(f"{quoted(cell)} is not a number of places")
    return int(found.group(2))


def date(cell: Cell, *, order: DateOrder) -> datetime.date | None:
    """Return the day in a cell, None when it is empty. Raises NotUnderstood."""
    if isinstance(cell, datetime.date):
        return cell
    if isinstance(cell, Formula):
        raise NotUnderstood(
            "a formula is not worked out here; save the file with values instead of formulas"
        )
    text = as_text(cell)
    if not text:
        return None
    try:
        return day_of(text, order=order)
    except BadDate as error:
        raise NotUnderstood(f"{quoted(cell)} {error}") from error


def currency(cell: Cell) -> str:
    """Return the currency code in a cell, "" when it is empty. Raises NotUnderstood."""
    text = as_text(cell)
    if not text:
        return ""
    code = text.upper()
    if code in KNOWN_CURRENCIES:
        return code
    meant = CURRENCY_SIGNS.get(text.casefold(), frozenset())
    if len(meant) == 1:
        return next(iter(meant))
    if meant:
        raise NotUnderstood(f"{text} may be {' or '.join(sorted(meant))}")
    shown = f"“{text}”" if len(text) <= 4 else "what stands there"
    raise NotUnderstood(f"{shown} is no currency code of ISO 4217")


def quoted(cell: Cell) -> str:
    """Return a cell for a sentence, unless it may be a name that has slipped into a column."""
    text = as_text(cell)
    letters = sum(character.isalpha() for character in text)
    if letters > 4 or not any(character.isdigit() for character in text) or len(text) > 40:
        return "what stands there"
    return f"“{text}”"


def _amount(text: str, *, decimal: str, thousands: str) -> Amount:
    plain = NO_CENTS.sub("", text).translate(_MINUSES).translate(_APOSTROPHES)
    is_negative = plain.startswith("(") and plain.endswith(")")
    found = None
    if len(plain) <= MAX_VALUE_CHARACTERS:
        found = _AMOUNT.fullmatch(plain[1:-1].strip() if is_negative else plain)
    if found is None:
        raise NotUnderstood(f"{quoted(text)} is not an amount")
    signs = [found[name] for name in ("sign", "inner", "trailing", "last") if found[name]]
    named = [found[name] for name in ("before", "after") if found[name]]
    if len(signs) + is_negative > 1 or len(named) > 1:
        raise NotUnderstood(f"{quoted(text)} has two signs")
    number = _number(found["number"], decimal=decimal, thousands=thousands)
    if number is None:
        raise NotUnderstood(f"{quoted(text)} is not an amount with a decimal “{decimal}”")
    value = _bounded(-number if is_negative or "-" in signs else number)
    return Amount(value, _meant(named[0], text) if named else frozenset())


def _number(text: str, *, decimal: str, thousands: str) -> Decimal | None:
    whole, point, fraction = text.partition(decimal)
    if thousands and thousands in whole:
        first, *groups = whole.split(thousands)
        if not 1 <= len(first) <= 3 or any(len(group) != 3 for group in groups):
            return None
        whole = first + "".join(groups)
    digits = whole + fraction
    # Digits of other scripts are none of a statement's, and isdecimal would take them.
    if not (digits.isascii() and digits.isdecimal()) or (point and not fraction):
        return None
    return Decimal(f"{whole or 0}.{fraction or 0}")


def _meant(name: str, text: str) -> frozenset[str]:
    sign = CURRENCY_SIGNS.get(name.casefold())
    if sign is not None:
        return sign
    if name.upper() in KNOWN_CURRENCIES:
        return frozenset({name.upper()})
    raise NotUnderstood(f"{quoted(text)} names no currency of ISO 4217")


def _bounded(value: Decimal) -> Decimal:
    if not value.is_finite() or abs(value) >= MAX_AMOUNT:
        raise NotUnderstood("the amount is larger than any booking's")
    return value
