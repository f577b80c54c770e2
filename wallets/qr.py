"""QR codes of asset numbers: dark runs per row, drawn as SVG here and as a path in the PDF. Pure."""

import functools
from collections.abc import Sequence
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
    runs: Sequence[Run]


@functools.lru_cache(maxsize=4096)
def encode(content: str) -> QrCode:
    """Return the QR code of a content, with at least 15 % of it recoverable (level M)."""
    matrix = segno.make_qr(content, error="m", mask=_MASK).matrix
    runs = []
    for y, row in enumerate(matrix):
        start = -1
        for x, dark in enumerate((*row, 0)):
            if dark and start < 0:
                start = x
            elif not dark and start >= 0:
                runs.append(Run(start, y, x - start))
                start = -1
    return QrCode(len(matrix), tuple(runs))


def svg_path(content: str) -> tuple[int, str]:
    """Return the side of the code's view box, quiet zone included, and its path data."""
    code = encode(content)
    parts = [
        f"M{run.x + QUIET_ZONE} {run.y + QUIET_ZONE}h{run.length}v1h-{run.length}z"
        for run in code.runs
    ]
    return code.size + 2 * QUIET_ZONE, "".join(parts)
