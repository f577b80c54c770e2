"""The letter to a partner on what is disputed of its statement: as PDF, and as CSV."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from channel_manager.lib.admin.columns import money
from channel_manager.lib.formulas import guarded
from channel_manager.lib.money import rounded
from wallets.pdf_fonts import BOLD, FONTS, REGULAR, register_fonts

CSV_COLUMNS = (
    "our_number",
    "your_number",
    "date",
    "currency",
    "statement_net",
    "our_net",
    "difference",
    "what_differs",
    "our_reason",
)
_PAGE = landscape(A4)
_MARGIN = 42.0
_FOOTER = 34.0
_TEXT, _MUTED, _LINE = HexColor("#111827"), HexColor("#4b5563"), HexColor("#cfd5de")
# Points; together the width between the margins.
_WIDTHS = (88.0, 112.0, 62.0, 84.0, 84.0, 84.0, 243.0)
_HEADS = ("Our number", "Your number", "Date", "Your statement", "We have", "Difference", "Why")


@dataclasses.dataclass(frozen=True, kw_only=True)
class LetterLine:
    """One thing that is disputed; amounts are net, in `currency`: None where a side has nothing.

    difference: what the statement has more than we.
    """

    our_reference: str
    their_reference: str
    date: datetime.date | None
    stated: Decimal | None
    ours: Decimal | None
    difference: Decimal
    currency: str
    cause: str
    reason: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Letter:
    """Who writes to whom, on which period, and what is disputed."""

    venue_name: str
    venue_address: str
    venue_contact: str
    brand_color: str
    partner_name: str
    period_title: str
    written_on: datetime.date
    lines: Sequence[LetterLine]

    @property
    def totals(self) -> Mapping[str, tuple[Decimal, Decimal, Decimal]]:
        """Return by currency what the statement has, what we have, and the difference."""
        sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
        for line in self.lines:
            parts = (line.stated or Decimal(0), line.ours or Decimal(0), line.difference)
            sums[line.currency] = [
                whole + part for whole, part in zip(sums[line.currency], parts, strict=True)
            ]
        return {currency: (a, b, c) for currency, (a, b, c) in sorted(sums.items())}


def render_csv(letter: Letter) -> bytes:
    """Return the lines as CSV, UTF-8 with its mark; no text is taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for line in letter.lines:
        writer.writerow(
            [
                guarded(line.our_reference),
                guarded(line.their_reference),
                line.date.isoformat() if line.date else "",
                line.currency,
                *(
                    "" if amount is None else str(rounded(amount, line.currency))
                    for amount in (line.stated, line.ours, line.difference)
                ),
                guarded(line.cause),
                guarded(line.reason),
            ]
        )
    return out.getvalue().encode("utf-8-sig")


def render_pdf(letter: Letter) -> bytes:
    """Return the letter as a PDF document: A4 across, its table over as many pages as it needs."""
    with FONTS:
        register_fonts()
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=_PAGE,
        # A frame has six points of its own.
        leftMargin=_MARGIN - 6,
        rightMargin=_MARGIN - 6,
        topMargin=_MARGIN,
        bottomMargin=_FOOTER + 20,
        title=f"Disputed differences, {letter.period_title}",
        author=letter.venue_name,
        lang="en",
    )
    document.build(
        [*_heading(letter), _table(letter), *_ending(letter)],
        canvasmaker=lambda *args, **kwargs: _NumberedCanvas(letter, *args, **kwargs),
    )
    return out.getvalue()


class _NumberedCanvas(Canvas):
    """Writes below each page who wrote it and which of how many it is, once all are there."""

    def __init__(self, letter: Letter, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._letter = letter
        self._kept: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 -- reportlab's name
        """Keep a page until all are there."""
        self._kept.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined]  # the stubs leave it out

    def save(self) -> None:
        """Write the pages, each with its number."""
        for number, page in enumerate(self._kept, start=1):
            self.__dict__.update(page)
            self._foot(number, len(self._kept))
            super().showPage()
        with FONTS:
            super().save()

    def _foot(self, number: int, of: int) -> None:
        letter, (width, _height) = self._letter, _PAGE
        self.setStrokeColor(_LINE)
        self.setLineWidth(0.75)
        self.line(_MARGIN, _FOOTER + 8, width - _MARGIN, _FOOTER + 8)
        self.setFillColor(_MUTED)
        self.setFont(REGULAR, 8)
        about = f"{letter.venue_name} · {letter.partner_name} · {letter.period_title}"
        self.drawString(_MARGIN, _FOOTER - 4, about)
        self.drawRightString(width - _MARGIN, _FOOTER - 4, f"Page {number} of {of}")


def _style(size: float, font: str = REGULAR, **options: Any) -> ParagraphStyle:
    options = {"textColor": _TEXT, "leading": size * 1.35, **options}
    return ParagraphStyle(f"{font}-{size}", fontName=font, fontSize=size, **options)


def _heading(letter: Letter) -> list[Any]:
    address = "<br/>".join(
        escape(text) for text in (letter.venue_address, letter.venue_contact) if text
    )
    told = (
        "We have compared your statement with our records and do not agree with what is listed "
        "below. Amounts are net: gross less commission, what goes over between you and us. A "
        "difference is what your statement has more than we. Please correct it, or tell us why "
        "it is right."
    )
    return [
        Paragraph(
            escape(letter.venue_name), _style(16, BOLD, textColor=HexColor(letter.brand_color))
        ),
        Paragraph(address, _style(9, textColor=_MUTED)),
        Spacer(1, 18),
        Paragraph(f"To: {escape(letter.partner_name)}", _style(10)),
        Paragraph(f"{letter.written_on:%-d %B %Y}", _style(10)),
        Spacer(1, 14),
        Paragraph(f"Disputed differences, {escape(letter.period_title)}", _style(13, BOLD)),
        Spacer(1, 6),
        Paragraph(told, _style(10)),
        Spacer(1, 10),
    ]


def _table(letter: Letter) -> LongTable:
    head, cell = _style(8, BOLD), _style(8, splitLongWords=1)
    figure = _style(8, alignment=2)
    table: list[list[Any]] = [
        [
            Paragraph(text, _style(8, BOLD, alignment=2) if 3 <= at <= 5 else head)
            for at, text in enumerate(_HEADS)
        ]
    ]
    for line in letter.lines:
        why = [escape(text) for text in (line.cause, line.reason and f"Our reason: {line.reason}")]
        table.append(
            [
                Paragraph(escape(line.our_reference or "–"), cell),
                Paragraph(escape(line.their_reference or "–"), cell),
                Paragraph(f"{line.date:%-d %b %Y}" if line.date else "–", cell),
                *(
                    Paragraph(money(amount, line.currency), figure)
                    for amount in (line.stated, line.ours, line.difference)
                ),
                Paragraph("<br/>".join(text for text in why if text), cell),
            ]
        )
    return LongTable(
        table,
        colWidths=_WIDTHS,
        repeatRows=1,
        style=TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.5, _LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 8),
            ]
        ),
    )


def _ending(letter: Letter) -> list[Any]:
    ending: list[Any] = [Spacer(1, 12)]
    count = len(letter.lines)
    for currency, (stated, ours, difference) in letter.totals.items():
        text = (
            f"Total in {currency}: your statement {money(stated, currency)}, we have "
            f"{money(ours, currency)}, difference {money(difference, currency)}."
        )
        ending.append(Paragraph(text, _style(9.5, BOLD)))
    counted = "One difference is" if count == 1 else f"{count:,} differences are"
    ending.append(Paragraph(f"{counted} disputed.", _style(9.5)))
    return ending
