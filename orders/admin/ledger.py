"""The ledger, to look at."""

from __future__ import annotations

import re
import uuid

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
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
from orders.admin.finance.reports import report_urls
from orders.admin.finance.terms import late_terms_view
from orders.admin.finance.whereabouts_page import whereabouts_view
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
        "commission_amount",
        "net_amount",
        "counts_on",
        "reason_cut",
    )
    list_display_links = ("posted",)
    list_select_related = ("order", "partner", "venue", "contract", "corrects")
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
        ("Counts", {"fields": ("counts_on", "corrected_period")}),
        (
            "Money",
            {
                "fields": (
                    "quantity",
                    "gross_amount",
                    "vat_amount",
                    "excl_vat_amount",
                    "rates",
                    "commission_amount",
                    "net_amount",
                    "terms",
                )
            },
        ),
        ("Why", {"fields": ("reason", "reversed_entry")}),
    )
    readonly_fields = (
        "posted",
        "kind_badge",
        "order_link",
        "gross_amount",
        "vat_amount",
        "excl_vat_amount",
        "commission_amount",
        "net_amount",
        "counts_on",
        "corrected_period",
        "terms",
        "rates",
        "reversed_entry",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[LedgerEntry]:
        """Leave the venues' logos where they are."""
        return super().get_queryset(request).defer("venue__logo")

    def get_urls(self) -> list[URLPattern]:
        """Add the reports, where a number is, and the page that applies a contract to earlier sales."""
        return [
            *report_urls(self),
            path(
                "late-terms/<uuid:key>/",
                self.admin_site.admin_view(self.late_terms_view),
                name="orders_ledgerentry_late_terms",
            ),
            path(
                "whereabouts/",
                self.admin_site.admin_view(self.whereabouts_view),
                name="orders_ledgerentry_whereabouts",
            ),
            *super().get_urls(),
        ]

    def late_terms_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Apply a contract to what was sold without one."""
        return late_terms_view(self, request, key)

    def whereabouts_view(self, request: HttpRequest) -> HttpResponse:
        """Say where a number is."""
        return whereabouts_view(self, request)

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
    def order_link(self, entry: LedgerEntry) -> SafeString | str:
        """Return our number, leading to the order."""
        if entry.order_id is None:
            return columns.EMPTY
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

    @column("Excl. VAT")
    def excl_vat_amount(self, entry: LedgerEntry) -> str:
        """Return the amount without VAT."""
        return columns.money(entry.excl_vat, entry.currency)

    @column("Commission")
    def commission_amount(self, entry: LedgerEntry) -> str:
        """Return the partner's commission."""
        return columns.money(entry.commission, entry.currency)

    @column("Net")
    def net_amount(self, entry: LedgerEntry) -> str:
        """Return what goes over between partner and venue: gross less commission."""
        return columns.money(entry.net, entry.currency)

    @column("Counts on")
    def counts_on(self, entry: LedgerEntry) -> str:
        """Return the accounting date; a contract by admission waits for the first guest."""
        day = entry.accounting_date
        return f"{day:%-d %b %Y}" if day else "its first admission"

    @column("Corrects")
    def corrected_period(self, entry: LedgerEntry) -> str:
        """Return the closed period that it would have been of."""
        return entry.corrects.title if entry.corrects else columns.EMPTY

    @column("Terms")
    def terms(self, entry: LedgerEntry) -> str:
        """Return the version of the contract its commission follows from."""
        contract = entry.contract
        if contract is None:
            return "No contract held on the day of the order"
        return f"{contract.rate} (version {contract.version})"

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
