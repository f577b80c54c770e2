"""The audit log in the admin: everything that staff did, events and edits in one list."""

from __future__ import annotations

import datetime
import functools
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog import versions
from catalog.models import PackageMapping
from catalog.versions import NUMBER_KIND
from channel_manager import audit_trail
from channel_manager.history import audit
from channel_manager.history.models import AuditEntry
from channel_manager.lib.admin import columns, recording
from channel_manager.lib.admin.base import ReadOnlyAdmin
from channel_manager.lib.admin.columns import EMPTY, column
from channel_manager.lib.admin.typed import DropdownFilter
from partners.actors import name_actors
from partners.models import Partner
from partners.timeline import label_data, look_of
from wallets.admin.filters import VenueDaysFilter

recording.keep_with(audit_trail.AdminTrail())

# What an event is about has its name in these columns; an edit keeps it.
_NAMED_BY: Mapping[str, tuple[str, ...]] = {
    "attraction": ("catalog", "name"),
    "batch": ("orders", "title"),
    "closure": ("orders", "venue__name", "attraction__name", "date"),
    "order": ("orders", "buy_from_order_reference"),
    "package": ("catalog", "code"),
    "partner": ("partners", "name"),
    "session": ("catalog", "attraction__name", "date", "time"),
    "wallet": ("wallets", "reference_number"),
    "webhookendpoint": ("partners", "url"),
}
# What has events and no page of its own, and what it is called.
_WITHOUT_PAGE: Mapping[str, str] = {NUMBER_KIND: "Item number"}


class WhoFilter(DropdownFilter):
    """What one person did."""

    title = "person"
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer everybody who may sign in, or did."""
        people = User.objects.order_by("username").values_list("pk", "username")
        return [(f"staff:{key}", name) for key, name in people]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        """Keep what they did."""
        value = self.value()
        return queryset.filter(actor=value) if value else queryset


class KindFilter(DropdownFilter):
    """What was done to one kind of thing."""

    title = "what it was done to"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the kinds that the admin has."""
        kinds = [*_kinds(), *_WITHOUT_PAGE]
        return sorted(((kind, _kind_text(kind)) for kind in kinds), key=lambda one: one[1])

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        """Keep what was done to these."""
        value = self.value()
        return queryset.filter(kind=value) if value else queryset


