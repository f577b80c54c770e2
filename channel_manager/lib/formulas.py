"""Cells of a CSV that no spreadsheet takes for a formula, and back."""

from __future__ import annotations

import re

# What a spreadsheet takes for a formula, were it not for the apostrophe that we put before it.
_FORMULA = re.compile(r"""[\s"]*[=+\-@\t\r]""")
_GUARDED = re.compile(r"""'('|[\s"]*[=+\-@\t\r])""")
# The same further on in a cell: where a program that splits at something else begins one.
_WITHIN = re.compile(r"""([;,|\t\r\n][\s"]*)('*)(?=[=+\-@])""")
_GUARDED_WITHIN = re.compile(r"""([;,|\t\r\n][\s"]*)'('*)(?=[=+\-@])""")
# Most cells: nothing in them begins or splits anything.
_HARMLESS = re.compile(r"[0-9A-Za-z][0-9A-Za-z ._:/#-]*")


def guarded(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula, wherever it splits; `bare` undoes it.

    An apostrophe more stands before each sign that begins one.
    """
    if _HARMLESS.fullmatch(cell):
        return cell
    cell = _WITHIN.sub(r"\1'\2", cell)
    return f"'{cell}" if _FORMULA.match(cell) or _GUARDED.match(cell) else cell


def bare(cell: str) -> str:
    """Return what a guarded cell says."""
    cell = cell[1:] if _GUARDED.match(cell) else cell
    return _GUARDED_WITHIN.sub(r"\1\2", cell)
