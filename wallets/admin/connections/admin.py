"""The admin of connections: set up, tested, switched off; their secrets are written and never shown."""

from __future__ import annotations

import copy
import datetime
import uuid
from collections.abc import Mapping, Sequence, Set
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from catalog.admin.opening import initial_venue
from catalog.models import ComponentSource, Connection, System
from channel_manager.lib.admin import columns
from channel_manager.lib.admin.asking import Question, show_question
from channel_manager.lib.admin.base import StaffAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.confirmation import Confirmation, ReasonForm, show_confirmation
from channel_manager.lib.admin.standing import StateBar
from channel_manager.lib.admin.typed import (
    BooleanRadioFilter,
    ChoicesDropdownFilter,
)
from channel_manager.lib.sealing import Unsealable
from partners.admin.filters import VenueFilter
from wallets.admin.connections import checking, unread
from wallets.admin.connections.forms import (
    ConnectionForm,
    SystemForm,
    fields_of,
    form_for,
    open_secrets,
    stored_secrets,
)
from wallets.admin.connections.words import name_secret
from wallets.connectors.registry import CONNECTORS, connector_of

CHECK = "catalog.check_connection"
_PREFIX = "catalog_connection"
# What is got at one place with one account is worth nothing at another.
_PLACES = {"base_url", "second_url", "account"}
# What was found with other ones says nothing of these.
_TESTED = {*_PLACES, "payment_method", "buyer_email"}
# Whoever knows how we pay at a system may buy there on our account.
_FOR_THOSE_WHO_CHANGE = {"payment_method"}
_TEST = {"checked_at", "check_message"}
_WELL, _ILL, _UNTESTED = "well", "ill", "untested"
_COLOURS = {_WELL: "success", _ILL: "danger", _UNTESTED: ""}


