"""Pages that say what an action does, ask why, and act on POST only."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.db import models
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django_fsm import TransitionNotAllowed

from channel_manager.lib.admin.typed import ModelAdmin, Textarea
from channel_manager.lib.database import DATABASE_AWAY
from channel_manager.lib.errors import Refusal

_Result = TypeVar("_Result")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Confirmation:
    """What a confirmation page tells before somebody presses the button.

    effects and warnings are sentences; numbers are lists under a heading, folded away. A blocked
    action has no button: the warnings say why. post_to: where the button leads, when the page is
    itself the answer to a form: loaded anew, it leads back.
    """

    title: str
    button: str
    effects: Sequence[str]
    back: str
    warnings: Sequence[str] = ()
    numbers: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    is_destructive: bool = False
    is_blocked: bool = False
    post_to: str = ""


class ReasonForm(forms.Form):
    """Asks why."""

    reason = forms.CharField(
        label="Reason",
        max_length=500,
        required=False,
        widget=Textarea(attrs={"rows": 3}),
        help_text="Kept in the history. Do not write names of guests here.",
    )

    def __init__(self, *args: Any, is_required: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = is_required
        if not is_required:
            self.fields["reason"].label = "Reason (optional)"


def show_confirmation(
    request: HttpRequest,
    *,
    model_admin: ModelAdmin[Any],
    subject: models.Model | None = None,
    confirmation: Confirmation,
    form: forms.Form,
) -> TemplateResponse:
    """Show the page; 422 when it comes back with errors in the form.

    subject: the row that it is about, where it is about one.
    """
    context = {
        **model_admin.admin_site.each_context(request),
        "title": confirmation.title,
        "opts": model_admin.opts,
        "original": subject,
        "confirmation": confirmation,
        "form": form,
    }
    status = 422 if form.errors else 200
    return TemplateResponse(request, "admin/confirmation.html", context, status=status)


def actor_of(request: HttpRequest) -> str:
    """Return the name that the signed-in person has in the event log."""
    return f"staff:{request.user.pk}"


def attempt(request: HttpRequest, act: Callable[[], _Result], *, about: str = "") -> _Result | None:
    """Do something and return its result; a refusal becomes a message and None.

    about: what it is done to, where one page does it to several.
    """
    try:
        return act()
    except Refusal as refusal:
        told = describe(refusal)
    except TransitionNotAllowed:
        told = "Somebody else was faster: the status has changed. Look again."
    except DATABASE_AWAY:
        told = "This is being worked on right now. Try again in a moment."
    messages.error(request, f"{about}: {told}" if about else told)
    return None


def attempt_in(form: forms.Form, act: Callable[[], _Result]) -> _Result | None:
    """Do something and return its result; a refusal becomes the form's errors and None."""
    try:
        return act()
    except Refusal as refusal:
        for fault in refusal.faults:
            field = fault.pointer.strip("/")
            form.add_error(field if field in form.fields else None, fault.detail)
        if not refusal.faults:
            form.add_error(None, refusal.detail)
    except DATABASE_AWAY:
        form.add_error(None, "This is being worked on right now. Try again in a moment.")
    return None


def describe(refusal: Refusal) -> str:
    """Return a refusal in full: each fault's sentence, or its own."""
    return " ".join(fault.detail for fault in refusal.faults) or refusal.detail
