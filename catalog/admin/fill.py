"""How full a session is, or several together: a bar, and the numbers beside it."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import Count, Q, Sum
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from channel_manager.lib.admin.columns import EMPTY

# Sizes are attributes of the picture: it needs no style of its own.
_BAR = (
    '<span class="cm-fill"><svg class="cm-fill-bar" viewBox="0 0 100 6" preserveAspectRatio="none"'
    ' aria-hidden="true"><rect class="cm-fill-sold" width="{sold}" height="6"/>'
    '<rect class="cm-fill-held" x="{sold}" width="{held}" height="6"/></svg>'
    '<span class="cm-fill-text">{text}</span></span>'
)


def sums() -> dict[str, Any]:
    """Return what a group of sessions is annotated with: how many, off sale, and their places."""
    return {
        "count": Count("pk"),
        "off_sale": Count("pk", filter=Q(is_on_sale=False)),
        "places": Sum("capacity"),
        "sold": Sum("sold"),
        "held": Sum("held"),
    }


def day_url(date: datetime.date, **filters: Any) -> str:
    """Return where all sessions of a day are listed, past ones too, as further filters say."""
    days = {"date_from": date.isoformat(), "date_to": date.isoformat()}
    query = urlencode({"state": "all", **filters, **days})
    return f"{reverse('admin:catalog_session_changelist')}?{query}"


def fill_bar(*, sold: int, held: int, capacity: int) -> SafeString:
    """Return how many places of a capacity are sold and held, as a picture and in words."""
    return format_html(
        _BAR,
        sold=_share(sold, capacity),
        held=_share(held, capacity),
        text=in_words(sold=sold, held=held, capacity=capacity),
    )


def in_words(*, sold: int, held: int, capacity: int) -> str:
    """Return the numbers, such as 412 of 500 · 12 held."""
    if not capacity and not sold and not held:
        return f"{EMPTY} no places"
    return f"{sold:,} of {capacity:,}" + (f" · {held:,} held" if held else "")


def _share(places: int, capacity: int) -> str:
    return f"{100 * places / capacity:.1f}" if capacity else "0"
