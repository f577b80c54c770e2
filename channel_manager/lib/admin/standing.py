"""The status of a row above its form, with the buttons that change it and the pages they open."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Literal, TypeVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from channel_manager.lib.admin.confirmation import (
    Confirmation,
    ReasonForm,
    attempt,
    show_confirmation,
)
from channel_manager.lib.admin.typed import ModelAdmin

_Row = TypeVar("_Row", bound=models.Model)

Look = Literal["primary", "quiet", "quiet-danger"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class StateButton:
    """A way to another status; its page asks before it acts."""

    label: str
    icon: str
    url: str
    look: Look = "quiet"


@dataclasses.dataclass(frozen=True, kw_only=True)
class StateBar:
    """A status as a badge, what it means in a sentence, and the ways out of it."""

    text: str
    colour: str
    meaning: str
    buttons: Sequence[StateButton] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class StatusAction(Generic[_Row]):
    """One button: in which statuses it is there, what it does, and what its page tells.

    run: changes the row for a reason and returns what staff are told. effects: sentences that hold
    for every row; about: those of this row, such as what is under way. cautions: sentences of what
    speaks against it; obstacles: why it cannot be done as things stand. is_destructive: it ends
    something for good. A reason is asked for then, and where asks_why says so.
    """

    label: str
    icon: str
    statuses: tuple[str, ...]
    run: Callable[[HttpRequest, _Row, str], str]
    effects: tuple[str, ...]
    about: Callable[[HttpRequest, _Row], Sequence[str]] = lambda _request, _row: ()
    cautions: Callable[[HttpRequest, _Row], Sequence[str]] = lambda _request, _row: ()
    obstacles: Callable[[_Row], Sequence[str]] = lambda _row: ()
    is_primary: bool = False
    is_destructive: bool = False
    asks_why: bool = False

    @property
    def look(self) -> Look:
        """Return how its button looks."""
        if self.is_destructive:
            return "quiet-danger"
        return "primary" if self.is_primary else "quiet"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Standing(Generic[_Row]):
    """The statuses of a model in the admin: their colours and meanings, and the ways between them."""

    model: type[_Row]
    colours: Mapping[str, str]
    meanings: Mapping[str, str]
    actions: Mapping[str, StatusAction[_Row]]

    def bar(self, request: HttpRequest, row: Any) -> StateBar:
        """Return the row's status with the buttons this person may press."""
        opts = self.model._meta
        may_change = request.user.has_perm(f"{opts.app_label}.change_{opts.model_name}")
        return StateBar(
            text=str(row.get_status_display()),
            colour=self.colours[row.status],
            meaning=self.meanings[row.status],
            buttons=[
                StateButton(
                    label=action.label,
                    icon=action.icon,
                    url=reverse(f"admin:{self._name(name)}", args=[row.pk]),
                    look=action.look,
                )
                for name, action in self.actions.items()
                if may_change and row.status in action.statuses
            ],
        )

    def urls(self, model_admin: ModelAdmin[_Row]) -> list[URLPattern]:
        """Return a page for each change of status."""

        def page(request: HttpRequest, key: Any, name: str) -> HttpResponse:
            return self._page(model_admin, request, key, name)

        view = model_admin.admin_site.admin_view(page)
        return [
            path(f"<uuid:key>/{name}/", view, {"name": name}, name=self._name(name))
            for name in self.actions
        ]

    def _page(
        self, model_admin: ModelAdmin[_Row], request: HttpRequest, key: Any, name: str
    ) -> HttpResponse:
        """Show what a change of status does (GET), or do it (POST)."""
        if not model_admin.has_change_permission(request):
            raise PermissionDenied
        action, kind = self.actions[name], self.model._meta.verbose_name
        row: Any = self.model._default_manager.filter(pk=key).first()
        if row is None or row.status not in action.statuses:
            state = f"is {row.get_status_display()} now" if row else "no longer exists"
            messages.error(request, f"The {kind} {state}; {action.label.lower()} is not possible.")
            return redirect(f"admin:{self._name('change')}", key)
        data = request.POST if request.method == "POST" else None
        form = ReasonForm(data, is_required=action.is_destructive or action.asks_why)
        if form.is_valid():
            reason = form.cleaned_data["reason"]
            if told := attempt(request, lambda: action.run(request, row, reason)):
                messages.success(request, told)
            return redirect(f"admin:{self._name('change')}", key)
        obstacles = action.obstacles(row)
        return show_confirmation(
            request,
            model_admin=model_admin,
            subject=row,
            confirmation=Confirmation(
                title=f"{action.label}: {row}",
                button=action.label,
                effects=[*action.effects, *action.about(request, row)],
                warnings=[*obstacles, *action.cautions(request, row)],
                back=reverse(f"admin:{self._name('change')}", args=[key]),
                is_destructive=action.is_destructive,
                is_blocked=bool(obstacles),
            ),
            form=form,
        )

    def _name(self, page: str) -> str:
        return f"{self.model._meta.app_label}_{self.model._meta.model_name}_{page}"
