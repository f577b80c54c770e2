"""What staff are asked before a day is closed: which one, and what becomes of its orders."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin
from django.db.models import QuerySet
from django.utils import timezone

from catalog.closing import Day
from catalog.models import Attraction
from catalog.rescheduling import in_words
from channel_manager.lib.admin.confirmation import ReasonForm
from channel_manager.lib.admin.fields import DayInput
from channel_manager.lib.admin.typed import Select
from orders.models import ClosurePlan
from partners.models import Venue

_NEEDS = {
    ClosurePlan.MOVE: "orders.move_order",
    ClosurePlan.CANCEL: "orders.cancel_order",
}
_LABELS = {
    ClosurePlan.MOVE: "Move them to another day",
    ClosurePlan.CANCEL: "Cancel them",
    ClosurePlan.KEEP: "Keep them as they are",
}


class _AttractionChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Attractions by name, with their venue where there are several."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names_venue = False

    def label_from_instance(self, obj: Any) -> str:
        """Return the name as the list shows it."""
        return f"{obj.venue}: {obj}" if self.names_venue else str(obj)


def _attractions() -> QuerySet[Attraction]:
    rows = Attraction.objects.select_related("venue").defer("venue__logo")
    return rows.order_by("venue__name", "name", "pk")


class DayForm(forms.Form):
    """Asks for the day, and whether the whole venue is closed."""

    venue = forms.ModelChoiceField(
        queryset=Venue.objects.defer("logo"), widget=Select, empty_label=None
    )
    date = forms.DateField(
        label="Day", widget=DayInput, help_text="Today, or any day to come, at the venue."
    )
    attraction = _AttractionChoice(
        label="What is closed",
        queryset=_attractions(),
        required=False,
        widget=Select,
        empty_label="The whole venue",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        venues = list(Venue.objects.defer("logo")[:2])
        if len(venues) == 1:
            self.fields["venue"].widget = forms.HiddenInput()
            self.fields["venue"].initial = venues[0].pk
        else:
            self.fields["attraction"].names_venue = True  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse days that have passed, and another venue's attraction."""
        answers: dict[str, Any] = super().clean() or {}
        venue, date = answers.get("venue"), answers.get("date")
        if venue and date and date < timezone.localdate(timezone=venue.zone):
            self.add_error("date", f"{in_words(date)} has passed.")
        attraction = answers.get("attraction")
        if venue and attraction and attraction.venue_id != venue.pk:
            self.add_error("attraction", f"{attraction} belongs to {attraction.venue}.")
        return answers

    def day(self) -> Day:
        """Return the day that was asked for."""
        answers = self.cleaned_data
        return Day(venue=answers["venue"], date=answers["date"], attraction=answers["attraction"])


class PlanForm(forms.Form):
    """Asks what becomes of the orders of the day."""

    plan = forms.ChoiceField(widget=forms.RadioSelect)
    to_date = forms.DateField(label="Day they move to", required=False, widget=DayInput)

    def __init__(self, *args: Any, day: Day, user: AbstractBaseUser | AnonymousUser, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._day = day
        self.fields["plan"].choices = [  # type: ignore[attr-defined]
            (plan.value, label) for plan, label in _LABELS.items() if may_choose(user, plan)
        ]

    def clean(self) -> dict[str, Any]:
        """Need a day where orders move."""
        answers: dict[str, Any] = super().clean() or {}
        if answers.get("plan") != ClosurePlan.MOVE:
            answers["to_date"] = None
            return answers
        to_date: datetime.date | None = answers.get("to_date")
        if to_date is None and "to_date" not in self.errors:
            self.add_error("to_date", "Which day do they move to?")
        elif to_date == self._day.date:
            self.add_error("to_date", "This is the day that is closed.")
        elif to_date and to_date < timezone.localdate(timezone=self._day.venue.zone):
            self.add_error("to_date", f"{in_words(to_date)} has passed.")
        return answers


class ClosingForm(ReasonForm):
    """Asks why, and carries the closure's id: sent twice, it is done once."""

    closure_id = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, is_required=True, **kwargs)
        self.fields[
            "reason"
        ].help_text = (
            "Kept in the history of the day and of every order. Do not write names of guests here."
        )


def may_choose(user: AbstractBaseUser | AnonymousUser, plan: ClosurePlan) -> bool:
    """Tell whether somebody may do with all orders what they may do with one."""
    needed = _NEEDS.get(plan)
    if needed is None:
        return True
    return isinstance(user, PermissionsMixin) and user.has_perm(needed)
