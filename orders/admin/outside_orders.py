"""The admin of orders at outside systems: what was asked there, what came, and what is uncertain."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils.safestring import SafeString

from catalog.models import Connection
from channel_manager.lib.admin import columns, people
from channel_manager.lib.admin.base import ReadOnlyAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.standing import StateBar, action_urls
from channel_manager.lib.admin.typed import (
    ChoicesDropdownFilter,
    DropdownFilter,
    RelatedDropdownFilter,
)
from orders.admin import outside_acting
from orders.admin.outside_story import read_story
from orders.models import Order
from wallets.admin.connections.unread import tell_of_order
from wallets.admin.connections.words import name_cause
from wallets.models import (
    OutsideOrder,
    OutsideOrderStatus,
    OutsideTicket,
    OutsideTicketStatus,
)

COLOURS: Mapping[str, str] = {
    OutsideOrderStatus.OPEN: "info",
    OutsideOrderStatus.MADE: "success",
    OutsideOrderStatus.UNKNOWN: "danger",
    OutsideOrderStatus.FAILED: "warning",
    OutsideOrderStatus.ENDING: "info",
    OutsideOrderStatus.ENDED: "",
    OutsideOrderStatus.LEFT: "danger",
}
_TICKET_COLOURS: Mapping[str, str] = {
    OutsideTicketStatus.VALID: "success",
    OutsideTicketStatus.USED: "info",
    OutsideTicketStatus.ENDING: "info",
    OutsideTicketStatus.ENDED: "",
    OutsideTicketStatus.LEFT: "danger",
}
_MEANINGS: Mapping[str, str] = {
    OutsideOrderStatus.OPEN: "It is being made there.",
    OutsideOrderStatus.MADE: "It was made there.",
    OutsideOrderStatus.UNKNOWN: "An answer never came, and asking again could make it twice. Look "
    "it up there, then say here what you found.",
    OutsideOrderStatus.FAILED: "Nothing of it is there.",
    OutsideOrderStatus.ENDING: "It is being cancelled there.",
    OutsideOrderStatus.ENDED: "It is cancelled there.",
    OutsideOrderStatus.LEFT: "It is there still, and we cannot cancel it. Cancel it there by hand, "
    "then say so here.",
}
_LEFT_TICKETS = (
    "Some of its tickets are valid there still, and we cannot cancel them. Cancel them there by "
    "hand, then say so here."
)
_MOST_TICKETS = 500
# How often one order of ours was begun anew at one system, as far as it is looked for.
_MOST_TIMES = 10


class WaitsFilter(DropdownFilter):
    """What waits for a person: an unknown outcome, or something that is left there."""

    title = "needs a person"
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer those that wait."""
        return [("yes", "Needs a person")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep those that wait."""
        return queryset.unsettled() if self.value() == "yes" else queryset  # type: ignore[attr-defined]


@register(OutsideOrder)
class OutsideOrderAdmin(ReadOnlyAdmin[OutsideOrder]):
    """Orders at other systems; the way to those that wait for a person stands first."""

    list_display = ("numbers", "state", "placed", "why")
    list_display_links = ("numbers",)
    list_select_related = ("connection__venue",)
    list_filter = (
        WaitsFilter,
        ("status", ChoicesDropdownFilter),
        ("connection__system", ChoicesDropdownFilter),
        ("connection", RelatedDropdownFilter),
    )
    list_before_template = "admin/wallets/outsideorder/quick_filters.html"
    search_fields = ("reference__exact",)
    search_help_text = "Our number or theirs, of an order or a ticket"
    ordering = ("-created_at", "-id")
    sortable_by = ()
    fieldsets = (
        (None, {"fields": ("at", "of_order", "called", "theirs", "since")}),
        ("Why", {"fields": ("why", "said", "times")}),
        ("Reading back", {"fields": ("last_read", "unread")}),
    )
    readonly_fields = (
        *("at", "of_order", "called", "theirs", "since", "why", "said", "times"),
        *("last_read", "unread"),
    )
    change_form_outer_after_template = "admin/wallets/outsideorder/below.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutsideOrder]:
        """Leave the venues' logos where they are."""
        return super().get_queryset(request).defer("connection__venue__logo")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[OutsideOrder], search_term: str
    ) -> tuple[QuerySet[OutsideOrder], bool]:
        """Find an order by either system's number, and by those of its tickets there."""
        typed = search_term.strip()
        if not typed:
            return queryset, False
        number = typed.upper()
        begun = [number, *(f"{number}-{time}" for time in range(2, _MOST_TIMES))]
        at = OutsideOrder.objects.filter(
            connection__in=list(Connection.objects.values_list("pk", flat=True).order_by())
        )
        ours = Order.objects.filter(buy_from_order_reference=number)
        tickets = OutsideTicket.objects.filter(number=typed)
        # One index serves each.
        ways = (
            at.filter(reference__in=begun),
            at.filter(outside_reference=typed),
            OutsideOrder.objects.filter(order__in=ours),
            OutsideOrder.objects.filter(pk__in=tickets.values("outside_order")),
        )
        keys = [way.order_by().values_list("pk") for way in ways]
        return queryset.filter(pk__in=[row[0] for row in keys[0].union(*keys[1:])]), False

    def get_urls(self) -> list[URLPattern]:
        """Add the pages that settle what is uncertain."""
        return [
            *action_urls(self, outside_acting.ACTIONS, self.action_view),
            *super().get_urls(),
        ]

    def action_view(self, request: HttpRequest, key: uuid.UUID, name: str) -> HttpResponse:
        """Show what a button does (GET), or do it (POST)."""
        return outside_acting.action_view(self, request, key, name)

    def state_bar(self, request: HttpRequest, row: OutsideOrder) -> StateBar:
        """Return its status, and the buttons that settle it."""
        left = row.status != OutsideOrderStatus.LEFT and outside_acting.has_left_tickets(row)
        return StateBar(
            text=str(row.get_status_display()),
            colour="danger" if left else COLOURS[row.status],
            meaning=f"{_MEANINGS[row.status]} {_LEFT_TICKETS}" if left else _MEANINGS[row.status],
            buttons=outside_acting.buttons(request, row),
        )

    def surroundings(self, request: HttpRequest, row: OutsideOrder) -> Mapping[str, Any]:
        """Return its tickets, and its calls with what came of them."""
        # Who has such an address sees the guest's name there.
        may_see = people.may_see(request)
        rows = row.tickets.select_related("asset").order_by("position")[: _MOST_TICKETS + 1]
        return {
            "tickets": [_ticket(ticket, may_see=may_see) for ticket in rows[:_MOST_TICKETS]],
            "has_more_tickets": len(rows) > _MOST_TICKETS,
            "tickets_url": row.tickets_url if may_see and _is_link(row.tickets_url) else "",
            "story": read_story(row),
            "zone": row.connection.venue.timezone,
        }

    @column("Ours, theirs", two_lines=True)
    def numbers(self, row: OutsideOrder) -> tuple[str, str]:
        """Return what we call it there, above what that system calls it."""
        return row.reference, row.outside_reference

    @column("At, since", two_lines=True)
    def placed(self, row: OutsideOrder) -> tuple[str, str]:
        """Return the connection, above since when it has its status there."""
        return self.at(row), self.since(row)

    @column("Called there by us")
    def called(self, row: OutsideOrder) -> SafeString | str:
        """Return what we call it there."""
        return columns.number(row.reference)

    @column("Status", badges=COLOURS)
    def state(self, row: OutsideOrder) -> tuple[str, str]:
        """Return the status as a badge."""
        return str(row.status), str(row.get_status_display())

    @column("At")
    def at(self, row: OutsideOrder) -> str:
        """Return the connection."""
        return str(row.connection)

    @column("Why")
    def why(self, row: OutsideOrder) -> SafeString | str:
        """Return the cause in words."""
        return columns.wrapped(name_cause(row.cause) if row.cause else "")

    @column("What came")
    def said(self, row: OutsideOrder) -> str:
        """Return what was said of it last."""
        return row.message or columns.EMPTY

    @column("Order")
    def of_order(self, row: OutsideOrder) -> SafeString | str:
        """Return the order of ours, or where its story is when it is gone."""
        url = reverse("admin:orders_order_change", args=[row.order_key])
        return columns.link(url, row.buy_from_order_reference)

    @column("Called by them")
    def theirs(self, row: OutsideOrder) -> SafeString | str:
        """Return what that system calls it."""
        return columns.number(row.outside_reference)

    @column("Since")
    def since(self, row: OutsideOrder) -> str:
        """Return since when it has its status, on the venue's clock."""
        return columns.moment(row.status_since, row.connection.venue.zone)

    @column("Read back last")
    def last_read(self, row: OutsideOrder) -> str:
        """Return when its system was asked about it last, on the venue's clock."""
        return columns.moment(row.read_at, row.connection.venue.zone)

    @column("Why it could not be read")
    def unread(self, row: OutsideOrder) -> SafeString | str:
        """Return why its last reading failed, and when; nothing once it could be read."""
        return columns.wrapped(tell_of_order(row))

    @column("Begun")
    def times(self, row: OutsideOrder) -> str:
        """Return how often it was begun there."""
        return "Once" if row.round == 1 else f"{row.round} times"


