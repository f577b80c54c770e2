"""The manifest as a PDF: A4, each wallet on a page of its own, drawn for speed rather than flowed.

Lengths are points. Text is set in DejaVu Sans, which is embedded; a character it lacks is a box.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence

from PIL import Image
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from catalog.models import ItemType
from wallets import qr
from wallets.manifest import ManifestAsset, ManifestPage, ManifestWallet
from wallets.manifest_outside import ManifestOutside
from wallets.manifest_validity import Fact
from wallets.models import AssetStatus
from wallets.pdf_fonts import BOLD, FONTS, REGULAR, register_fonts
from wallets.venue_look import Logo

_WIDTH, _HEIGHT = A4
_MARGIN = 42.0
_INNER = _WIDTH - 2 * _MARGIN
_BAND = 76.0
_FOOTER = 64.0
_PADDING = 12.0
_GAP = 10.0
# 44 mm for one of several codes, so that three fit on a page; 65 mm for the only one.
_QR_SMALL, _QR_LARGE = 124.0, 184.0
# Of a logo drawn at most 96 by 40 points: as sharp as print needs.
_LOGO_PIXELS = (480, 200)
_TEXT, _MUTED, _LINE = HexColor("#111827"), HexColor("#4b5563"), HexColor("#cfd5de")
_CLOSED, _BLACK, _FAINT = HexColor("#b42318"), HexColor("#000000"), HexColor("#c4c8ce")
_WHITE = HexColor("#ffffff")


def render_page(page: ManifestPage) -> bytes:
    """Return the manifest as a PDF document."""
    with FONTS:
        register_fonts()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, pageCompression=1, lang=page.language)
    canvas.setTitle(f"{page.title} – {page.venue.name}")
    canvas.setAuthor(page.venue.name)
    canvas.setSubject(page.sale.buy_from_order_reference)
    logo = _read_logo(page.venue.logo)
    for wallet in page.wallets:
        _Sheet(canvas, page, wallet, logo).draw()
    with FONTS:
        canvas.save()
    return out.getvalue()


class _Sheet:
    """The page of one wallet, and the further ones that its assets run on to."""

    def __init__(
        self, canvas: Canvas, page: ManifestPage, wallet: ManifestWallet, logo: ImageReader | None
    ) -> None:
        self.canvas = canvas
        self.page = page
        self.wallet = wallet
        self.logo = logo
        self.number = 1
        self.y = _HEIGHT

    def draw(self) -> None:
        """Draw the wallet."""
        self._band()
        self._heading()
        side = _QR_LARGE if len(self.wallet.assets) == 1 else _QR_SMALL
        for asset in self.wallet.assets:
            self._asset(asset, side)
        self._facts((*self.wallet.facts, *self.page.order_facts))
        self._end_page()

    def _band(self) -> None:
        """Draw the band in the venue's colour, with its logo and name."""
        canvas, venue = self.canvas, self.page.venue
        canvas.setFillColor(HexColor(venue.brand_color))
        canvas.rect(0, _HEIGHT - _BAND, _WIDTH, _BAND, stroke=0, fill=1)
        left = _MARGIN
        middle = _HEIGHT - _BAND / 2
        if self.logo is not None:
            pixels_wide, pixels_high = self.logo.getSize()
            scale = min(96 / pixels_wide, 40 / pixels_high)
            wide, high = pixels_wide * scale, pixels_high * scale
            canvas.setFillColor(_WHITE)
            canvas.roundRect(left, middle - high / 2 - 5, wide + 10, high + 10, 6, stroke=0, fill=1)
            canvas.drawImage(self.logo, left + 5, middle - high / 2, wide, high, mask="auto")
            left += wide + 24
        canvas.setFillColor(HexColor(venue.ink))
        title = self.page.title
        room = _WIDTH - _MARGIN - left - _width(title, REGULAR, 12) - 16
        size = next(size for size in (17, 13, 10, 7) if size == 7 or _fits(venue.name, size, room))
        lines = _wrap(venue.name, BOLD, size, room)
        canvas.setFont(BOLD, size)
        for index, line in enumerate(lines):
            below = index - (len(lines) - 1) / 2
            canvas.drawString(left, middle - size * (0.35 + 1.3 * below), line)
        canvas.setFont(REGULAR, 12)
        canvas.drawRightString(_WIDTH - _MARGIN, middle - 4, title)
        self.y = _HEIGHT - _BAND - 14
        if self.page.sale.test_mode:
            self._text(self.page.texts["test_order"], BOLD, 11, color=_CLOSED)

    def _heading(self) -> None:
        position = self.wallet.position
        room = _INNER
        if position:
            self.canvas.setFillColor(_MUTED)
            self.canvas.setFont(REGULAR, 10)
            self.canvas.drawRightString(_WIDTH - _MARGIN, self.y - 18, position)
            room -= _width(position, REGULAR, 10) + 12
        self._text(self.wallet.description, BOLD, 18, width=room)
        if self.wallet.name:
            self._text(self.wallet.name, REGULAR, 13)
        self.y -= _GAP

    def _asset(self, asset: ManifestAsset, side: float) -> None:
        """Draw one ticket or coupon in a frame: what it is on the left, its code on the right."""
        side = side if asset.qr_content else 0.0
        text_width = _INNER - side - 3 * _PADDING
        number = _wrap(asset.number_text, BOLD, 9, side + _PADDING) if side else ()
        text_height = _asset_text_height(asset, text_width)
        code_height = side + 13 * len(number)
        height = max(text_height, code_height) + 2 * _PADDING
        if self.y - height < _FOOTER + _GAP:
            self._continue()
        canvas = self.canvas
        bottom = self.y - height
        canvas.setStrokeColor(_LINE)
        canvas.setLineWidth(1)
        canvas.roundRect(_MARGIN, bottom, _INNER, height, 10, stroke=1, fill=0)
        left = _WIDTH - _MARGIN - _PADDING - side
        if side:
            _draw_code(canvas, asset, left, self.y - _PADDING - side, side)
        canvas.setFillColor(_TEXT)
        canvas.setFont(BOLD, 9)
        for index, line in enumerate(number):
            at = self.y - _PADDING - side - 9 - 13 * index
            canvas.drawCentredString(left + side / 2, at, line)
        self.y -= _PADDING
        self._asset_text(asset, text_width)
        self.y = bottom - _GAP

    def _asset_text(self, asset: ManifestAsset, width: float) -> None:
        left = _MARGIN + _PADDING
        brand, ink = HexColor(self.page.venue.brand_color), HexColor(self.page.venue.ink)
        if asset.type == ItemType.COUPON:
            brand, ink = _WHITE, _TEXT
        right = self._pill(asset.label, left, brand, ink)
        if asset.status != AssetStatus.VALID:
            self._pill(asset.status_text, right + 6, _CLOSED, _WHITE)
        self.y -= 20
        self._text(asset.description, BOLD, 13, left=left, width=width)
        if asset.admits:
            self._text(asset.admits, BOLD, 12, left=left, width=width)
        for fact in asset.validity_facts:
            self._fact(fact, left, width)
        if asset.outside:
            self._elsewhere(asset.outside, left, width)

    def _elsewhere(self, outside: ManifestOutside, left: float, width: float) -> None:
        """Say where the ticket is; its address there is printed, and may be followed on a screen."""
        self.y -= 5
        self._text(outside.note, REGULAR, 9, left=left, width=width)
        if outside.url:
            top = self.y
            self._text(outside.url_text, BOLD, 9, left=left, width=width)
            self._text(outside.url, REGULAR, 7, left=left, width=width, color=_MUTED)
            self.canvas.linkURL(outside.url, (left, self.y, left + width, top), relative=0)

    def _facts(self, facts: Sequence[Fact]) -> None:
        """Draw the numbers in two columns, each row as high as its higher one."""
        width = (_INNER - _GAP) / 2
        for row in (facts[at : at + 2] for at in range(0, len(facts), 2)):
            height = max(_fact_height(fact, width) for fact in row)
            if self.y - height < _FOOTER + _GAP:
                self._continue()
            top = self.y
            for index, fact in enumerate(row):
                self.y = top
                self._fact(fact, _MARGIN + index * (width + _GAP), width)
            self.y = top - height
        if self.y - 20 > _FOOTER:
            self.y -= 5
            self._text(self.page.sold_by, REGULAR, 8.5, color=_MUTED)

    def _fact(self, fact: Fact, left: float, width: float) -> None:
        self.y -= 5
        self._text(fact.label, REGULAR, 8.5, left=left, width=width, color=_MUTED)
        self._text(fact.value, BOLD, 10.5, left=left, width=width)

    def _text(
        self,
        text: str,
        font: str,
        size: float,
        *,
        left: float = _MARGIN,
        width: float = _INNER,
        color: Color = _TEXT,
    ) -> None:
        """Draw a text from the top down and move there."""
        self.canvas.setFillColor(color)
        self.canvas.setFont(font, size)
        for line in _wrap(text, font, size, width):
            self.y -= _leading(size)
            self.canvas.drawString(left, self.y + size * 0.3, line)

    def _pill(self, text: str, left: float, fill: Color, ink: Color) -> float:
        """Draw a label at the current height; return where it ends."""
        width = _width(text, BOLD, 8.5) + 16
        self.canvas.setStrokeColor(_LINE)
        self.canvas.setFillColor(fill)
        self.canvas.roundRect(left, self.y - 16, width, 16, 8, stroke=1, fill=1)
        self.canvas.setFillColor(ink)
        self.canvas.setFont(BOLD, 8.5)
        self.canvas.drawString(left + 8, self.y - 11, text)
        return left + width

    def _continue(self) -> None:
        """Go on with the same wallet on another page."""
        self._end_page()
        self.number += 1
        self._band()
        self._text(self.wallet.description, BOLD, 12)
        self.y -= _GAP

    def _end_page(self) -> None:
        canvas, venue = self.canvas, self.page.venue
        canvas.setStrokeColor(_LINE)
        canvas.setLineWidth(0.75)
        canvas.line(_MARGIN, _FOOTER, _WIDTH - _MARGIN, _FOOTER)
        self.y = _FOOTER - 6
        self._text(self.page.how_to, REGULAR, 9)
        contact = (venue.name, venue.address, venue.contact_phone, venue.contact_email)
        self._text(" · ".join(filter(None, contact)), REGULAR, 8.5, color=_MUTED)
        if self.number > 1:
            text = self.page.texts["page_of_wallet"].format(page=self.number)
            canvas.drawRightString(_WIDTH - _MARGIN, 16, text)
        canvas.showPage()


