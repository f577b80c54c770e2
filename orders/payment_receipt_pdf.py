"""A payment receipt as a PDF: A4, in DejaVu Sans; its table runs over as many pages as it needs.

Lengths are points.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Flowable, LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from orders.payment.texts import write_amount
from orders.payment_receipt_texts import TEXTS
from orders.payment_receipts import PaymentReceipt, ReceiptLine
from wallets.manifest_texts import write_day, write_time
from wallets.pdf_fonts import BOLD, FONTS, REGULAR, register_fonts

_MARGIN = 42.0
_TEXT, _MUTED, _LINE = HexColor("#111827"), HexColor("#4b5563"), HexColor("#cfd5de")
# Together the width between the margins.
_WIDTHS = (281.0, 50.0, 90.0, 90.0)
_GAP = 14.0
_PLAIN: Final = ParagraphStyle("plain", fontName=REGULAR, fontSize=9.5, leading=13, textColor=_TEXT)
_STRONG: Final = ParagraphStyle("strong", parent=_PLAIN, fontName=BOLD)
_SMALL: Final = ParagraphStyle("small", parent=_PLAIN, fontSize=8.5, leading=11, textColor=_MUTED)
_RIGHT: Final = ParagraphStyle("right", parent=_PLAIN, alignment=TA_RIGHT)
_SUM: Final = ParagraphStyle("sum", parent=_STRONG, alignment=TA_RIGHT)
_HEAD: Final = ParagraphStyle("head", parent=_SMALL, alignment=TA_RIGHT)
_TITLE: Final = ParagraphStyle("title", parent=_STRONG, fontSize=18, leading=24)


_FRAME: Final = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ("LINEBELOW", (0, 0), (-1, -1), 0.5, _LINE),
    ]
)


def render_receipt(receipt: PaymentReceipt) -> bytes:
    """Return a receipt as a PDF document."""
    with FONTS:
        register_fonts()
    texts = TEXTS[receipt.language]
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        # A frame has six points of its own.
        leftMargin=_MARGIN - 6,
        rightMargin=_MARGIN - 6,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=f"{texts['title']} {receipt.number}",
        author=receipt.venue.name,
        subject=receipt.number,
        lang=receipt.language,
    )
    story: list[Flowable] = [
        *_heading(receipt, texts),
        _lines(receipt, texts),
        Spacer(0, _GAP),
        _vat(receipt, texts),
        Spacer(0, _GAP),
        _payment(receipt, texts),
    ]
    # Saving takes subsets of the fonts, which all threads share.
    with FONTS:
        document.build(story)
    return out.getvalue()


def _heading(receipt: PaymentReceipt, texts: Mapping[str, str]) -> list[Flowable]:
    venue = receipt.venue
    contact = (venue.address, venue.contact_phone, venue.contact_email)
    written = write_day(receipt.sold_at.date(), receipt.language)
    facts = (
        (texts["number"], receipt.number),
        (texts["sold_on"], f"{written}, {write_time(receipt.sold_at, receipt.language)}"),
        (texts["order"].format(seller=receipt.seller), receipt.seller_number),
    )
    return [
        _says(venue.name, _STRONG),
        *(_says(text, _SMALL) for text in contact if text),
        Spacer(0, _GAP),
        _says(texts["title"], _TITLE),
        *([_says(texts["test"], _STRONG)] if receipt.is_test else []),
        *([_says(texts["cancelled"], _STRONG)] if receipt.is_cancelled else []),
        *(_says(f"{label}: {value}", _PLAIN) for label, value in facts),
        Spacer(0, _GAP),
        *([_says(texts["sold_to"], _SMALL)] if receipt.buyer else []),
        *(_says(text, _PLAIN) for text in receipt.buyer),
        Spacer(0, _GAP),
    ]


def _lines(receipt: PaymentReceipt, texts: Mapping[str, str]) -> LongTable:
    rows = [
        [
            [_says(line.description, _PLAIN), *_visit(receipt, line, texts)],
            _says(str(line.quantity), _RIGHT),
            _says(_money(receipt, line.unit_price), _RIGHT),
            _says(_money(receipt, line.amount), _RIGHT),
        ]
        for line in receipt.lines
    ]
    heads = [texts[name] for name in ("what", "quantity", "unit_price", "amount")]
    total = [_says(texts["total"], _STRONG), "", "", _says(_money(receipt, receipt.total), _SUM)]
    return _table([_heads(heads), *rows, total])


def _visit(receipt: PaymentReceipt, line: ReceiptLine, texts: Mapping[str, str]) -> list[Paragraph]:
    parts = []
    if line.visit_date:
        parts.append(write_day(line.visit_date, receipt.language))
    if line.visit_time:
        parts.append(write_time(line.visit_time, receipt.language))
    if line.seats:
        parts.append(texts["seats"].format(seats=line.seats))
    return [_says(", ".join(parts), _SMALL)] if parts else []


def _vat(receipt: PaymentReceipt, texts: Mapping[str, str]) -> LongTable:
    heads = [texts[name] for name in ("vat_rate", "excl_vat", "vat", "incl_vat")]
    rows = [
        [
            _says(_percent(receipt, part.rate), _PLAIN),
            *(
                _says(_money(receipt, amount), _RIGHT)
                for amount in (part.excl_vat, part.vat, part.incl_vat)
            ),
        ]
        for part in receipt.vat
    ]
    return _table([_heads(heads), *rows], widths=(241.0, 90.0, 90.0, 90.0))


def _payment(receipt: PaymentReceipt, texts: Mapping[str, str]) -> Flowable:
    if not receipt.paid_amount:
        return _says(texts["nothing_due"], _PLAIN)
    cost = [
        _says(texts["payment_cost"], _PLAIN),
        _says(_money(receipt, receipt.payment_cost), _RIGHT),
    ]
    how = texts["on_account" if receipt.is_on_account else "payment"]
    paid = [
        _says(how.format(method=receipt.payment_method, seller=receipt.seller), _STRONG),
        _says(_money(receipt, receipt.paid_amount), _SUM),
    ]
    rows = [cost, paid] if receipt.payment_cost else [paid]
    return LongTable(rows, colWidths=(421.0, 90.0), style=_FRAME)


def _table(rows: Sequence[list[Any]], widths: Sequence[float] = _WIDTHS) -> LongTable:
    return LongTable(rows, colWidths=widths, repeatRows=1, style=_FRAME)


def _heads(texts: Sequence[str]) -> list[Paragraph]:
    first, *others = texts
    return [_says(first, _SMALL), *(_says(text, _HEAD) for text in others)]


def _says(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(text), style)


def _money(receipt: PaymentReceipt, amount: Decimal) -> str:
    return write_amount(amount, receipt.currency, receipt.language)


def _percent(receipt: PaymentReceipt, rate: Decimal) -> str:
    return f"{rate.normalize():f} %".replace(".", TEXTS[receipt.language]["decimal"])
