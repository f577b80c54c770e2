"""The admin of sessions: how full they are, and changes of single ones by hand."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import action
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from catalog import scheduling
from catalog.admin import following, month
from catalog.admin.fill import fill_bar
from catalog.admin.seat_map import seat_map
from catalog.models import Session
from catalog.scheduling import PlacesTaken, SessionIsOver
from channel_manager.history.models import Event
from channel_manager.lib.admin import columns
from channel_manager.lib.admin.base import StaffAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.confirmation import actor_of
from channel_manager.lib.admin.standing import StateBar, StateButton
from channel_manager.lib.admin.typed import (
    DropdownFilter,
    ModelForm,
    RangeDateFilter,
    RelatedDropdownFilter,
)
from partners.admin.filters import VenueFilter
from partners.timeline import Look, tell

ON_SALE, OFF_SALE, FULL, OVER = "on sale", "off sale", "full", "over"
COLOURS: Mapping[str, str] = {ON_SALE: "success", OFF_SALE: "warning", FULL: "info", OVER: ""}
_MEANINGS: Mapping[str, str] = {
    ON_SALE: "Partners can book its free places.",
    OFF_SALE: "Nobody can book it. What was sold stays valid.",
    FULL: "Every place is sold or held.",
    OVER: "It has ended; nothing about it changes any more.",
}
LOOKS: Mapping[str, Look] = {
    "adjusted": Look("Changed by hand", "pan_tool", "warning"),
    "follows_rules": Look("Follows the rules again", "event_repeat", "success"),
}


def state_of(session: Session, now: datetime.datetime) -> str:
    """Return what can be done with a session, in a word."""
    if session.ends_at <= now:
        return OVER
    if not session.is_on_sale:
        return OFF_SALE
    return ON_SALE if session.places_left > 0 else FULL


class StateFilter(DropdownFilter):
    """Sessions that are not over, unless others are asked for."""

    title = "state"
    parameter_name = "state"
    all_option = ("", "Coming")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the states."""
        return [
            ("on_sale", "Coming, on sale"),
            ("off_sale", "Coming, off sale"),
            ("full", "Coming, full"),
            ("adjusted", "Coming, edited by hand"),
            ("past", "Over"),
            ("all", "All"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Session]) -> QuerySet[Session]:
        """Keep the sessions of the state."""
        now = timezone.now()
        coming = queryset.filter(ends_at__gt=now)
        match self.value():
            case "all":
                return queryset
            case "past":
                return queryset.filter(ends_at__lte=now)
            case "on_sale":
                return coming.filter(is_on_sale=True, capacity__gt=F("held") + F("sold"))
            case "off_sale":
                return coming.filter(is_on_sale=False)
            case "full":
                return coming.filter(is_on_sale=True, capacity=F("held") + F("sold"))
            case "adjusted":
                return coming.filter(is_adjusted=True)
        return coming


class SessionVenueFilter(VenueFilter):
    """The sessions of one venue's attractions."""

    venue_path = "attraction__venue"


