"""The admin of packages with their components and prices."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.db.models import Case, Count, Field, Prefetch, Q, QuerySet, When
from django.forms import Field as FormField
from django.http import HttpRequest
from django.urls import URLPattern, reverse
from django.utils.safestring import SafeString

from catalog.admin.forms import PriceForm, PriceFormSet
from catalog.admin.standing import STANDING
from catalog.models import Component, ComponentSource, Dating, Package, PackageStatus, Price
from catalog.selling import find_faults
from channel_manager.history.models import Event
from channel_manager.lib.admin.base import StaffAdmin, StaffInline, register
from channel_manager.lib.admin.columns import EMPTY, column, link
from channel_manager.lib.admin.standing import StateBar, StateButton
from channel_manager.lib.admin.typed import ChoicesDropdownFilter, ModelForm
from partners.admin.filters import VenueFilter
from partners.timeline import Look, tell

LOOKS: Mapping[str, Look] = {
    "put_on_sale": Look("Put on sale", "storefront", "success"),
    "withdrawn": Look("Withdrawn", "block", "warning"),
}
_DATINGS: Mapping[str, str] = {
    Dating.DATED: "Dated",
    Dating.TIMED: "Timed",
    Dating.OPEN: "Open-dated",
}


class ComponentInline(StaffInline[Component, Package]):
    """What a package is made of."""

    model = Component
    fields = ("item", "quantity", "price_share", "position", "is_active", "issued_by")
    readonly_fields = ("issued_by",)
    autocomplete_fields = ("item",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Component]:
        """Read the items along, and who issues them."""
        always = ComponentSource.objects.filter(session=None).select_related("connection")
        per_session = Count("sources", filter=Q(sources__session__isnull=False))
        return (
            super()
            .get_queryset(request)
            .select_related("item")
            .prefetch_related(Prefetch("sources", always, to_attr="always"))
            .annotate(sessions_there=per_session)
        )

    @column("Issued by")
    def issued_by(self, component: Component) -> SafeString | str:
        """Return who issues it, leading to where that is changed."""
        if component._state.adding:
            return EMPTY
        always: list[ComponentSource] = component.always  # type: ignore[attr-defined]
        there = [f"{row.connection.get_system_display()}: {row}" for row in always]
        if count := component.sessions_there:  # type: ignore[attr-defined]
            there.append("1 session elsewhere" if count == 1 else f"{count} sessions elsewhere")
        url = reverse("admin:catalog_componentsource_component", args=[component.pk])
        return link(url, "; ".join(there) or "Our own tickets")


class PriceInline(StaffInline[Price, Package]):
    """What a package costs, for whom and when."""

    model = Price
    form = PriceForm
    formset = PriceFormSet  # type: ignore[assignment]  # it is one, of its own kind of form
    fields = ("amount_incl_vat", "partner", "visit_from", "visit_until")
    autocomplete_fields = ("partner",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Price]:
        """Read partners and the package along: each row's name shows both."""
        return super().get_queryset(request).select_related("partner", "package")


@register(Package)
class PackageAdmin(StaffAdmin[Package]):
    """What is sold; its status changes by buttons only."""

    list_display = ("code", "name", "state", "dated", "group", "parts", "venue")
    list_display_links = ("code", "name")
    list_select_related = ("venue",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("dating", ChoicesDropdownFilter),
        VenueFilter,
    )
    search_fields = ("code", "name")
    search_help_text = "Code or name"
    fieldsets = (
        (None, {"fields": ("code", "name", "venue", "description")}),
        (
            "Visit",
            {"fields": ("dating", "is_group", ("cut_off_minutes", "validity_days"))},
        ),
    )
    inlines = (ComponentInline, PriceInline)
    change_form_outer_after_template = "admin/catalog/package/below.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Package]:
        """Leave the venues' logos where they are."""
        return super().get_queryset(request).defer("venue__logo")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Package], search_term: str
    ) -> tuple[QuerySet[Package], bool]:
        """Have the package first whose code was typed: who chooses one presses Enter."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        others = Case(When(code__iexact=search_term.strip(), then=0), default=1)
        return found.order_by(others, *found.query.order_by), may_repeat

    def prepare_rows(self, rows: Sequence[Package]) -> None:
        """Count the active components of a page of packages in one statement."""
        active = Component.objects.filter(package__in=rows, is_active=True).order_by()
        counts = dict(active.values_list("package").annotate(Count("pk")))
        for row in rows:
            row.active = counts.get(row.pk, 0)  # type: ignore[attr-defined]

    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> FormField | None:
        """Keep the description to a few lines."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "description":
            field.widget.attrs["rows"] = 3
        return field

    def get_readonly_fields(
        self, request: HttpRequest, obj: Package | None = None
    ) -> tuple[str, ...]:
        """Fix the venue once there is a package."""
        return ("venue",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Package | None = None) -> bool:
        """Allow to delete only what was never on sale."""
        may_delete = super().has_delete_permission(request, obj)
        return may_delete and (obj is None or obj.status == PackageStatus.DRAFT)

    def get_urls(self) -> list[URLPattern]:
        """Add a page for each change of status."""
        return [*STANDING.urls(self), *super().get_urls()]

    def state_bar(self, request: HttpRequest, row: Package) -> StateBar:
        """Return the status with the ways to another, and to what an order would become.

        That page is of the orders' admin.
        """
        bar = STANDING.bar(request, row)
        url = reverse("admin:orders_preview_package", args=[row.pk])
        preview = StateButton(label="Preview", icon="visibility", url=url)
        return dataclasses.replace(bar, buttons=[preview, *bar.buttons])

    def surroundings(self, request: HttpRequest, row: Package) -> Mapping[str, Any]:
        """Return the history of its statuses."""
        events = Event.objects.filter(kind="package", subject_id=row.pk)
        return {
            "happenings": tell(events.order_by("-id")[:50], LOOKS),
            "zone": row.venue.timezone,
        }

    def save_related(
        self, request: HttpRequest, form: ModelForm[Package], formsets: Any, change: bool
    ) -> None:
        """Save components and prices, and warn when what is on sale cannot be issued now."""
        super().save_related(request, form, formsets, change)
        package = Package.objects.get(pk=form.instance.pk)
        if package.status == PackageStatus.ON_SALE:
            for fault in find_faults(package):
                told = f"{package.code} is on sale, but its orders will fail: {fault.detail}"
                messages.warning(request, told)

    @column("Status", badges=STANDING.colours)
    def state(self, package: Package) -> tuple[str, str]:
        """Return the status as a badge."""
        return package.status, str(package.get_status_display())

    @column("Visit")
    def dated(self, package: Package) -> str:
        """Return when it may be used."""
        return _DATINGS[package.dating]

    @column("Group")
    def group(self, package: Package) -> str:
        """Tell whether it is one wallet for all."""
        return "Yes" if package.is_group else EMPTY

    @column("Components")
    def parts(self, package: Package) -> int:
        """Return how many components are issued."""
        return int(package.active)  # type: ignore[attr-defined]
