"""Virtual queues in the admin: their settings, who waits, and pausing, resuming, giving up."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from catalog.models import Attraction
from channel_manager.history.models import Event
from channel_manager.lib.admin import columns
from channel_manager.lib.admin.base import ReadOnlyAdmin, StaffAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.confirmation import actor_of
from channel_manager.lib.admin.standing import Standing, StateBar, StatusAction
from channel_manager.lib.admin.typed import ChoicesDropdownFilter, RelatedDropdownFilter
from orders import virtual_queues
from orders.models import RESERVATION_KIND, Reservation, ReservationStatus, VirtualQueue
from orders.models.virtual_queue import LIVING
from orders.virtual_queues import Settings
from partners.timeline import Look, tell

LOOKS: Mapping[str, Look] = {
    "joined": Look("Joined", "login"),
    "called": Look("Called", "campaign", "success"),
    "paused": Look("Paused", "pause", "warning"),
    "resumed": Look("Resumed", "play_arrow"),
    "completed": Look("Came", "check", "success"),
    "canceled": Look("Given up", "undo"),
    "expired": Look("Did not come in time", "timer_off", "warning"),
}


@register(VirtualQueue)
class VirtualQueueAdmin(StaffAdmin[VirtualQueue]):
    """The queue of one attraction."""

    list_display = ("attraction", "is_open", "waiting", "wait", "guests_per_hour", "ready_minutes")
    list_select_related = ("attraction__venue",)
    ordering = ("attraction__name",)
    sortable_by = ()
    fields = ("attraction", "is_open", "guests_per_hour", "ready_minutes")
    change_form_outer_after_template = "admin/orders/virtualqueue/below.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[VirtualQueue]:
        """Leave the venues' logos where they are."""
        return super().get_queryset(request).defer("attraction__venue__logo")

    def get_readonly_fields(
        self, request: HttpRequest, obj: VirtualQueue | None = None
    ) -> tuple[str, ...]:
        """Fix the attraction once there is a queue."""
        return ("attraction",) if obj else ()

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer the attractions that have no queue yet."""
        if db_field.name == "attraction":
            kwargs["queryset"] = Attraction.objects.filter(virtual_queue=None)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: VirtualQueue | None = None) -> bool:
        """Refuse: a queue is closed, what was admitted through it stays."""
        return False

    def save_model(self, request: HttpRequest, obj: VirtualQueue, form: Any, change: bool) -> None:
        """Make a queue with its gate device, or have everybody's turn worked out anew."""
        now = timezone.now()
        if change:
            # Not the moment of the next call, which moves all the time.
            obj.save(update_fields=["is_open", "guests_per_hour", "ready_minutes"])
            virtual_queues.settings_changed(queue_id=obj.pk, now=now)
            return
        made = virtual_queues.open_queue(
            attraction=obj.attraction,
            settings=Settings(
                is_open=obj.is_open,
                guests_per_hour=obj.guests_per_hour,
                ready_minutes=obj.ready_minutes,
            ),
            now=now,
        )
        for field in VirtualQueue._meta.concrete_fields:
            setattr(obj, field.attname, getattr(made, field.attname))
        obj._state.adding = False

    def prepare_rows(self, rows: Sequence[VirtualQueue]) -> None:
        """Count who waits in a page of queues, and for how long, in two statements."""
        waiting = Q(reservations__status__in=LIVING)
        counted = VirtualQueue.objects.filter(pk__in=[row.pk for row in rows]).order_by()
        counts = dict(
            counted.annotate(guests=Sum("reservations__size", filter=waiting)).values_list(
                "pk", "guests"
            )
        )
        waits = virtual_queues.waits_in(rows, timezone.now())
        for row in rows:
            row.guests = counts.get(row.pk) or 0  # type: ignore[attr-defined]
            row.seconds = waits[row.pk]  # type: ignore[attr-defined]

    def surroundings(self, request: HttpRequest, row: VirtualQueue) -> Mapping[str, Any]:
        """Return where its reservations are listed."""
        if not request.user.has_perm("orders.view_reservation"):
            return {}
        listed = reverse("admin:orders_reservation_changelist")
        return {"reservations_url": f"{listed}?queue__id__exact={row.pk}"}

    @column("Guests in it")
    def waiting(self, queue: VirtualQueue) -> int:
        """Return how many guests wait or are called."""
        return int(queue.guests)  # type: ignore[attr-defined]

    @column("Wait")
    def wait(self, queue: VirtualQueue) -> str:
        """Return how long whoever joined now would wait."""
        return f"{queue.seconds // 60} min"  # type: ignore[attr-defined]


