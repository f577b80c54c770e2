"""A gate's scanner: reads the QR codes on a picture."""

from __future__ import annotations

from collections.abc import Iterable

import zxingcpp
from PIL import Image


def scan(picture: Image.Image) -> list[str]:
    """Return what the QR codes on a picture hold, sorted."""
    found = zxingcpp.read_barcodes(picture.convert("L"), formats=zxingcpp.BarcodeFormat.QRCode)
    return sorted(code.text for code in found)


def paint(side: int, dark: Iterable[tuple[int, int]], pixels: int = 4) -> Image.Image:
    """Return a picture of a square of modules, some of them dark."""
    picture = Image.new("L", (side, side), 255)
    for place in dark:
        picture.putpixel(place, 0)
    return picture.resize((side * pixels, side * pixels), Image.Resampling.NEAREST)
