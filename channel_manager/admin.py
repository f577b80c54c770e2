"""The admin's frame: navigation, environment badge and background jobs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from procrastinate.contrib.django.models import ProcrastinateJob

from channel_manager import admin_audit, admin_people  # noqa: F401  # they register their pages
from channel_manager.lib.admin import columns
from channel_manager.lib.admin.base import ReadOnlyAdmin
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.typed import ChoicesDropdownFilter
from channel_manager.sign_in_form import SignInForm

admin.site.login_form = SignInForm

_JOB_COLOURS: Mapping[str, str] = {
    "todo": "info",
    "doing": "info",
    "succeeded": "success",
    "failed": "danger",
    "cancelled": "",
    "aborted": "",
}

# Group, and its entries: name, icon, app, model, and which page when it is not the list.
_SIDEBAR: Sequence[tuple[str, Sequence[tuple[str, ...]]]] = [
    (
        "Orders",
        [
            ("Orders", "receipt_long", "orders", "order"),
            ("Wallets", "wallet", "wallets", "wallet"),
            ("Tickets and coupons", "confirmation_number", "wallets", "asset"),
            ("Failures", "healing", "orders", "batch", "causes"),
            ("Unmapped numbers", "link_off", "orders", "batch", "unmapped"),
            ("Batches", "checklist", "orders", "batch"),
            ("Holds", "hourglass_top", "orders", "hold"),
            ("Checkouts", "shopping_cart", "orders", "checkout"),
            ("Order history", "history", "orders", "orderevent"),
        ],
    ),
    (
        "Gate",
        [
            ("Scans", "qr_code_scanner", "wallets", "scan"),
            ("Gate devices", "door_front", "wallets", "gatedevice"),
            ("Virtual queues", "groups", "orders", "virtualqueue"),
            ("Reservations", "hourglass_bottom", "orders", "reservation"),
        ],
    ),
    (
        "Catalogue",
        [
            ("Packages", "inventory_2", "catalog", "package"),
            ("Items", "local_activity", "catalog", "item"),
            ("Package mappings", "link", "catalog", "packagemapping"),
            ("Allotments", "pie_chart", "catalog", "allotment"),
        ],
    ),
    (
        "Outside systems",
        [
            ("Outside orders", "outbound", "wallets", "outsideorder"),
            ("Outside ids", "add_link", "catalog", "componentsource"),
            ("Connections", "hub", "catalog", "connection"),
        ],
    ),
    (
        "Calendar",
        [
            ("Month", "calendar_month", "catalog", "session", "month"),
            ("Close a day", "thunderstorm", "orders", "closure"),
            ("Sessions", "event_seat", "catalog", "session"),
            ("Attractions", "attractions", "catalog", "attraction"),
            ("Session rules", "event_repeat", "catalog", "sessionrule"),
            ("Session exceptions", "event_note", "catalog", "sessionexception"),
            ("Opening hours", "schedule", "catalog", "openinghours"),
            ("Closed and special days", "event_busy", "catalog", "calendarday"),
            ("Seat plans", "chair", "catalog", "seatplan"),
        ],
    ),
    (
        "Partners",
        [
            ("Partners", "handshake", "partners", "partner"),
            ("Contracts", "contract", "partners", "contract"),
            ("Webhooks", "webhook", "partners", "webhookendpoint"),
            ("Storefronts", "storefront", "partners", "storefront"),
            ("Guest issuers", "verified_user", "orders", "guestissuer"),
            ("Venues", "park", "partners", "venue"),
        ],
    ),
    (
        "Finance",
        [
            ("Periods", "calendar_month", "orders", "period"),
            ("Statements", "request_quote", "orders", "statement"),
            ("Reports", "summarize", "orders", "ledgerentry", "reports"),
            ("Exports", "download", "orders", "export"),
            ("Ledger", "account_balance", "orders", "ledgerentry"),
            ("Where is a number?", "travel_explore", "orders", "ledgerentry", "whereabouts"),
        ],
    ),
    (
        "People and system",
        [
            ("Users", "person", "auth", "user"),
            ("Roles", "group", "auth", "group"),
            ("Audit log", "manage_search", "history", "auditentry"),
            ("Background jobs", "manufacturing", "procrastinate", "procrastinatejob"),
        ],
    ),
]

# Its own admin page is in another look; devices have pages of ours, which show no secret twice.
for model in (ProcrastinateJob, StaticDevice, TOTPDevice):
    admin.site.unregister(model)


@admin.register(ProcrastinateJob)
class JobAdmin(ReadOnlyAdmin[ProcrastinateJob]):
    """What the workers have to do and what became of it."""

    list_display = ("id", "state", "task_name", "arguments", "queue_name", "attempts", "due")
    list_filter = (("status", ChoicesDropdownFilter),)
    ordering = ("-id",)
    sortable_by = ()
    fields = ("id", "state", "task_name", "arguments", "queue_name", "attempts", "due")
    readonly_fields = ("state", "arguments", "due")

    @column("Status", badges=_JOB_COLOURS)
    def state(self, job: ProcrastinateJob) -> str:
        """Return the status as a badge."""
        return str(job.status)

    @column("Arguments")
    def arguments(self, job: ProcrastinateJob) -> str:
        """Return what the task is called with."""
        return json.dumps(job.args)

    @column("Due (UTC)")
    def due(self, job: ProcrastinateJob) -> str:
        """Return when it is to be run; at once when nothing is said."""
        return f"{job.scheduled_at:%-d %b %Y, %H:%M:%S}" if job.scheduled_at else columns.EMPTY


def _may_view(request: HttpRequest, app: str, model: str) -> bool:
    return admin.site.get_model_admin(apps.get_model(app, model)).has_view_permission(request)


def _place_of(request: HttpRequest) -> str:
    """Return the address that says where in the sidebar one is.

    Previews are the orders' pages, and belong to the list that one came from.
    """
    previews = f"{reverse('admin:orders_order_changelist')}preview/"
    for name, model in (("mapping", "packagemapping"), ("package", "package")):
        if request.path.startswith(f"{previews}{name}/"):
            return reverse(f"admin:catalog_{model}_changelist")
    return request.path


def environment(request: HttpRequest) -> list[str] | None:
    """Return the badge in the header, with its colour: Demo where the demo is loaded."""
    return ["Demo", "warning"] if settings.DEMO else None


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar, by task; what somebody may not see is left out."""
    home = {"title": "Home", "icon": "home", "link": reverse("admin:index")}
    shown: list[dict[str, Any]] = [{"items": [home]}]
    for title, entries in _SIDEBAR:
        items = [
            {
                "title": name,
                "icon": icon,
                "link": reverse(f"admin:{app}_{model}_{page[0] if page else 'changelist'}"),
            }
            for name, icon, app, model, *page in entries
            if _may_view(request, app, model)
        ]
        if items:
            shown.append({"title": title, "separator": True, "items": items})
    # The month's address begins with that of the sessions: only the nearest is where one is.
    entries_shown = [item for group in shown[1:] for item in group["items"]]
    place = _place_of(request)
    current = [item for item in entries_shown if place.startswith(item["link"])]
    nearest = max(current, key=lambda item: len(item["link"]), default=home)
    for item in entries_shown:
        item["active"] = item is nearest
    return shown
