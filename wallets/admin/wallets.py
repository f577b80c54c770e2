"""The admin of wallets and of the tickets and coupons in them, to look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from channel_manager.lib.admin import columns, people
from channel_manager.lib.admin.base import ReadOnlyAdmin, ReadOnlyInline, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.standing import StateBar
from channel_manager.lib.admin.typed import ChoicesDropdownFilter
from partners.actors import name_actors
from partners.admin.filters import ModeFilter
from partners.models import Venue
from wallets.admin import elsewhere, standing
from wallets.admin.badges import ASSET_COLOURS, WALLET_COLOURS
from wallets.admin.filters import AssetModeFilter
from wallets.admin.scans import ScanInline
from wallets.models import Asset, OutsideTicket, Wallet
from wallets.numbers import read_number
from wallets.outside_tickets import with_outside


def _venues() -> list[Any]:
    """Return the ids of all venues: numbers are unique, and indexed, per venue."""
    return list(Venue.objects.values_list("pk", flat=True).order_by())


def order_link(order_id: Any, text: object) -> SafeString:
    """Return a link to an order's page."""
    return columns.link(reverse("admin:orders_order_change", args=[order_id]), text)


def admissions_of(asset: Asset) -> str:
    """Return how many of an asset's admissions were taken."""
    return f"{asset.admitted} of {asset.admissions}"


class AssetInline(ReadOnlyInline[Asset, Wallet]):
    """The tickets and coupons of a wallet."""

    model = Asset
    fields = (
        *("reference_number", "type", "description", "state", "visit", "until", "entered"),
        "there",
    )
    readonly_fields = fields
    ordering = ("position", "unit", "generation")
    show_change_link = True

    @column("Status", badges=ASSET_COLOURS)
    def state(self, asset: Asset) -> str:
        """Return the status as a badge."""
        return str(asset.status)

    @column("Visit")
    def visit(self, asset: Asset) -> str:
        """Return the visit's date and time."""
        return columns.day(asset.visit_date, asset.visit_time)

    @column("Valid until")
    def until(self, asset: Asset) -> str:
        """Return the end of its validity on the venue's clock."""
        return columns.moment(asset.valid_until, asset.venue.zone)

    @column("Admitted")
    def entered(self, asset: Asset) -> str:
        """Return how many of its admissions were taken."""
        return admissions_of(asset)

    @column("Issued by")
    def there(self, asset: Asset) -> str:
        """Return the other system that issued it, and how it stands there."""
        return elsewhere.in_short(asset)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Asset]:
        """Read along the venues, and what other systems have issued."""
        found = super().get_queryset(request).select_related("venue").defer("venue__logo")
        return with_outside(found)


@register(Wallet)
class WalletAdmin(ReadOnlyAdmin[Wallet]):
    """Find a wallet by its number, or by the number the guest shows."""

    list_display = ("number", "external", "state", "named", "of_order", "asset_count", "issued")
    list_display_links = ("number",)
    list_select_related = ("venue", "order")
    list_filter = (("status", ChoicesDropdownFilter), ModeFilter)
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("reference_number",)
    search_help_text = "Wallet number or external reference number"
    inlines = (AssetInline,)
    fieldsets = (
        (None, {"fields": ("number", "external", "state", "name", "of_order", "issued")}),
        ("Destroyed", {"fields": ("destroyed", "destroyed_by_whom", "destroyed_why")}),
    )
    readonly_fields = (
        "number",
        "external",
        "state",
        "of_order",
        "issued",
        "destroyed",
        "destroyed_by_whom",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Wallet]:
        """Leave the venues' logos where they are."""
        return super().get_queryset(request).defer("venue__logo")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Wallet], search_term: str
    ) -> tuple[QuerySet[Wallet], bool]:
        """Find by exact number, typed in any case; an index serves each, unless it is destroyed."""
        typed = search_term.strip()
        if not typed:
            return queryset, False
        numbers = {typed, typed.upper(), read_number(typed)}
        venues = _venues()
        ours = Wallet.objects.filter(venue__in=venues, reference_number=read_number(typed))
        theirs = Wallet.objects.living().filter(
            venue__in=venues, external_reference_number__in=numbers
        )
        found = ours.order_by().values_list("pk").union(theirs.order_by().values_list("pk"))
        ids = [row[0] for row in found]
        if not ids:
            return queryset.filter(external_reference_number__in=numbers), False
        return queryset.filter(pk__in=ids), False

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Wallet | None:
        """Return the wallet as this person may see it."""
        wallet = super().get_object(request, object_id, from_field)
        if wallet is not None:
            self.hide_people(request, [wallet])
        return wallet

    def hide_people(self, request: HttpRequest, rows: Sequence[Wallet]) -> None:
        """Mask the guests."""
        people.hide(request, rows, "name")

    def state_bar(self, request: HttpRequest, row: Wallet) -> StateBar:
        """Return its status, and the button that cancels it."""
        return standing.bar_of_wallet(request, row)

    def prepare_rows(self, rows: Any) -> None:
        """Count the assets of a page of wallets in one statement."""
        # Of the first generation: later ones only took their places.
        assets = Asset.objects.filter(wallet__in=[row.pk for row in rows], generation=1).order_by()
        counts = dict(assets.values_list("wallet").annotate(Count("pk")))
        for row in rows:
            row.total_assets = counts.get(row.pk, 0)

    @column("Wallet")
    def number(self, wallet: Wallet) -> SafeString | str:
        """Return our number."""
        return columns.number(wallet.reference_number)

    @column("External number")
    def external(self, wallet: Wallet) -> SafeString | str:
        """Return the number the guest shows, when the partner gave one."""
        return columns.number(wallet.external_reference_number)

    @column("Status", badges=WALLET_COLOURS)
    def state(self, wallet: Wallet) -> str:
        """Return the status as a badge."""
        return str(wallet.status)

    @column("Order")
    def of_order(self, wallet: Wallet) -> SafeString:
        """Return the order it belongs to."""
        return order_link(wallet.order_id, wallet.order)

    @column("Name")
    def named(self, wallet: Wallet) -> SafeString | str:
        """Return whose it is."""
        return columns.cut(wallet.name or "", wallet.name or "")

    @column("Contents")
    def asset_count(self, wallet: Wallet) -> int:
        """Return how many tickets and coupons it holds."""
        return int(wallet.total_assets)  # type: ignore[attr-defined]

    @column("Issued")
    def issued(self, wallet: Wallet) -> str:
        """Return the moment it became the guest's, on the venue's clock."""
        return columns.moment(wallet.issued_at, wallet.venue.zone)

    @column("Destroyed")
    def destroyed(self, wallet: Wallet) -> str:
        """Return the moment it was destroyed, on the venue's clock."""
        return columns.moment(wallet.destroyed_at, wallet.venue.zone)

    @column("Destroyed by")
    def destroyed_by_whom(self, wallet: Wallet) -> str:
        """Return who destroyed it."""
        return name_actors({wallet.destroyed_by})[wallet.destroyed_by] or columns.EMPTY


