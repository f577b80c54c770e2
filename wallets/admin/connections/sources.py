"""The admin of outside ids: what each component is at another system, always or in a session."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from catalog.models import Component, ComponentSource, Connection
from channel_manager.lib.admin import columns
from channel_manager.lib.admin.base import StaffAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.typed import RelatedDropdownFilter
from channel_manager.lib.strict_fields import is_uuid
from partners.admin.filters import VenueFilter
from wallets.admin.connections import picking
from wallets.admin.connections.paths import component_url, new_source_url, source_url
from wallets.admin.connections.source_forms import form_for
from wallets.admin.connections.words import WORDS
from wallets.connectors.registry import connector_of

_PREFIX = "catalog_componentsource"
_FILLED = ("outside_session", "outside_item", "label", "outside_price")
_MOST = 500
OURS = "Our own tickets"


class _VenueFilter(VenueFilter):
    """Outside ids of one venue's connections."""

    venue_path = "connection__venue"


@register(ComponentSource)
class ComponentSourceAdmin(StaffAdmin[ComponentSource]):
    """Everything that is issued elsewhere, and what it is called there."""

    only_saves = True
    list_display = ("issues", "package", "system", "holds", "known_as", "costs")
    list_display_links = ("issues",)
    list_filter = (_VenueFilter, ("connection", RelatedDropdownFilter))
    search_fields = (
        *("label", "outside_item__exact", "outside_session__exact"),
        *("component__package__code", "component__item__number"),
    )
    search_help_text = "Package, item, name or id there"
    ordering = ("connection", "component", "session")
    sortable_by = ()
    fields = (
        *("component", "connection", "session"),
        *("outside_session", "outside_item", "label", "outside_price"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ComponentSource]:
        """Have at hand what the columns tell."""
        found = super().get_queryset(request)
        found = found.select_related(
            "component__package", "component__item", "connection__venue", "session__attraction"
        )
        return found.defer("connection__venue__logo")

    def get_urls(self) -> list[URLPattern]:
        """Add the page of a component, its picker, and the list of sessions that match."""
        wrap = self.admin_site.admin_view
        route = "component/<uuid:component_id>/"
        return [
            path(route, wrap(self.component_view), name=f"{_PREFIX}_component"),
            path(
                f"{route}<uuid:connection_id>/pick/",
                wrap(self.pick_view),
                name=f"{_PREFIX}_pick",
            ),
            path(
                f"{route}<uuid:connection_id>/match/",
                wrap(self.match_view),
                name=f"{_PREFIX}_match",
            ),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for the outside id of a component at a connection, both named in the address."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        named = [request.GET.get(name, "") for name in ("component", "connection")]
        if not all(map(is_uuid, named)):
            messages.info(request, "Outside ids are added from the page of a package's component.")
            return redirect("admin:catalog_package_changelist")
        return super().add_view(request, form_url, extra_context)

    def get_form(
        self,
        request: HttpRequest,
        obj: ComponentSource | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Return the form in the words of the system."""
        if obj is None:
            component = find_component(uuid.UUID(request.GET["component"]))
            connection = find_connection(component, uuid.UUID(request.GET["connection"]))
        else:
            component, connection = obj.component, obj.connection
        form = form_for(component, connection)
        return super().get_form(request, obj, change=change, **{**kwargs, "form": form})

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Leave out the ways from a choice to other pages."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name in ("component", "connection", "session"):
            field.widget = getattr(field.widget, "widget", field.widget)
        return field

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with what was picked."""
        return {name: request.GET[name] for name in _FILLED if name in request.GET}

    def response_add(
        self, request: HttpRequest, obj: ComponentSource, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Lead back to the component."""
        messages.success(request, f"Issued by {obj.connection}: {obj}.")
        return redirect(component_url(obj.component_id))

    def response_change(self, request: HttpRequest, obj: ComponentSource) -> HttpResponse:
        """Lead back to the component."""
        messages.success(request, f"Issued by {obj.connection}: {obj}.")
        return redirect(component_url(obj.component_id))

    def delete_model(self, request: HttpRequest, obj: ComponentSource) -> None:
        """Delete it, and keep where to lead back."""
        request.component_id = obj.component_id  # type: ignore[attr-defined]
        super().delete_model(request, obj)

    def response_delete(
        self, request: HttpRequest, obj_display: str, obj_id: int | str
    ) -> HttpResponse:
        """Lead back to the component."""
        messages.success(request, f"{obj_display} is no longer used.")
        return redirect(component_url(request.component_id))  # type: ignore[attr-defined]

    def component_view(self, request: HttpRequest, component_id: uuid.UUID) -> HttpResponse:
        """Show by whom a component is issued, and the ways to change it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        component = find_component(component_id)
        venue = component.package.venue
        rows = self.get_queryset(request).filter(component=component)
        shown = list(rows.order_by("session__starts_at", "pk")[: _MOST + 1])
        always = [row for row in shown if row.session_id is None]
        context = {
            **self.admin_site.each_context(request),
            "title": f"Who issues {component.item}",
            "opts": self.opts,
            "original": None,
            "component": component,
            "package_url": reverse("admin:catalog_package_change", args=[component.package_id]),
            "issuer": self._issuer(always[0]) if always else OURS,
            "is_partly": bool(shown) and not always,
            "sources": [self._row(request, row) for row in shown[:_MOST]],
            "is_cut": len(shown) > _MOST,
            "ways": [
                _ways(component, connection)
                for connection in Connection.objects.filter(venue=venue).order_by("name", "pk")
            ]
            if self.has_add_permission(request)
            else [],
        }
        return TemplateResponse(request, "admin/catalog/componentsource/component.html", context)

    def pick_view(
        self, request: HttpRequest, component_id: uuid.UUID, connection_id: uuid.UUID
    ) -> HttpResponse:
        """Show what a system sells, to pick a component's outside id."""
        return picking.pick(self, request, *self._pair(request, component_id, connection_id))

    def match_view(
        self, request: HttpRequest, component_id: uuid.UUID, connection_id: uuid.UUID
    ) -> HttpResponse:
        """Propose what a component is there in each coming session, and store what is agreed."""
        return picking.match(self, request, *self._pair(request, component_id, connection_id))

    def _pair(
        self, request: HttpRequest, component_id: uuid.UUID, connection_id: uuid.UUID
    ) -> tuple[Component, Connection]:
        if not self.has_add_permission(request):
            raise PermissionDenied
        component = find_component(component_id)
        connection = find_connection(component, connection_id)
        if not connector_of(connection).capabilities.catalogue:
            raise Http404
        return component, connection

    def _row(self, request: HttpRequest, row: ComponentSource) -> Mapping[str, Any]:
        may_change = self.has_change_permission(request)
        may_delete = self.has_delete_permission(request)
        return {
            "source": row,
            "holds": self.holds(row),
            "issuer": row.connection,
            "session_label": _label_of(row),
            "costs": self.costs(row),
            "change_url": source_url(row, "change") if may_change else "",
            "delete_url": source_url(row, "delete") if may_delete else "",
            "is_over_guests": row.asks_guests_for_money,
        }

    def _issuer(self, row: ComponentSource) -> str:
        return f"{row.connection.get_system_display()}: {row}"

    @column("Item")
    def issues(self, row: ComponentSource) -> str:
        """Return what is issued there."""
        return str(row.component.item)

    @column("Package")
    def package(self, row: ComponentSource) -> SafeString:
        """Return the package, leading to the component's page."""
        return columns.link(component_url(row.component_id), row.component.package.code)

    @column("Issued by")
    def system(self, row: ComponentSource) -> str:
        """Return the connection."""
        return str(row.connection)

    @column("Holds")
    def holds(self, row: ComponentSource) -> str:
        """Return the session of ours that it holds for."""
        if row.session is None:
            return "Always"
        told = columns.day(row.session.date, row.session.time)
        return told if row.session.time else f"{told}, whole day"

    @column("There")
    def known_as(self, row: ComponentSource) -> SafeString | str:
        """Return what it is called there."""
        return columns.wrapped(_label_of(row))

    @column("Costs there")
    def costs(self, row: ComponentSource) -> str:
        """Return what one costs there, as far as we know."""
        return columns.money(row.outside_price, row.connection.venue.currency)


def find_component(component_id: uuid.UUID) -> Component:
    """Return a component with its package, venue and item; answers 404 where there is none."""
    rows = Component.objects.select_related("package__venue", "item__attraction")
    return get_object_or_404(rows.defer("package__venue__logo"), pk=component_id)


def find_connection(component: Component, connection_id: uuid.UUID) -> Connection:
    """Return a connection of the component's venue; answers 404 where there is none."""
    rows = Connection.objects.select_related("venue").defer("venue__logo")
    return get_object_or_404(rows, pk=connection_id, venue=component.package.venue_id)


def _label_of(row: ComponentSource) -> str:
    ids = ", ".join(filter(None, (row.outside_session, row.outside_item)))
    return f"{row.label} ({ids})" if row.label else ids


def _ways(component: Component, connection: Connection) -> Mapping[str, Any]:
    """Return the ways to an outside id at a connection, and what is asked for there."""
    keys = [component.pk, connection.pk]
    has_catalogue = connector_of(connection).capabilities.catalogue
    can_match = has_catalogue and component.item.attraction_id is not None
    words = WORDS[connection.system]
    asked = [one for one in (words.session, words.item) if one is not None]
    return {
        "connection": connection,
        "by_hand_url": new_source_url(component, connection),
        "pick_url": reverse(f"admin:{_PREFIX}_pick", args=keys) if has_catalogue else "",
        "match_url": reverse(f"admin:{_PREFIX}_match", args=keys) if can_match else "",
        "asked": asked,
    }
