"""The buttons of an endpoint: each a page that says what it does before it does it."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from channel_manager.lib.admin.confirmation import (
    Confirmation,
    attempt_in,
    show_confirmation,
)
from channel_manager.lib.admin.standing import Action, StateButton
from channel_manager.lib.admin.typed import ModelAdmin
from partners.admin.webhooks import doing, effects
from partners.admin.webhooks.forms import (
    NothingForm,
    RangeForm,
    RequiredWhyForm,
    WhyForm,
)
from partners.models import EndpointStatus, WebhookEndpoint
from partners.webhooks.watching import Backlog, count_backlogs

_ANY = tuple(EndpointStatus.values)
_ACTIVE, _PAUSED, _OFF = EndpointStatus.ACTIVE, EndpointStatus.PAUSED, EndpointStatus.OFF
_CHANGE = "partners.change_webhookendpoint"
_REPLAY = "partners.replay_webhook"
_LIST = "admin:partners_webhookendpoint_changelist"

Place = Literal["status", "settings", "deliveries"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class EndpointAction(Action):
    """One button: where and when it is there, who may press it, what it asks, tells and does.

    tell: the effects, in sentences. act: does it and returns what staff are told, or a page.
    """

    place: Place
    permission: str
    tell: Callable[[WebhookEndpoint, Backlog], Sequence[str]]
    act: Callable[[doing.Deed], str | HttpResponse]
    form: Callable[..., forms.Form] = NothingForm
    asked: Callable[[WebhookEndpoint], Mapping[str, Any]] = lambda _endpoint: {}
    suits: Callable[[Backlog], bool] = lambda _backlog: True


def buttons(
    request: HttpRequest, endpoint: WebhookEndpoint, backlog: Backlog
) -> dict[Place, list[StateButton]]:
    """Return the buttons that the status and this person's permissions allow, by their place."""
    shown: dict[Place, list[StateButton]] = {"status": [], "settings": [], "deliveries": []}
    for name, action in ACTIONS.items():
        may = endpoint.status in action.statuses and action.suits(backlog)
        if may and request.user.has_perm(action.permission):
            url = reverse(f"admin:partners_webhookendpoint_{name}", args=[endpoint.pk])
            shown[action.place].append(action.button(url))
    return shown


def action_view(
    model_admin: ModelAdmin[WebhookEndpoint],
    request: HttpRequest,
    endpoint_id: uuid.UUID,
    name: str,
) -> HttpResponse:
    """Show what an action does (GET), or do it (POST)."""
    action = ACTIONS[name]
    may_act = request.user.has_perm(action.permission)
    if not (may_act and model_admin.has_view_permission(request)):
        raise PermissionDenied
    endpoint = doing.find(endpoint_id)
    if endpoint is None:
        messages.error(request, "This endpoint no longer exists.")
        return redirect(_LIST)
    back = reverse("admin:partners_webhookendpoint_change", args=[endpoint.pk])
    if endpoint.status not in action.statuses:
        label = action.label.lower()
        messages.error(request, f"The endpoint is {endpoint.status} now; {label} is not possible.")
        return redirect(back)
    form = action.form(request.POST if request.method == "POST" else None, **action.asked(endpoint))
    if form.is_valid():
        deed = doing.Deed(model_admin, request, endpoint, form.cleaned_data)
        done = attempt_in(form, lambda: action.act(deed))
        if isinstance(done, HttpResponse):
            return done
        if done:
            messages.success(request, done)
            return redirect(back if doing.find(endpoint_id) else _LIST)
    backlog = count_backlogs([endpoint.pk])[endpoint.pk]
    return show_confirmation(
        request,
        model_admin=model_admin,
        subject=endpoint,
        confirmation=Confirmation(
            title=f"{action.label}: {endpoint}",
            button=action.label,
            effects=action.tell(endpoint, backlog),
            warnings=[str(error) for error in form.non_field_errors()],
            back=back,
            is_destructive=action.is_destructive,
        ),
        form=form,
    )


ACTIONS: Mapping[str, EndpointAction] = {
    "resume": EndpointAction(
        label="Resume",
        icon="play_arrow",
        place="status",
        permission=_CHANGE,
        statuses=(_PAUSED, _OFF),
        tell=effects.of_resuming,
        act=doing.resume,
        form=WhyForm,
        look="primary",
    ),
    "send_test": EndpointAction(
        label="Send test event",
        icon="send",
        place="status",
        permission=_CHANGE,
        statuses=(_ACTIVE,),
        tell=effects.of_testing,
        act=doing.send_test_event,
    ),
    "pause": EndpointAction(
        label="Pause",
        icon="pause",
        place="status",
        permission=_CHANGE,
        statuses=(_ACTIVE,),
        tell=effects.of_pausing,
        act=doing.pause,
        form=WhyForm,
    ),
    "switch_off": EndpointAction(
        label="Switch off",
        icon="block",
        place="status",
        permission=_CHANGE,
        statuses=(_ACTIVE, _PAUSED),
        tell=effects.of_switching_off,
        act=doing.switch_off,
        form=RequiredWhyForm,
        is_destructive=True,
    ),
    "rotate": EndpointAction(
        label="New secret",
        icon="key",
        place="settings",
        permission=_CHANGE,
        statuses=_ANY,
        tell=effects.of_rotating,
        act=doing.rotate,
        form=WhyForm,
    ),
    "delete": EndpointAction(
        label="Delete",
        icon="delete",
        place="settings",
        permission="partners.delete_webhookendpoint",
        statuses=_ANY,
        tell=effects.of_deleting,
        act=doing.delete,
        form=RequiredWhyForm,
        is_destructive=True,
    ),
    "replay_failed": EndpointAction(
        label="Replay all failed",
        icon="replay",
        place="deliveries",
        permission=_REPLAY,
        statuses=(_ACTIVE, _PAUSED),
        tell=effects.of_replaying_failed,
        act=doing.replay_all_failed,
        look="primary",
        suits=lambda backlog: backlog.failed > 0,
    ),
    "replay_range": EndpointAction(
        label="Replay a period",
        icon="date_range",
        place="deliveries",
        permission=_REPLAY,
        statuses=(_ACTIVE, _PAUSED),
        tell=effects.of_replaying_a_period,
        act=doing.replay_a_period,
        form=RangeForm,
        asked=doing.asked_period,
    ),
}