def _draw_code(
    canvas: Canvas, asset: ManifestAsset, left: float, bottom: float, side: float
) -> None:
    """Draw a QR code with its quiet zone into a square; a closed asset's is faint."""
    code = qr.encode(asset.qr_content)
    module = side / (code.size + 2 * qr.QUIET_ZONE)
    canvas.saveState()
    canvas.setFillColor(_BLACK if asset.is_open else _FAINT)
    # Whole modules from the top left: the numbers in the file stay short.
    canvas.translate(left + qr.QUIET_ZONE * module, bottom + side - qr.QUIET_ZONE * module)
    canvas.scale(module, -module)
    modules = " ".join(f"{run.x} {run.y} {run.length} 1 re" for run in code.runs)
    canvas.addLiteral(f"{modules} f")
    canvas.restoreState()


def _asset_text_height(asset: ManifestAsset, width: float) -> float:
    """Return how high `_Sheet._asset_text` draws."""
    height = 20 + _text_height(asset.description, BOLD, 13, width)
    if asset.admits:
        height += _text_height(asset.admits, BOLD, 12, width)
    if outside := asset.outside:
        height += 5 + _text_height(outside.note, REGULAR, 9, width)
        if outside.url:
            height += _text_height(outside.url_text, BOLD, 9, width)
            height += _text_height(outside.url, REGULAR, 7, width)
    return height + sum(_fact_height(fact, width) for fact in asset.validity_facts)


