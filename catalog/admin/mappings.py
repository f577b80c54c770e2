"""The admin of partners' item numbers."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString

from catalog import versions
from catalog.admin import mapping_files, sold
from catalog.admin.change_from import change_from_view
from catalog.admin.forms import MappingForm
from catalog.admin.versions import STANDINGS, context_of, standing_of
from catalog.models import PackageMapping
from channel_manager.lib.admin.base import StaffAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.confirmation import actor_of, attempt
from channel_manager.lib.admin.typed import BooleanRadioFilter, RelatedDropdownFilter


@register(PackageMapping)
class PackageMappingAdmin(StaffAdmin[PackageMapping]):
    """What each partner's item number means, and when."""

    form = MappingForm
    list_display = ("item_number", "partner", "package", "number", "is_valid", "standing")
    list_select_related = ("partner__venue", "package")
    list_filter = (("partner", RelatedDropdownFilter), ("is_active", BooleanRadioFilter))
    search_fields = ("item_number", "package__code", "package__name", "partner__name")
    search_help_text = "Item number, package or partner"
    change_form_after_template = "admin/catalog/packagemapping/preview.html"
    autocomplete_fields = ("partner", "package")
    list_before_template = "admin/catalog/packagemapping/list_head.html"
    change_form_outer_before_template = "admin/catalog/packagemapping/note.html"
    change_form_outer_after_template = "admin/catalog/packagemapping/below.html"
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
        """Have package and venue of each at hand, without logos."""
        found = super().get_queryset(request).select_related("partner__venue", "package")
        return found.defer("partner__venue__logo")

    def get_urls(self) -> list[URLPattern]:
        """Add the way to the next version, and files."""
        wrap = self.admin_site.admin_view
        return [
            path("export/", wrap(self.export_view), name="catalog_packagemapping_export"),
            path("import/", wrap(self.import_view), name="catalog_packagemapping_import"),
            path(
                "<uuid:key>/change-from/",
                wrap(self.change_from_view),
                name="catalog_packagemapping_change_from",
            ),
            *super().get_urls(),
        ]

    def change_from_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Let a number mean another package from a day on."""
        return change_from_view(self, request, key)

    def export_view(self, request: HttpRequest) -> StreamingHttpResponse:
        """Return mappings as a file."""
        return mapping_files.export_view(self, request)

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Take mappings from a file."""
        return mapping_files.import_view(self, request)

    def get_readonly_fields(
        self, request: HttpRequest, obj: PackageMapping | None = None
    ) -> tuple[str, ...]:
        """Fix the partner, and what a sale was made under; that may still end or be switched off."""
        if obj is None:
            return ()
        return ("partner", "item_number", "package") if _is_sold(obj) else ("partner",)

    def has_delete_permission(
        self, request: HttpRequest, obj: PackageMapping | None = None
    ) -> bool:
        """Refuse to delete one that was sold under: order lines name it."""
        may_delete = super().has_delete_permission(request, obj)
        return may_delete and not (obj is not None and _is_sold(obj))

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: PackageMapping | None = None,
    ) -> HttpResponse:
        """Say why fields are fixed, and show every version of the number below."""
        if obj is not None:
            # The row as it is stored: the form may have written what it refuses on the other one.
            stored = self.get_queryset(request).filter(pk=obj.pk).first()
            context["was_sold_under"] = _is_sold(obj)
            context |= context_of(request, stored) if stored else {}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def save_model(
        self, request: HttpRequest, obj: PackageMapping, form: Any, change: bool
    ) -> None:
        """Save a version and record it."""
        if not change or form.has_changed():
            versions.store(mapping=obj, actor=actor_of(request), now=timezone.now())

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """Leave it to the event of the number, which the audit log shows."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """Leave it to the event of the number."""

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Any]) -> None:  # type: ignore[override]
        """Leave it to the event of the number."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the number's page, which ends with its history."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        page = reverse("admin:catalog_packagemapping_change", args=[object_id])
        return redirect(f"{page}#history")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show or save the form, unless an order was sold under the version a moment ago."""
        if request.method != "POST":
            return super().changeform_view(request, object_id, form_url, extra_context)
        view = partial(super().changeform_view, request, object_id, form_url, extra_context)
        return attempt(request, view) or redirect(request.get_full_path())

    def delete_model(self, request: HttpRequest, obj: PackageMapping) -> None:
        """Remove a version and record it."""
        versions.remove(mapping=obj, actor=actor_of(request), now=timezone.now())

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Remove a version, unless an order was sold under it a moment ago."""
        if request.method != "POST":
            return super().delete_view(request, object_id, extra_context)
        view = partial(super().delete_view, request, object_id, extra_context)
        done = attempt(request, view)
        return done or redirect("admin:catalog_packagemapping_change", object_id)

    def response_post_save_add(
        self, request: HttpRequest, obj: PackageMapping
    ) -> HttpResponseRedirect:
        """Lead to the orders that wait for it, or back to the page that asked for the mapping."""
        asked_by = request.GET.get("next", "")
        back = asked_by if url_has_allowed_host_and_scheme(asked_by, allowed_hosts=None) else ""
        follow = sold.find_waiting(request, [(obj.partner_id, obj.item_number)], back) or back
        if follow:
            return HttpResponseRedirect(follow)
        return super().response_post_save_add(request, obj)

    def response_post_save_change(
        self, request: HttpRequest, obj: PackageMapping
    ) -> HttpResponseRedirect:
        """Lead to the orders that wait for it."""
        if follow := sold.find_waiting(request, [(obj.partner_id, obj.item_number)], ""):
            return HttpResponseRedirect(follow)
        return super().response_post_save_change(request, obj)

    @column("Version", order="version")
    def number(self, mapping: PackageMapping) -> int:
        """Return which version of its number it is."""
        return mapping.version

    @column("Valid")
    def is_valid(self, mapping: PackageMapping) -> SafeString | str:
        """Return the dates it is valid on."""
        return mapping.dates

    @column("Holds", badges=STANDINGS)
    def standing(self, mapping: PackageMapping) -> str:
        """Tell whether it holds today."""
        return standing_of(mapping)


def _is_sold(mapping: PackageMapping) -> bool:
    return mapping.order_lines.exists()
