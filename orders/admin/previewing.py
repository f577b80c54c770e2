"""The pages that show what an order would become: of a mapping as filled in, and of a package."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from catalog.mapping import Offer
from catalog.models import Package, PackageMapping, Session
from channel_manager.lib.admin import columns
from channel_manager.lib.admin.typed import ModelAdmin
from channel_manager.lib.errors import Refusal
from orders.admin.preview_forms import (
    PartnerForm,
    VisitForm,
    first_answers,
    is_asked,
    mapping_answers,
    problems_of,
)
from orders.admin.waiting import read_waiting
from orders.causes import unmapped_fingerprint
from orders.manifest_views import html_of
from orders.models import Order
from orders.preview import (
    OrderPreview,
    anybody,
    find_next_visit,
    preview_order,
    read_offer,
    sold_under,
)
from partners.models import Partner, PartnerStatus
from wallets.models import Asset, Wallet

_TEMPLATE = "admin/orders/preview/page.html"
# Wallets shown at once; the others are folded away, and what is beyond those is only counted.
_SHOWN, _FOLDED = 10, 190
_MOST_SESSIONS = 40
_MOST_SEATS = 12


@dataclasses.dataclass(frozen=True, kw_only=True)
class Subject:
    """What is previewed: a package under an item number, for a partner; sent: what was answered."""

    partner: Partner
    package: Package
    item_number: str
    sent: QueryDict
    mapping_id: uuid.UUID | None = None


def preview_urls(model_admin: ModelAdmin[Order]) -> list[URLPattern]:
    """Return the addresses of the pages."""
    wrap = model_admin.admin_site.admin_view

    def of_mapping(request: HttpRequest, mapping_id: uuid.UUID | None = None) -> HttpResponse:
        return mapping_view(model_admin, request, mapping_id)

    def of_package(request: HttpRequest, package_id: uuid.UUID) -> HttpResponse:
        return package_view(model_admin, request, package_id)

    saved = "preview/mapping/<uuid:mapping_id>/"
    package = "preview/package/<uuid:package_id>/"
    return [
        path("preview/mapping/", wrap(of_mapping), name="orders_preview_new_mapping"),
        path(saved, wrap(of_mapping), name="orders_preview_mapping"),
        path(package, wrap(of_package), name="orders_preview_package"),
    ]


def mapping_view(
    model_admin: ModelAdmin[Order], request: HttpRequest, mapping_id: uuid.UUID | None
) -> HttpResponse:
    """Show what an order for a mapping's item number would become, by the form's answers."""
    _require(request, "packagemapping")
    stored = PackageMapping.objects.filter(pk=mapping_id).first() if mapping_id else None
    if mapping_id and stored is None:
        messages.error(request, "This mapping no longer exists.")
        return redirect("admin:catalog_packagemapping_changelist")
    now, answers = timezone.now(), mapping_answers(request.POST, stored)
    context = _frame(model_admin, request, PackageMapping, stored)
    if not answers.is_valid():
        context["problems"] = problems_of(answers)
        return TemplateResponse(request, _TEMPLATE, context, status=422)
    mapping = answers.mapping(stored)
    holder = sold_under(mapping=mapping, now=now)
    context |= {
        "mapping": mapping,
        "mapping_validity": columns.validity(mapping.valid_from, mapping.valid_until),
        "received_on": columns.day(now.astimezone(mapping.partner.venue.zone).date()),
        "holder": holder,
        "holder_validity": holder and columns.validity(holder.valid_from, holder.valid_until),
        "carried": answers,
    }
    if request.user.has_perm("orders.view_order"):
        number = unmapped_fingerprint(mapping.partner.pk, mapping.item_number)
        context |= {
            "waiting": read_waiting(number, now=now, meaning=mapping),
            "is_foretold": True,
        }
    subject = Subject(
        partner=mapping.partner,
        package=mapping.package,
        item_number=mapping.item_number,
        mapping_id=stored.pk if stored else None,
        sent=request.POST,
    )
    return _show(request, subject, context)


def package_view(
    model_admin: ModelAdmin[Order], request: HttpRequest, package_id: uuid.UUID
) -> HttpResponse:
    """Show what an order of a package would become, whoever sells it."""
    _require(request, "package")
    package = Package.objects.filter(pk=package_id).select_related("venue").first()
    if package is None:
        messages.error(request, "This package no longer exists.")
        return redirect("admin:catalog_package_changelist")
    form = PartnerForm(request.GET, package.venue)
    chosen = form.cleaned_data.get("partner") if form.is_valid() else None
    subject = Subject(
        partner=chosen or anybody(package.venue),
        package=package,
        item_number=package.code,
        sent=request.GET,
    )
    context = {**_frame(model_admin, request, Package, package), "partner_form": form}
    return _show(request, subject, context)


def _require(request: HttpRequest, model: str) -> None:
    if not any(request.user.has_perm(f"catalog.{may}_{model}") for may in ("view", "change")):
        raise PermissionDenied


def _frame(
    model_admin: ModelAdmin[Order],
    request: HttpRequest,
    model: type[Model],
    original: Model | None,
) -> dict[str, Any]:
    """Return what every page of the admin is told; the page belongs to the catalogue's model."""
    return {
        **model_admin.admin_site.each_context(request),
        "title": "Preview",
        "subtitle": str(original) if original else None,
        "opts": model._meta,
        "original": original,
    }


