"""The history of one row: its events and what staff did to it, as one story, the newest first."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from catalog.admin import attractions, packages, sessions, versions
from catalog.scheduling import ATTRACTION_KIND, SESSION_KIND
from catalog.versions import NUMBER_KIND
from channel_manager.history import audit
from channel_manager.history.models import AuditRecord, Event
from channel_manager.lib.admin.confirmation import actor_of
from channel_manager.lib.admin.recording import FieldChange
from orders.admin import holds, outside_story, progress, timeline
from orders.models.hold import HOLD_KIND
from partners.actors import name_actors
from partners.admin import partners
from partners.admin.webhooks import words
from partners.models import Venue
from partners.timeline import Happening, Look, look_of, tell

_EDITS: Mapping[str, Look] = {
    "added": Look("Added", "add", "success"),
    "changed": Look("Changed", "edit"),
    "deleted": Look("Deleted", "delete", "danger"),
    "exported": Look("Exported", "download", "warning"),
    "signed_in": Look("Signed in", "login"),
    "signed_out": Look("Signed out", "logout"),
    "two_factor_set_up": Look("Set up two-factor sign-in", "phonelink_lock", "success"),
    "two_factor_removed": Look("Switched two-factor sign-in off", "phonelink_erase", "warning"),
    "two_factor_reset": Look("Second factor reset", "phonelink_erase", "danger"),
    "recovery_codes_renewed": Look("New recovery codes", "key"),
    "password_changed": Look("Changed the own password", "password", "warning"),
}
# An event is called what the page of its subject calls it.
_EVENTS: Mapping[str, Mapping[str, Look]] = {
    ATTRACTION_KIND: attractions.LOOKS,
    "batch": progress.LOOKS,
    "closure": progress.LOOKS,
    HOLD_KIND: holds.LOOKS,
    NUMBER_KIND: versions.LOOKS,
    "outsideorder": outside_story.LOOKS,
    "package": packages.LOOKS,
    "partner": partners.LOOKS,
    "replay": progress.LOOKS,  # as batches were called
    SESSION_KIND: sessions.LOOKS,
    "webhookendpoint": words.LOOKS,
}
_NOT_KEPT = "changed; not kept here"
_MOST = 200


class AdminTrail:
    """Keeps what is done in the admin, and shows what happened to a row."""

    def write(
        self,
        request: HttpRequest,
        row: models.Model,
        *,
        name: str,
        changes: Sequence[FieldChange] = (),
        reason: str = "",
    ) -> None:
        """Append what the signed-in person did to a row."""
        audit.write(
            row=row,
            name=name,
            actor=actor_of(request),
            now=timezone.now(),
            changes=changes,
            reason=reason,
        )

    def note(self, request: HttpRequest, model: type[models.Model], *, name: str) -> None:
        """Append what the signed-in person did with rows of a kind."""
        audit.write_of_many(model=model, name=name, actor=actor_of(request), now=timezone.now())

    def show(self, request: HttpRequest, model_admin: Any, row: models.Model) -> HttpResponse:
        """Return the page with what happened to a row: five statements."""
        opts, kind = row._meta, row._meta.model_name or ""
        log = ""
        if request.user.has_perm("history.view_auditentry"):
            asked = urlencode({"kind": kind, "object": str(row.pk)})
            log = f"{reverse('admin:history_auditentry_changelist')}?{asked}"
        context = {
            **model_admin.admin_site.each_context(request),
            "title": f"History: {row}",
            "opts": opts,
            "original": row,
            "happenings": story_of(kind, row.pk),
            "zone": zone_name(),
            "back": reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk]),
            "log_url": log,
            "most": _MOST,
        }
        return TemplateResponse(request, "admin/history.html", context)


def looks_of(kind: str) -> Mapping[str, Look]:
    """Return how what happens to a kind of subject is shown, edits included."""
    return {**_EDITS, **_EVENTS.get(kind, timeline.LOOKS)}


def story_of(kind: str, key: object) -> list[Happening]:
    """Return the latest events and edits of a subject, the newest first: four statements."""
    records = AuditRecord.objects.filter(kind=kind, subject_id=str(key)).order_by("-id")[:_MOST]
    happenings = _tell_records(records)
    if isinstance(key, uuid.UUID):
        events = Event.objects.filter(kind=kind, subject_id=key).order_by("-id")[:_MOST]
        happenings += tell(events, looks_of(kind))
    newest = sorted(happenings, key=lambda happening: happening.at, reverse=True)
    return list(islice(newest, _MOST))


def in_words(changes: Sequence[FieldChange]) -> dict[str, str]:
    """Return changes as texts by field: what was there → what is there."""
    return {one["field"]: _NOT_KEPT if one["hidden"] else _from_to(one) for one in changes}


def zone_name() -> str:
    """Return the clock that moments are told by: that of the first venue."""
    return Venue.objects.values_list("timezone", flat=True).order_by("name").first() or "UTC"


def _from_to(change: FieldChange) -> str:
    before, after = change["before"], change["after"]
    if not before:
        return after
    return f"{before} → {after or 'nothing'}"


def _tell_records(records: models.QuerySet[AuditRecord]) -> list[Happening]:
    rows = list(records)
    names = name_actors({row.actor for row in rows})
    return [
        Happening(
            look=look_of(row.name, _EDITS),
            at=row.at,
            who=names[row.actor],
            from_state="",
            to_state="",
            reason=row.reason,
            data=in_words(row.changes),
        )
        for row in rows
    ]
