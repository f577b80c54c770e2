"""What a preview is asked for: the mapping as it was filled in, and a visit."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict

from catalog.magic import why_not_mapped
from catalog.mapping import Offer
from catalog.models import Dating, Package, PackageMapping
from catalog.sample_visits import SampleVisit
from channel_manager.lib.admin.fields import ClockField, DayInput
from channel_manager.lib.admin.typed import Select, Textarea, TextInput
from orders.requests import LineRequest, ScheduleRequest
from partners.models import Partner, Venue

# Before the names of the visit's fields: the mapping's form, which is sent along, has its own.
_PREFIX = "for"
_FIRST = ("visit_date", "visit_time", "quantity")


class MappingAnswers(forms.Form):
    """A mapping as it stands in its form, saved or not; it is not checked against other ones."""

    partner = forms.ModelChoiceField(
        queryset=Partner.objects.select_related("venue"), widget=forms.HiddenInput
    )
    item_number = forms.CharField(max_length=64, widget=forms.HiddenInput, strip=False)
    package = forms.ModelChoiceField(queryset=Package.objects.all(), widget=forms.HiddenInput)
    valid_from = forms.DateField(required=False, widget=forms.HiddenInput)
    valid_until = forms.DateField(required=False, widget=forms.HiddenInput)
    is_active = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, answers: Mapping[str, Any], stored: PackageMapping | None) -> None:
        super().__init__(answers)
        self._stored_number = stored.item_number if stored else ""

    def clean_item_number(self) -> str:
        """Refuse what the mapping's own form would: a test item number that is not mapped yet."""
        number: str = self.cleaned_data["item_number"]
        if number != self._stored_number and (refused := why_not_mapped(number)):
            raise ValidationError(refused)
        return number

    def clean(self) -> dict[str, Any]:
        """Refuse a package of another venue than the partner's."""
        answers: dict[str, Any] = super().clean() or {}
        partner, package = answers.get("partner"), answers.get("package")
        if partner and package and partner.venue_id != package.venue_id:
            raise ValidationError("This package belongs to another venue than the partner.")
        return answers

    def mapping(self, stored: PackageMapping | None) -> PackageMapping:
        """Return the unsaved mapping; with the key of the stored one that the form changes."""
        mapping = PackageMapping(**self.cleaned_data)
        if stored is not None:
            mapping.pk = stored.pk
            mapping._state.adding = False
        return mapping


def mapping_answers(sent: QueryDict, stored: PackageMapping | None) -> MappingAnswers:
    """Return a mapping's answers: those sent, and the stored ones for fields that are fixed."""
    answers: dict[str, Any] = {}
    if stored is not None:
        answers = {
            "partner": stored.partner_id,
            "item_number": stored.item_number,
            "package": stored.package_id,
            "valid_from": stored.valid_from,
            "valid_until": stored.valid_until,
            "is_active": stored.is_active,
        }
    if "valid_from" in sent:
        # Browsers leave out a box that is not ticked.
        answers |= {name: sent.get(name) for name in ("valid_from", "valid_until", "is_active")}
    fixed = {name: sent[name] for name in ("partner", "item_number", "package") if name in sent}
    return MappingAnswers({**answers, **fixed}, stored)


class PartnerForm(forms.Form):
    """Asks who would sell a package."""

    partner = forms.ModelChoiceField(
        queryset=Partner.objects.none(),
        required=False,
        widget=Select,
        empty_label="Anybody (general price)",
        label="Sold by",
    )

    def __init__(self, sent: QueryDict, venue: Venue) -> None:
        super().__init__(sent, prefix=_PREFIX)
        partners: QuerySet[Partner] = Partner.objects.filter(venue=venue).select_related("venue")
        self.fields["partner"].queryset = partners  # type: ignore[attr-defined]


