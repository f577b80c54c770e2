"""Forms of the catalogue: what a constraint would refuse is said beside its field."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog import versions
from catalog.magic import why_not_mapped
from catalog.models import Package, PackageMapping, Price
from channel_manager.lib.admin.columns import link, validity
from channel_manager.lib.admin.typed import BaseInlineFormSet, ModelForm


class PriceForm(ModelForm[Price]):
    """A price for a range of visit dates."""

    def clean(self) -> dict[str, Any]:
        """Refuse dates in the wrong order."""
        answers: dict[str, Any] = super().clean() or self.cleaned_data
        check_order(self, "visit_from", "visit_until")
        return answers


class PriceFormSet(BaseInlineFormSet[Price, Package, PriceForm]):
    """All prices of a package as they will be when saved."""

    def clean(self) -> None:
        """Refuse two prices of which nobody could say which one holds."""
        super().clean()
        for one, other in combinations(self._kept(), 2):
            if _clash(one.cleaned_data, other.cleaned_data):
                other.add_error(None, "Another price here is for the same partner and dates.")

    def _kept(self) -> Iterator[PriceForm]:
        for form in self.forms:
            answers = getattr(form, "cleaned_data", {})
            if answers and not answers.get("DELETE"):
                yield form


class MappingForm(ModelForm[PackageMapping]):
    """A partner's item number for a package."""

    def clean(self) -> dict[str, Any]:
        """Refuse dates in the wrong order, and test item numbers that are not mapped yet."""
        answers: dict[str, Any] = super().clean() or self.cleaned_data
        check_order(self, "valid_from", "valid_until")
        number = answers.get("item_number", "")
        is_new = self.instance._state.adding or number != self.initial.get("item_number")
        if is_new and (refused := why_not_mapped(number)):
            self.add_error("item_number", refused)
        return answers

    def _post_clean(self) -> None:
        """Name the versions that clash, and the days, where the constraint would only say that."""
        super()._post_clean()  # type: ignore[misc]  # not in the stubs
        clashes = versions.find_clashes(self.instance)
        if clashes:
            self.errors.pop(NON_FIELD_ERRORS, None)
        for other, days in clashes:
            self.add_error(None, _told(other, days))


def check_order(form: forms.BaseForm, first: str, last: str) -> None:
    """Add an error when a range of dates ends before it starts."""
    start, end = form.cleaned_data.get(first), form.cleaned_data.get(last)
    if start and end and end < start:
        form.add_error(last, "The last day is before the first.")


def _told(
    other: PackageMapping, days: tuple[datetime.date | None, datetime.date | None]
) -> SafeString:
    """Say which version holds on some of the days, with links to it and to what comes after it."""
    page = reverse("admin:catalog_packagemapping_change", args=[other.pk])
    change = reverse("admin:catalog_packagemapping_change_from", args=[other.pk])
    return format_html(
        "{} of this item number, {}, holds {}. Both would hold {}. {}, or give other days.",
        link(page, other.title),
        other.package,
        other.dates,
        validity(*days),
        link(change, "Change what it means from a date"),
    )


def _clash(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether two prices are for one partner and both hold on some date."""
    if one.get("partner") != other.get("partner"):
        return False
    dated = [bool(price.get("visit_from") or price.get("visit_until")) for price in (one, other)]
    if dated[0] != dated[1]:
        return False  # a price with dates goes before one without
    return _start(one) <= _end(other) and _start(other) <= _end(one)


def _start(price: dict[str, Any]) -> datetime.date:
    start: datetime.date | None = price.get("visit_from")
    return start or datetime.date.min


def _end(price: dict[str, Any]) -> datetime.date:
    end: datetime.date | None = price.get("visit_until")
    return end or datetime.date.max
