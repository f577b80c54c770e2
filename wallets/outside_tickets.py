"""What stands behind an asset at the outside system that issued it, as partners, guests and gates see it.

Read along with the assets, in their own statement (`with_outside`), and pure from there on.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Exists, F, OuterRef, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import JSONObject

from catalog.models import System
from wallets.models import Asset, OutsideTicket, OutsideTicketStatus


class StateThere(enum.StrEnum):
    """How what was issued elsewhere stands there, as far as that system has told."""

    VALID = "Valid"
    USED = "Used"
    CANCELLING = "Cancelling"
    CANCELLED = "Cancelled"


# What waits for a person is no affair of partners and guests: it is to be cancelled there.
_STATES = {
    OutsideTicketStatus.VALID: StateThere.VALID,
    OutsideTicketStatus.USED: StateThere.USED,
    OutsideTicketStatus.ENDING: StateThere.CANCELLING,
    OutsideTicketStatus.LEFT: StateThere.CANCELLING,
    OutsideTicketStatus.ENDED: StateThere.CANCELLED,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TicketThere:
    """One ticket there. What that system does not tell is empty.

    number: what is scanned; url: a page or file of that system with it, always https.
    """

    number: str
    url: str
    status: StateThere


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outside:
    """Where an asset was issued: the system's name, what it calls the order, and its tickets.

    A group's asset has a ticket there for each of its guests. asked_as: what we called the order,
    for where nobody knows what it is called there. has_order_page: the order there has a
    page of its own, whether or not it may be shown here.
    """

    system: str
    order_reference: str
    tickets: Sequence[TicketThere]
    asked_as: str = ""
    has_order_page: bool = False

    @property
    def number(self) -> str:
        """Return the number that is scanned there, for all of a group; empty for several numbers."""
        return only_number(ticket.number for ticket in self.tickets)

    def number_like(self, shown: str) -> str:
        """Return the number that somebody shows of several, or the only one; empty for neither."""
        numbers = {ticket.number for ticket in self.tickets}
        return self.number or (shown.strip() if shown.strip() in numbers else "")

    @property
    def url(self) -> str:
        """Return the one address that shows all of it; empty where each ticket has its own."""
        urls = {ticket.url for ticket in self.tickets}
        return urls.pop() if len(urls) == 1 else ""

    @property
    def status(self) -> StateThere:
        """Return how all of it stands: cancelled or used once no ticket is left."""
        states = {ticket.status for ticket in self.tickets}
        if StateThere.CANCELLING in states:
            return StateThere.CANCELLING
        for state in (StateThere.VALID, StateThere.USED):
            if state in states:
                return state
        return StateThere.CANCELLED


def only_number(numbers: Iterable[str]) -> str:
    """Return the one number that several tickets have between them; empty for none, or several.

    A group may have one for all its guests, which stands on the first of its tickets.
    """
    told = {number for number in numbers if number}
    return told.pop() if len(told) == 1 else ""


def with_outside(assets: QuerySet[Asset]) -> QuerySet[Asset]:
    """Have what was issued elsewhere read along with the assets, for `outside_of`.

    Whoever has a wallet may see it: the page of an order there that has other wallets is left out.
    """
    others = OutsideTicket.objects.filter(outside_order=OuterRef("outside_order"))
    has_others = Exists(others.exclude(wallet_key=OuterRef("wallet_key")).order_by())
    return _with_pages(
        assets, Case(When(has_others, then=Value("")), default=F("outside_order__tickets_url"))
    )


def with_outside_orders(assets: QuerySet[Asset]) -> QuerySet[Asset]:
    """Have the same read along for whoever has the whole order: with the page of all of it."""
    return _with_pages(assets, F("outside_order__tickets_url"))


def _with_pages(assets: QuerySet[Asset], page: Combinable) -> QuerySet[Asset]:
    tickets = OutsideTicket.objects.filter(asset=OuterRef("pk")).order_by(
        "outside_order", "position"
    )
    told = JSONObject(
        system=F("outside_order__connection__system"),
        reference=F("outside_order__outside_reference"),
        asked=F("outside_order__reference"),
        page=page,
        orderPage=F("outside_order__tickets_url"),
        number=F("number"),
        url=F("url"),
        status=F("status"),
    )
    return assets.annotate(outside_rows=ArraySubquery(tickets.values_list(told)))


def outside_of(asset: Asset) -> Outside | None:
    """Return where an asset was issued; None for one of our own, or one just made."""
    rows: Sequence[Mapping[str, Any]] = getattr(asset, "outside_rows", None) or ()
    if not rows:
        return None
    return Outside(
        system=System(rows[0]["system"]).label,
        order_reference=rows[0]["reference"],
        asked_as=rows[0]["asked"],
        tickets=tuple(
            TicketThere(
                number=row["number"],
                url=shown_url(row["url"]) or shown_url(row["page"]),
                status=_STATES[OutsideTicketStatus(row["status"])],
            )
            for row in rows
        ),
        has_order_page=bool(shown_url(rows[0]["orderPage"])),
    )


def shown_url(url: str) -> str:
    """Return an address that an outside system told, if anybody may be led there: https only."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    is_safe = parts.scheme == "https" and parts.hostname and "@" not in parts.netloc
    return url if is_safe and url.isprintable() and " " not in url else ""


def render_outside(outside: Outside) -> dict[str, Any]:
    """Return it as JSON; `tickets` only where several stand behind one asset."""
    rendered: dict[str, Any] = {
        "system": outside.system,
        "orderReference": outside.order_reference or None,
        "number": outside.number or None,
        "ticketUrl": outside.url or None,
        "status": outside.status.value,
    }
    if len(outside.tickets) > 1:
        rendered["tickets"] = [
            {
                "number": ticket.number or None,
                "ticketUrl": ticket.url or None,
                "status": ticket.status.value,
            }
            for ticket in outside.tickets
        ]
    return rendered
