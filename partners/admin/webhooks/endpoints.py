"""The list of webhook endpoints and the page of one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from channel_manager.history.models import Event
from channel_manager.lib.admin import columns, people
from channel_manager.lib.admin.base import StaffAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.confirmation import attempt
from channel_manager.lib.admin.standing import StateBar, action_urls
from channel_manager.lib.admin.typed import RelatedDropdownFilter
from channel_manager.lib.strict_fields import is_uuid
from partners.admin.webhooks import acting, doing, settings
from partners.admin.webhooks.filters import ModeFilter, StatusFilter
from partners.admin.webhooks.page import read_deliveries
from partners.admin.webhooks.words import (
    LOOKS,
    meaning_of,
    mode_of,
    state_of,
    types_in_words,
)
from partners.models import EndpointStatus, WebhookEndpoint
from partners.timeline import tell
from partners.webhooks.watching import Backlog, count_backlogs

_MOST_HAPPENINGS = 50


@register(WebhookEndpoint)
class WebhookEndpointAdmin(StaffAdmin[WebhookEndpoint]):
    """Where partners are told, how it goes there, and what is sent again."""

    list_display = ("name", "state", "partner", "mode", "waiting", "failed", "last_success")
    list_display_links = ("name",)
    list_select_related = ("partner__venue",)
    list_filter = (StatusFilter, ModeFilter, ("partner", RelatedDropdownFilter))
    ordering = ("partner__name", "test_mode", "created_at", "id")
    sortable_by = ()
    search_fields = ("url", "description")
    search_help_text = "URL or description"

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEndpoint]:
        """Leave the venues' logos where they are."""
        return super().get_queryset(request).defer("partner__venue__logo")

    def prepare_rows(self, rows: Sequence[WebhookEndpoint]) -> None:
        """Count what waits and what failed for a page of endpoints in one statement."""
        backlogs = count_backlogs([row.pk for row in rows])
        for row in rows:
            row.backlog = backlogs[row.pk]  # type: ignore[attr-defined]

    def get_urls(self) -> list[URLPattern]:
        """Add the form of the settings, a page for each button, and sending one event again."""
        wrap = self.admin_site.admin_view
        return [
            *action_urls(self, acting.ACTIONS, self.action_view),
            path(
                "<uuid:endpoint_id>/edit/",
                wrap(self.edit_view),
                name="partners_webhookendpoint_edit",
            ),
            path(
                "<uuid:endpoint_id>/events/<uuid:event_id>/replay/",
                wrap(require_POST(self.replay_event_view)),
                name="partners_webhookendpoint_replay_event",
            ),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for a new endpoint (GET), or make it and show its secret (POST)."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        return settings.new_view(self, request)

    def edit_view(self, request: HttpRequest, endpoint_id: uuid.UUID) -> HttpResponse:
        """Ask where an endpoint is and what it is told (GET), or change it (POST)."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        return settings.edit_view(self, request, endpoint_id)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask before an endpoint is deleted as the domain does it, however its id is written."""
        key = uuid.UUID(object_id) if is_uuid(object_id) else uuid.UUID(int=0)
        return acting.action_view(self, request, key, "delete")

    def action_view(self, request: HttpRequest, key: uuid.UUID, name: str) -> HttpResponse:
        """Show what a button does (GET), or do it (POST)."""
        return acting.action_view(self, request, key, name)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show how an endpoint stands, what was sent to it, and its history."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        endpoint = doing.find(uuid.UUID(object_id)) if is_uuid(object_id) else None
        if endpoint is None:
            messages.error(request, "There is no such endpoint; it may have been deleted.")
            return redirect("admin:partners_webhookendpoint_changelist")
        backlog = count_backlogs([endpoint.pk])[endpoint.pk]
        buttons = acting.buttons(request, endpoint, backlog)
        may_replay = (
            request.user.has_perm("partners.replay_webhook")
            and endpoint.status != EndpointStatus.OFF
        )
        old = endpoint.old_secret_until
        events = Event.objects.filter(kind="webhookendpoint", subject_id=endpoint.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": str(endpoint),
            "opts": self.opts,
            "original": endpoint,
            "endpoint": endpoint,
            "mode": mode_of(endpoint),
            "types": types_in_words(endpoint),
            "backlog": backlog,
            "old_secret_until": old if old and old > timezone.now() else None,
            "state_bar": StateBar(
                text=state_of(endpoint)[0],
                colour=state_of(endpoint)[1],
                meaning=meaning_of(endpoint),
                buttons=buttons["status"],
            ),
            "may_edit": self.has_change_permission(request),
            "settings_buttons": buttons["settings"],
            "deliveries_buttons": buttons["deliveries"],
            "deliveries": read_deliveries(
                endpoint,
                request.GET,
                may_replay=may_replay,
                may_see_people=people.may_see(request),
            ),
            "happenings": tell(events.order_by("-id")[:_MOST_HAPPENINGS], LOOKS),
            "zone": endpoint.partner.venue.timezone,
        }
        return TemplateResponse(request, "admin/partners/webhookendpoint/page.html", context)

    def replay_event_view(
        self, request: HttpRequest, endpoint_id: uuid.UUID, event_id: uuid.UUID
    ) -> HttpResponse:
        """Send one event again, and lead back to where the button stood."""
        if not request.user.has_perm("partners.replay_webhook"):
            raise PermissionDenied
        endpoint = doing.find(endpoint_id)
        if endpoint is None:
            messages.error(request, "This endpoint no longer exists.")
            return redirect("admin:partners_webhookendpoint_changelist")
        if told := attempt(request, lambda: doing.replay_one(request, endpoint, event_id)):
            messages.success(request, told)
        back = request.POST.get("next", "")
        if url_has_allowed_host_and_scheme(back, allowed_hosts=None):
            return HttpResponseRedirect(back)
        return redirect("admin:partners_webhookendpoint_change", endpoint_id)

    @column("Status")
    def state(self, endpoint: WebhookEndpoint) -> SafeString:
        """Return the status as a badge, and below it why it is not sent to, or since when it fails."""
        shown = columns.badge(*state_of(endpoint))
        why = endpoint.status_reason
        if endpoint.status == EndpointStatus.ACTIVE and endpoint.failing_since:
            why = f"since {columns.moment(endpoint.failing_since, endpoint.partner.venue.zone)}"
        return columns.below(shown, why, why) if why else shown

    @column("Endpoint", two_lines=True)
    def name(self, endpoint: WebhookEndpoint) -> tuple[str, str]:
        """Return what it is called and, below it, its URL."""
        return str(endpoint), endpoint.url if endpoint.description else ""

    @column("Mode")
    def mode(self, endpoint: WebhookEndpoint) -> SafeString:
        """Return whether it hears of live or of test orders."""
        return columns.badge(*mode_of(endpoint))

    @column("Waiting")
    def waiting(self, endpoint: WebhookEndpoint) -> str:
        """Return how many deliveries wait."""
        return _backlog_of(endpoint).waiting_in_words

    @column("Failed")
    def failed(self, endpoint: WebhookEndpoint) -> str:
        """Return how many deliveries were given up."""
        return _backlog_of(endpoint).failed_in_words

    @column("Last success", two_lines=True)
    def last_success(self, endpoint: WebhookEndpoint) -> list[str]:
        """Return day and time when something was last taken, on the venue's clock."""
        if endpoint.last_success_at is None:
            return ["never", ""]
        moment = columns.moment(endpoint.last_success_at, endpoint.partner.venue.zone)
        return moment.split(", ")


def _backlog_of(endpoint: WebhookEndpoint) -> Backlog:
    return endpoint.backlog  # type: ignore[attr-defined,no-any-return]
