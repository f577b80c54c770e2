"""Columns and texts of admin pages."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from django.template.loader import render_to_string
from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString

from channel_manager.lib.money import rounded

_Column = TypeVar("_Column", bound=Callable[..., Any])
EMPTY = "–"


def column(
    title: str,
    *,
    order: str | None = None,
    badge: Mapping[str, str] | bool = False,
    two_lines: bool = False,
    boolean: bool = False,
) -> Callable[[_Column], _Column]:
    """Describe a column as django-unfold's `display` does.

    badge: the colour of each value (success, info, warning, danger), or True for a plain one.
    two_lines: the value is a pair, the second line smaller.
    """

    def describe(function: _Column) -> _Column:
        options: dict[str, Any] = {
            "short_description": title,
            "admin_order_field": order,
            "label": badge,
            "header": two_lines,
            "boolean": boolean,
        }
        for name, value in options.items():
            if value:
                setattr(function, name, value)
        return function

    return describe


def badge(text: str, colour: str = "") -> SafeString:
    """Return a status badge for pages of our own, the same as the lists show."""
    return render_to_string("unfold/helpers/label.html", {"text": text, "type": colour})


def link(url: str, text: object) -> SafeString:
    """Return a link."""
    return format_html('<a class="cm-link" href="{}">{}</a>', url, text)


def number(text: str | None) -> SafeString | str:
    """Return a number that is read out or compared, in figures of one width."""
    return format_html('<span class="cm-mono">{}</span>', text) if text else EMPTY


def below(first: SafeString, text: str, whole: str) -> SafeString:
    """Return something with a small text below it, the whole of which is a tooltip."""
    return format_html('{}<span class="cm-below-badge" title="{}">{}</span>', first, whole, text)


def cut(text: str, whole: str) -> SafeString | str:
    """Return a text that is cut off where its column ends, the whole of it as a tooltip."""
    return format_html('<span class="cm-cut" title="{}">{}</span>', whole, text) if text else EMPTY


def money(amount: Decimal | None, currency: str) -> str:
    """Return an amount with its currency, such as EUR 1,234.50."""
    if amount is None:
        return EMPTY
    exact = rounded(amount, currency)
    places = max(0, -int(exact.as_tuple().exponent))
    figures = formats.number_format(exact, places, use_l10n=True, force_grouping=True)
    return f"{currency} {figures}"


def moment(at: datetime.datetime | None, zone: zoneinfo.ZoneInfo) -> str:
    """Return a moment on a venue's clock, such as 20 Nov 2026, 14:03."""
    return f"{at.astimezone(zone):%-d %b %Y, %H:%M}" if at else EMPTY


def day(date: datetime.date | None, time: datetime.time | None = None) -> str:
    """Return a visit's date and time, such as Sat 21 Nov 2026, 10:00."""
    if date is None:
        return EMPTY
    return f"{date:%a %-d %b %Y}" + (f", {time:%H:%M}" if time else "")


def validity(start: datetime.date | None, end: datetime.date | None) -> str:
    """Return a range of dates in words; both ends belong to it."""
    if start and end:
        return f"{start:%-d %b %Y} – {end:%-d %b %Y}"
    if start:
        return f"from {start:%-d %b %Y}"
    return f"until {end:%-d %b %Y}" if end else "always"
