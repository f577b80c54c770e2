"""Days as statements write them, and what their numbers say about the order they stand in."""

from __future__ import annotations

import dataclasses
import datetime
import re

from orders.finance.statements.format import DateOrder

# No booking of this product is older. It also tells 26-04-03 from 26 April 2003.
_FIRST_YEAR, _LAST_YEAR = 2015, 2099
_MOST_CHARACTERS = 60
_ORDERS = (DateOrder.YEAR_MONTH_DAY, DateOrder.DAY_MONTH_YEAR, DateOrder.MONTH_DAY_YEAR)
# A time behind the day: it is left out, and so is its zone: the day is the one that is written.
_TIME = re.compile(
    r"[T ]\s*\d{1,2}[:.h]\d{2}(?:[:.]\d{2}(?:[.,]\d{1,9})?)?\s*(?:[ap]\.?m\.?)?"
    r"\s*(?:Z|UTC|GMT|CES?T|[+-]\d{2}:?\d{2})?\Z",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"(\d{1,4})([-./ ])(\d{1,2})\2(\d{1,4})\Z", re.ASCII)
_COMPACT = re.compile(r"(20\d{2})(\d{2})(\d{2})\Z", re.ASCII)
_WEEKDAY = re.compile(r"[^\W\d]{2,12}\.?,\s+")
_DAY_MONTH = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|er|\.)?[-. /]+(?:de )?([^\W\d]{3,10})\.?,?[-. /]+(?:de )?(\d{4}|\d{2})\Z"
)
_MONTH_DAY = re.compile(r"([^\W\d]{3,10})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})\Z")
# In English, Dutch, German, French and Spanish, as far as they differ in their first letters.
_MONTHS = {
    1: "jan january januari januar jänner janv janvier ene enero",
    2: "feb february februari februar fév fevr févr février febr febrero",
    3: "mar march mrt maart mär märz mrz mars marzo",
    4: "apr april avr avril abr abril",
    5: "may mei mai mayo",
    6: "jun june juni juin junio",
    7: "jul july juli juil juillet julio",
    8: "aug august augustus août aout ago agosto",
    9: "sep sept september septembre septiembre",
    10: "oct october okt oktober octobre octubre",
    11: "nov november novembre noviembre",
    12: "dec december dez dezember déc décembre dic diciembre",
}
_MONTH_OF = {name: month for month, names in _MONTHS.items() for name in names.split()}


class BadDate(ValueError):
    """A text is no day; says why, as the end of a sentence about it."""


@dataclasses.dataclass(frozen=True)
class Numbers:
    """The numbers of a date as they stand, where their order is to be found out.

    A year of two figures may stand first or last; one of four tells that by itself.
    """

    first: int
    second: int
    third: int

    @property
    def reads_as(self) -> frozenset[DateOrder]:
        """Return the orders in which it is a day of this time."""
        return frozenset(order for order in _ORDERS if self.day(order) is not None)

    def day(self, order: DateOrder) -> datetime.date | None:
        """Return the day it is in an order, None where it is none."""
        if order is DateOrder.YEAR_MONTH_DAY:
            year, month, day = self.first, self.second, self.third
        elif order is DateOrder.MONTH_DAY_YEAR:
            month, day, year = self.first, self.second, self.third
        else:
            day, month, year = self.first, self.second, self.third
        if day > 31:
            return None
        year += 2000 if year < 100 else 0
        return datetime.date(year, month, day) if _is_day(year, month, day) else None


def day_of(text: str, *, order: DateOrder) -> datetime.date:
    """Return the day that a text names. Raises BadDate, also where its order is not decided."""
    known = _certain(text)
    if known is not None:
        if not _is_day(*known):
            raise BadDate("is not a day of the calendar, or too long ago")
        return datetime.date(*known)
    numbers = numbers_of(text)
    if numbers is None:
        raise BadDate("is not a date")
    days = {numbers.day(each) for each in numbers.reads_as}
    if not days:
        raise BadDate("is not a day of the calendar, or too long ago")
    day = numbers.day(order) if order else None
    if day is None and order:
        raise BadDate(f"is not a day when it is read as {order.label}")
    if day is None and len(days) > 1:
        raise BadDate("reads as two days, and nobody has said which order the dates have")
    return day or next(each for each in days if each is not None)


def numbers_of(text: str) -> Numbers | None:
    """Return the numbers of a date whose order is to be found out; None for any other text."""
    if _certain(text) is not None:
        return None
    found = _NUMBERS.match(_without_time(text))
    if found is None or len(found[4]) not in {2, 4} or len(found[1]) > 2:
        return None
    return Numbers(int(found[1]), int(found[3]), int(found[4]))


def _certain(text: str) -> tuple[int, int, int] | None:
    """Return year, month and day where the text itself says which is which."""
    text = _without_time(text)
    if found := _COMPACT.match(text):
        return int(found[1]), int(found[2]), int(found[3])
    if (found := _NUMBERS.match(text)) and len(found[1]) == 4 and len(found[4]) <= 2:
        return int(found[1]), int(found[3]), int(found[4])
    named = _WEEKDAY.sub("", text.casefold(), count=1)
    if (found := _DAY_MONTH.match(named)) and found[2] in _MONTH_OF:
        year = int(found[3])
        return year if year > 99 else 2000 + year, _MONTH_OF[found[2]], int(found[1])
    if (found := _MONTH_DAY.match(named)) and found[1] in _MONTH_OF:
        return int(found[3]), _MONTH_OF[found[1]], int(found[2])
    return None


def _without_time(text: str) -> str:
    # A longer text is no date, and would take long to search for one.
    return _TIME.sub("", text.strip()).strip() if len(text) <= _MOST_CHARACTERS else ""


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return _FIRST_YEAR <= year <= _LAST_YEAR