class SessionForm(ModelForm[Session]):
    """What may be changed of one session by hand."""

    class Meta:
        model = Session
        fields = ("capacity", "is_on_sale")
        labels = {"capacity": "Places", "is_on_sale": "On sale"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The page carries what it showed: only what was changed there is changed.
        for field in self.fields.values():
            field.show_hidden_initial = True

    def clean_capacity(self) -> int:
        """Refuse fewer places than are taken, with the numbers."""
        capacity: int = self.cleaned_data["capacity"]
        if capacity < self.instance.places_taken:
            raise forms.ValidationError(str(PlacesTaken(self.instance)))
        return capacity


@register(Session)
class SessionAdmin(StaffAdmin[Session]):
    """Sessions are made by the rules; single ones can be changed by hand."""

    form = SessionForm
    list_display = ("session", "fill", "state")
    list_display_links = ("session",)
    list_filter = (
        StateFilter,
        ("attraction", RelatedDropdownFilter),
        ("date", RangeDateFilter),
        SessionVenueFilter,
    )
    ordering = ("starts_at", "pk")
    actions = ("follow_rules_again",)
    change_form_outer_after_template = "admin/catalog/session/below.html"
    fieldsets = (
        (None, {"fields": ("attraction", "hours", ("sold_places", "held_places", "left"))}),
        (
            "Change this session only",
            {
                "fields": ("capacity", "is_on_sale"),
                "description": "The rules leave a session that was changed here as it is, until "
                "you let it follow them again.",
            },
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Session | None = None) -> Any:
        """Invite nobody to change what they may only look at."""
        if self.has_change_permission(request, obj):
            return self.fieldsets
        shown, (_title, places) = self.fieldsets
        return (shown, ("Sale", {"fields": places["fields"]}))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        """Leave the venues' logos where they are."""
        found = super().get_queryset(request).select_related("attraction__venue", "seat_plan")
        return found.defer("attraction__venue__logo")

    def get_readonly_fields(
        self, request: HttpRequest, obj: Session | None = None
    ) -> tuple[str, ...]:
        """Fix what sales count, and the capacity of numbered seats."""
        fixed = ("attraction", "hours", "sold_places", "held_places", "left")
        return (*fixed, "capacity") if obj is not None and obj.seat_plan_id else fixed

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: the rules make sessions, and exceptions single ones."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Session | None = None) -> bool:
        """Refuse: the rules remove sessions, and only those that nobody is in."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Session | None = None) -> bool:
        """Refuse to change what is over."""
        may_change = super().has_change_permission(request, obj)
        return may_change and (obj is None or obj.ends_at > timezone.now())

    def get_urls(self) -> list[URLPattern]:
        """Add the month, and the page that gives a session back to the rules."""
        wrap = self.admin_site.admin_view
        return [
            path("month/", wrap(self.month_view), name="catalog_session_month"),
            path(
                "<uuid:session_id>/follow-rules/",
                wrap(self.follow_rules_view),
                name="catalog_session_follow_rules",
            ),
            *super().get_urls(),
        ]

    def month_view(self, request: HttpRequest) -> HttpResponse:
        """Show a month of a venue."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return month.month_view(request, self)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show or save the form; a sale that came in between is told in the form."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except PlacesTaken:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except SessionIsOver as refusal:
            messages.error(request, str(refusal))
            return redirect(request.get_full_path())

    def surroundings(self, request: HttpRequest, row: Session) -> Mapping[str, Any]:
        """Return its seats and its history."""
        events = Event.objects.filter(kind=scheduling.SESSION_KIND, subject_id=row.pk)
        return {
            "title": str(row),
            "seat_rows": seat_map(row),
            "happenings": tell(events.order_by("-id")[:50], LOOKS),
            "zone": row.attraction.venue.timezone,
            "nothing_happened": "Nobody has changed this session by hand. What the rules "
            "changed stands in the history of its attraction.",
            "orders_url": _orders_of(request, row),
        }

    def save_model(self, request: HttpRequest, obj: Session, form: Any, change: bool) -> None:
        """Change the session under its lock; raises PlacesTaken when a sale was faster."""
        scheduling.adjust_session(
            session_id=obj.pk,
            capacity=obj.capacity if "capacity" in form.changed_data else None,
            is_on_sale=obj.is_on_sale if "is_on_sale" in form.changed_data else None,
            actor=actor_of(request),
            now=timezone.now(),
        )

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """Leave it to the event: it tells before and after."""

    def follow_rules_view(self, request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
        """Show what becomes of a session that follows the rules again, or do it."""
        session = self.get_object(request, str(session_id))
        if not self.has_change_permission(request, session):
            raise PermissionDenied
        page = following.follow_rules(self, request, [session_id], subject=session)
        if page is not None:
            return page
        if Session.objects.filter(pk=session_id).exists():
            return redirect("admin:catalog_session_change", session_id)
        return redirect("admin:catalog_session_changelist")

    @action(description="Follow the rules again", permissions=["change"])
    def follow_rules_again(
        self, request: HttpRequest, queryset: QuerySet[Session]
    ) -> HttpResponse | None:
        """Show what becomes of the chosen sessions when they follow the rules again, or do it."""
        chosen = list(queryset.order_by().values_list("pk", flat=True))
        return following.follow_rules(self, request, chosen)

    def state_bar(self, request: HttpRequest, row: Session) -> StateBar:
        """Return its state, with the way back to the rules from what was changed by hand."""
        state = state_of(row, timezone.now())
        meaning = _MEANINGS[state]
        buttons = []
        if row.is_adjusted and state != OVER:
            meaning += " It was edited by hand, so the rules leave it as it is."
            if self.has_change_permission(request, row):
                buttons.append(
                    StateButton(
                        label="Follow the rules again",
                        icon="event_repeat",
                        url=reverse("admin:catalog_session_follow_rules", args=[row.pk]),
                    )
                )
        return StateBar(
            text=state.capitalize(), colour=COLOURS[state], meaning=meaning, buttons=buttons
        )

    @column("Session", order="starts_at", two_lines=True)
    def session(self, session: Session) -> tuple[str, str]:
        """Return the day and the time, on the venue's clock, and the attraction."""
        when = columns.day(session.date, session.time) + ("" if session.time else ", whole day")
        return when, session.attraction.name

    @column("Hours")
    def hours(self, session: Session) -> str:
        """Return from when until when it lasts, on the venue's clock."""
        zone = session.attraction.venue.zone
        return columns.span(session.starts_at, session.ends_at, zone)

    @column("Places", order="sold")
    def fill(self, session: Session) -> SafeString:
        """Return how full it is."""
        return fill_bar(sold=session.sold, held=session.held, capacity=session.capacity)

    @column("Sold")
    def sold_places(self, session: Session) -> str:
        """Return how many places orders have, drafts included."""
        return f"{session.sold:,}"

    @column("Held")
    def held_places(self, session: Session) -> str:
        """Return how many places partners hold for a while."""
        return f"{session.held:,}"

    @column("Left")
    def left(self, session: Session) -> str:
        """Return how many places nobody has."""
        return f"{session.places_left:,}"

    @column("State")
    def state(self, session: Session) -> SafeString:
        """Return the state as a badge, and whether somebody changed the session by hand."""
        state = state_of(session, timezone.now())
        shown = columns.badge(state.capitalize(), COLOURS[state])
        return columns.below(shown, "edited by hand", "") if session.is_adjusted else shown


def _orders_of(request: HttpRequest, session: Session) -> str:
    """Return where the orders with places of the session are listed; they are another app's."""
    if not request.user.has_perm("orders.view_order"):
        return ""
    return f"{reverse('admin:orders_order_changelist')}?session={session.pk}"
