"""Ending a contract and agreeing anew from a day on: asked, shown, and done as shown."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from channel_manager.lib.admin.columns import validity
from channel_manager.lib.admin.confirmation import actor_of, attempt
from channel_manager.lib.admin.typed import ModelAdmin
from channel_manager.lib.canonical import fingerprint
from partners import contracts
from partners.admin.contract_forms import TERMS, AgreeAnewForm, EndForm
from partners.admin.posting import posting
from partners.contracts import A_DAY
from partners.models import Contract

AGREED = "_agreed"
BACK = "_back"


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Change:
    """A change of a contract: what it is called, what it does, and which contract to see then."""

    title: str
    button: str
    icon: str
    told: Callable[[Contract], str]
    act: Callable[[], Contract]
    effects: Callable[[Contract], Sequence[str]]


class _NotAgreed(Exception):
    """Somebody is to look at a change first; whatever was saved is rolled back."""

    def __init__(self, effects: Sequence[str], shown: str, *, is_outdated: bool) -> None:
        super().__init__()
        self.effects = effects
        self.shown = shown
        self.is_outdated = is_outdated


def find_contract(model_admin: ModelAdmin[Contract], key: uuid.UUID) -> Contract | None:
    """Return a contract with its partner and venue at hand."""
    return (
        Contract.objects.select_related("partner__venue")
        .defer("partner__venue__logo")
        .filter(pk=key)
        .first()
    )


def end_view(
    model_admin: ModelAdmin[Contract], request: HttpRequest, key: uuid.UUID
) -> HttpResponse:
    """Ask for the last day (GET), show what that does (POST), and do it once it is agreed to."""
    if not request.user.has_perm("partners.change_contract"):
        raise PermissionDenied
    contract = find_contract(model_admin, key)
    if contract is None:
        return _gone(request)
    today = timezone.localdate(timezone=contract.partner.venue.zone)
    form = EndForm(request.POST if request.method == "POST" else None, today=today)

    def act() -> Contract:
        return contracts.end(
            contract_id=contract.pk,
            last_day=form.cleaned_data["last_day"],
            actor=actor_of(request),
            now=timezone.now(),
            reason=form.cleaned_data["reason"],
        )

    change = _Change(
        title=f"End version {contract.version} of {contract.partner}",
        button="End on that day",
        icon="event_busy",
        act=act,
        told=lambda ended: f"{ended} ends on {ended.valid_until:%-d %b %Y}.",
        effects=lambda ended: _effects_of_end(contract, ended),
    )
    return _go(model_admin, request, contract, form, change)


def agree_anew_view(
    model_admin: ModelAdmin[Contract], request: HttpRequest, key: uuid.UUID
) -> HttpResponse:
    """Ask for the terms that follow (GET), show the effect (POST), do it once it is agreed to."""
    needed = ("partners.add_contract", "partners.change_contract")
    if not request.user.has_perms(needed):
        raise PermissionDenied
    contract = find_contract(model_admin, key)
    if contract is None:
        return _gone(request)
    following = Contract(partner=contract.partner)
    prefilled = {name: _plain(getattr(contract, name)) for name in (*TERMS, "valid_until")}
    tomorrow = timezone.localdate(timezone=contract.partner.venue.zone) + A_DAY
    form = AgreeAnewForm(
        request.POST if request.method == "POST" else None,
        instance=following,
        initial={**prefilled, "valid_from": tomorrow},
    )

    def act() -> Contract:
        return contracts.agree_anew(
            contract_id=contract.pk,
            following=form.instance,
            actor=actor_of(request),
            now=timezone.now(),
            reason=form.cleaned_data["reason"],
        )

    change = _Change(
        title=f"Agree anew with {contract.partner}",
        button="Agree from that day",
        icon="event_upcoming",
        act=act,
        told=lambda new: f"{new} holds {validity(new.valid_from, new.valid_until)}.",
        effects=lambda new: _effects_of_next(contract, new),
    )
    return _go(model_admin, request, contract, form, change)


def _go(
    model_admin: ModelAdmin[Contract],
    request: HttpRequest,
    contract: Contract,
    form: forms.BaseForm,
    change: _Change,
) -> HttpResponse:
    stop: _NotAgreed | None = None
    page = reverse("admin:partners_contract_change", args=[contract.pk])
    if form.is_valid() and BACK not in request.POST:
        try:
            done = attempt(request, lambda: _do(request, contract, change))
        except _NotAgreed as shown:
            stop, done = shown, None
        if done is not None:
            messages.success(request, change.told(done))
            return redirect("admin:partners_contract_change", done.pk)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": change.title,
        "opts": model_admin.opts,
        "original": contract,
        "change": change,
        "form": form,
        "stop": stop,
        "answers": [(name, form[name].value()) for name in form.fields] if stop else (),
        "back": page,
    }
    status = 422 if form.errors else 200
    return TemplateResponse(
        request, "admin/partners/contract/agreeing.html", context, status=status
    )


def _do(request: HttpRequest, contract: Contract, change: _Change) -> Contract:
    """Do it and return the contract to see, if that is what was agreed to; else raise _NotAgreed."""
    agreed = request.POST.get(AGREED)
    with transaction.atomic():
        done = change.act()
        shown = fingerprint(
            [
                [str(getattr(row, name)) for name in ("valid_from", "valid_until", *TERMS)]
                for row in (contract, done)
            ]
        )
        if agreed != shown:
            raise _NotAgreed(change.effects(done), shown, is_outdated=agreed is not None)
        return done


def _effects_of_end(before: Contract, ended: Contract) -> list[str]:
    last = ended.valid_until or before.valid_from
    return [
        f"{_words(before)} ends on {last:%-d %b %Y}.",
        f"Orders that are received from {last + A_DAY:%-d %b %Y} on are sold without a contract, "
        "and no commission is worked out, until another one is agreed on.",
        *_kept(before, ended),
    ]


def _effects_of_next(before: Contract, following: Contract) -> list[str]:
    last = following.valid_from - A_DAY
    return [
        f"{_words(before)} ends on {last:%-d %b %Y}.",
        f"{_words(following)} begins: {following.get_date_basis_display()}.",
        *_kept(before, following),
    ]


def _kept(before: Contract, contract: Contract) -> list[str]:
    day = contract.valid_from if contract.pk != before.pk else None
    if day is None and contract.valid_until:
        day = contract.valid_until + A_DAY
    count = posting().count_sold_since(before, day) if day else 0
    if not count:
        return ["Nothing that was sold changes."]
    sales = "1 sale" if count == 1 else f"{count:,} sales"
    return [
        f"{sales} of orders that were received since {day:%-d %b %Y} keep the terms of version "
        f"{before.version}: an entry of the ledger keeps what it was posted with."
    ]


def _words(contract: Contract) -> str:
    held = validity(contract.valid_from, contract.valid_until)
    return f"Version {contract.version} ({contract.rate}, {held})"


def _plain(value: object) -> object:
    """Return an amount without the zeros that its column adds."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


def _gone(request: HttpRequest) -> HttpResponse:
    messages.error(request, "This contract was removed meanwhile.")
    return redirect("admin:partners_contract_changelist")
