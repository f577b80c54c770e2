"""The ledger, to look at."""

from __future__ import annotations

import re

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from channel_manager.lib.admin import columns
from channel_manager.lib.admin.base import ReadOnlyAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.typed import (
    ChoicesDropdownFilter,
    RelatedDropdownFilter,
)
from orders.admin.badges import LEDGER_COLOURS
from orders.models import LedgerEntry
from partners.admin.filters import VenueFilter


@register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin[LedgerEntry]):
    """Money as it was posted; nothing here can be changed, only posted anew."""

    list_display = (
        "posted",
        "kind_badge",
        "order_link",
        "partner",
        "quantity",
        "gross_amount",
        "vat_amount",
        "net_amount",
        "reason_cut",
    )
    list_display_links = ("posted",)
    list_select_related = ("order", "partner", "venue")
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ("partner", RelatedDropdownFilter),
        VenueFilter,
    )
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("buy_from_order_reference",)
    search_help_text = "Our order number, or how it begins"
    fieldsets = (
        (None, {"fields": ("posted", "kind_badge", "order_link", "partner", "venue")}),
        ("Money", {"fields": ("quantity", "gross_amount", "vat_amount", "net_amount", "rates")}),
        ("Why", {"fields": ("reason", "reversed_entry")}),
    )
    readonly_fields = (
        "posted",
        "kind_badge",
        "order_link",
        "gross_amount",
        "vat_amount",
        "net_amount",
        "rates",
        "reversed_entry",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[LedgerEntry]:
        """Leave the venues' logos where they are."""
        return super().get_queryset(request).defer("venue__logo")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[LedgerEntry], search_term: str
    ) -> tuple[QuerySet[LedgerEntry], bool]:
        """Find the postings of an order by its document number; one index serves it."""
        number = re.sub(r"\s", "", search_term).upper()
        if number:
            queryset = queryset.filter(
                buy_from_order_reference__gte=number,
                buy_from_order_reference__lt=number + "\U0010ffff",
            )
        return queryset, False

    @column("Posted")
    def posted(self, entry: LedgerEntry) -> str:
        """Return the moment on the venue's clock."""
        return columns.moment(entry.posted_at, entry.venue.zone)

    @column("Kind", badges=LEDGER_COLOURS)
    def kind_badge(self, entry: LedgerEntry) -> str:
        """Return the kind of posting."""
        return entry.kind

    @column("Order")
    def order_link(self, entry: LedgerEntry) -> SafeString:
        """Return our number, leading to the order."""
        url = reverse("admin:orders_order_change", args=[entry.order_id])
        return columns.link(url, entry.buy_from_order_reference)

    @column("Gross")
    def gross_amount(self, entry: LedgerEntry) -> str:
        """Return the amount including VAT."""
        return columns.money(entry.gross, entry.currency)

    @column("VAT")
    def vat_amount(self, entry: LedgerEntry) -> str:
        """Return the VAT."""
        return columns.money(entry.vat, entry.currency)

    @column("Net")
    def net_amount(self, entry: LedgerEntry) -> str:
        """Return the amount without VAT."""
        return columns.money(entry.net, entry.currency)

    @column("Reason")
    def reason_cut(self, entry: LedgerEntry) -> SafeString | str:
        """Return the reason given."""
        return columns.cut(entry.reason, entry.reason)

    @column("Per VAT rate")
    def rates(self, entry: LedgerEntry) -> SafeString | str:
        """Return the parts that bear each rate."""
        rows = [(part["rate"], part["inclVat"], part["exclVat"]) for part in entry.vat_parts]
        text = '<p class="cm-data"><b>{} %</b> {} incl. VAT, {} excl. VAT</p>'
        return format_html_join("", text, rows) or columns.EMPTY

    @column("Takes back")
    def reversed_entry(self, entry: LedgerEntry) -> SafeString | str:
        """Return the sale that a reversal takes back."""
        if entry.reverses_id is None:
            return columns.EMPTY
        url = reverse("admin:orders_ledgerentry_change", args=[entry.reverses_id])
        return columns.link(url, f"Sale {entry.reverses_id}")
