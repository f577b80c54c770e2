"""The status of a row above its form, with the buttons that change it and the pages they open."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, Literal, TypeVar

from django import forms
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
class Action:
    """What every action on a row has whose button leads to a page that asks before it acts.

    statuses: those of the row in which it is there. is_destructive: it ends something for good.
    """

    label: str
    icon: str
    statuses: tuple[str, ...]
    look: Look = "quiet"
    is_destructive: bool = False

    def button(self, url: str) -> StateButton:
        """Return the button that leads to its page."""
        look: Look = "quiet-danger" if self.is_destructive else self.look
        return StateButton(label=self.label, icon=self.icon, url=url, look=look)


@dataclasses.dataclass(frozen=True, kw_only=True)
class StatusAction(Action, Generic[_Row]):
    """An action that leads to another status: what it does, and what its page tells.

    run: changes the row for a reason and returns what staff are told. effects: sentences that hold
    for every row; about: those of this row, such as what is under way. cautions: sentences of what
    speaks against it; obstacles: why it cannot be done as things stand. A reason is asked for where
    it is destructive, and where asks_why says so.
    """

    run: Callable[[HttpRequest, _Row, str], str]
    effects: tuple[str, ...] = ()
    about: Callable[[HttpRequest, _Row], Sequence[str]] = lambda _request, _row: ()
    cautions: Callable[[HttpRequest, _Row], Sequence[str]] = lambda _request, _row: ()
    obstacles: Callable[[_Row], Sequence[str]] = lambda _row: ()
    asks_why: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Standing(Generic[_Row]):
    """The statuses of a model in the admin: their colours and meanings, and the ways between them.

    permission: who may change them, where that is not whoever may change the model.
    """

    model: type[_Row]
    colours: Mapping[str, str]
    meanings: Mapping[str, str]
    actions: Mapping[str, StatusAction[_Row]]
    permission: str = ""

    def bar(self, request: HttpRequest, row: Any) -> StateBar:
        """Return the row's status with the buttons this person may press."""
        may_change = self._may_change(request)
        return StateBar(
            text=str(row.get_status_display()),
            colour=self.colours[row.status],
            meaning=self.meanings[row.status],
            buttons=[
                action.button(reverse(f"admin:{self._name(name)}", args=[row.pk]))
                for name, action in self.actions.items()
                if may_change and row.status in action.statuses
            ],
        )

    def urls(self, model_admin: ModelAdmin[_Row]) -> list[URLPattern]:
        """Return a page for each change of status."""
        return action_urls(model_admin, self.actions, partial(self._page, model_admin))

    def _page(
        self, model_admin: ModelAdmin[_Row], request: HttpRequest, key: Any, name: str
    ) -> HttpResponse:
        """Show what a change of status does (GET), or do it (POST)."""
        if not self._may_change(request):
            raise PermissionDenied
        action, kind = self.actions[name], self.model._meta.verbose_name
        row: Any = self.model._default_manager.filter(pk=key).first()
        if row is None or row.status not in action.statuses:
            state = f"is {row.get_status_display()} now" if row else "no longer exists"
            messages.error(request, f"The {kind} {state}; {action.label.lower()} is not possible.")
            return redirect(f"admin:{self._name('change')}", key)
        data = request.POST if request.method == "POST" else None
        form = ReasonForm(data, is_required=action.is_destructive or action.asks_why)

        def confirm() -> Confirmation:
            obstacles = action.obstacles(row)
            return Confirmation(
                title=f"{action.label}: {row}",
                button=action.label,
                effects=[*action.effects, *action.about(request, row)],
                warnings=[*obstacles, *action.cautions(request, row)],
                back=reverse(f"admin:{self._name('change')}", args=[key]),
                is_destructive=action.is_destructive,
                is_blocked=bool(obstacles),
            )

        return ask_first(
            request,
            model_admin=model_admin,
            row=row,
            form=form,
            act=lambda: action.run(request, row, form.cleaned_data["reason"]),
            confirm=confirm,
        )

    def _may_change(self, request: HttpRequest) -> bool:
        opts = self.model._meta
        change = f"{opts.app_label}.change_{opts.model_name}"
        return request.user.has_perm(self.permission or change)

    def _name(self, page: str) -> str:
        return f"{self.model._meta.app_label}_{self.model._meta.model_name}_{page}"


def ask_first(
    request: HttpRequest,
    *,
    model_admin: ModelAdmin[Any],
    row: models.Model,
    form: forms.Form,
    act: Callable[[], str],
    confirm: Callable[[], Confirmation],
) -> HttpResponse:
    """Act once the form has been answered, tell what `act` returns, and lead back to the row.

    Before that, show the page that `confirm` returns.
    """
    if form.is_valid():
        if told := attempt(request, act):
            messages.success(request, told)
        opts = row._meta
        return redirect(f"admin:{opts.app_label}_{opts.model_name}_change", row.pk)
    return show_confirmation(
        request, model_admin=model_admin, subject=row, confirmation=confirm(), form=form
    )


def action_urls(
    model_admin: ModelAdmin[Any], names: Iterable[str], view: Callable[..., HttpResponse]
) -> list[URLPattern]:
    """Return an address for each action on a row: the view takes `request`, `key` and `name`."""
    opts, wrapped = model_admin.opts, model_admin.admin_site.admin_view(view)
    prefix = f"{opts.app_label}_{opts.model_name}"
    return [
        path(f"<uuid:key>/{name}/", wrapped, {"name": name}, name=f"{prefix}_{name}")
        for name in names
    ]
