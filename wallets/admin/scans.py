"""The admin of scans: who came to which gate when, and what the gate said."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from channel_manager.lib.admin import columns
from channel_manager.lib.admin.base import ReadOnlyAdmin, ReadOnlyInline, register
from channel_manager.lib.admin.columns import column
from partners.actors import name_actors
from partners.models import Venue
from wallets.admin.badges import SCAN_COLOURS, UNDONE
from wallets.admin.filters import DeviceFilter, ResultFilter, ScanModeFilter, ScannedFilter
from wallets.models import Asset, Scan, ScanCode, WalletStatus
from wallets.numbers import read_number


def result_of(scan: Scan) -> tuple[str, str]:
    """Return what became of a scan, and how it is called."""
    if scan.undone_at is not None:
        return UNDONE, "Undone"
    return scan.code, str(ScanCode(scan.code).label)


def moment_of(scan: Scan) -> str:
    """Return when it was scanned on the venue's clock, to the second."""
    return f"{scan.at.astimezone(scan.device.venue.zone):%-d %b %Y, %H:%M:%S}"


class ScanInline(ReadOnlyInline[Scan, Asset]):
    """The scans of a ticket or coupon, the last first."""

    model = Scan
    fields = ("happened", "at_gate", "result", "quantity", "said")
    readonly_fields = fields
    ordering = ("-at", "-id")
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Scan]:
        """Have gates and clocks at hand."""
        return (
            super()
            .get_queryset(request)
            .select_related("device__venue")
            .defer("device__venue__logo")
        )

    @column("When")
    def happened(self, scan: Scan) -> str:
        """Return the moment on the venue's clock."""
        return moment_of(scan)

    @column("Gate")
    def at_gate(self, scan: Scan) -> str:
        """Return the device's name."""
        return scan.device.name

    @column("Result", badges=SCAN_COLOURS)
    def result(self, scan: Scan) -> tuple[str, str]:
        """Return the result as a badge."""
        return result_of(scan)

    @column("Said")
    def said(self, scan: Scan) -> str:
        """Return the words, or why it was undone."""
        return scan.undo_reason or scan.reason


@register(Scan)
class ScanAdmin(ReadOnlyAdmin[Scan]):
    """Every scan at every gate, admitted and refused."""

    list_display = ("happened", "at_gate", "result", "ticket", "said")
    list_display_links = ("happened",)
    list_select_related = ("device__venue", "asset")
    list_filter = (ResultFilter, DeviceFilter, ("at", ScannedFilter), ScanModeFilter)
    ordering = ("-at", "-id")
    sortable_by = ()
    search_fields = ("reference_number",)
    search_help_text = "Number of a ticket, coupon or wallet, or what was scanned"
    fieldsets = (
        (None, {"fields": ("happened", "at_gate", "result", "reason", "quantity")}),
        ("What", {"fields": ("scanned", "ticket", "of_wallet", "of_order", "request_id")}),
        ("Undone", {"fields": ("undone", "undone_by_whom", "undo_reason")}),
    )
    readonly_fields = (
        *("happened", "at_gate", "result", "scanned", "ticket", "of_wallet", "of_order"),
        *("undone", "undone_by_whom"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Scan]:
        """Leave the venues' logos where they are."""
        return super().get_queryset(request).defer("device__venue__logo")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Scan], search_term: str
    ) -> tuple[QuerySet[Scan], bool]:
        """Find the scans of a ticket by any of its numbers, and those of what was scanned."""
        typed = search_term.strip()
        if not typed:
            return queryset, False
        number = read_number(typed)
        venues = list(Venue.objects.values_list("pk", flat=True).order_by())
        own = Asset.objects.filter(venue__in=venues, reference_number=number)
        inside = Asset.objects.filter(wallet__venue__in=venues)
        of_partner = inside.filter(wallet__external_reference_number=typed)
        is_destroyed = Q(wallet__status=WalletStatus.DESTROYED)
        # One index serves each.
        ways = (
            inside.filter(wallet__reference_number=number),
            of_partner.filter(~is_destroyed),
            of_partner.filter(is_destroyed),
        )
        keys = [way.order_by().values_list("pk") for way in (own, *ways)]
        found = keys[0].union(*keys[1:])
        assets = [row[0] for row in found]
        return queryset.filter(Q(asset__in=assets) | Q(reference_number__in={typed, number})), False

    @column("When")
    def happened(self, scan: Scan) -> str:
        """Return the moment on the venue's clock."""
        return moment_of(scan)

    @column("Gate")
    def at_gate(self, scan: Scan) -> SafeString:
        """Return the device, leading to it, or to the outside system that it stands for."""
        url = reverse("admin:wallets_gatedevice_change", args=[scan.device_id])
        if scan.device.connection_id:
            url = reverse("admin:catalog_connection_change", args=[scan.device.connection_id])
        return columns.link(url, scan.device.name)

    @column("Result", badges=SCAN_COLOURS)
    def result(self, scan: Scan) -> tuple[str, str]:
        """Return the result as a badge."""
        return result_of(scan)

    @column("Ticket or coupon")
    def ticket(self, scan: Scan) -> SafeString | str:
        """Return the ticket's number, leading to it; what was scanned where there is none."""
        if scan.asset is None:
            return columns.cut(scan.reference_number, scan.reference_number)
        url = reverse("admin:wallets_asset_change", args=[scan.asset_id])
        return columns.link(url, scan.asset.reference_number)

    @column("Said")
    def said(self, scan: Scan) -> SafeString | str:
        """Return the words, or why it was undone."""
        return columns.wrapped(scan.undo_reason or scan.reason)

    @column("Scanned")
    def scanned(self, scan: Scan) -> SafeString | str:
        """Return what was scanned, as sent."""
        return columns.number(scan.reference_number)

    @column("Wallet")
    def of_wallet(self, scan: Scan) -> SafeString | str:
        """Return the wallet it is in."""
        if scan.asset is None:
            return columns.EMPTY
        url = reverse("admin:wallets_wallet_change", args=[scan.asset.wallet_id])
        return columns.link(url, scan.asset.wallet.reference_number)

    @column("Order")
    def of_order(self, scan: Scan) -> SafeString | str:
        """Return the order it belongs to."""
        if scan.asset is None:
            return columns.EMPTY
        order = scan.asset.wallet.order
        return columns.link(reverse("admin:orders_order_change", args=[order.pk]), order)

    @column("Undone")
    def undone(self, scan: Scan) -> str:
        """Return when it was undone, on the venue's clock."""
        return columns.moment(scan.undone_at, scan.device.venue.zone)

    @column("Undone by")
    def undone_by_whom(self, scan: Scan) -> str:
        """Return who undid it."""
        return name_actors({scan.undone_by})[scan.undone_by] or columns.EMPTY