def _fact_height(fact: Fact, width: float) -> float:
    label = _text_height(fact.label, REGULAR, 8.5, width)
    return 5 + label + _text_height(fact.value, BOLD, 10.5, width)


def _text_height(text: str, font: str, size: float, width: float) -> float:
    return _leading(size) * len(_wrap(text, font, size, width))


def _fits(text: str, size: float, width: float) -> bool:
    """Tell whether a venue's name stands in two lines at most."""
    return len(_wrap(text, BOLD, size, width)) <= 2


def _leading(size: float) -> float:
    return size * 1.3


@functools.lru_cache(maxsize=4096)
def _wrap(text: str, font: str, size: float, width: float) -> tuple[str, ...]:
    """Break a text into lines that fit, between words where possible, else within one."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if _width(longer, font, size) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while _width(line, font, size) > width and len(line) > 1:
            fits = 1
            while _width(line[: fits + 1], font, size) <= width:
                fits += 1
            lines.append(line[:fits])
            line = line[fits:]
    return (*lines, line) if line else tuple(lines)


def _width(text: str, font: str, size: float) -> float:
    return float(pdfmetrics.stringWidth(text, font, size))


def _read_logo(logo: Logo | None) -> ImageReader | None:
    """Return the venue's logo; none when it cannot be drawn."""
    if logo is None:
        return None
    try:
        with Image.open(io.BytesIO(logo.data)) as picture:
            picture.thumbnail(_LOGO_PIXELS)
            return ImageReader(picture.convert("RGBA"))
    except Exception:  # a damaged or absurd picture may raise whatever its decoder likes
        return None
