"""The numbers that a line names, and how numbers are written alike to be compared."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Iterable

from orders.finance.lines import StatedLine

# The same as normalised(), for Func(template=...). Immutable, so an index may be made of it.
NORMALISED_IN_SQL = (
    "ltrim(upper(regexp_replace(normalize(%(expressions)s, NFKC), '[^A-Za-z0-9]', '', 'g')"
    " COLLATE \"C\"), '0')"
)

_SIGNS = re.compile("[^A-Za-z0-9]")
# 1.23E+11 and 1,23E11 are what a spreadsheet made of a long number. 12E4 may be somebody's number.
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?E\+[0-9]+|[+-]?[0-9][.,][0-9]+E[0-9]+", re.I)
# A spreadsheet keeps 15 digits of a number and writes zeros for the others.
_ROUNDED = re.compile(r"[0-9]{15}0+")


@dataclasses.dataclass(frozen=True, kw_only=True)
class References:
    """What a caller looks up for a statement.

    keys: of the orders that lines were linked to by hand. exact: to compare with our numbers, the
    partner's, and those of wallets, tickets and coupons. normalised: with NORMALISED_IN_SQL of our
    numbers and the partner's.
    """

    keys: frozenset[str]
    exact: frozenset[str]
    normalised: frozenset[str]


def normalised(text: str) -> str:
    """Return a number in capitals, with its letters and digits only, without zeros in front.

    Compatible characters are one (NFKC: full-width digits); letters beyond A-Z are dropped. Zeros
    within stay: CM26-42 and CM26-0000042 are two numbers.
    """
    return _SIGNS.sub("", unicodedata.normalize("NFKC", text)).upper().lstrip("0")


def references_of(lines: Iterable[StatedLine]) -> References:
    """Return all that the lines name, other than numbers that a spreadsheet has spoilt."""
    keys: set[str] = set()
    exact: set[str] = set()
    for line in lines:
        keys.add(line.linked_order)
        exact.update(usable(line))
    return References(
        keys=frozenset(keys - {""}),
        exact=frozenset(exact - {""}),
        normalised=frozenset({normalised(text) for text in exact} - {""}),
    )


def usable(line: StatedLine) -> tuple[str, str, str]:
    """Return a line's three references, trimmed; an empty one for a number that is spoilt."""
    ours, theirs, other = stated(line)
    return (
        "" if _is_spoilt(ours, line) else ours,
        "" if _is_spoilt(theirs, line) else theirs,
        "" if _is_spoilt(other, line) else other,
    )


def spoilt(line: StatedLine) -> list[str]:
    """Return the references of a line that nothing can be found by any more."""
    return [text for text in stated(line) if _is_spoilt(text, line)]


def stated(line: StatedLine) -> tuple[str, str, str]:
    """Return a line's three references, trimmed: our number, the partner's, another one."""
    return line.our_reference.strip(), line.their_reference.strip(), line.other_reference.strip()


def _is_spoilt(text: str, line: StatedLine) -> bool:
    """Tell whether a number has lost digits; one that lost zeros in front can still be found."""
    if _SCIENTIFIC.fullmatch(text):
        return True
    # A number of so many digits may truly end in 0: whoever read the file has to have said it.
    return bool(_ROUNDED.fullmatch(text)) and any(text in sentence for sentence in line.damage)
