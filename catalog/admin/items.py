"""The admin of items."""

from __future__ import annotations

from django.http import HttpRequest

from catalog.models import Item, ItemType
from channel_manager.lib.admin.base import StaffAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.typed import ChoicesDropdownFilter
from partners.admin.filters import VenueFilter


@register(Item)
class ItemAdmin(StaffAdmin[Item]):
    """What guests are admitted to or redeem."""

    list_display = ("number", "description", "kind", "attraction", "vat", "venue")
    list_select_related = ("venue", "attraction")
    list_filter = (("type", ChoicesDropdownFilter), VenueFilter)
    search_fields = ("number", "description")
    search_help_text = "Number or description"
    autocomplete_fields = ("attraction",)
    fieldsets = (
        (None, {"fields": ("number", "description", "venue", "type", "vat_rate")}),
        ("Places", {"fields": ("attraction",)}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Item | None = None) -> tuple[str, ...]:
        """Fix the venue once there is an item: packages are made of it."""
        return ("venue",) if obj else ()

    @column("Type", badges={ItemType.TICKET: "info", ItemType.COUPON: "warning"})
    def kind(self, item: Item) -> tuple[str, str]:
        """Return the type as a badge."""
        return item.type, str(item.get_type_display())

    @column("VAT")
    def vat(self, item: Item) -> str:
        """Return the VAT rate in per cent."""
        return f"{item.vat_rate.normalize():f} %"
