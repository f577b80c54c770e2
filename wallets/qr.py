"""QR codes of asset numbers: dark runs per row, as the PDF draws them, or as SVG. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

import segno

# Modules of white around the code that a scanner needs (ISO/IEC 18004).
QUIET_ZONE = 4
# Any mask is valid. Ours is fixed because weighing all eight takes 1.1 of 1.4 ms a code, and an
# order has up to thousands; our numbers are random, so no mask is better than another.
_MASK = 2


class Run(NamedTuple):
    """Neighbouring dark modules: column and row of the first, from the top left, and how many."""

    x: int
    y: int
    length: int


class QrCode(NamedTuple):
    """A code of `size` by `size` modules without its quiet zone."""

    size: int
    runs: list[Run]


class SvgCode(NamedTuple):
    """A code as SVG: the side of its view box, quiet zone included, and the data of its path.

    The path runs through the middle of the modules: it is to be stroked one unit wide. The side is
    text, for templates take their time over numbers.
    """

    side: str
    path: str


def encode(content: str) -> QrCode:
    """Return the QR code of a content; at least 15 % of it may be damaged (level M)."""
    matrix = segno.make_qr(content, error="m", mask=_MASK).matrix
    return QrCode(len(matrix), [run for y, row in enumerate(matrix) for run in _runs(y, row)])


def svg(content: str) -> SvgCode:
    """Return the QR code of a content as SVG."""
    code = encode(content)
    parts = []
    row, column = -1, 0
    for x, y, length in code.runs:
        if y != row:
            parts.append(f"M{x + QUIET_ZONE} {y + QUIET_ZONE}.5h{length}")
        else:
            parts.append(f"m{x - column} 0h{length}")
        row, column = y, x + length
    return SvgCode(str(code.size + 2 * QUIET_ZONE), "".join(parts))


def _runs(y: int, row: bytearray) -> Iterator[Run]:
    x = row.find(1)
    while x >= 0:
        end = row.find(0, x)
        end = len(row) if end < 0 else end
        yield Run(x, y, end - x)
        x = row.find(1, end)
