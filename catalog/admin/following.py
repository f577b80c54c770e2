"""Giving sessions that were changed by hand back to the rules, after a look at what they become."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from catalog import scheduling
from catalog.admin.previewing import AGREED, NotAgreed, settle, show_preview
from catalog.models import Session
from catalog.scheduling import SeveralVenues
from channel_manager.lib.admin.base import StaffAdmin
from channel_manager.lib.admin.confirmation import actor_of


def follow_rules(
    model_admin: StaffAdmin[Session],
    request: HttpRequest,
    session_ids: Collection[uuid.UUID],
    *,
    subject: Session | None = None,
) -> HttpResponse | None:
    """Show what becomes of sessions that follow the rules again, or do it and return None."""
    name = str(subject) if subject else _counted(len(session_ids))
    back = reverse("admin:catalog_session_changelist")
    if subject is not None:
        back = reverse("admin:catalog_session_change", args=[subject.pk])
    now = timezone.now()
    try:
        with transaction.atomic():
            scope = scheduling.follow_rules(
                session_ids=session_ids, actor=actor_of(request), now=now
            )
            if AGREED not in request.POST:
                raise NotAgreed(scheduling.plan_changes(scope=scope, now=now))
            settle(request, scope, f"Again by the rules: {name}")
    except NotAgreed as stop:
        return show_preview(
            request,
            stop,
            model_admin=model_admin,
            row=subject,
            title="Follow the rules again",
            heading=f"By the rules again: {name}",
            button="Follow the rules",
            back=back,
        )
    except Session.DoesNotExist:
        messages.warning(
            request, "The rules decide about these sessions already, or they are over."
        )
    except SeveralVenues as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"By the rules again: {name}.")
    return None


def _counted(count: int) -> str:
    return "1 session" if count == 1 else f"{count:,} sessions"
