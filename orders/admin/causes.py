"""Failed orders by cause: what to mend, once for all of them, and the way to their replay."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timesince import timesince

from catalog.rescheduling import in_words
from channel_manager.lib.admin.confirmation import (
    Confirmation,
    ReasonForm,
    actor_of,
    attempt,
)
from channel_manager.lib.admin.typed import ModelAdmin
from channel_manager.lib.identity import time_ordered_uuid
from orders.admin.mending import OF_OURS, Told, read_mapped, read_packages
from orders.admin.mending_elsewhere import read_components, read_connections
from orders.admin.waiting import (
    Waiting,
    list_url,
    read_waiting,
    unsettled_in_words,
    unsettled_url,
)
from orders.causes import CauseGroup, parts_of, read_groups
from orders.models import Batch, WorklistStatus
from orders.models.line import UNRESOLVED_CAUSES
from orders.outside.uncertain import count_unsettled
from orders.replaying import start_replay
from partners.models import Partner, Venue

REPLAY = "orders.replay_order"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cause:
    """A group of failed orders as the page shows it; nothing leads where somebody may not go."""

    group: CauseGroup
    title: str
    advice: str
    link: str
    link_text: str
    list_url: str
    replay_url: str
    # Whether a replay is all it takes, as far as can be seen without looking at each order.
    is_mended: bool
    # Whose item number it is, when it is one that nobody has mapped.
    partner: str = ""
    # How many of its orders wait for somebody to say what was made elsewhere.
    unsettled: int = 0

    @property
    def counted(self) -> str:
        """Return the number of orders in words."""
        return "1 order" if self.group.orders == 1 else f"{self.group.orders:,} orders"

    @property
    def seen(self) -> str:
        """Say when it began and when it happened last."""
        first, last = _ago(self.group.first_at), _ago(self.group.last_at)
        return f"Failed {last}" if first == last else f"First failed {first}, last {last}"

    @property
    def to_settle(self) -> str:
        """Say how many of its orders no replay can issue yet; nothing when there are none."""
        return unsettled_in_words(self.unsettled, self.group.orders) if self.unsettled else ""

    @property
    def settle_url(self) -> str:
        """Return where that is settled."""
        return unsettled_url()

    @property
    def at_risk(self) -> str:
        """Say which visits are in danger; nothing when all of them are over or have no date."""
        if self.group.next_visit is None:
            return ""
        count = self.group.at_risk
        visits = "1 visit to come" if count == 1 else f"{count:,} visits to come"
        return f"{visits}, the next on {in_words(self.group.next_visit)}"


class ReplayForm(ReasonForm):
    """Asks why, and names the replay, so that a second press starts no other one."""

    replay_id = forms.UUIDField(widget=forms.HiddenInput)


def read_causes(request: HttpRequest) -> list[Cause]:
    """Return the causes for somebody who may see orders: eight statements at most."""
    now = timezone.now()
    today = min(
        (now.astimezone(venue.zone).date() for venue in Venue.objects.only("timezone")),
        default=now.date(),
    )
    groups = read_groups(today=today)
    parts = [parts_of(group.fingerprint) for group in groups]
    partners = Partner.objects.in_bulk({part.partner_id for part in parts if part.partner_id})
    packages = read_packages({part.package_id for part in parts if part.package_id})
    numbers = [(part.partner_id, part.item_number) for part in parts if part.partner_id]
    mapped = read_mapped(numbers, today)
    connections = read_connections({part.connection_id for part in parts if part.connection_id})
    components = read_components({part.component_id for part in parts if part.component_id})
    # What never got as far as another system has nothing that is uncertain there.
    begun = any(group.failure_code not in UNRESOLVED_CAUSES for group in groups)
    unsettled = count_unsettled() if begun else {}
    causes = []
    for group, part in zip(groups, parts, strict=True):
        partner = partners.get(part.partner_id) if part.partner_id else None
        package = packages.get(part.package_id) if part.package_id else None
        mapping = mapped.get((part.partner_id, part.item_number)) if part.partner_id else None
        told = Told.of(
            group,
            part.item_number,
            partner,
            package,
            mapping,
            connections.get(part.connection_id) if part.connection_id else None,
            components.get(part.component_id) if part.component_id else None,
        )
        may_replay = request.user.has_perm(REPLAY)
        causes.append(
            Cause(
                group=group,
                title=told.title,
                advice=told.advice,
                link=told.link if request.user.has_perm(told.permission) else "",
                link_text=told.link_text,
                list_url=list_url(group.fingerprint),
                replay_url=_url("orders_batch_start", cause=group.fingerprint)
                if may_replay
                else "",
                is_mended=told.is_mended,
                partner=str(partner or "") if mapping is None else "",
                unsettled=unsettled.get(group.fingerprint, 0),
            )
        )
    return causes


def causes_view(model_admin: ModelAdmin[Batch], request: HttpRequest) -> HttpResponse:
    """Show why orders have failed, and which replays are running."""
    require("orders.view_order", request)
    context = {
        **_context(model_admin, request, "Failures"),
        "causes": read_causes(request),
        "running": list(_running()),
    }
    return TemplateResponse(request, "admin/orders/cause/page.html", context)


def start_view(model_admin: ModelAdmin[Batch], request: HttpRequest) -> HttpResponse:
    """Tell what replaying all orders of a cause does (GET), or start it (POST)."""
    require(REPLAY, request)
    asked = request.GET.get("cause", "")
    form = ReplayForm(
        request.POST if request.method == "POST" else None,
        initial={"replay_id": time_ordered_uuid()},
    )
    if form.is_valid():
        # What was started before is shown again, whatever is left of the cause.
        before = Batch.objects.filter(pk=form.cleaned_data["replay_id"]).first()
        if before is not None:
            return redirect("admin:orders_batch_change", before.pk)
    cause = next((one for one in read_causes(request) if one.group.fingerprint == asked), None)
    if cause is None:
        return _nothing_left(model_admin, request, asked)
    if form.is_valid():
        replay = attempt(
            request,
            lambda: start_replay(
                replay_id=form.cleaned_data["replay_id"],
                fingerprint=asked,
                title=cause.title,
                reason=form.cleaned_data["reason"],
                actor=actor_of(request),
                now=timezone.now(),
            ),
        )
        if replay is not None:
            return redirect("admin:orders_batch_change", replay.pk)
        return redirect("admin:orders_batch_causes")
    waiting = read_waiting(asked, now=timezone.now())
    context = {
        **_context(model_admin, request, "Replay all"),
        "confirmation": _confirmation(cause, waiting, back=_asked_by(request)),
        "form": form,
        "waiting": waiting,
        "is_foretold": _is_foretold(cause),
    }
    status = 422 if form.errors else 200
    return TemplateResponse(request, "admin/orders/cause/replay.html", context, status=status)


def _asked_by(request: HttpRequest) -> str:
    """Return the page of ours that somebody came from, else that of the causes."""
    asked = request.GET.get("next", "")
    if asked and url_has_allowed_host_and_scheme(asked, allowed_hosts=None):
        return asked
    return reverse("admin:orders_batch_causes")


def _nothing_left(
    model_admin: ModelAdmin[Batch], request: HttpRequest, fingerprint: str
) -> HttpResponse:
    """Lead to the running replay of a cause that no order stands in Error for any more."""
    running = _running().filter(fingerprint=fingerprint).first()
    if running is not None:
        return redirect("admin:orders_batch_change", running.pk)
    context = {
        **_context(model_admin, request, "Replay all"),
        "confirmation": Confirmation(
            title="Nothing to replay",
            button="",
            effects=["No order stands in Error for this cause any more."],
            back=reverse("admin:orders_batch_causes"),
            is_blocked=True,
        ),
        "form": ReplayForm(),
    }
    return TemplateResponse(request, "admin/confirmation.html", context)


def _running() -> QuerySet[Batch]:
    """Return the replays of a cause that are worked off now."""
    return Batch.objects.filter(status=WorklistStatus.RUNNING).exclude(fingerprint="")


def _confirmation(cause: Cause, waiting: Waiting, *, back: str) -> Confirmation:
    are = "1 order is" if cause.group.orders == 1 else f"{cause.group.orders:,} orders are"
    return Confirmation(
        title=f"Replay: {cause.title}",
        button="Replay all",
        effects=[
            f"{are} submitted again, one by one in the background. You see how far it is.",
            "Numbers and prices that were given stay. Guests get their tickets as soon as they are issued.",
            "An order whose cause is not mended stays in Error and says why.",
            *([waiting.in_words] if _is_foretold(cause) and not waiting.refused else []),
        ],
        warnings=[
            *([cause.to_settle] if cause.to_settle else []),
            *([f"{waiting.in_words} The list says why."] if waiting.refused else []),
        ],
        back=back,
    )


def _is_foretold(cause: Cause) -> bool:
    """Tell whether a look beforehand finds the cause: faults of ours show when it is issued."""
    return cause.group.failure_code not in OF_OURS


def _ago(moment: datetime.datetime) -> str:
    if timezone.now() - moment < datetime.timedelta(minutes=1):
        return "just now"
    return f"{timesince(moment, depth=1)} ago"


def require(permission: str, request: HttpRequest) -> None:
    """Raise PermissionDenied for somebody who may not do this."""
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _context(model_admin: ModelAdmin[Batch], request: HttpRequest, title: str) -> dict[str, Any]:
    return {
        **model_admin.admin_site.each_context(request),
        # Without the model's options, by which the header would say Batches.
        "title": title,
    }


def _url(name: str, **query: str) -> str:
    return f"{reverse(f'admin:{name}')}?{urlencode(query)}"
