"""The admin of partners' item numbers."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString

from catalog.admin.forms import MappingForm
from catalog.models import PackageMapping
from channel_manager.lib.admin import columns
from channel_manager.lib.admin.base import StaffAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.typed import BooleanRadioFilter, RelatedDropdownFilter


@register(PackageMapping)
class PackageMappingAdmin(StaffAdmin[PackageMapping]):
    """What each partner's item number means, and when."""

    form = MappingForm
    list_display = ("item_number", "partner", "package", "is_valid", "is_active")
    list_select_related = ("partner", "package")
    list_filter = (("partner", RelatedDropdownFilter), ("is_active", BooleanRadioFilter))
    search_fields = ("item_number", "package__code", "package__name", "partner__name")
    search_help_text = "Item number, package or partner"
    change_form_after_template = "admin/catalog/packagemapping/preview.html"
    autocomplete_fields = ("partner", "package")
    change_form_outer_before_template = "admin/catalog/packagemapping/note.html"
    fieldsets = (
        (None, {"fields": ("partner", "item_number", "package")}),
        (
            "Validity",
            {
                "fields": (("valid_from", "valid_until"), "is_active"),
                "description": "An order is sold under the mapping that is valid on the day it is "
                "received, on the venue's calendar. Empty dates: always.",
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[PackageMapping]:
        """Have the venue of each partner at hand without its logo."""
        return super().get_queryset(request).defer("partner__venue__logo")

    def get_readonly_fields(
        self, request: HttpRequest, obj: PackageMapping | None = None
    ) -> tuple[str, ...]:
        """Fix what a sale was made under; it may still end or be switched off."""
        sold = obj is not None and obj.order_lines.exists()
        return ("partner", "item_number", "package") if sold else ()

    def has_delete_permission(
        self, request: HttpRequest, obj: PackageMapping | None = None
    ) -> bool:
        """Refuse to delete one that was sold under: order lines name it."""
        may_delete = super().has_delete_permission(request, obj)
        return may_delete and not (obj is not None and obj.order_lines.exists())

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: PackageMapping | None = None,
    ) -> HttpResponse:
        """Say why fields are fixed."""
        context["was_sold_under"] = obj is not None and obj.order_lines.exists()
        return super().render_change_form(request, context, add, change, form_url, obj)

    def response_post_save_add(
        self, request: HttpRequest, obj: PackageMapping
    ) -> HttpResponseRedirect:
        """Lead back to the page that asked for the mapping, such as a failed order."""
        asked_by = request.GET.get("next", "")
        if asked_by and url_has_allowed_host_and_scheme(asked_by, allowed_hosts=None):
            return HttpResponseRedirect(asked_by)
        return super().response_post_save_add(request, obj)

    @column("Valid")
    def is_valid(self, mapping: PackageMapping) -> SafeString | str:
        """Return the dates it is valid on."""
        return columns.validity(mapping.valid_from, mapping.valid_until)
