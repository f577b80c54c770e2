"""Saving what decides which sessions there are: shown first, and then done as it was shown.

A first POST saves, works out what would become of the sessions, and rolls back. The page that shows
it carries the answers of the form along with the fingerprint of what was shown; a second POST does
it, unless something else would happen by then.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from catalog import scheduling
from catalog.admin.outlook import attraction_of, changes_in_words, outlook_of
from catalog.changes import CalendarChange
from catalog.scheduling import Scope, ShownOtherwise
from channel_manager.lib.admin.base import StaffAdmin
from channel_manager.lib.admin.confirmation import actor_of
from channel_manager.lib.admin.typed import ModelForm
from channel_manager.lib.database import DATABASE_AWAY

_Model = TypeVar("_Model", bound=models.Model)

# What the preview's two buttons send.
AGREED = "_agreed"
BACK = "_back"
_BUSY = "This is being worked on right now. Try again in a moment."


class NotAgreed(Exception):
    """Somebody is to look at a change first; whatever was saved is rolled back."""

    def __init__(self, change: CalendarChange, *, is_outdated: bool = False) -> None:
        super().__init__()
        self.change = change
        self.is_outdated = is_outdated


class PreviewingAdmin(StaffAdmin[_Model]):
    """The admin of rows that decide which sessions there are."""

    def scope_of(self, row: _Model) -> Scope:
        """Return the attractions and days whose sessions a row may decide."""
        raise NotImplementedError

    def moves_sessions(self, form: Any) -> bool:
        """Tell whether the answers of a form may change any session."""
        return True

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form, what saving it would do, or save it."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except NotAgreed as stop:
            row = self.get_object(request, unquote(object_id)) if object_id else None
            return show_preview(
                request,
                stop,
                model_admin=self,
                row=row,
                title="Check what changes",
                heading="What changes when you save",
                button="Save and apply",
            )
        except DATABASE_AWAY:
            messages.error(request, _BUSY)
            answers = request.POST.copy()
            answers[BACK] = "1"
            request.POST = answers  # type: ignore[assignment]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Return a form that only shows its answers when somebody comes back to it."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        if BACK in request.POST:
            return type(form.__name__, (_Unsaved, form), {})
        return form

    def save_model(self, request: HttpRequest, obj: _Model, form: Any, change: bool) -> None:
        """Save a row once no colleague is changing the same calendar."""
        if self.moves_sessions(form):
            scope = self.scope_of(obj)
            if change:
                scope |= self.scope_of(self.model._base_manager.get(pk=obj.pk))
            scheduling.lock_calendars(scope)
            form.scope = scope
        super().save_model(request, obj, form, change)

    def save_related(
        self, request: HttpRequest, form: ModelForm[_Model], formsets: Any, change: bool
    ) -> None:
        """Bring the sessions in line, or stop and show how."""
        super().save_related(request, form, formsets, change)
        scope: Scope | None = getattr(form, "scope", None)
        if scope is not None:
            settle(request, scope, str(form.instance))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what deleting a row would do, or delete it."""
        if AGREED in request.POST:
            try:
                return super().delete_view(request, object_id, extra_context)
            except NotAgreed as stop:
                return self._show_deletion(request, stop, object_id)
            except DATABASE_AWAY:
                messages.error(request, _BUSY)
        row = self.get_object(request, unquote(object_id))
        if not self.has_delete_permission(request, row):
            raise PermissionDenied
        if row is None:
            return super().delete_view(request, object_id, extra_context)
        with transaction.atomic():
            scope = self._delete(row)
            change = scheduling.plan_changes(scope=scope, now=timezone.now())
            transaction.set_rollback(True)
        return self._show_deletion(request, NotAgreed(change), object_id)

    def delete_model(self, request: HttpRequest, obj: _Model) -> None:
        """Delete a row and bring the sessions in line."""
        name = str(obj)
        scope = self._delete(obj)
        settle(request, scope, f"Deleted: {name}")

    def _delete(self, row: _Model) -> Scope:
        scope = self.scope_of(row)
        scheduling.lock_calendars(scope)
        row.delete()
        return scope

    def _show_deletion(
        self, request: HttpRequest, stop: NotAgreed, object_id: str
    ) -> TemplateResponse:
        row = self.get_object(request, unquote(object_id))
        name = self.opts.model_name
        return show_preview(
            request,
            stop,
            model_admin=self,
            row=row,
            title=f"Delete {self.opts.verbose_name}",
            heading=f"Delete {self.opts.verbose_name} “{row}”?",
            button="Delete and apply",
            back=reverse(f"admin:{self.opts.app_label}_{name}_change", args=[object_id]),
        )


def settle(request: HttpRequest, scope: Scope, reason: str) -> None:
    """Bring sessions in line as was agreed to.

    Raises NotAgreed when nothing was agreed to, or when something else would happen by now.
    """
    now = timezone.now()
    shown = request.POST.get(AGREED)
    if shown is None:
        if change := scheduling.plan_changes(scope=scope, now=now):
            raise NotAgreed(change)
        return
    try:
        done = scheduling.apply_changes(
            scope=scope, shown=shown, actor=actor_of(request), now=now, reason=reason
        )
    except ShownOtherwise as otherwise:
        if otherwise.change:
            raise NotAgreed(otherwise.change, is_outdated=True) from otherwise
        return
    if done:
        messages.success(request, f"Sessions: {changes_in_words(done)}.")


def show_preview(
    request: HttpRequest,
    stop: NotAgreed,
    *,
    model_admin: StaffAdmin[Any],
    row: models.Model | None,
    title: str,
    heading: str,
    button: str,
    back: str = "",
) -> TemplateResponse:
    """Show what would happen to the sessions; nothing is written.

    back: where the page leads back to, if not to the form with its answers.
    """
    ours = {"csrfmiddlewaretoken", AGREED, BACK}
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "heading": "This cannot be saved" if stop.change.refused else heading,
        "subtitle": str(row) if row else None,
        "opts": model_admin.opts,
        "original": row,
        "outlook": outlook_of(stop.change),
        "change": stop.change,
        "attraction": attraction_of(stop.change),
        "is_outdated": stop.is_outdated,
        "button": button,
        "back": back,
        "answers": [
            (name, value)
            for name in request.POST
            if name not in ours
            for value in request.POST.getlist(name)
        ],
    }
    return TemplateResponse(request, "admin/catalog/preview.html", context)


class _Unsaved:
    """A form that is shown with its answers instead of being saved."""

    def is_valid(self) -> bool:
        """Refuse, without a word about why."""
        return False
