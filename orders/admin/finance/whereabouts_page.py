"""The page that says where a number is, to each person what they may see."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from channel_manager.lib.admin import columns
from channel_manager.lib.admin.columns import money
from channel_manager.lib.admin.typed import ModelAdmin, TextInput
from orders.admin.badges import LEDGER_COLOURS, ORDER_COLOURS
from orders.finance.whereabouts import Whereabouts, find_whereabouts
from orders.models import (
    Decision,
    LedgerEntry,
    Position,
    StatementLine,
)

_LONGEST = 200
_Row = dict[str, Any]


class NumberForm(forms.Form):
    """Asks for a number."""

    q = forms.CharField(
        label="Number",
        max_length=_LONGEST,
        required=False,
        strip=False,
        widget=TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"}),
        help_text="Ours, such as CM26-0000042, the partner's, or one of a wallet, ticket or coupon; "
        "whole, in any case.",
    )


def whereabouts_view(model_admin: ModelAdmin[LedgerEntry], request: HttpRequest) -> HttpResponse:
    """Ask for a number, and show where it is."""
    if not request.user.has_perm("orders.view_ledgerentry"):
        raise PermissionDenied
    found = find_whereabouts(asked=request.GET.get("q", "")[:_LONGEST], now=timezone.now())
    others = [(one, url_of(one.buy_from_order_reference)) for one in found.others]
    if found.order is None and len(others) == 1:
        return redirect(others[0][1])
    form = NumberForm(initial={"q": found.asked})
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Where is a number?",
        "found": found,
        "form": form,
        "others": others,
        **(_of_order(request, found) if found.order else {}),
        "lines": _lines(request, found),
    }
    return TemplateResponse(request, "admin/orders/finance/whereabouts.html", context)


def url_of(number: str) -> str:
    """Return the address that says where a number is."""
    return f"{reverse('admin:orders_ledgerentry_whereabouts')}?{urlencode({'q': number})}"


def _of_order(request: HttpRequest, found: Whereabouts) -> dict[str, Any]:
    order = found.order
    assert order is not None  # noqa: S101 -- who calls has looked
    return {
        "order": order,
        "order_url": _page(request, order),
        "order_colour": ORDER_COLOURS[str(order.status)],
        "received": columns.moment(order.received_at, order.venue.zone),
        "visit": columns.day(order.visit_date),
        "entries": [_entry(request, one) for one in found.entries],
        "sums": _sums(found),
        "positions": _positions(request, found),
        "may_see_periods": request.user.has_perm("orders.view_period"),
        "exports": _exports(request, found),
        "may_see_exports": request.user.has_perm("orders.view_export"),
    }


def _entry(request: HttpRequest, entry: LedgerEntry) -> _Row:
    contract = entry.contract
    may_see = request.user.has_perm("partners.view_contract")
    terms = f"version {contract.version}" if contract else "no contract"
    if contract and may_see:
        terms = f"{contract.rate} (version {contract.version})"
    return {
        "url": _page(request, entry),
        "kind": entry.kind,
        "colour": LEDGER_COLOURS[entry.kind],
        "line": entry.line.line_no if entry.line else columns.EMPTY,
        "wallet": entry.wallet.seq_no if entry.wallet else None,
        "counts": _day(entry),
        "terms": terms,
        "terms_url": _page(request, contract) if contract else "",
        "corrects": entry.corrects.title if entry.corrects else "",
        "reason": entry.reason,
        "amounts": _amounts(entry),
    }


def _day(entry: LedgerEntry) -> str:
    day = entry.accounting_date
    return f"{day:%-d %b %Y}" if day else "its first admission"


def _amounts(row: LedgerEntry | Position) -> list[str]:
    return [money(amount, row.currency) for amount in (row.gross, row.commission, row.net)]


def _sums(found: Whereabouts) -> list[str]:
    """Return what the entries come to."""
    if not found.entries:
        return []
    currency = found.entries[0].currency
    return [
        money(sum(getattr(entry, name) for entry in found.entries), currency)
        for name in ("gross", "commission", "net")
    ]


def _lines(request: HttpRequest, found: Whereabouts) -> list[_Row] | None:
    """Return the lines of statements that name it; None for those who may not see them."""
    if not request.user.has_perm("orders.view_statement"):
        return None
    return [_line(request, line) for line in found.lines]


def _line(request: HttpRequest, line: StatementLine) -> _Row:
    return {
        "statement": line.statement.file_name,
        "partner": line.statement.period.partner,
        "url": _page(request, line.statement),
        "status": line.statement.get_status_display(),
        "row": line.row,
        "period": line.statement.period.title,
        "period_url": _page(request, line.statement.period),
        "state": line.get_state_display() or "Not matched yet",
        "cause": line.cause,
        "amounts": [
            money(amount, line.currency) for amount in (line.gross, line.commission, line.net)
        ],
    }


def _positions(request: HttpRequest, found: Whereabouts) -> list[_Row]:
    if not request.user.has_perm("orders.view_position"):
        return []
    zone = found.order.venue.zone if found.order else zoneinfo.ZoneInfo("UTC")
    rows = []
    for position in found.positions:
        mine = [one for one in found.decisions if one[0].period_id == position.period_id]
        rows.append(
            {
                "period": position.period.title,
                "url": _page(request, position.period),
                "status": position.period.get_status_display(),
                "state": position.get_state_display(),
                "cause": position.cause,
                "amounts": _amounts(position),
                "decisions": [_decision(one, who, zone) for one, who in mine],
            }
        )
    return rows


def _decision(decision: Decision, who: str, zone: zoneinfo.ZoneInfo) -> str:
    at = columns.moment(decision.at, zone)
    return f"{decision.get_action_display()}: {decision.reason} ({who}, {at})"


def _exports(request: HttpRequest, found: Whereabouts) -> list[_Row]:
    """Return the exports that it was closed with, and those whose filters cover it."""
    if not request.user.has_perm("orders.view_export"):
        return []
    told = [(one, "Its period was closed with it") for one in found.closed_exports]
    told += [(one, "Its filters cover it") for one in found.covering_exports]
    zone = found.order.venue.zone if found.order else None
    return [
        {
            "title": one.title,
            "url": _page(request, one),
            "status": one.get_status_display(),
            "at": columns.moment(one.finished_at, zone) if zone else "",
            "why": why,
        }
        for one, why in told
    ]


def _page(request: HttpRequest, row: models.Model) -> str:
    """Return the address of a row's page, for those who may open it."""
    model = type(row)
    if not admin.site.is_registered(model):
        return ""
    opts = model._meta
    if not request.user.has_perm(f"{opts.app_label}.view_{opts.model_name}"):
        return ""
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk])
