"""Where a ticket or coupon was issued, as staff are shown it."""

from __future__ import annotations

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from channel_manager.lib.admin import columns
from wallets.models import Asset
from wallets.outside_tickets import Outside, TicketThere, outside_of

# Of a group, which has a ticket there for each of its guests.
_MOST = 20


def in_short(asset: Asset) -> str:
    """Return the system that issued an asset and how it stands there; a dash for our own."""
    outside = outside_of(asset)
    return f"{outside.system}: {outside.status}" if outside else columns.EMPTY


def in_full(asset: Asset) -> SafeString | str:
    """Return system, order, numbers, links and states there; a dash for our own."""
    outside = outside_of(asset)
    if outside is None:
        return columns.EMPTY
    lines = format_html_join("", "<br>{}", ((_ticket(one),) for one in outside.tickets[:_MOST]))
    more = len(outside.tickets) - _MOST
    rest = format_html("<br>and {} more", more) if more > 0 else ""
    return format_html("{}{}{}", _order(outside), lines, rest)


def _order(outside: Outside) -> str:
    return f"{outside.system}, order {outside.order_reference or 'without a number'}"


def _ticket(ticket: TicketThere) -> SafeString:
    link: SafeString | str = ""
    if ticket.url:
        link = format_html(
            ' · <a class="cm-link" href="{}" target="_blank" rel="noopener noreferrer">open there</a>',
            ticket.url,
        )
    return format_html("{} · {}{}", ticket.number or "no number told", ticket.status.value, link)
