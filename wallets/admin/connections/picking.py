"""The picker of outside ids, and the list that matches sessions: each asks when a button is pressed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from catalog.models import Component, Connection
from channel_manager.lib.admin import recording
from channel_manager.lib.admin.confirmation import attempt_in
from channel_manager.lib.admin.typed import ModelAdmin
from channel_manager.lib.strict_fields import is_uuid
from wallets.admin.connections import catalogue
from wallets.admin.connections.catalogue import Pair, Proposal, Proposals
from wallets.admin.connections.checking import EXPLAINED, explain
from wallets.admin.connections.paths import component_url, new_source_url
from wallets.admin.connections.source_forms import KindForm, SearchForm
from wallets.connectors.base import Catalogue, CatalogueEntry


def pick(
    model_admin: ModelAdmin[Any],
    request: HttpRequest,
    component: Component,
    connection: Connection,
) -> HttpResponse:
    """Show a search box (GET), and what a system sells (POST), each entry leading to the form."""
    form = SearchForm(request.POST if request.method == "POST" else None)
    found, is_cut = None, False
    if form.is_valid():
        entries = _ask(form, connection)
        if entries is not None:
            found = catalogue.search(entries, form.cleaned_data["q"], connection=connection)
            is_cut = entries.is_cut
    rows = found.rows if found else ()
    return _show(
        model_admin,
        request,
        "pick",
        component,
        connection,
        form,
        title=f"What {connection} sells",
        found=found,
        is_cut=is_cut,
        by_hand_url=new_source_url(component, connection),
        rows=[(row, new_source_url(component, connection, row.answers)) for row in rows],
    )


def match(
    model_admin: ModelAdmin[Any],
    request: HttpRequest,
    component: Component,
    connection: Connection,
) -> HttpResponse:
    """Ask what the component is there, propose its outside id for each session, and store them."""
    form: Form = Form(request.POST if request.method == "POST" else None)
    if component.item.attraction_id is None:
        told = f"{component.item} is of no attraction, so it has no sessions to match."
        messages.info(request, f"{told} Give it an id that always holds.")
        return redirect(component_url(component.pk))
    found: Proposals | None = None
    kind = request.POST.get("kind", "")
    step = "ask"
    entries = _ask(form, connection) if form.is_valid() else None
    if entries is not None:
        kinds = catalogue.list_kinds(entries)
        guess = catalogue.guess_kind(kinds, component, connection)
        form = KindForm(request.POST if "kind" in request.POST else None, kinds=kinds, guess=guess)
        step = "kind"
        if form.is_valid():
            step = "list"
            if "_agreed" in request.POST and _store(request, form, component, connection, entries):
                return redirect(component_url(component.pk))
            found = catalogue.propose(component, connection, entries, kind, now=timezone.now())
    return _show(
        model_admin,
        request,
        "match",
        component,
        connection,
        form,
        title=f"Match {component.item} with {connection}",
        step=step,
        kind=kind,
        found=found,
        proposals=[(row, _choices(row, request.POST)) for row in found.rows] if found else [],
        is_cut=entries is not None and entries.is_cut,
    )


def _ask(form: Form, connection: Connection) -> Catalogue | None:
    """Return the catalogue; None, with the fault on the form, where it cannot be had."""
    try:
        return catalogue.read_catalogue(connection)
    except EXPLAINED as error:
        form.add_error(None, explain(error))
    return None


def _store(
    request: HttpRequest,
    form: Form,
    component: Component,
    connection: Connection,
    entries: Sequence[CatalogueEntry],
) -> bool:
    """Store what was chosen; False, with what is wrong on the form, where nothing was."""
    chosen = _chosen(request.POST)
    if not chosen:
        form.add_error(None, "Nothing is chosen.")
        return False

    def save() -> int:
        with transaction.atomic():
            made = catalogue.save_matches(
                component=component, connection=connection, entries=entries, chosen=chosen
            )
            for source in made:
                told = f"Matched by start time: {source.session}."
                recording.trail().write(request, source, name="added", reason=told)
        return len(made)

    count = attempt_in(form, save)
    if count is None:
        return False
    sessions = "session" if count == 1 else "sessions"
    messages.success(request, f"{component.item} is issued by {connection} in {count} {sessions}.")
    return True


def _chosen(answers: QueryDict) -> Mapping[uuid.UUID, Pair]:
    """Return which entry was chosen for which session; what is no such answer is left out."""
    found: dict[uuid.UUID, Pair] = {}
    for name, value in answers.items():
        key, (session, _, item) = name.removeprefix("s-"), str(value).partition(" ")
        if name.startswith("s-") and is_uuid(key) and item:
            found[uuid.UUID(key)] = (unquote(session), unquote(item))
    return found


def _choices(row: Proposal, answers: QueryDict) -> list[tuple[str, str, bool]]:
    """Return what can be chosen for a session: value, text, and whether it is chosen."""
    values = [_value_of(one.entry) for one in row.there]
    wanted = answers.get(row.field, values[0] if values else "")
    found = [
        (value, f"{one.entry.label}, {one.price}", value == wanted)
        for value, one in zip(values, row.there, strict=True)
    ]
    return [*found, ("", "Leave as it is", wanted not in values)]


def _value_of(entry: CatalogueEntry) -> str:
    """Return an entry as a form sends it: its ids without a space, between them one."""
    return f"{quote(entry.outside_session, safe='')} {quote(entry.outside_item, safe='')}"


def _show(
    model_admin: ModelAdmin[Any],
    request: HttpRequest,
    page: str,
    component: Component,
    connection: Connection,
    form: Form,
    **shown: Any,
) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "original": None,
        "component": component,
        "connection": connection,
        "seconds": catalogue.LONGEST_SECONDS,
        "form": form,
        "back": component_url(component.pk),
        **shown,
    }
    template = f"admin/catalog/componentsource/{page}.html"
    return TemplateResponse(request, template, context, status=422 if form.errors else 200)
