"""The fonts of our PDF documents: DejaVu Sans, which is embedded; a character it lacks is a box."""

from __future__ import annotations

import functools
import threading
from typing import Final

from django.conf import settings
from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

# Pages as bytes, not as text that is a quarter longer and takes a third of the time to write.
rl_config.useA85 = 0

REGULAR: Final = "ManifestSans"
BOLD: Final = "ManifestSans-Bold"
# A font is one object for all threads, and taking a subset of it moves its read position: whoever
# registers, or saves a document, holds this.
FONTS = threading.Lock()


@functools.cache
def register_fonts() -> None:
    """Make both fonts known; the caller holds FONTS."""
    folder = settings.BASE_DIR / "static" / "fonts"
    pdfmetrics.registerFont(TTFont(REGULAR, folder / "DejaVuSans.ttf"))
    pdfmetrics.registerFont(TTFont(BOLD, folder / "DejaVuSans-Bold.ttf"))
