"""The list of orders and the page of one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin import action
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from channel_manager.lib.admin import columns, people
from channel_manager.lib.admin.base import ReadOnlyAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.standing import action_urls
from channel_manager.lib.admin.typed import (
    RangeDateFilter,
    RelatedDropdownFilter,
)
from orders.admin import acting, bulk, erasing, page, story
from orders.admin.actions import ACTIONS
from orders.admin.badges import LEDGER_COLOURS, ORDER_COLOURS, WALLET_COLOURS
from orders.admin.failures import Remedy
from orders.admin.filters import (
    CauseFilter,
    CauseGroupFilter,
    MappingFilter,
    ReceivedFilter,
    RecentFilter,
    SessionFilter,
    StatusFilter,
)
from orders.admin.outside_orders import list_outside_orders
from orders.admin.previewing import preview_urls
from orders.admin.webhooks import read_webhooks
from orders.manifests import order_url
from orders.models import BatchAction, Order, OrderEvent, OrderStatus
from orders.search import find_orders
from orders.search_parts import EVERYTHING, NUMBERS
from partners.admin.filters import ModeFilter, VenueFilter
from partners.numbering import TEST_PREFIX


@register(Order)
class OrderAdmin(ReadOnlyAdmin[Order]):
    """Find an order by any number, look at all of it, and act on it."""

    list_display = ("state", "numbers", "sold_by", "guest", "visit", "total", "received")
    list_display_of_failures = (
        "state",
        "numbers",
        "sold_by",
        "guest",
        "visit",
        "received",
        "problem",
    )
    list_display_links = ("numbers",)
    list_select_related = ("partner", "venue")
    list_filter = (
        StatusFilter,
        ("partner", RelatedDropdownFilter),
        CauseFilter,
        CauseGroupFilter,
        ("visit_date", RangeDateFilter),
        RecentFilter,
        ("received_at", ReceivedFilter),
        SessionFilter,
        MappingFilter,
        VenueFilter,
        ModeFilter,
    )
    list_before_template = "admin/orders/order/quick_filters.html"
    # Any other order of a long table would sort all of it.
    sortable_by = ("received",)
    search_fields = ("buy_from_order_reference",)
    search_help_text = "Any number, guest or e-mail address, or part of it"
    actions = ("replay_chosen", "confirm_chosen", "move_chosen", "cancel_chosen")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        """Leave the venues' logos where they are."""
        return super().get_queryset(request).defer("venue__logo")

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Make room for the message where only failures are listed."""
        failures = request.GET.get("status") == OrderStatus.ERROR or bool(
            {"cause", "cause_group"} & set(request.GET)
        )
        columns = self.list_display_of_failures if failures else self.list_display
        if self.get_actions(request):
            return columns
        # Without boxes to tick, a phone calls the first column one, unless it is the link.
        return ("numbers", *(column for column in columns if column != "numbers"))

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Promise nobody to find what is not searched for them."""
        changelist = super().get_changelist_instance(request)
        if not people.may_see(request):
            changelist.search_help_text = "Any number, or part of it"
        return changelist

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        """Find by number, and by part of a number, name or address when no number matches."""
        texts = EVERYTHING if people.may_see(request) else NUMBERS
        found = find_orders(queryset, search_term, texts)
        if found.advice:
            messages.info(request, found.advice)
        is_test_number = search_term.strip().upper().startswith(TEST_PREFIX)
        if is_test_number and not request.GET.get(ModeFilter.parameter_name):
            messages.info(request, "Numbers with T- are of test orders: choose them as test mode.")
        return found.orders, False

    def hide_people(self, request: HttpRequest, rows: Sequence[Order]) -> None:
        """Mask the guests."""
        people.hide(request, rows, "sell_to_name", "sell_to_email")

    def get_urls(self) -> list[URLPattern]:
        """Add a page for each button, and those that show what an order would become."""
        pages = [*preview_urls(self), *action_urls(self, ACTIONS, self.action_view)]
        pages.append(
            path(
                "<uuid:order_id>/story/",
                self.admin_site.admin_view(self.story_view),
                name="orders_order_story",
            )
        )
        pages.append(
            path(
                "erase-guest/",
                self.admin_site.admin_view(self.erase_guest_view),
                name="orders_order_erase_guest",
            )
        )
        return [*pages, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the order; one that was deleted leads to its place in the history."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        order_id = _as_uuid(object_id)
        order = order_id and page.find(order_id)
        if not order:
            return self._lost(request, order_id)
        shown = page.read(order)
        page.hide_people(request, shown)
        # Who has its address sees the guests' names.
        has_manifest = order.status == OrderStatus.ISSUED and people.may_see(request)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Order {order}",
            "opts": self.opts,
            "original": order,
            "order": order,
            "page": shown,
            "story": story.read_story(request, order),
            "webhooks": read_webhooks(request, order),
            "elsewhere": list_outside_orders(request, order),
            "remedies": [(remedy, _may_follow(request, remedy)) for remedy in shown.remedies],
            "buttons": acting.buttons(request, shown),
            "reissue_url": acting.url_beside(request, order, "reissue"),
            "cancel_wallets_url": acting.url_beside(request, order, "cancel_wallets"),
            "erase_url": acting.url_beside(request, order, "erase"),
            "manifest_url": order_url(order) if has_manifest else "",
            "order_colours": ORDER_COLOURS,
            "wallet_colours": WALLET_COLOURS,
            "ledger_colours": LEDGER_COLOURS,
        }
        return TemplateResponse(request, "admin/orders/order/page.html", context)

    def erase_guest_view(self, request: HttpRequest) -> HttpResponse:
        """Erase what is known of a guest, in all orders."""
        return erasing.guest_view(self, request)

    def story_view(self, request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
        """Show what happened to an order before what its page shows."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        order = page.find(order_id)
        if not order:
            return self._lost(request, order_id)
        until = story.read_moment(request.GET.get("until", ""))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Story of order {order}",
            "opts": self.opts,
            "original": order,
            "order": order,
            "story": story.read_story(request, order, until),
            "is_latest": until is None,
        }
        return TemplateResponse(request, "admin/orders/order/story.html", context)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may replay orders; the list's action asks."""
        return bulk.may(request, BatchAction.REPLAY)

    def has_confirm_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may confirm drafts."""
        return bulk.may(request, BatchAction.CONFIRM)

    def has_move_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may move orders."""
        return bulk.may(request, BatchAction.MOVE)

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may cancel orders."""
        return bulk.may(request, BatchAction.CANCEL)

    def action_view(self, request: HttpRequest, key: uuid.UUID, name: str) -> HttpResponse:
        """Show what a button does (GET), or do it (POST)."""
        return acting.action_view(self, request, key, name)

    @action(description="Replay", permissions=["replay"])
    def replay_chosen(self, request: HttpRequest, queryset: QuerySet[Order]) -> HttpResponse | None:
        """Tell what replaying the chosen orders does."""
        return bulk.ask(self, request, queryset, BatchAction.REPLAY)

    @action(description="Confirm drafts", permissions=["confirm"])
    def confirm_chosen(
        self, request: HttpRequest, queryset: QuerySet[Order]
    ) -> HttpResponse | None:
        """Tell what confirming the chosen drafts does."""
        return bulk.ask(self, request, queryset, BatchAction.CONFIRM)

    @action(description="Move to another day", permissions=["move"])
    def move_chosen(self, request: HttpRequest, queryset: QuerySet[Order]) -> HttpResponse | None:
        """Tell what moving the chosen orders does."""
        return bulk.ask(self, request, queryset, BatchAction.MOVE)

    @action(description="Cancel", permissions=["cancel"])
    def cancel_chosen(self, request: HttpRequest, queryset: QuerySet[Order]) -> HttpResponse | None:
        """Tell what cancelling the chosen orders does."""
        return bulk.ask(self, request, queryset, BatchAction.CANCEL)

    @column("Status")
    def state(self, order: Order) -> SafeString:
        """Return the status as a badge, and below it why the order failed or was cancelled."""
        why = order.get_failure_code_display() or order.status_message
        shown = columns.badge(order.status, ORDER_COLOURS[order.status])
        return columns.below(shown, why, order.status_message) if why else shown

    @column("Order", two_lines=True)
    def numbers(self, order: Order) -> tuple[str, str]:
        """Return our number and, below it, the partner's."""
        return order.buy_from_order_reference, order.sell_to_order_reference

    @column("Partner", two_lines=True)
    def sold_by(self, order: Order) -> tuple[str, str]:
        """Return the partner and, for a test order, that it is one."""
        return order.partner.name, "Test order" if order.test_mode else ""

    @column("Guest", two_lines=True)
    def guest(self, order: Order) -> tuple[str, str]:
        """Return the guest's name and e-mail address."""
        if order.erased_at is not None:
            return "Erased", ""
        name = order.sell_to_name or order.sell_to_email or columns.EMPTY
        return name, (order.sell_to_email or "") if order.sell_to_name else ""

    @column("Visit")
    def visit(self, order: Order) -> str:
        """Return the first visit date."""
        return f"{order.visit_date:%-d %b %Y}" if order.visit_date else columns.EMPTY

    @column("Total")
    def total(self, order: Order) -> str:
        """Return what is left of the order, including VAT."""
        return columns.money(order.left_incl_vat, order.currency)

    @column("Received", order="received_at", two_lines=True)
    def received(self, order: Order) -> list[str]:
        """Return day and time of receipt on the venue's clock."""
        return columns.moment(order.received_at, order.venue.zone).split(", ")

    @column("Message")
    def problem(self, order: Order) -> SafeString | str:
        """Return why the order failed, as the partner is told."""
        return columns.wrapped(order.status_message)

    def _lost(self, request: HttpRequest, order_id: uuid.UUID | None) -> HttpResponse:
        """Lead somebody with the address of a deleted order to what is left of it."""
        if order_id and OrderEvent.objects.of(order_id).exists():
            messages.warning(request, "This order was removed for good. This is its history.")
            return redirect(f"{reverse('admin:orders_orderevent_changelist')}?q={order_id}")
        messages.error(request, "There is no such order.")
        return redirect("admin:orders_order_changelist")


def _may_follow(request: HttpRequest, remedy: Remedy) -> bool:
    return bool(remedy.link) and request.user.has_perm(remedy.permission)


def _as_uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