def _show(request: HttpRequest, subject: Subject, context: dict[str, Any]) -> TemplateResponse:
    """Ask for a visit, and show what an order for it would become, or how it would be refused."""
    now, partner = timezone.now(), subject.partner
    context |= {"partner": partner, "package": subject.package, "venue": partner.venue}
    if partner.status != PartnerStatus.ACTIVE:
        context["idle_partner"] = partner.get_status_display()
    try:
        offer = read_offer(
            partner=partner, package=subject.package, item_number=subject.item_number
        )
        answers: Mapping[str, Any] = subject.sent
        if not is_asked(subject.sent):
            visit = find_next_visit(partner=partner, offer=offer, now=now)
            today = now.astimezone(partner.venue.zone).date()
            answers = first_answers(offer, visit, today)
        form = VisitForm(answers, offer)
        context |= {"form": form, "offer": offer}
        if not form.is_valid():
            return TemplateResponse(request, _TEMPLATE, context, status=422)
        context["sessions"] = _sessions(offer, form)
        preview = preview_order(
            partner=partner,
            package=subject.package,
            line=form.line(subject.item_number),
            mapping_id=subject.mapping_id,
            now=now,
        )
    except Refusal as refusal:
        context |= {"refusal": refusal, "nearest": refusal.members.get("nearestSessions", ())}
        return TemplateResponse(request, _TEMPLATE, context)
    return TemplateResponse(request, _TEMPLATE, {**context, **_told(preview)})


def _sessions(offer: Offer, form: VisitForm) -> Sequence[Session]:
    """Return the sessions on sale of the chosen day, to choose a time from: one statement."""
    attractions = {component.item.attraction_id for component in offer.components} - {None}
    date = form.cleaned_data.get("visit_date")
    if not attractions or date is None:
        return ()
    rows = Session.objects.filter(
        attraction__in=attractions, date=date, time__isnull=False, is_on_sale=True
    )
    named = rows.select_related("attraction").order_by("starts_at", "attraction")
    return list(named[:_MOST_SESSIONS])


def _told(preview: OrderPreview) -> dict[str, Any]:
    """Return what the page says of an order that would be accepted."""
    order, line = preview.order, preview.line
    currency, zone = order.currency, order.venue.zone
    page = preview.manifest
    wallets = preview.wallets
    return {
        "preview": preview,
        "line": line,
        "unit_price": columns.money(line.unit_price_incl_vat, currency),
        "unit_price_excl": columns.money(line.unit_price_excl_vat, currency),
        "total": columns.money(order.total_incl_vat, currency),
        "total_excl": columns.money(order.total_excl_vat, currency),
        "vat_parts": [
            {
                "rate": part.rate.normalize(),
                "incl": columns.money(part.incl_vat, currency),
                "excl": columns.money(part.excl_vat, currency),
                "vat": columns.money(part.incl_vat - part.excl_vat, currency),
            }
            for part in preview.vat_parts
        ],
        "components": [
            {
                "planned": one,
                "is_outside": one.is_outside,
                "issued_by": preview.elsewhere.get(one.component_id, ""),
                "when": columns.day(one.visit_date, one.visit_time),
                "valid": columns.span(one.valid_from, one.valid_until, zone),
                "seats": ", ".join(seat.label for seat in taken[:_MOST_SEATS]),
                "more_seats": max(0, len(taken) - _MOST_SEATS),
            }
            for one in preview.components
            for taken in [list(filter(None, one.seats))]
        ],
        "wallets": _rows(wallets[:_SHOWN], order),
        "folded_wallets": _rows(wallets[_SHOWN : _SHOWN + _FOLDED], order),
        "more_wallets": max(0, len(wallets) - _SHOWN - _FOLDED),
        "manifest_html": page
        and html_of(
            "manifest/preview.html",
            {"page": dataclasses.replace(page, wallets=page.wallets[:_SHOWN])},
            page,
        ),
        "manifest_more": max(0, len(wallets) - _SHOWN),
    }


def _rows(wallets: Iterable[Wallet], order: Order) -> list[tuple[Wallet, list[tuple[Asset, str]]]]:
    """Return wallets with their assets, and when each is valid."""
    zone = order.venue.zone
    return [
        (
            wallet,
            [
                (asset, columns.span(asset.valid_from, asset.valid_until, zone))
                for asset in wallet.assets.all()
            ],
        )
        for wallet in wallets
    ]