class VisitForm(forms.Form):
    """Asks for the visit that the package would be sold for."""

    visit_date = forms.DateField(label="Visit date", required=False, widget=DayInput)
    visit_time = ClockField(label="Time", required=False)
    quantity = forms.IntegerField(
        min_value=1,
        max_value=1000,
        widget=TextInput(attrs={"type": "number", "min": 1, "max": 1000}),
    )
    language = forms.ChoiceField(
        label="Language of the guest",
        required=False,
        widget=Select,
        choices=[("", "The venue's"), *Venue._meta.get_field("language").choices],  # type: ignore[misc]
    )
    names = forms.CharField(
        label="Names",
        required=False,
        widget=Textarea(attrs={"rows": 2}),
        help_text="One on each line: one for each wallet, or none.",
    )

    def __init__(self, answers: Mapping[str, Any] | None, offer: Offer, **kwargs: Any) -> None:
        super().__init__(answers, prefix=_PREFIX, **kwargs)
        self.component_times: dict[str, str] = {}
        if offer.package.dating == Dating.OPEN:
            del self.fields["visit_date"], self.fields["visit_time"]
            return
        if offer.package.dating == Dating.DATED:
            self.fields["visit_time"].label = "Time (optional)"
        if len(offer.components) > 1:
            for index, component in enumerate(offer.components):
                name = f"time_{index}"
                self.fields[name] = ClockField(
                    label=f"Time of {component.item.description}", required=False
                )
                self.component_times[name] = component.item.number
        # Times before names, which are asked for least.
        self.order_fields([*_FIRST, *self.component_times])

    @property
    def first_fields(self) -> list[forms.BoundField]:
        """Return the fields that every preview is asked with."""
        return [self[name] for name in self.fields if name in _FIRST]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        """Return the fields that may be left alone."""
        return [self[name] for name in self.fields if name not in _FIRST]

    @property
    def has_more(self) -> bool:
        """Tell whether one of these has an answer or an error."""
        return any(field.value() or field.errors for field in self.more_fields)

    def clean_names(self) -> tuple[str, ...]:
        """Return the names line by line."""
        names = tuple(filter(None, map(str.strip, self.cleaned_data["names"].splitlines())))
        if any(len(name) > 100 for name in names):
            raise ValidationError("A name has at most 100 characters.")
        return names

    def line(self, item_number: str) -> LineRequest:
        """Return what a partner would send for this visit."""
        answers = self.cleaned_data
        schedule = tuple(
            ScheduleRequest(item_number=number, visit_time=answers[name])
            for name, number in self.component_times.items()
            if answers[name]
        )
        return LineRequest(
            item_number=item_number,
            quantity=answers["quantity"],
            visit_date=answers.get("visit_date"),
            visit_time=answers.get("visit_time"),
            sell_to_language=answers["language"] or None,
            names=answers["names"] or None,
            component_schedule=schedule or None,
        )


def is_asked(sent: QueryDict) -> bool:
    """Tell whether a visit was chosen, or the page is just opened."""
    return f"{_PREFIX}-quantity" in sent


def first_answers(offer: Offer, visit: SampleVisit | None, today: datetime.date) -> dict[str, Any]:
    """Return what the page is opened with: one for the next visit with room, else for tomorrow."""
    answers: dict[str, Any] = {"quantity": 1}
    if offer.package.dating != Dating.OPEN:
        date = visit.date if visit else None
        answers["visit_date"] = date or today + datetime.timedelta(days=1)
    if visit:
        answers["visit_time"] = visit.time
        for index, component in enumerate(offer.components):
            answers[f"time_{index}"] = visit.schedule.get(component.item.number)
    return {f"{_PREFIX}-{name}": value for name, value in answers.items()}


def problems_of(answers: MappingAnswers) -> list[str]:
    """Return what is wrong with a mapping's answers, in sentences: its fields are hidden here."""
    return [
        str(error) if name == "__all__" else f"{name.replace('_', ' ').capitalize()}: {error}"
        for name, errors in answers.errors.items()
        for error in errors
    ]
