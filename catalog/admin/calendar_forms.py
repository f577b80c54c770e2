"""Forms of the calendar: weekdays to tick, times to dial, and what does not fit said beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django import forms

from catalog.admin.forms import check_order
from catalog.models import CalendarDay, OpeningHours, SessionException, SessionRule
from catalog.models.calendar import Weekday, every_day
from channel_manager.lib.admin.typed import Checkboxes, ModelForm, Radios

_Model = TypeVar("_Model", OpeningHours, CalendarDay)
_Pattern = TypeVar("_Pattern", SessionRule, SessionException)

DAY, SLOTS, NONE = "day", "slots", "none"
OPEN, CLOSED = "open", "closed"
_PATTERN = ("first_start", "last_start", "every_minutes", "duration_minutes", "seat_plan")


_LABELS = {
    "first_start": ("First start", ""),
    "last_start": ("Last start", "Empty: one session only."),
    "every_minutes": ("Every … minutes", "From one start to the next."),
    "duration_minutes": ("Lasts … minutes", ""),
    "seat_plan": ("Numbered seats", "Their number is the capacity."),
    "capacity": ("Places", "Of each session, where seats are not numbered."),
}


def _relabel(form: forms.BaseForm, labels: Mapping[str, tuple[str, str]]) -> None:
    """Name fields, and say what they ask for, as the choice above them has it."""
    for name, (label, help_text) in labels.items():
        if name in form.fields:
            form.fields[name].label = label
            form.fields[name].help_text = help_text


def _forget(form: forms.BaseForm, answers: Mapping[str, Any]) -> None:
    """Put answers in place of those to questions that are hidden, and were perhaps bad."""
    form.cleaned_data.update(answers)
    for name in answers:
        form.errors.pop(name, None)


class WeekdaysField(forms.TypedMultipleChoiceField):
    """Some days of the week, as numbers."""

    widget = Checkboxes

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=Weekday.choices, coerce=int, initial=every_day, **options)


class HoursForm(ModelForm[_Model]):
    """Days that the venue is open from a time until another, or closed."""

    kind = forms.ChoiceField(
        label="The venue is",
        choices=((OPEN, "Open"), (CLOSED, "Closed")),
        widget=Radios,
        initial=OPEN,
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        _relabel(self, {"opens_at": ("From", ""), "closes_at": ("Until", "")})
        if self.instance.pk is not None and self.instance.opens_at is None:
            self.initial["kind"] = CLOSED

    def clean(self) -> dict[str, Any]:
        """Refuse hours that do not end after they begin; forget them when it is closed."""
        answers: dict[str, Any] = super().clean() or self.cleaned_data
        if answers.get("kind") == CLOSED:
            _forget(self, {"opens_at": None, "closes_at": None})
            return answers
        for name, question in (
            ("opens_at", "When does it open?"),
            ("closes_at", "When does it close?"),
        ):
            if name in answers and answers[name] is None:
                self.add_error(name, question)
        opens, closes = answers.get("opens_at"), answers.get("closes_at")
        if opens and closes and opens >= closes:
            self.add_error("closes_at", "It must close after it opens, on the same day.")
        return answers


class OpeningHoursForm(HoursForm[OpeningHours]):
    """Opening hours of some weekdays of a season."""

    weekdays = WeekdaysField()

    def clean(self) -> dict[str, Any]:
        """Refuse a season that ends before it begins."""
        answers = super().clean()
        check_order(self, "valid_from", "valid_until")
        return answers


class PatternForm(ModelForm[_Pattern]):
    """Sessions of a day: one from opening until closing, or slots at certain times."""

    kind = forms.ChoiceField(
        label="Sessions",
        choices=((SLOTS, "At certain times"), (DAY, "One, from opening until closing")),
        widget=Radios,
        initial=SLOTS,
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        _relabel(self, _LABELS)
        if self.instance.pk is not None:
            self.initial["kind"] = SLOTS if self.instance.first_start else DAY

    def clean(self) -> dict[str, Any]:
        """Ask for what slots need; forget it when there are none."""
        answers: dict[str, Any] = super().clean() or self.cleaned_data
        if answers.get("kind") != SLOTS:
            _forget(self, dict.fromkeys(_PATTERN))
        elif "first_start" in answers and answers["first_start"] is None:
            self.add_error("first_start", "When does the first session begin?")
        attraction, plan = answers.get("attraction") or self._attraction(), answers.get("seat_plan")
        if plan and attraction and plan.venue_id != attraction.venue_id:
            self.add_error("seat_plan", "These seats are in another venue.")
        return answers

    def _attraction(self) -> Any:
        return self.instance.attraction if self.instance.attraction_id else None


class RuleForm(PatternForm[SessionRule]):
    """The sessions of some weekdays of a season."""

    weekdays = WeekdaysField()

    def clean(self) -> dict[str, Any]:
        """Refuse a season that ends before it begins."""
        answers = super().clean()
        check_order(self, "valid_from", "valid_until")
        return answers


class ExceptionForm(PatternForm[SessionException]):
    """The sessions of one day, in place of what the rules say."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        kind: Any = self.fields["kind"]
        kind.choices = [*kind.choices, (NONE, "None on that day")]
        if self.instance.pk is not None and self.instance.is_closed:
            self.initial["kind"] = NONE

    def clean(self) -> dict[str, Any]:
        """Refuse a day that has both sessions and none."""
        answers = super().clean()
        self.instance.is_closed = answers.get("kind") == NONE
        if self.instance.is_closed:
            _forget(self, {"capacity": self.instance.capacity})
        attraction, date = answers.get("attraction") or self._attraction(), answers.get("date")
        if attraction and date:
            others = SessionException.objects.filter(attraction=attraction, date=date)
            others = others.exclude(pk=self.instance.pk)
            clash = others.filter(is_closed=not self.instance.is_closed).first()
            if clash is not None:
                self.add_error("kind", f"Another exception says otherwise: {clash}.")
        return answers
