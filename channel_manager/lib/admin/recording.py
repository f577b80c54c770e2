"""What staff change by forms, as field, before and after; and who keeps it. Knows no model.

Secrets and people's particulars are never repeated: only that they changed.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, TypedDict

from django import forms
from django.contrib.auth.forms import ReadOnlyPasswordHashField
from django.core.files.base import File
from django.db import models
from django.http import HttpRequest, HttpResponse

_HIDDEN_NAME = re.compile(
    r"(^|_)(password\d?|secret|token|key|email|phone|guest|first_name|last_name"
    # Who knows how we pay elsewhere may buy there on our account.
    r"|payment_method)(_|$)"
)
_HIDDEN_FIELDS = (forms.EmailField, forms.FileField, ReadOnlyPasswordHashField)
_HIDDEN_COLUMNS = (models.EmailField, models.FileField, models.BinaryField)
_MOST = 500


class FieldChange(TypedDict):
    """One field of a row as it was and as it is; both are empty when they are not to be kept."""

    field: str
    before: str
    after: str
    hidden: bool


class Trail(Protocol):
    """What keeps the changes and shows those of one row."""

    def write(
        self,
        request: HttpRequest,
        row: models.Model,
        *,
        name: str,
        changes: Sequence[FieldChange] = (),
        reason: str = "",
    ) -> None:
        """Append what somebody did to a row, in the transaction that does it."""

    def note(self, request: HttpRequest, model: type[models.Model], *, name: str) -> None:
        """Append what somebody did with rows of a kind, such as export them."""

    def show(self, request: HttpRequest, model_admin: Any, row: models.Model) -> HttpResponse:
        """Return the page with what happened to a row."""


_trails: list[Trail] = []


def keep_with(trail: Trail) -> None:
    """Have everything that staff change kept by a trail."""
    _trails[:] = [trail]


def trail() -> Trail:
    """Return what keeps the changes."""
    return _trails[0]


def changes_of(form: Any, formsets: Iterable[Any], *, is_new: bool) -> list[FieldChange]:
    """Return what a valid form with its rows below changes; of a new row, all that it has."""
    names = list(form.fields) if is_new else form.changed_data
    found = [_of_field(form, name) for name in names]
    if is_new:
        found = [one for one in found if one["after"] or one["hidden"]]
    for formset in formsets:
        found.extend(_of_formset(formset))
    return found


def values_of(row: models.Model) -> list[FieldChange]:
    """Return the columns of a row that is about to be deleted."""
    return [
        FieldChange(field=_title(field.verbose_name), before=text, after="", hidden=False)
        for field in row._meta.concrete_fields
        if not (field.primary_key or _is_hidden_column(field))
        and (text := _as_text(getattr(row, field.name)))
    ]


def _of_formset(formset: Any) -> Iterator[FieldChange]:
    kind = _title(formset.model._meta.verbose_name)
    deleted = {form.instance.pk for form in formset.deleted_forms}
    for form in formset.forms:
        row = form.instance
        if not form.has_changed() and row.pk not in deleted:
            continue
        if row.pk in deleted:
            if row.pk is not None or form in formset.initial_forms:
                yield FieldChange(field=kind, before=str(row)[:_MOST], after="", hidden=False)
            continue
        is_new = form not in formset.initial_forms
        for name in form.changed_data:
            change = _of_field(form, name)
            before = "" if is_new else change["before"]
            yield {**change, "field": f"{kind} {row}: {change['field']}", "before": before}


def _of_field(form: Any, name: str) -> FieldChange:
    field = form.fields.get(name)
    label = _title((field and field.label) or name.replace("_", " "))
    # A form of two passwords says that it changes "password", which is none of its fields.
    if field is None or _HIDDEN_NAME.search(name) or isinstance(field, _HIDDEN_FIELDS):
        return FieldChange(field=label, before="", after="", hidden=True)
    before = form.get_initial_for_field(field, name) if form.initial else None
    after = form.cleaned_data.get(name)
    return FieldChange(
        field=label, before=_shown(field, before), after=_shown(field, after), hidden=False
    )


def _shown(field: forms.Field, value: Any) -> str:
    """Return a value as people read it: related rows by name, choices by label."""
    if isinstance(field, forms.ModelChoiceField):
        return _as_text(_rows(field, value))
    if isinstance(field, forms.MultipleChoiceField | forms.ChoiceField):
        labels = _labels(field)
        many = value if isinstance(value, list | tuple) else [value]
        return _as_text([labels.get(str(one), one) for one in many])
    return _as_text(value)


def _rows(field: Any, value: Any) -> list[str]:
    """Return the names of related rows, which a form has as rows or by their keys."""
    if value in (None, ""):
        return []
    many = value if isinstance(value, list | tuple | models.QuerySet) else [value]
    rows = [one for one in many if isinstance(one, models.Model)]
    keys = [one for one in many if not isinstance(one, models.Model)]
    if keys:
        name = f"{field.to_field_name or 'pk'}__in"
        rows.extend(field.queryset.model._default_manager.filter(**{name: keys}))
    return sorted(str(row) for row in rows)


def _labels(field: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for value, label in field.choices:
        pairs = label if isinstance(label, list | tuple) else [(value, label)]
        found |= {str(key): text for key, text in pairs}
    return found


def _as_text(value: Any) -> str:
    match value:
        case None | "":
            return ""
        case bool():
            return "yes" if value else "no"
        case list() | tuple() | set():
            return ", ".join(filter(None, map(_as_text, value)))[:_MOST]
        case datetime.datetime():
            return value.isoformat(timespec="minutes")
        case datetime.time():
            return f"{value:%H:%M}"
        case File():
            return ""
    return str(value)[:_MOST]


def _is_hidden_column(field: Any) -> bool:
    return isinstance(field, _HIDDEN_COLUMNS) or bool(_HIDDEN_NAME.search(field.name))


def _title(words: object) -> str:
    text = str(words)
    return text[:1].upper() + text[1:]
