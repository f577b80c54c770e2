"""The admin of numbered seats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from catalog.admin.opening import initial_venue
from catalog.admin.seat_map import rows_of
from catalog.models import Seat, SeatPlan, SessionException, SessionRule
from catalog.seat_rows import BadRows, make_seats
from channel_manager.lib.admin.base import StaffAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.typed import ModelForm, Textarea
from partners.admin.filters import VenueFilter


class SeatPlanForm(ModelForm[SeatPlan]):
    """A hall, and the rows that its seats are made from."""

    rows = forms.CharField(
        label="Rows",
        required=False,
        widget=Textarea(attrs={"rows": 4, "placeholder": "A-F: 10\nG, H: 12"}),
        help_text="One line for rows of the same length: “A-F: 10” makes A1 to F10.",
    )

    def clean_rows(self) -> str:
        """Refuse rows that no seats can be made of."""
        text: str = self.cleaned_data["rows"]
        try:
            self.seats = make_seats(self.instance, text)
        except BadRows as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        if not self.seats and self.instance._state.adding:
            raise forms.ValidationError("Which rows are there?")
        return text


@register(SeatPlan)
class SeatPlanAdmin(StaffAdmin[SeatPlan]):
    """Halls; the seats stay once there are sessions, for tickets name them."""

    form = SeatPlanForm
    list_display = ("name", "seats", "rows_", "venue")
    list_select_related = ("venue",)
    list_filter = (VenueFilter,)
    search_fields = ("name",)
    search_help_text = "Name"
    change_form_outer_before_template = "admin/catalog/seatplan/note.html"
    change_form_outer_after_template = "admin/catalog/seatplan/below.html"

    def prepare_rows(self, rows: Sequence[SeatPlan]) -> None:
        """Count the seats and rows of a page of halls in one statement."""
        seats = Seat.objects.filter(plan__in=rows).order_by().values("plan")
        counts = {
            row["plan"]: row
            for row in seats.annotate(seats=Count("pk"), rows=Count("row", distinct=True))
        }
        for plan in rows:
            plan.counts = counts.get(plan.pk, {})  # type: ignore[attr-defined]

    def get_fieldsets(self, request: HttpRequest, obj: SeatPlan | None = None) -> Any:
        """Ask for rows as long as the seats may still become others."""
        names = [(None, {"fields": ("name", "venue")})]
        if obj is not None and (_is_used(obj) or not self.has_change_permission(request, obj)):
            return names
        title = "Seats" if obj is None else "Make other seats"
        return [*names, (title, {"fields": ("rows",)})]

    def get_readonly_fields(
        self, request: HttpRequest, obj: SeatPlan | None = None
    ) -> tuple[str, ...]:
        """Fix the venue once there is a hall."""
        return ("venue",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: SeatPlan | None = None) -> bool:
        """Allow to delete only what no rule and no session uses."""
        may_delete = super().has_delete_permission(request, obj)
        return may_delete and (obj is None or not _is_used(obj))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Name the only venue."""
        return {**initial_venue(), **super().get_changeform_initial_data(request)}

    def save_related(
        self, request: HttpRequest, form: ModelForm[SeatPlan], formsets: Any, change: bool
    ) -> None:
        """Make the seats that the rows name, in place of those there were."""
        super().save_related(request, form, formsets, change)
        seats: list[Seat] = getattr(form, "seats", [])
        if seats and not _is_used(form.instance):
            form.instance.seats.all().delete()
            Seat.objects.bulk_create(seats)

    def surroundings(self, request: HttpRequest, row: SeatPlan) -> Mapping[str, Any]:
        """Return the hall, and whether it is fixed."""
        return {"seat_rows": rows_of(row.seats.all()), "is_used": _is_used(row)}

    @column("Seats")
    def seats(self, plan: SeatPlan) -> str:
        """Return how many seats it has."""
        return f"{plan.counts.get('seats', 0):,}"  # type: ignore[attr-defined]

    @column("Rows")
    def rows_(self, plan: SeatPlan) -> int:
        """Return how many rows it has."""
        return int(plan.counts.get("rows", 0))  # type: ignore[attr-defined]


def _is_used(plan: SeatPlan) -> bool:
    """Tell whether sessions have these seats, or are going to."""
    rules: QuerySet[Any] = SessionRule.objects.filter(seat_plan=plan)
    exceptions = SessionException.objects.filter(seat_plan=plan)
    return plan.sessions.exists() or rules.exists() or exceptions.exists()
