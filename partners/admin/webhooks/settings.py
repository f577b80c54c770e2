"""Setting an endpoint up and changing it; its secret is shown once."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from channel_manager.lib.admin import recording
from channel_manager.lib.admin.asking import Question, show_question
from channel_manager.lib.admin.confirmation import actor_of, attempt_in
from channel_manager.lib.admin.typed import ModelAdmin
from channel_manager.lib.strict_fields import is_uuid
from partners.account import Account
from partners.admin.webhooks.forms import NewEndpointForm, SettingsForm
from partners.models import Partner, WebhookEndpoint
from partners.webhooks.endpoints import create_endpoint, update_endpoint

Admin = ModelAdmin[WebhookEndpoint]


@sensitive_variables("made")
def new_view(model_admin: Admin, request: HttpRequest) -> HttpResponse:
    """Ask for a new endpoint (GET); make it and show its secret, once (POST)."""
    asked = request.GET.get("partner", "")
    partner = Partner.objects.filter(pk=asked).first() if is_uuid(asked) else None
    form = NewEndpointForm(
        request.POST if request.method == "POST" else None, initial={"partner": partner}
    )
    if form.is_valid():
        answers = form.cleaned_data
        made = attempt_in(
            form,
            lambda: create_endpoint(
                account=Account(answers["partner"], answers["mode"] == "test"),
                url=answers["url"],
                description=answers["description"],
                event_types=answers["event_types"],
                actor=actor_of(request),
                now=timezone.now(),
            ),
        )
        if made:
            told = f"Set up webhook endpoint {made[0].url}"
            model_admin.log_change(request, made[0].partner, told)  # type: ignore[arg-type]
            return show_secret(model_admin, request, *made)
    listed = reverse("admin:partners_webhookendpoint_changelist")
    here = reverse("admin:partners_partner_change", args=[partner.pk]) if partner else listed
    return show_question(
        request,
        model_admin=model_admin,
        subject=None,
        question=Question(
            title="New webhook endpoint",
            button="Set up",
            back=here,
            introduction="The partner is told there of what happens to its orders. The secret that "
            "signs every event is shown once, on the next page.",
        ),
        form=form,
    )


def edit_view(model_admin: Admin, request: HttpRequest, endpoint_id: uuid.UUID) -> HttpResponse:
    """Ask where an endpoint is and what it is told (GET); change it (POST)."""
    endpoint = WebhookEndpoint.objects.select_related("partner").filter(pk=endpoint_id).first()
    if endpoint is None:
        messages.error(request, "This endpoint no longer exists.")
        return redirect("admin:partners_webhookendpoint_changelist")
    form = SettingsForm(
        request.POST if request.method == "POST" else None,
        initial={
            "url": endpoint.url,
            "description": endpoint.description,
            "event_types": endpoint.event_types,
        },
        endpoint=endpoint,
    )
    back = reverse("admin:partners_webhookendpoint_change", args=[endpoint_id])
    if form.is_valid():
        changed = attempt_in(form, lambda: _change(request, endpoint, form))
        if changed:
            messages.success(request, f"{changed} is changed.")
            return redirect(back)
    return show_question(
        request,
        model_admin=model_admin,
        subject=endpoint,
        question=Question(title=f"Change {endpoint}", button="Save", back=back),
        form=form,
    )


def _change(request: HttpRequest, endpoint: WebhookEndpoint, form: SettingsForm) -> WebhookEndpoint:
    """Change an endpoint, and write down with it what was there before."""
    changes = recording.changes_of(form, (), is_new=False)
    if not changes:
        return endpoint
    with transaction.atomic():
        changed = update_endpoint(
            endpoints=WebhookEndpoint.objects.all(),
            endpoint_id=endpoint.pk,
            **form.cleaned_data,
            actor=actor_of(request),
            now=timezone.now(),
        )
        recording.trail().write(request, changed, name="changed", changes=changes)
    return changed


@sensitive_variables("secret")
def show_secret(
    model_admin: Admin, request: HttpRequest, endpoint: WebhookEndpoint, secret: str
) -> TemplateResponse:
    """Return the page that shows a secret which nobody can look up again."""
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"Secret of {endpoint}",
        "opts": model_admin.opts,
        "original": endpoint,
        "endpoint": endpoint,
        "shown": secret,
        "back": reverse("admin:partners_webhookendpoint_change", args=[endpoint.pk]),
    }
    template = "admin/partners/webhookendpoint/secret_shown.html"
    response = TemplateResponse(request, template, context)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