def list_outside_orders(request: HttpRequest, order: Order) -> Sequence[Mapping[str, Any]]:
    """Return what an order of ours is at other systems, for those who may see it: one statement."""
    if not request.user.has_perm("wallets.view_outsideorder"):
        return ()
    rows = OutsideOrder.objects.filter(order=order).select_related("connection")
    return [
        {
            "row": row,
            "url": reverse("admin:wallets_outsideorder_change", args=[row.pk]),
            "state": row.get_status_display(),
            "colour": COLOURS[row.status],
            "why": name_cause(row.cause) if row.cause else "",
        }
        for row in rows.order_by("-created_at", "-pk")[:_MOST_TICKETS]
    ]


def _ticket(ticket: OutsideTicket, *, may_see: bool) -> Mapping[str, Any]:
    asset = ticket.asset
    return {
        "ticket": ticket,
        "state": ticket.get_status_display(),
        "colour": _TICKET_COLOURS[ticket.status],
        "asset_number": asset.reference_number if asset else "",
        "asset_url": reverse("admin:wallets_asset_change", args=[asset.pk]) if asset else "",
        "url": ticket.url if may_see and _is_link(ticket.url) else "",
    }


def _is_link(address: str) -> bool:
    """Tell whether an address from elsewhere may be made a link of."""
    return address.startswith("https://")
