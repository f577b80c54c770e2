"""What the forms of a period's page send: decisions, and lines linked to orders."""

from __future__ import annotations

import re
import uuid

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from channel_manager.lib.admin.confirmation import actor_of, attempt
from channel_manager.lib.strict_fields import is_uuid
from orders.admin.finance.period_page import is_shown
from orders.finance import carrying, decisions, reconciling
from orders.finance.differences import differences_of
from orders.models import DecisionAction, Period

# What a key of the database looks like.
_KEY = re.compile(r"[0-9]{1,18}")
_DONE = {
    DecisionAction.ACCEPT: "accepted",
    DecisionAction.DISPUTE: "disputed",
    DecisionAction.CARRY: "carried to the next period",
    DecisionAction.ADJUST: "adjusted in our ledger",
}


class DecisionForm(forms.Form):
    """What is done about the differences that are ticked, and why."""

    action = forms.ChoiceField(choices=DecisionAction.choices)
    reason = forms.CharField(max_length=500)
    show = forms.CharField(required=False)
    all_shown = forms.BooleanField(required=False)
    seen = forms.IntegerField(required=False, min_value=0, max_value=2**62)


def decide_view(request: HttpRequest, period: Period) -> HttpResponse:
    """Decide on the differences that are ticked, or on all that are shown (POST)."""
    form = DecisionForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        if request.method == "POST":
            messages.error(request, "Choose what is done, and say why.")
        return _back(period, request.POST.get("show", ""))
    given = form.cleaned_data
    keys = request.POST.getlist("difference")
    if given["all_shown"]:
        keys = [
            one.key
            for one in differences_of(period)
            if is_shown(one, given["show"]) and not decisions.is_settled_for_good(one)
        ]
    if not keys:
        messages.error(request, "Tick the differences that are meant.")
        return _back(period, given["show"])
    action = DecisionAction(given["action"])
    done = attempt(
        request,
        lambda: decisions.decide(
            period_id=period.pk,
            keys=keys,
            action=action,
            reason=given["reason"],
            actor=actor_of(request),
            now=timezone.now(),
            seen=given["seen"],
        ),
    )
    if done:
        if action == DecisionAction.ADJUST:
            now = timezone.now()
            attempt(request, lambda: reconciling.match_soon(period_id=period.pk, now=now))
        noun = "difference" if len(done) == 1 else "differences"
        messages.success(request, f"{len(done):,} {noun} {_DONE[action]}.")
    return _back(period, given["show"])


def settle_view(request: HttpRequest, period: Period) -> HttpResponse:
    """Decide on differences that were carried into a period (POST)."""
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        chosen = [int(key) for key in request.POST.getlist("decision") if _KEY.fullmatch(key)]
        done = attempt(
            request,
            lambda: carrying.settle_carried(
                period_id=period.pk,
                decision_ids=chosen,
                action=DecisionAction(form.cleaned_data["action"]),
                reason=form.cleaned_data["reason"],
                actor=actor_of(request),
                now=timezone.now(),
            ),
        )
        if done:
            noun = "difference" if len(done) == 1 else "differences"
            messages.success(request, f"{len(done):,} carried {noun} decided on.")
    elif request.method == "POST":
        messages.error(request, "Choose what is done, and say why.")
    return _back(period, "")


def link_view(request: HttpRequest, period: Period) -> HttpResponse:
    """Link a line to an order that is suggested for it, and match anew (POST)."""
    line, order = request.POST.get("line", ""), request.POST.get("order", "")
    if request.method == "POST" and _KEY.fullmatch(line) and is_uuid(order):
        linked = attempt(
            request,
            lambda: decisions.link_line(
                period_id=period.pk,
                line_id=int(line),
                order_id=uuid.UUID(order),
                actor=actor_of(request),
                now=timezone.now(),
            ),
        )
        now = timezone.now()
        if linked and attempt(
            request, lambda: reconciling.match_soon(period_id=period.pk, now=now)
        ):
            messages.success(request, f"Row {linked.row} is linked.")
    return _back(period, request.POST.get("show", ""))


def _back(period: Period, shown: str) -> HttpResponse:
    address = reverse("admin:orders_period_change", args=[period.pk])
    return redirect(
        f"{address}?{urlencode({'show': shown})}#differences" if shown else f"{address}#differences"
    )
