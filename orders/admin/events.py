"""The event log of orders: what is left of a deleted order is found here."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
import zoneinfo
from collections.abc import Collection, Sequence

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from channel_manager.lib.admin import columns
from channel_manager.lib.admin.base import ReadOnlyAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.typed import DropdownFilter
from orders import tombstone
from orders.admin.timeline import LOOKS
from orders.models import Order, OrderEvent
from partners.actors import name_actors
from partners.admin.filters import ModeFilter
from partners.models import Venue
from partners.timeline import label_data, look_of
from wallets.numbers import read_number

_MOST = 100


@dataclasses.dataclass(frozen=True)
class Subject:
    """What the order of an event is called, and on which clock it lives."""

    number: str
    exists: bool
    zone: datetime.tzinfo = datetime.UTC


class NameFilter(DropdownFilter):
    """One kind of event."""

    title = "event"
    parameter_name = "name"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Offer every kind that we write."""
        return [(name, look.title) for name, look in LOOKS.items()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[OrderEvent]
    ) -> QuerySet[OrderEvent]:
        """Keep the events of the kind."""
        value = self.value()
        return queryset.filter(name=value) if value else queryset


class EventModeFilter(ModeFilter):
    """Events of live orders, unless those of tests are asked for, removed ones included."""

    of_tests = Q(
        Exists(Order.objects.filter(pk=OuterRef("subject_id"), test_mode=True).order_by())
        | Exists(
            OrderEvent.objects.filter(
                subject_id=OuterRef("subject_id"),
                name=tombstone.EVENT,
                data__contains={"testMode": True},
            ).order_by()
        )
    )


@register(OrderEvent)
class OrderEventAdmin(ReadOnlyAdmin[OrderEvent]):
    """Everything that happened to orders, removed ones included."""

    list_display = ("happened", "event", "order_number", "states", "actor_name", "why")
    list_filter = (NameFilter, EventModeFilter)
    search_fields = ("subject_id",)
    search_help_text = "Our number, the order id, or any number of a deleted order"
    ordering = ("-id",)
    sortable_by = ()
    list_before_template = "admin/orders/orderevent/quick_filters.html"
    fieldsets = (
        (None, {"fields": ("happened", "event", "order_number", "states", "actor_name", "why")}),
        ("Data", {"fields": ("details",)}),
    )
    readonly_fields = (
        "happened",
        "event",
        "order_number",
        "states",
        "actor_name",
        "why",
        "details",
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[OrderEvent], search_term: str
    ) -> tuple[QuerySet[OrderEvent], bool]:
        """Find the events of an order by its id, and of a deleted one by any number it had."""
        typed = " ".join(search_term.split())
        if not typed:
            return queryset, False
        order_id = _as_uuid(typed)
        subjects = [order_id] if order_id else _subjects(typed)
        return queryset.filter(subject_id__in=subjects), False

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> OrderEvent | None:
        """Return the event with what its texts need."""
        event = super().get_object(request, object_id, from_field)
        if event is not None:
            self.prepare_rows([event])
        return event

    def prepare_rows(self, rows: Sequence[OrderEvent]) -> None:
        """Have numbers and names at hand: four statements, whatever the number of rows."""
        names = name_actors({row.actor for row in rows})
        subjects = _subjects_of({row.subject_id for row in rows})
        for row in rows:
            row.actor_text = names[row.actor]  # type: ignore[attr-defined]
            unknown = Subject(str(row.subject_id), exists=False)
            row.subject = subjects.get(row.subject_id, unknown)  # type: ignore[attr-defined]

    @column("When")
    def happened(self, event: OrderEvent) -> str:
        """Return the moment on the clock of the order's venue."""
        subject: Subject = event.subject  # type: ignore[attr-defined]
        return f"{event.at.astimezone(subject.zone):%-d %b %Y, %H:%M:%S}"

    @column("Event", badges={name: look.colour for name, look in LOOKS.items()})
    def event(self, event: OrderEvent) -> tuple[str, str]:
        """Return what happened."""
        return event.name, look_of(event.name, LOOKS).title

    @column("Order")
    def order_number(self, event: OrderEvent) -> SafeString | str:
        """Return our number, leading to the order while it exists."""
        subject: Subject = event.subject  # type: ignore[attr-defined]
        if not subject.exists:
            return columns.number(subject.number)
        url = reverse("admin:orders_order_change", args=[event.subject_id])
        return columns.link(url, subject.number)

    @column("Status")
    def states(self, event: OrderEvent) -> str:
        """Return the status before and after."""
        if event.from_state and event.from_state != event.to_state:
            return f"{event.from_state} → {event.to_state}"
        return event.to_state or columns.EMPTY

    @column("Who")
    def actor_name(self, event: OrderEvent) -> str:
        """Return who did it."""
        return str(event.actor_text)  # type: ignore[attr-defined]

    @column("Reason")
    def why(self, event: OrderEvent) -> SafeString | str:
        """Return the reason given."""
        return columns.cut(event.reason, event.reason)

    @column("Numbers and data")
    def details(self, event: OrderEvent) -> SafeString | str:
        """Return the event's data, one line each."""
        rows = label_data(event.data).items()
        return format_html_join("", '<p class="cm-data"><b>{}</b> {}</p>', rows) or columns.EMPTY


def _subjects(typed: str) -> list[uuid.UUID]:
    """Return the ids of orders that were deleted with this number, or have it as ours."""
    variants = {typed, typed.upper(), read_number(typed)}
    tombstones = OrderEvent.objects.filter(
        tombstone.lists_any_of(variants), name=tombstone.EVENT
    ).values_list("subject_id", flat=True)
    living = Order.objects.filter(buy_from_order_reference__in=variants).order_by()
    return [*tombstones.order_by()[:_MOST], *living.values_list("pk", flat=True)]


def _subjects_of(order_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Subject]:
    """Return what each order is called, the removed ones from their tombstones: three statements."""
    living = Order.objects.filter(pk__in=order_ids).order_by()
    subjects = {
        key: Subject(number, exists=True, zone=zoneinfo.ZoneInfo(zone))
        for key, number, zone in living.values_list(
            "pk", "buy_from_order_reference", "venue__timezone"
        )
    }
    gone = [key for key in order_ids if key not in subjects]
    if gone:
        zones = {
            str(key): zoneinfo.ZoneInfo(zone)
            for key, zone in Venue.objects.values_list("pk", "timezone").order_by()
        }
        for row in OrderEvent.objects.filter(subject_id__in=gone, name=tombstone.EVENT):
            subjects[row.subject_id] = Subject(
                row.data.get("buyFromOrderReference", str(row.subject_id)),
                exists=False,
                zone=zones.get(row.data.get("venueId", ""), datetime.UTC),
            )
    return subjects


def _as_uuid(typed: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(typed)
    except ValueError:
        return None
