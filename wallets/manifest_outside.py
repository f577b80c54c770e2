"""What a manifest says of a ticket that another system of the venue's has issued. Pure.

Its QR code is of the number that the other system's gate scans. Where that system tells none, no
code of ours stands in its place: that gate would refuse it. Our number is printed, for our own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from wallets.models import AssetStatus
from wallets.outside_tickets import Outside, StateThere, TicketThere

# What that system says of its ticket closes ours on the page, too.
CLOSED_THERE = {
    StateThere.USED: AssetStatus.USED,
    StateThere.CANCELLING: AssetStatus.DESTROYED,
    StateThere.CANCELLED: AssetStatus.DESTROYED,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ManifestOutside:
    """Where a ticket was issued.

    note: what the guest reads of it; url: its page or PDF there, shown as a button of `url_text`.
    """

    system: str
    order_reference: str
    number: str
    status: str
    note: str
    url: str
    url_text: str


def shown_tickets(outside: Outside) -> Sequence[TicketThere]:
    """Return the tickets that an asset is shown by.

    Each of a group's by itself where they have numbers of their own, else one that stands for all.
    """
    if outside.number or not any(ticket.number for ticket in outside.tickets):
        return [TicketThere(number=outside.number, url=outside.url, status=outside.status)]
    return outside.tickets


def describe(outside: Outside, ticket: TicketThere, texts: Mapping[str, str]) -> ManifestOutside:
    """Return what the guest is told of one ticket, in the language of the texts."""
    note = "issued_there"
    if not ticket.number:
        note = "with_order_there" if outside.has_order_page else "linked_there"
        note = "shown_there" if ticket.url else note
    return ManifestOutside(
        system=outside.system,
        order_reference=outside.order_reference,
        number=ticket.number,
        status=ticket.status.value,
        note=texts[note].format(
            system=outside.system, reference=outside.order_reference or outside.asked_as
        ),
        url=ticket.url,
        url_text=texts["open_there"].format(system=outside.system),
    )
