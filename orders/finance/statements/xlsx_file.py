"""An XLSX workbook as rows of cells: its sheets, and the styles that make a number a date."""

from __future__ import annotations

import dataclasses
import posixpath
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format

from orders.finance.statements.archive import Archive, damaged
from orders.finance.statements.cells import Row
from orders.finance.statements.refusals import Problem, UnreadableStatement
from orders.finance.statements.sheet import SheetReader, local_name, shared_strings

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_WORKSHEET = "/worksheet"
_WORKBOOK = "/officeDocument"


@dataclasses.dataclass(frozen=True)
class _Sheet:
    name: str
    part: str
    is_visible: bool


class Workbook:
    """A workbook whose sheets can be read a row at a time.

    openpyxl's own reader builds each row, and each shared string, before anybody can count them;
    this one keeps to the limits of cells.py while it inflates. What a number format means is
    openpyxl's.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._archive = Archive(file)
        parts = [part for _, (kind, part) in self._by_id("") if kind.endswith(_WORKBOOK)]
        part = parts[0] if parts else ""
        if not self._archive.has(part):
            raise damaged()
        related = dict(self._by_id(part))
        book = self._xml(part)
        self._is_1904 = any(
            element.get("date1904") in {"1", "true"}
            for element in book.iter()
            if local_name(element.tag) == "workbookPr"
        )
        self._sheets = list(self._worksheets(book, related))
        kinds = {kind.rpartition("/")[2]: part for kind, part in related.values()}
        self._strings = self._shared(kinds.get("sharedStrings", ""))
        self._date_styles = self._dates(kinds.get("styles", ""))

    @property
    def sheet_names(self) -> list[str]:
        """Return the sheets that a person sees, in their order; those that are hidden last."""
        ordered = sorted(self._sheets, key=lambda sheet: not sheet.is_visible)
        return [sheet.name for sheet in ordered]

    def rows(self, sheet_name: str) -> Iterator[Row]:
        """Yield the rows of a sheet that are not blank, by their own numbers.

        The only sheet of a workbook is read whatever its name: partners name it by the month.
        """
        found = [sheet for sheet in self._sheets if sheet.name == sheet_name]
        if not found and len(self._sheets) == 1:
            found = self._sheets
        if not found or not self._archive.has(found[0].part):
            raise UnreadableStatement(
                Problem.MISSING_SHEET,
                f"The workbook has no sheet “{sheet_name}”. Its sheets: "
                f"{', '.join(self.sheet_names)}.",
            )
        reader = SheetReader(
            strings=self._strings, date_styles=self._date_styles, is_1904=self._is_1904
        )
        return reader.rows(self._archive.chunks(found[0].part))

    def _worksheets(self, book: Element, related: dict[str, tuple[str, str]]) -> Iterator[_Sheet]:
        for element in book.iter():
            if local_name(element.tag) != "sheet":
                continue
            key = next((v for k, v in element.attrib.items() if k.endswith("}id")), "")
            kind, part = related.get(key, ("", ""))
            if kind.endswith(_WORKSHEET):
                is_visible = element.get("state", "visible") == "visible"
                yield _Sheet(element.get("name", ""), part, is_visible)

    def _shared(self, part: str) -> list[str]:
        return shared_strings(self._archive.chunks(part)) if self._archive.has(part) else []

    def _dates(self, part: str) -> frozenset[int]:
        if not self._archive.has(part):
            return frozenset()
        formats = dict(BUILTIN_FORMATS)
        styles: list[int] = []
        for element in self._xml(part).iter():
            name = local_name(element.tag)
            if name == "numFmt":
                formats[_number(element.get("numFmtId"))] = element.get("formatCode", "")
            elif name == "cellXfs":
                styles = [_number(xf.get("numFmtId")) for xf in element]
        return frozenset(
            index for index, key in enumerate(styles) if _is_date(formats.get(key, ""))
        )

    def _by_id(self, part: str) -> Iterator[tuple[str, tuple[str, str]]]:
        folder, name = posixpath.split(part)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        if not self._archive.has(path):
            raise damaged()
        for element in self._xml(path):
            target = element.get("Target", "")
            target = target[1:] if target.startswith("/") else posixpath.join(folder, target)
            yield element.get("Id", ""), (element.get("Type", ""), posixpath.normpath(target))

    def _xml(self, part: str) -> Element:
        try:
            # forbid_dtd: no part of a workbook has a document type, and entities hide in one.
            element: Element = fromstring(self._archive.read(part), forbid_dtd=True)
        except (ParseError, DefusedXmlException, LookupError) as error:
            raise damaged() from error
        return element


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 8 else 0


def _is_date(number_format: str) -> bool:
    return bool(is_date_format(number_format)) and not is_timedelta_format(number_format)
