"""Pages of a form that is no model's own: what is asked, and what the answers are for."""

from __future__ import annotations

import dataclasses
from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest
from django.template.response import TemplateResponse

from channel_manager.lib.admin.typed import ModelAdmin


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question:
    """What stands around a form: above its fields, on its button, and where it leads back."""

    title: str
    button: str
    back: str
    introduction: str = ""


def show_question(
    request: HttpRequest,
    *,
    model_admin: ModelAdmin[Any],
    subject: models.Model | None,
    question: Question,
    form: forms.Form,
) -> TemplateResponse:
    """Show the page; 422 when it comes back with errors in the form."""
    context = {
        **model_admin.admin_site.each_context(request),
        "title": question.title,
        "opts": model_admin.opts,
        "original": subject,
        "question": question,
        "form": form,
        "media": model_admin.media + form.media,
    }
    status = 422 if form.errors else 200
    return TemplateResponse(request, "admin/ask.html", context, status=status)
