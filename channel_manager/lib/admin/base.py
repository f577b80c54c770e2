"""The classes that admin pages are made from: django-unfold's, with our defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.context_processors import PermWrapper
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, models
from django.db.models import QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from channel_manager.lib.admin import recording
from channel_manager.lib.admin.columns import EMPTY
from channel_manager.lib.admin.fields import ClockField, ClockInput
from channel_manager.lib.admin.paging import CappedPaginator, key_behind, rows_behind
from channel_manager.lib.admin.standing import StateBar
from channel_manager.lib.admin.typed import ChangeList, ModelAdmin, TabularInline
from channel_manager.lib.canonical import fingerprint
from channel_manager.lib.database import broken_constraint

# What the filters of lists compare by; others compare parts of values.
_COMPARISONS = ("exact", "in", "isnull", "gte", "gt", "lte", "lt")
# The parameter with the key of the row that a list goes on behind.
_BEHIND = "behind"
_Model = TypeVar("_Model", bound=models.Model)
_Parent = TypeVar("_Parent", bound=models.Model)


class StaffChangeList(ChangeList):
    """A list that says how many rows a search or filter found, and no more than that.

    Of a long one it pages through the first rows only; `next_url` goes on behind them, and
    `start_url` leads back from there.
    """

    start_url = next_url = ""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Read what is asked for without NUL characters: the database takes no text with them."""
        if any("\0" in value for values in request.GET.lists() for value in values[1]):
            asked = request.GET.copy()
            for name, values in request.GET.lists():
                asked.setlist(name, [value.replace("\0", "") for value in values])
            request.GET = asked  # type: ignore[assignment]
        # An empty list says where to go on, and is a template that no context processor reaches.
        self.perms = PermWrapper(request.user)
        super().__init__(request, *args, **kwargs)

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Leave out the key of what is to be shown: it is no filter."""
        asked = super().get_filters_params(params)
        asked.pop(_BEHIND, None)
        return asked

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """Return the rows that are asked for; those behind a key only, if it is of this list."""
        rows = super().get_queryset(request, exclude_parameters)
        if _BEHIND not in self.filter_params:
            return rows
        behind = rows_behind(rows, request.GET[_BEHIND], self._bound_to(rows))
        if behind is None:
            del self.filter_params[_BEHIND], self.params[_BEHIND]
            return rows
        self.start_url = self.get_query_string(remove=[_BEHIND])
        return behind

    def _bound_to(self, rows: QuerySet[Any]) -> str:
        """Return which rows these are and in which order: what a key is good for."""
        chosen = {name: asked for name, asked in self.filter_params.items() if name != _BEHIND}
        return fingerprint(self.opts.label, chosen, [str(name) for name in rows.query.order_by])

    def get_results(self, request: HttpRequest) -> None:
        """Read one page; without search and filter there is no other count to name."""
        super().get_results(request)
        if getattr(self.paginator, "is_capped", False):
            key = key_behind(self.queryset, self._bound_to(self.queryset))
            self.next_url = self.get_query_string({_BEHIND: key}) if key else ""
        self.result_list = list(self.result_list)
        self.model_admin.prepare_rows(self.result_list)  # type: ignore[attr-defined]
        self.model_admin.hide_people(request, self.result_list)  # type: ignore[attr-defined]
        paginator = self.paginator
        if isinstance(paginator, CappedPaginator) and (
            paginator.is_capped or not (self.query or self.has_active_filters)
        ):
            self.full_result_count = self.result_count


class StaffAdmin(ModelAdmin[_Model]):
    """A list and a form: never counts a whole table, never deletes in bulk."""

    paginator = CappedPaginator
    empty_value_display = EMPTY
    show_full_result_count = False
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER
    list_filter_submit = True
    list_fullwidth = True
    compressed_fields = True
    save_as_continue = False
    formfield_overrides = {models.TimeField: {"form_class": ClockField, "widget": ClockInput}}
    change_form_outer_before_template = "admin/state_bar.html"
    # Whether the form has one way to save: without another row, and without staying.
    only_saves = False
    # Whether there is a list of edits to lead to.
    is_edited = True

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list with our counts."""
        return StaffChangeList

    def prepare_rows(self, rows: Sequence[Any]) -> None:
        """Have at hand what the columns of a page of rows need beside the rows."""

    def hide_people(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        """Mask what rows that are about to be shown say of guests, where they say anything."""

    def state_bar(self, request: HttpRequest, row: _Model) -> StateBar | None:
        """Return what stands above a row's form: its status, and the buttons that change it."""

    def surroundings(self, request: HttpRequest, row: _Model) -> Mapping[str, Any]:
        """Return what else the templates around a row's form show."""
        return {}

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse to filter by columns that no filter offers, and by more than their values.

        An address that lists the rows whose name or token begins with some letter would tell, letter
        by letter, what is masked.
        """
        column = lookup.split(LOOKUP_SEP, maxsplit=1)[0]
        if column not in self._columns() or lookup in self._parameters(request):
            return super().lookup_allowed(lookup, value, request)
        return (
            column in self._offered(request)
            and lookup.rpartition(LOOKUP_SEP)[2] in {column, "id", *_COMPARISONS}
            and super().lookup_allowed(lookup, value, request)
        )

    def _columns(self) -> set[str]:
        """Return every name that a lookup of the model may begin with."""
        fields = self.opts.get_fields()
        return {
            "pk",
            *(each.name for each in fields),
            *(each.attname for each in self.opts.concrete_fields),
        }

    def _parameters(self, request: HttpRequest) -> set[str]:
        """Return the names by which filters of the list are asked for that read them themselves."""
        return {getattr(each, "parameter_name", "") for each in self.get_list_filter(request)}

    def _offered(self, request: HttpRequest) -> set[str]:
        """Return the columns that a filter of the list offers."""
        filters = self.get_list_filter(request)
        names = (each[0] if isinstance(each, list | tuple) else each for each in filters)
        return {name.split(LOOKUP_SEP)[0] for name in names if isinstance(name, str)}

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Leave out deleting a selection: it asks nothing and passes every rule by."""
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def save_model(self, request: HttpRequest, obj: _Model, form: Any, change: bool) -> None:
        """Save a changed row without the columns that only transitions may set.

        They would be written back as they were when the form was opened, and so undo what a
        colleague has done since.
        """
        if not change:
            return super().save_model(request, obj, form, change)
        columns = {field.name for field in obj._meta.concrete_fields if not field.primary_key}
        moved = {"status", *getattr(obj, "LIFECYCLE_FIELDS", ())}
        obj.save(update_fields=columns - moved - obj.get_deferred_fields())
        return None

    def construct_change_message(  # type: ignore[override]  # passed on to log_... as it is
        self, request: HttpRequest, form: Any, formsets: Iterable[Any] | None, add: bool = False
    ) -> list[recording.FieldChange]:
        """Return what a form changes, before and after, for the audit log."""
        return recording.changes_of(form, formsets or (), is_new=add)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """Write to the audit log that a row was added, with what."""
        self._write(request, obj, "added", message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """Write to the audit log what was changed; custom pages say it in a sentence."""
        if message:
            self._write(request, obj, "changed", message)

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Any]) -> None:  # type: ignore[override]
        """Write to the audit log what is about to be deleted."""
        for row in queryset:
            self._write(request, row, "deleted", recording.values_of(row))

    def _write(self, request: HttpRequest, row: Any, name: str, told: Any) -> None:
        if isinstance(told, str):
            recording.trail().write(request, row, name=name, reason=told)
        else:
            recording.trail().write(request, row, name=name, changes=told)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what happened to a row, by whom, before and after."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            messages.error(request, f"This {self.opts.verbose_name} does not exist, or no more.")
            return HttpResponseRedirect(reverse("admin:index"))
        return recording.trail().show(request, self, row)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show or save the form; a clash with somebody who saved first is a form error.

        The form checks every constraint before it saves. When another row slips in between, the
        second look finds it and says so beside what was typed.
        """
        if self.only_saves:
            only_save = {"show_save_and_add_another": False, "show_save_and_continue": False}
            extra_context = {**(extra_context or {}), **only_save}
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except IntegrityError:
            try:
                return super().changeform_view(request, object_id, form_url, extra_context)
            except IntegrityError as clash:
                messages.error(request, explain_clash(self.model, clash))
                return HttpResponseRedirect(request.get_full_path())

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: _Model | None = None,
    ) -> HttpResponse:
        """Show the form, and around it what is told of the row."""
        # A form that comes back has written its answers on the row: that is read anew.
        row = obj and (self.get_object(request, str(obj.pk)) if request.method == "POST" else obj)
        if row is not None:
            context["state_bar"] = self.state_bar(request, row)
            context |= self.surroundings(request, row)
        if not self.is_edited:
            context["show_history"] = False
        return super().render_change_form(request, context, add, change, form_url, obj)


class ReadOnlyAdmin(StaffAdmin[_Model]):
    """A list and a page to look at."""

    is_edited = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: rows of this kind are made by the product."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: _Model | None = None) -> bool:
        """Refuse: nothing here is edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: _Model | None = None) -> bool:
        """Refuse: nothing here is deleted."""
        return False


class StaffInline(TabularInline[_Model, _Parent]):
    """Rows below their parent's form."""

    extra = 0
    hide_title = True

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        """Name each field for screen readers: to the eye its column's head does."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            widget: Any = getattr(field.widget, "widget", field.widget)
            widget.attrs.setdefault("aria-label", field.label)
        return field


class ReadOnlyInline(StaffInline[_Model, _Parent]):
    """Rows below their parent, to look at."""

    can_delete = False
    max_num = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: rows of this kind are made by the product."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: nothing here is edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: nothing here is deleted."""
        return False


def explain_clash(model: type[models.Model], clash: IntegrityError) -> str:
    """Say which rule of the database refused a row, in its constraint's own words."""
    name = broken_constraint(clash)
    rules = [
        rule
        for related in (model, *(child.related_model for child in model._meta.related_objects))
        if isinstance(related, type)
        for rule in related._meta.constraints
    ]
    for rule in rules:
        if rule.name == name:
            return str(ValidationError(rule.get_violation_error_message()).messages[0])
    return "Somebody else has just changed this. Look again and repeat your change."


register = admin.register
