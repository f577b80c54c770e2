"""How a venue looks to a guest: its name, its contact, its colour and its logo. Pure."""

from __future__ import annotations

import base64
import dataclasses
import re

from partners.models import Venue

_NEUTRAL_COLOR = "#334155"


@dataclasses.dataclass(frozen=True)
class Logo:
    """A picture that looks whole, by its first and last bytes."""

    media_type: str
    data: bytes

    @property
    def data_uri(self) -> str:
        """Return the picture as an address that needs no further request."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode()}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class VenueLook:
    """The venue as a guest knows it. `ink` is the colour that is legible on `brand_color`."""

    name: str
    address: str = ""
    contact_email: str = ""
    contact_phone: str = ""
    timezone: str = "UTC"
    brand_color: str = _NEUTRAL_COLOR
    ink: str = "#ffffff"
    logo: Logo | None = None

    @property
    def style(self) -> str:
        """Return the style sheet that sets the venue's colours."""
        return f":root{{--brand:{self.brand_color};--ink:{self.ink}}}"

    @property
    def phone_number(self) -> str:
        """Return the telephone number as a telephone dials it."""
        return re.sub(r"[^+0-9]", "", self.contact_phone)


def look_of(venue: Venue) -> VenueLook:
    """Return how the venue looks; a colour or picture that cannot be shown is left out."""
    color = venue.brand_color.lower()
    if not re.fullmatch(r"#[0-9a-f]{6}", color):
        color = _NEUTRAL_COLOR
    return VenueLook(
        name=venue.name,
        address=venue.address,
        contact_email=venue.contact_email,
        contact_phone=venue.contact_phone,
        timezone=venue.timezone,
        brand_color=color,
        ink=legible_ink(color),
        logo=_logo(bytes(venue.logo)),
    )


def legible_ink(color: str) -> str:
    """Return black or white, whichever stands out more from a colour; always 4.5 to 1 at least."""
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    # WCAG contrast: 1.05 / (L + 0.05) with white, (L + 0.05) / 0.05 with black.
    return "#ffffff" if (luminance + 0.05) ** 2 < 1.05 * 0.05 else "#000000"


def _logo(data: bytes) -> Logo | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data.endswith(b"IEND\xaeB`\x82"):
        return Logo("image/png", data)
    if data.startswith(b"\xff\xd8\xff") and data.rstrip(b"\0").endswith(b"\xff\xd9"):
        return Logo("image/jpeg", data)
    return None