class ObjectFilter(DropdownFilter):
    """What was done to one thing; only there where its page leads."""

    title = "one of them"
    parameter_name = "object"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the one that is asked for: there are too many to choose from."""
        asked = request.GET.get(self.parameter_name, "")
        return [(asked, asked)] if asked else []

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        """Keep what was done to it."""
        value = self.value()
        return queryset.filter(audit.about(value)) if value else queryset


class DayFilter(VenueDaysFilter):
    """Whole days on the clock of the first venue."""

    title = "day"

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        """Keep what was done on these days; what is no date is passed over."""
        zone = zoneinfo.ZoneInfo(audit_trail.zone_name())
        return queryset.filter(self._between(self._date("from"), self._date("to"), zone))


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin[AuditEntry]):
    """Who did what, when, to what and why."""

    list_display = ("happened", "who", "deed", "thing", "told")
    list_display_links = ("happened",)
    list_filter = (WhoFilter, KindFilter, ("at", DayFilter), ObjectFilter)
    search_fields = ("subject",)
    search_help_text = "Id, item number, or all of a name at the time"
    ordering = ("-at",)
    sortable_by = ()
    fields = ("happened", "who", "deed", "thing", "status", "reason", "details")
    readonly_fields = ("happened", "who", "deed", "thing", "status", "details")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        """Find what was done to something by its id, its item number or its whole name."""
        typed = " ".join(search_term.split())
        if not typed:
            return queryset, False
        numbered = Q(kind=NUMBER_KIND, changes__itemNumber=typed)
        return queryset.filter(audit.about(typed) | Q(subject__iexact=typed) | numbered), False

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> AuditEntry | None:
        """Return the entry with what its texts need."""
        entry = audit.entry_of(object_id)
        if entry is not None:
            self.prepare_rows([entry])
        return entry

    def prepare_rows(self, rows: Sequence[AuditEntry]) -> None:
        """Have names at hand: a statement for each kind of subject, and three more at most."""
        zone = zoneinfo.ZoneInfo(audit_trail.zone_name())
        names = name_actors({row.actor for row in rows})
        subjects = {kind: _names_of(kind, rows) for kind in {row.kind for row in rows}}
        for row in rows:
            row.zone = zone  # type: ignore[attr-defined]
            row.actor_text = names[row.actor]  # type: ignore[attr-defined]
            row.called = row.subject or subjects[row.kind].get(row.subject_id, "")  # type: ignore[attr-defined]
        name_numbers([row for row in rows if row.kind == NUMBER_KIND])

    def get_list_display(self, request: HttpRequest) -> Any:
        """Have the links know who looks."""
        return ("happened", "who", "deed", self._linked(request), "told")

    def get_fields(self, request: HttpRequest, obj: AuditEntry | None = None) -> Any:
        """Have the links know who looks."""
        shown = super().get_fields(request, obj)
        return [self._linked(request) if name == "thing" else name for name in shown]

    def get_readonly_fields(self, request: HttpRequest, obj: AuditEntry | None = None) -> Any:
        """Have the links know who looks."""
        shown = super().get_readonly_fields(request, obj)
        return [self._linked(request) if name == "thing" else name for name in shown]

    @column("When")
    def happened(self, entry: AuditEntry) -> str:
        """Return the moment on the clock of the first venue, to the second."""
        zone: zoneinfo.ZoneInfo = entry.zone  # type: ignore[attr-defined]
        return f"{entry.at.astimezone(zone):%-d %b %Y, %H:%M:%S}"

    @column("Who")
    def who(self, entry: AuditEntry) -> str:
        """Return who did it."""
        return str(entry.actor_text)  # type: ignore[attr-defined]

    @column("What")
    def deed(self, entry: AuditEntry) -> SafeString:
        """Return what was done, as the page of what it was done to calls it."""
        look = look_of(entry.name, audit_trail.looks_of(entry.kind))
        return columns.badge(look.title, look.colour)

    @column("Before and after")
    def told(self, entry: AuditEntry) -> SafeString | str:
        """Return what changed, and why."""
        parts = [f"{field}: {text}" for field, text in _changes_of(entry).items()]
        text = "; ".join([*filter(None, [_states_of(entry), entry.reason]), *parts])
        return format_html('<span class="cm-told" title="{0}">{0}</span>', text) if text else EMPTY

    @column("Status")
    def status(self, entry: AuditEntry) -> str:
        """Return the status before and after."""
        return _states_of(entry) or columns.EMPTY

    @column("Before and after")
    def details(self, entry: AuditEntry) -> SafeString | str:
        """Return what changed, one line each."""
        rows = _changes_of(entry).items()
        return format_html_join("", '<p class="cm-data"><b>{}</b> {}</p>', rows) or columns.EMPTY

    @column("To what")
    def thing(self, entry: AuditEntry) -> str:
        """Return what it was done to, by its name."""
        if not entry.subject_id:
            return entry.subject.capitalize()
        return f"{_kind_text(entry.kind)} {entry.called or entry.subject_id}"  # type: ignore[attr-defined]

    def _linked(self, request: HttpRequest) -> Callable[[AuditEntry], SafeString]:
        """Return `thing` as a column that leads there who may look."""

        @column("To what")
        def thing(entry: AuditEntry) -> SafeString:
            name = self.thing(entry)
            model, key = _kinds().get(entry.kind), entry.subject_id
            if entry.kind == NUMBER_KIND:
                model, key = PackageMapping, entry.mapping_id  # type: ignore[attr-defined]
            may = model and admin.site._registry[model].has_view_or_change_permission(request)
            if model is None or not may or entry.name == "deleted" or not key:
                return format_html('<span class="cm-thing">{}</span>', name)
            page = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
            url = reverse(page, args=[key])
            return format_html('<a class="cm-link cm-thing" href="{}">{}</a>', url, name)

        return thing


def _states_of(entry: AuditEntry) -> str:
    if entry.from_state and entry.from_state != entry.to_state:
        return f"{entry.from_state} → {entry.to_state}"
    return ""


def _changes_of(entry: AuditEntry) -> Mapping[str, str]:
    """Return the fields of a record, or the data of an event."""
    if isinstance(entry.changes, list):
        return audit_trail.in_words(entry.changes)
    return label_data(versions.without_name(entry.changes))


def name_numbers(entries: Sequence[AuditEntry]) -> None:
    """Tell entries about item numbers whose they are, and which mapping is there: two statements."""
    if not entries:
        return
    told = [entry.changes for entry in entries]
    mappings = PackageMapping.objects.select_related("partner").in_bulk(
        [data["mappingId"] for data in told]
    )
    partners = Partner.objects.in_bulk({data["partnerId"] for data in told if "partnerId" in data})
    there = {str(key): mapping for key, mapping in mappings.items()}
    names = {str(key): str(partner) for key, partner in partners.items()}
    for entry, data in zip(entries, told, strict=True):
        mapping = there.get(data["mappingId"])
        entry.mapping_id = mapping and mapping.pk  # type: ignore[attr-defined]
        if "partnerId" in data:
            entry.called = f"{data['itemNumber']} of {names.get(data['partnerId'], 'a partner')}"  # type: ignore[attr-defined]
        elif mapping is not None:
            entry.called = f"{mapping.item_number} of {mapping.partner}"  # type: ignore[attr-defined]
        else:
            # Of before events named their number.
            entry.called = str(data.get("meaning") or data.get("becomes", ""))  # type: ignore[attr-defined]


def _kind_text(kind: str) -> str:
    if kind in _WITHOUT_PAGE:
        return _WITHOUT_PAGE[kind]
    model = _kinds().get(kind)
    text = str(model._meta.verbose_name) if model else kind
    return text[:1].upper() + text[1:]


@functools.cache
def _kinds() -> Mapping[str, Any]:
    """Return the models of the admin by the kind that events and records call them."""
    return {
        model._meta.model_name or "": model
        for model in admin.site._registry
        if not model._meta.proxy and model is not AuditEntry
    }


def _names_of(kind: str, rows: Sequence[AuditEntry]) -> dict[str, str]:
    """Return what the subjects of events are called, by their ids: one statement."""
    keys = {row.subject_id for row in rows if row.kind == kind and not row.subject}
    if kind not in _NAMED_BY or not keys:
        return {}
    app, *names = _NAMED_BY[kind]
    model = apps.get_model(app, kind)
    named = model._default_manager.filter(pk__in=keys).order_by().values_list("pk", *names)
    return {str(key): " ".join(map(_text_of, filter(None, parts))) for key, *parts in named}


def _text_of(value: object) -> str:
    return f"{value:%H:%M}" if isinstance(value, datetime.time) else str(value)