def _moved(move: Callable[..., Reservation]) -> Callable[[HttpRequest, Reservation, str], str]:
    @functools.wraps(move)
    def run(request: HttpRequest, row: Reservation, reason: str) -> str:
        moved = move(
            reservations=Reservation.objects.all(),
            reservation_id=row.pk,
            actor=actor_of(request),
            now=timezone.now(),
            reason=reason,
        )
        return f"The reservation is {moved.get_status_display().lower()}."

    return run


_STANDING = Standing(
    model=Reservation,
    colours={
        ReservationStatus.WAITING: "info",
        ReservationStatus.PAUSED: "warning",
        ReservationStatus.READY: "success",
        ReservationStatus.COMPLETED: "",
        ReservationStatus.CANCELED: "",
        ReservationStatus.EXPIRED: "warning",
    },
    meanings={
        ReservationStatus.WAITING: "It is called in its turn.",
        ReservationStatus.PAUSED: "It keeps its place and is not called.",
        ReservationStatus.READY: "It may come now.",
        ReservationStatus.COMPLETED: "The party came.",
        ReservationStatus.CANCELED: "It was given up.",
        ReservationStatus.EXPIRED: "The party did not come in time.",
    },
    actions={
        "pause": StatusAction(
            label="Pause",
            icon="pause",
            statuses=(ReservationStatus.WAITING, ReservationStatus.READY),
            run=_moved(virtual_queues.pause),
            effects=("It keeps its place and is not called; those behind it go first.",),
        ),
        "resume": StatusAction(
            label="Resume",
            icon="play_arrow",
            statuses=(ReservationStatus.PAUSED,),
            run=_moved(virtual_queues.resume),
            effects=("It is called again, in its old place.",),
        ),
        "cancel": StatusAction(
            label="Give up",
            icon="undo",
            statuses=LIVING,
            run=_moved(virtual_queues.cancel),
            effects=("Its place is gone; its tickets can be used for another reservation.",),
            is_destructive=True,
        ),
    },
)


@register(Reservation)
class ReservationAdmin(ReadOnlyAdmin[Reservation]):
    """Parties in virtual queues, and what became of them."""

    list_display = ("place_in", "state", "size", "made", "ready", "until")
    list_display_links = ("place_in",)
    list_select_related = ("queue__attraction__venue",)
    list_filter = (("status", ChoicesDropdownFilter), ("queue", RelatedDropdownFilter))
    ordering = ("-reserved_at", "-id")
    sortable_by = ()
    fields = ("id", "queue", "storefront", "size", "made", "ready", "until", "tickets")
    readonly_fields = ("made", "ready", "until", "tickets")
    change_form_outer_after_template = "admin/catalog/package/below.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reservation]:
        """Leave the venues' logos where they are."""
        return super().get_queryset(request).defer("queue__attraction__venue__logo")

    def get_urls(self) -> list[URLPattern]:
        """Add the pages that pause, resume and give up."""
        return [*_STANDING.urls(self), *super().get_urls()]

    def state_bar(self, request: HttpRequest, row: Reservation) -> StateBar:
        """Return its status, with the ways to another."""
        return _STANDING.bar(request, row)

    def surroundings(self, request: HttpRequest, row: Reservation) -> Mapping[str, Any]:
        """Return its history."""
        events = Event.objects.filter(kind=RESERVATION_KIND, subject_id=row.pk)
        return {
            "happenings": tell(events.order_by("-id"), LOOKS),
            "zone": row.queue.attraction.venue.timezone,
        }

    @column("Queue")
    def place_in(self, reservation: Reservation) -> str:
        """Return its queue and number in it."""
        return f"{reservation.queue} {reservation.place}"

    @column("Status", badges=_STANDING.colours)
    def state(self, reservation: Reservation) -> str:
        """Return the status as a badge."""
        return str(reservation.status)

    @column("Joined")
    def made(self, reservation: Reservation) -> str:
        """Return when it was made, on the venue's clock."""
        return columns.moment(reservation.reserved_at, reservation.queue.attraction.venue.zone)

    @column("Called")
    def ready(self, reservation: Reservation) -> str:
        """Return when it is expected to be called, or was."""
        return columns.moment(reservation.ready_at, reservation.queue.attraction.venue.zone)

    @column("May come until")
    def until(self, reservation: Reservation) -> str:
        """Return until when the party may come."""
        return columns.moment(reservation.expires_at, reservation.queue.attraction.venue.zone)

    @column("Tickets")
    def tickets(self, reservation: Reservation) -> SafeString | str:
        """Return the tickets that it was made with, as links."""
        members = reservation.members.select_related("wallet").order_by("id")
        rows = [
            (reverse("admin:wallets_wallet_change", args=[one.wallet_id]), one.wallet)
            for one in members
        ]
        return format_html_join(" ", '<a class="cm-link cm-mono" href="{}">{}</a>', rows)