@register(Asset)
class AssetAdmin(ReadOnlyAdmin[Asset]):
    """Find a ticket or coupon by the number that the gate scans."""

    list_display = ("number", "type", "description", "state", "visit", "of_order", "of_wallet")
    list_display_links = ("number",)
    list_select_related = ("venue", "wallet__order")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("type", ChoicesDropdownFilter),
        AssetModeFilter,
    )
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("reference_number",)
    search_help_text = "Ticket or coupon number"
    fieldsets = (
        (None, {"fields": ("number", "type", "description", "item", "state", "entered")}),
        ("When", {"fields": ("visit", "starts", "ends", "seat")}),
        ("Where", {"fields": ("of_order", "of_wallet", "component", "unit", "generation")}),
        ("Issued by another system", {"fields": ("there",)}),
    )
    readonly_fields = (
        *("number", "state", "entered", "visit", "starts", "ends", "of_order", "of_wallet"),
        "there",
    )
    inlines = (ScanInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Asset]:
        """Leave the venues' logos where they are; read along what other systems have issued."""
        return with_outside(super().get_queryset(request).defer("venue__logo"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Asset], search_term: str
    ) -> tuple[QuerySet[Asset], bool]:
        """Find by exact number: ours typed in any case, another system's as it is there."""
        typed = search_term.strip()
        if typed:
            own = Asset.objects.filter(
                venue__in=_venues(), reference_number__in={typed, read_number(typed)}
            )
            theirs = OutsideTicket.objects.filter(number=typed).exclude(number="")
            theirs = theirs.exclude(asset=None)
            keys = own.order_by().values_list("pk").union(theirs.order_by().values_list("asset"))
            queryset = queryset.filter(pk__in=[row[0] for row in keys])
        return queryset, False

    def state_bar(self, request: HttpRequest, row: Asset) -> StateBar:
        """Return its status, and the button that reissues it."""
        return standing.bar_of_asset(request, row)

    @column("Number")
    def number(self, asset: Asset) -> SafeString | str:
        """Return the number that is scanned."""
        return columns.number(asset.reference_number)

    @column("Status", badges=ASSET_COLOURS)
    def state(self, asset: Asset) -> str:
        """Return the status as a badge."""
        return str(asset.status)

    @column("Admitted")
    def entered(self, asset: Asset) -> str:
        """Return how many of its admissions were taken."""
        return admissions_of(asset)

    @column("Visit")
    def visit(self, asset: Asset) -> str:
        """Return the visit's date and time."""
        return columns.day(asset.visit_date, asset.visit_time)

    @column("Valid from")
    def starts(self, asset: Asset) -> str:
        """Return the start of its validity on the venue's clock."""
        return columns.moment(asset.valid_from, asset.venue.zone)

    @column("Valid until")
    def ends(self, asset: Asset) -> str:
        """Return the end of its validity on the venue's clock."""
        return columns.moment(asset.valid_until, asset.venue.zone)

    @column("Order")
    def of_order(self, asset: Asset) -> SafeString:
        """Return the order it belongs to."""
        return order_link(asset.wallet.order_id, asset.wallet.order)

    @column("Ticket there")
    def there(self, asset: Asset) -> SafeString | str:
        """Return the other system, its order, number and link, and how it stands there."""
        return elsewhere.in_full(asset)

    @column("Wallet")
    def of_wallet(self, asset: Asset) -> SafeString:
        """Return the wallet it is in."""
        url = reverse("admin:wallets_wallet_change", args=[asset.wallet_id])
        return columns.link(url, asset.wallet.reference_number)
