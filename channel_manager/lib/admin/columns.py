"""Columns and texts of admin pages."""

from __future__ import annotations

import datetime
import functools
import zoneinfo
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar, cast

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
    badges: Mapping[str, str] | None = None,
    two_lines: bool = False,
) -> Callable[[_Column], _Column]:
    """Describe a column as django-unfold's `display` does.

    badges: the colour of each value (success, info, warning, danger); the value, or the second of
    a pair, is shown as a badge, in lists and on read-only pages alike.
    two_lines: the value is a pair, the second line smaller.
    """

    def describe(function: _Column) -> _Column:
        shown = function if badges is None else _as_badge(function, badges)
        shown.short_description = title  # type: ignore[attr-defined]
        if order:
            shown.admin_order_field = order  # type: ignore[attr-defined]
        if two_lines:
            shown.header = True  # type: ignore[attr-defined]
        return shown

    return describe


def _as_badge(function: _Column, badges: Mapping[str, str]) -> _Column:
    @functools.wraps(function)
    def show(*arguments: Any) -> SafeString:
        value = function(*arguments)
        key, text = value if isinstance(value, tuple) else (value, value)
        return badge(text, badges.get(key, ""))

    return cast("_Column", show)


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


def wrapped(text: str) -> SafeString | str:
    """Return a text of up to two lines, the whole of it as a tooltip."""
    return format_html('<span class="cm-wrap" title="{0}">{0}</span>', text) if text else EMPTY


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


def span(start: datetime.datetime, end: datetime.datetime, zone: zoneinfo.ZoneInfo) -> str:
    """Return a range of moments on a venue's clock; the day is named once when it is one."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    shown_end = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%-d %b %Y, %H:%M}"
    return f"{first:%-d %b %Y, %H:%M} – {shown_end}"


def day(date: datetime.date | None, time: datetime.time | None = None) -> str:
    """Return a visit's date and time, such as Sat 21 Nov 2026, 10:00."""
    if date is None:
        return EMPTY
    return f"{date:%a %-d %b %Y}" + (f", {time:%H:%M}" if time else "")


def validity(start: datetime.date | None, end: datetime.date | None) -> str:
    """Return a range of dates in words; both ends belong to it."""
    if start and start == end:
        return f"{start:%-d %b %Y}"
    if start and end:
        return f"{start:%-d %b %Y} – {end:%-d %b %Y}"
    if start:
        return f"from {start:%-d %b %Y}"
    return f"until {end:%-d %b %Y}" if end else "always"