@register(Connection)
class ConnectionAdmin(StaffAdmin[Connection]):
    """A venue's accounts at other systems."""

    only_saves = True
    list_display = ("name", "system", "venue", "on", "tested", "used")
    list_select_related = ("venue",)
    list_filter = (
        VenueFilter,
        ("system", ChoicesDropdownFilter),
        ("is_active", BooleanRadioFilter),
    )
    search_fields = ("name",)
    search_help_text = "Name of the connection"
    readonly_fields = ("system_name",)
    change_form_outer_before_template = "admin/wallets/connection/above.html"
    change_form_outer_after_template = "admin/wallets/connection/below.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Connection]:
        """Leave the venues' logos where they are."""
        return super().get_queryset(request).defer("venue__logo")

    def get_urls(self) -> list[URLPattern]:
        """Add the test, and the page on which an optional secret is forgotten."""
        wrap = self.admin_site.admin_view
        return [
            path("<uuid:key>/test/", wrap(self.check_view), name=f"{_PREFIX}_check"),
            path(
                "<uuid:key>/forget/<str:secret>/",
                wrap(self.forget_view),
                name=f"{_PREFIX}_forget",
            ),
            *super().get_urls(),
        ]

    def has_delete_permission(self, request: HttpRequest, obj: Connection | None = None) -> bool:
        """Refuse: a connection is switched off, what was made there stays."""
        return False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for the system first: everything else that is asked for follows from it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.GET.get("system", "") in CONNECTORS:
            return super().add_view(request, form_url, extra_context)
        form = SystemForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            return redirect(f"{request.path}?{urlencode(form.cleaned_data)}")
        return show_question(
            request,
            model_admin=self,
            subject=None,
            question=Question(
                title="New connection",
                button="Next",
                back=reverse(f"admin:{_PREFIX}_changelist"),
                introduction="The system in which the venue already issues tickets. What it asks "
                "for comes next.",
            ),
            form=form,
        )

    @method_decorator(sensitive_post_parameters())
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show or save the form; what is posted is in no report of errors."""
        return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(
        self,
        request: HttpRequest,
        obj: Connection | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Return the form of the system's connections."""
        return super().get_form(
            request, obj, change=change, **{**kwargs, "form": form_for(_system_of(request, obj))}
        )

    def get_fieldsets(self, request: HttpRequest, obj: Connection | None = None) -> Any:
        """Ask for what the system needs; say where it tells us of changes, if it does."""
        asked = fields_of(_system_of(request, obj))
        if not self.has_change_permission(request, obj) and obj is not None:
            asked = [(title, _without(shown, _FOR_THOSE_WHO_CHANGE)) for title, shown in asked]
        if obj is None or not connector_of(obj).capabilities.push:
            return asked
        told = ("It tells us", {"fields": ("push_address",)})
        return (*asked, told)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Connection | None = None
    ) -> tuple[str, ...]:
        """Fix the venue once there is a connection: outside ids of its packages lead there."""
        return ("venue", "system_name", "push_address") if obj else ("system_name",)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the only venue there is."""
        return {**initial_venue(), **super().get_changeform_initial_data(request)}

    @sensitive_variables()
    def save_model(
        self, request: HttpRequest, obj: Connection, form: ConnectionForm, change: bool
    ) -> None:
        """Save what was changed, and seal the secrets that were given.

        Not what the jobs write meanwhile: tokens, and what a test has found.
        """
        given = form.given()
        if not change:
            obj.system = form.system
            _seal(obj, given, now=timezone.now())
            obj.save()
            return
        columns_there = {field.name for field in Connection._meta.concrete_fields}
        changed = columns_there & set(form.changed_data)
        # A colleague may be giving another secret at this moment.
        there = Connection.objects.select_for_update().get(pk=obj.pk)
        obj.sealed_credentials = there.sealed_credentials
        if given:
            _seal(obj, {**open_secrets(there), **given}, now=timezone.now())
            changed |= {"sealed_credentials", "credentials_set_at"}
        if given or changed & _PLACES:
            _drop_tokens(obj, there, set(given))
            changed |= {"sealed_tokens", "tokens_expire_at"}
        if given or changed & _TESTED:
            _forget_test(obj)
            changed |= _TEST
        if changed:
            obj.save(update_fields=changed)

    def response_add(
        self, request: HttpRequest, obj: Connection, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Lead to the connection, where it can be tested."""
        messages.success(request, f"{obj} is set up. Now test it.")
        return redirect(f"admin:{_PREFIX}_change", obj.pk)

    def response_post_save_change(
        self, request: HttpRequest, obj: Connection
    ) -> HttpResponseRedirect:
        """Stay at the connection, where it can be tested."""
        return HttpResponseRedirect(reverse(f"admin:{_PREFIX}_change", args=[obj.pk]))

    def check_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Test a connection (POST): the page that asks waits for what is found."""
        if not request.user.has_perm(CHECK):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        connection = self._connection(key)
        found = checking.check(connection, now=timezone.now())
        if found.is_well:
            messages.success(request, f"The test went well. {found.told}")
        else:
            messages.error(request, f"The test failed. {found.told}")
        result = "It went well." if found.is_well else found.told
        self.log_change(request, connection, f"Tested. {result}")
        return redirect(f"admin:{_PREFIX}_change", connection.pk)

    def forget_view(self, request: HttpRequest, key: uuid.UUID, secret: str) -> HttpResponse:
        """Ask before an optional secret is forgotten (GET); forget it (POST)."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        connection = self._connection(key)
        if secret not in _forgettable(connection):
            raise Http404
        label = name_secret(secret)
        back = reverse(f"admin:{_PREFIX}_change", args=[connection.pk])
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            with transaction.atomic():
                _forget(connection, secret)
                reason = form.cleaned_data["reason"]
                self.log_change(request, connection, f"{label} forgotten. {reason}".strip())
            messages.success(request, f"{label}: forgotten.")
            return redirect(back)
        return show_confirmation(
            request,
            model_admin=self,
            subject=connection,
            confirmation=Confirmation(
                title=f"Forget: {label}",
                button="Forget",
                effects=(
                    f"{connection} goes on without it. It cannot be looked up afterwards, only "
                    "given anew.",
                ),
                back=back,
                is_destructive=True,
            ),
            form=form,
        )

    def state_bar(self, request: HttpRequest, row: Connection) -> StateBar:
        """Return whether it is on, and what its last test has found."""
        is_on = "Orders are issued there." if row.is_active else "Nothing is issued there."
        return StateBar(
            text="On" if row.is_active else "Off",
            colour="success" if row.is_active else "warning",
            meaning=f"{is_on} {_last_test(row)}",
        )

    def surroundings(self, request: HttpRequest, row: Connection) -> Mapping[str, Any]:
        """Return where it is tested, which secrets can be forgotten, and what is issued there."""
        sources = f"{reverse('admin:catalog_componentsource_changelist')}?connection={row.pk}"
        may_change = self.has_change_permission(request)
        may_see = request.user.has_perm("catalog.view_componentsource")
        return {
            "check_url": reverse(f"admin:{_PREFIX}_check", args=[row.pk])
            if request.user.has_perm(CHECK)
            else "",
            "check_seconds": row.connect_seconds + row.read_seconds,
            "check_fault": row.check_message if row.checked_at else "",
            "read_fault": unread.tell_of_connection(request, row),
            "forgettable": [
                (name_secret(name), reverse(f"admin:{_PREFIX}_forget", args=[row.pk, name]))
                for name in _forgettable(row)
            ]
            if may_change
            else [],
            "sources_url": sources if may_see else "",
        }

    def prepare_rows(self, rows: Sequence[Connection]) -> None:
        """Count the components of a page of connections in one statement."""
        found = ComponentSource.objects.filter(connection__in=rows).order_by()
        counts = dict(found.values_list("connection").annotate(Count("component", distinct=True)))
        for row in rows:
            row.components = counts.get(row.pk, 0)  # type: ignore[attr-defined]

    @column("Address for its notices")
    def push_address(self, row: Connection) -> str:
        """Return where the system posts that something was scanned or refunded there."""
        return f"{settings.PUBLIC_URL}/outside/{row.pk}/notices"

    @column("System")
    def system_name(self, row: Connection) -> str:
        """Return the system; of a new one, the one that was chosen."""
        return System(row.system).label if row.system else columns.EMPTY

    @column("Issues", badges={"on": "success", "off": "warning"})
    def on(self, row: Connection) -> tuple[str, str]:
        """Return whether orders are issued there."""
        return ("on", "On") if row.is_active else ("off", "Off")

    @column("Last test", badges=_COLOURS)
    def tested(self, row: Connection) -> tuple[str, str]:
        """Return how its last test went, and when."""
        if row.checked_at is None:
            return _UNTESTED, "Never tested"
        when = columns.moment(row.checked_at, row.venue.zone)
        return (_ILL, f"Failed {when}") if row.check_message else (_WELL, when)

    @column("Components")
    def used(self, row: Connection) -> int:
        """Return how many components are issued there."""
        return int(row.components)  # type: ignore[attr-defined]

    def _connection(self, key: uuid.UUID) -> Connection:
        rows = Connection.objects.select_related("venue").defer("venue__logo")
        return get_object_or_404(rows, pk=key)


