"""The way to a closed day: which day, what is sold of it, what becomes of it, and why."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from catalog.admin.fill import fill_bar
from catalog.models import Session
from catalog.rescheduling import in_words
from channel_manager.lib.admin.columns import money
from channel_manager.lib.admin.confirmation import Confirmation, actor_of, attempt
from channel_manager.lib.admin.typed import ModelAdmin
from channel_manager.lib.identity import time_ordered_uuid
from orders import closing
from orders.admin.badges import ORDER_COLOURS
from orders.admin.closing_forms import ClosingForm, DayForm, PlanForm
from orders.closing_preview import Need, Preview, preview_closing
from orders.models import Closure, ClosurePlan, OrderStatus

_MOST_TOLD = 12


def start_view(model_admin: ModelAdmin[Closure], request: HttpRequest) -> HttpResponse:
    """Ask which day."""
    _require_permission(request)
    return _show_start(model_admin, request, DayForm(initial=request.GET.dict()))


def preview_view(model_admin: ModelAdmin[Closure], request: HttpRequest) -> HttpResponse:
    """Show what is sold and held of the day, and ask what becomes of it."""
    _require_permission(request)
    form = DayForm(request.GET)
    if not form.is_valid():
        return _show_start(model_admin, request, form)
    day = form.day()
    return _show_preview(model_admin, request, form, PlanForm(day=day, user=request.user))


def confirm_view(model_admin: ModelAdmin[Closure], request: HttpRequest) -> HttpResponse:
    """Tell what is going to happen and ask why (GET); close the day (POST)."""
    _require_permission(request)
    form = DayForm(request.GET)
    if not form.is_valid():
        return _show_start(model_admin, request, form)
    day = form.day()
    plan_form = PlanForm(request.GET, day=day, user=request.user)
    if not plan_form.is_valid():
        return _show_preview(model_admin, request, form, plan_form)
    plan = ClosurePlan(plan_form.cleaned_data["plan"])
    to_date = plan_form.cleaned_data["to_date"]
    why = ClosingForm(
        request.POST if request.method == "POST" else None,
        initial={"closure_id": time_ordered_uuid()},
    )
    if why.is_valid():
        closure = attempt(
            request,
            lambda: closing.close_day(
                closure_id=why.cleaned_data["closure_id"],
                day=day,
                plan=plan,
                to_date=to_date,
                reason=why.cleaned_data["reason"],
                actor=actor_of(request),
                now=timezone.now(),
            ),
        )
        if closure:
            return redirect("admin:orders_closure_change", closure.pk)
    preview = preview_closing(day=day, now=timezone.now(), to_date=to_date)
    context = {
        **_context(model_admin, request, "Close a day"),
        "confirmation": _confirmation(preview, plan, _address("preview", form)),
        "form": why,
    }
    status = 422 if why.errors else 200
    return TemplateResponse(request, "admin/confirmation.html", context, status=status)


def _require_permission(request: HttpRequest) -> None:
    if not request.user.has_perm("orders.add_closure"):
        raise PermissionDenied


def _context(model_admin: ModelAdmin[Closure], request: HttpRequest, title: str) -> dict[str, Any]:
    return {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "opts": model_admin.opts,
    }


def _show_start(
    model_admin: ModelAdmin[Closure], request: HttpRequest, form: DayForm
) -> TemplateResponse:
    context = {**_context(model_admin, request, "Close a day"), "form": form}
    status = 422 if form.errors else 200
    template = "admin/orders/closure/start.html"
    return TemplateResponse(request, template, context, status=status)


def _show_preview(
    model_admin: ModelAdmin[Closure], request: HttpRequest, form: DayForm, plan_form: PlanForm
) -> TemplateResponse:
    day = form.day()
    preview = preview_closing(day=day, now=timezone.now())
    currency = day.venue.currency
    context = {
        **_context(model_admin, request, "Close a day"),
        "day": day,
        "date": in_words(day.date),
        "preview": preview,
        "issued_total": money(preview.issued_total, currency),
        "sessions": [(session, _fill(session)) for session in preview.sessions],
        "shares": [(share, money(share.total_incl_vat, currency)) for share in preview.shares],
        "order_colours": ORDER_COLOURS,
        "used": preview.used[:_MOST_TOLD],
        "more_used": max(0, len(preview.used) - _MOST_TOLD),
        "form": plan_form,
        "back": _address("add", form),
    }
    status = 422 if plan_form.errors else 200
    template = "admin/orders/closure/preview.html"
    return TemplateResponse(request, template, context, status=status)


def _fill(session: Session) -> str:
    return fill_bar(sold=session.sold, held=session.held, capacity=session.capacity)


def _address(page: str, form: DayForm) -> str:
    """Return the address of a page, asked for the same day."""
    answers = form.cleaned_data
    asked = {
        "venue": answers["venue"].pk,
        "date": answers["date"].isoformat(),
        "attraction": answers["attraction"].pk if answers["attraction"] else "",
    }
    return f"{reverse(f'admin:orders_closure_{page}')}?{urlencode(asked)}"


def _confirmation(preview: Preview, plan: ClosurePlan, back: str) -> Confirmation:
    """Tell in sentences, with numbers, what closing the day does."""
    day, target = preview.day, preview.target
    is_blocked = target is not None and not target.is_open
    warnings = [] if plan == ClosurePlan.KEEP else list(_about_orders(preview))
    if target is not None:
        warnings = [*_about_target(preview), *warnings]
    return Confirmation(
        title=f"Close {day}",
        button={
            ClosurePlan.MOVE: f"Close the day and move {_count(preview.orders, 'order')}",
            ClosurePlan.CANCEL: f"Close the day and cancel {_count(preview.orders, 'order')}",
            ClosurePlan.KEEP: "Close the day",
        }[plan],
        effects=[*_about_calendar(preview), *_about_plan(preview, plan)],
        warnings=[*preview.replaced, *warnings],
        back=back,
        is_destructive=plan == ClosurePlan.CANCEL,
        is_blocked=is_blocked,
    )


def _about_calendar(preview: Preview) -> Sequence[str]:
    day = preview.day
    where = "" if day.attraction is None else f" for {day.attraction}"
    effects = [f"Nothing is sold any more{where} on {in_words(day.date)}, at once."]
    if preview.sessions:
        effects.append(f"{_count(len(preview.sessions), 'session')} of that day go off sale.")
    if preview.held:
        effects.append(f"{_count(preview.held, 'held place')} are released.")
    return effects


def _about_plan(preview: Preview, plan: ClosurePlan) -> Sequence[str]:
    orders = _count(preview.orders, "order")
    if not preview.orders:
        return ["Nobody has bought anything for it."]
    if plan == ClosurePlan.KEEP:
        return [f"{orders} stay as they are: their tickets stay valid for that day."]
    one_by_one = (
        "Orders are worked off one by one in the background. You see how far it is, and can stop."
    )
    if plan == ClosurePlan.MOVE and preview.target is not None:
        return [
            f"{orders} move to {in_words(preview.target.date)}, each as a whole and at the same "
            "times. Guests keep their tickets and numbers; prices stay.",
            one_by_one,
        ]
    issued = preview.by_status.get(OrderStatus.ISSUED, 0)
    removed = sum(
        preview.by_status.get(status, 0) for status in (OrderStatus.DRAFT, OrderStatus.ERROR)
    )
    effects = []
    if issued:
        amount = money(preview.issued_total, preview.day.venue.currency)
        effects.append(
            f"{_count(issued, 'issued order')} are cancelled: their tickets are destroyed, and "
            f"{amount} is taken back in the ledger."
        )
    if removed:
        effects.append(f"{_count(removed, 'draft or failed order')} are removed for good.")
    return [*effects, one_by_one]


def _about_orders(preview: Preview) -> Sequence[str]:
    told = []
    if preview.used:
        numbers = ", ".join(number for _key, number in preview.used[:_MOST_TOLD])
        more = len(preview.used) - _MOST_TOLD
        told.append(
            f"Guests have entered with {_count(len(preview.used), 'order')}: {numbers}"
            f"{f' and {more} more' if more > 0 else ''}. What was used stays as it is."
        )
    if preview.in_flight:
        told.append(
            f"{_count(preview.in_flight, 'order')} are being issued at this moment. They follow "
            "as soon as they have settled."
        )
    return told


def _about_target(preview: Preview) -> Sequence[str]:
    target, venue = preview.target, preview.day.venue
    if target is None:
        return []
    if not target.is_open:
        return [f"{venue} is closed on {in_words(target.date)}. Choose another day."]
    told = [_shortage(need) for need in target.shortages[:_MOST_TOLD]]
    more = len(target.shortages) - _MOST_TOLD
    if more > 0:
        told.append(f"There is too little room at {_count(more, 'more time')}.")
    if told:
        told.append("Orders that find no room stay on the closed day, and you are told which.")
    return told


def _shortage(need: Need) -> str:
    at = f" at {need.time:%H:%M}" if need.time else ""
    wanted = _count(need.wanted, "place")
    if need.left is None:
        return f"{need.attraction}{at}: {wanted} needed, and there is no such session on sale."
    return f"{need.attraction}{at}: {wanted} needed, and {need.left:,} left."


def _count(number: int, what: str) -> str:
    return f"{number:,} {what if number == 1 else f'{what}s'}"


def as_uuid(text: str) -> uuid.UUID | None:
    """Return an id from an address, None when it is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