def _without(shown: Mapping[str, Any], names: Set[str]) -> dict[str, Any]:
    return {**shown, "fields": tuple(one for one in shown["fields"] if one not in names)}


def _system_of(request: HttpRequest, row: Connection | None) -> str:
    return row.system if row else request.GET["system"]


@sensitive_variables()
def _seal(row: Connection, secrets: Mapping[str, str], *, now: datetime.datetime) -> None:
    if secrets:
        row.set_credentials(secrets)
        row.credentials_set_at = now


@sensitive_variables()
def _forget(connection: Connection, secret: str) -> None:
    """Seal what is left of a connection's secrets."""
    there = Connection.objects.select_for_update().get(pk=connection.pk)
    left = {name: value for name, value in open_secrets(there).items() if name != secret}
    before = copy.copy(there)
    there.set_credentials(left)
    _drop_tokens(there, before, {secret})
    _forget_test(there)
    there.save(update_fields=["sealed_credentials", "sealed_tokens", "tokens_expire_at", *_TEST])


def _forget_test(row: Connection) -> None:
    row.checked_at, row.check_message = None, ""


def _drop_tokens(row: Connection, before: Connection, secrets: Set[str]) -> None:
    """Forget what was got with other secrets, or elsewhere; not what could not be got again.

    A refresh token that came in the place of the one that staff gave is good once, and theirs is
    spent: only another one of theirs takes its place.
    """
    try:
        held = before.tokens.get("refresh_token", "")
    except Unsealable:
        held = ""
    row.set_tokens({"refresh_token": held} if held and "refresh_token" not in secrets else {})
    row.tokens_expire_at = None


def _forgettable(connection: Connection) -> list[str]:
    optional = connector_of(connection).optional_credentials
    return [name for name in stored_secrets(connection) if name in optional]


def _last_test(row: Connection) -> str:
    if row.checked_at is None:
        return "It has not been tested yet."
    when = columns.moment(row.checked_at, row.venue.zone)
    return f"Its last test failed, {when}." if row.check_message else f"Tested {when}: it works."
