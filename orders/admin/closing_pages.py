"""The way to a closed day: which day, what is sold of it, what becomes of it, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from orders.admin.wording import ONE_BY_ONE, about_cancelling, count_of, counted
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
        "earlier": [(one, _day_of_closing(one)) for one in preview.earlier],
        "shares": [(share, money(share.total_incl_vat, currency)) for share in preview.shares],
        "order_colours": ORDER_COLOURS,
        "entered": preview.entered[:_MOST_TOLD],
        "more_entered": max(0, len(preview.entered) - _MOST_TOLD),
        "with_other_visits": _about_other_visits(preview),
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
    warnings = [] if plan == ClosurePlan.KEEP else list(_about_orders(preview, plan))
    if target is not None:
        warnings = [*_about_target(preview), *warnings]
    touched = preview.touched(plan)
    button = "Close the day"
    if plan != ClosurePlan.KEEP and touched:
        button = f"Close the day and {plan.value} {count_of(touched, 'order')}"
    return Confirmation(
        title=f"Close {day}",
        button=button,
        effects=[*_about_calendar(preview), *_about_plan(preview, plan)],
        warnings=[*_about_earlier(preview), *preview.replaced, *warnings],
        back=back,
        is_destructive=plan == ClosurePlan.CANCEL,
        is_blocked=is_blocked,
    )


def _about_calendar(preview: Preview) -> Sequence[str]:
    day = preview.day
    where = "" if day.attraction is None else f" for {day.attraction}"
    effects = [f"Nothing is sold any more{where} on {in_words(day.date)}, at once."]
    if preview.sessions:
        count = len(preview.sessions)
        go = counted(count, "session of that day goes", "sessions of that day go")
        effects.append(f"{go} off sale.")
    if preview.held:
        are = counted(preview.held, "held place is", "held places are")
        effects.append(f"{are} released.")
    return effects


def _about_earlier(preview: Preview) -> Sequence[str]:
    if preview.is_closed and not preview.earlier:
        return ["The calendar says already that this day is closed."]
    since = "" if preview.is_closed else " The calendar shows it open again."
    return [
        f"This day was closed on {_day_of_closing(one)} already ({one}).{since}"
        for one in preview.earlier
    ]


def _about_plan(preview: Preview, plan: ClosurePlan) -> Sequence[str]:
    if not preview.orders:
        return ["Nobody has bought anything for it."]
    touched = preview.touched(plan)
    if plan == ClosurePlan.KEEP:
        stay = counted(touched, "order stays as it is: its", "orders stay as they are: their")
        return [f"{stay} tickets stay valid for that day."]
    effects = []
    if touched and plan == ClosurePlan.CANCEL:
        effects = list(_about_cancelling(preview))
    elif touched and preview.target is not None:
        moves = counted(touched, "order moves", "orders move")
        effects = [
            f"{moves} to {in_words(preview.target.date)}, at the same times. New tickets take the "
            "place of the old ones, at the links that guests have; wallets and prices stay.",
            "Every visit of the order on that day moves; visits on other days stay.",
        ]
    staying = len(preview.staying(plan))
    if staying:
        effects.append(f"{_staying(staying)}.")
    if plan == ClosurePlan.MOVE and preview.elsewhere:
        stay = counted(
            len(preview.elsewhere),
            "order that another system has issued stays as it is: cancel it",
            "orders that another system has issued stay as they are: cancel them",
        )
        effects.append(f"{stay} and have the partner order anew.")
    if touched:
        effects.append(ONE_BY_ONE)
    return effects


def _about_cancelling(preview: Preview) -> Iterator[str]:
    return about_cancelling(
        issued=preview.cancelled(OrderStatus.ISSUED),
        taken_back={preview.day.venue.currency: preview.taken_back},
        removed=preview.cancelled(OrderStatus.DRAFT, OrderStatus.ERROR),
    )


def _about_other_visits(preview: Preview) -> str:
    """Say how many orders are cancelled with more than the visit that cannot be made."""
    count = preview.with_other_visits
    if not count:
        return ""
    if preview.touched(ClosurePlan.CANCEL) == 1:
        return "This order holds other visits, too: they are cancelled with it."
    holds = "of these orders holds" if count == 1 else "of these orders hold"
    them = "it" if count == 1 else "them"
    return f"{count:,} {holds} other visits, too: they are cancelled with {them}."


def _about_orders(preview: Preview, plan: ClosurePlan) -> Iterator[str]:
    if plan == ClosurePlan.CANCEL and preview.with_other_visits:
        yield _about_other_visits(preview)
    staying = preview.staying(plan)
    if staying:
        numbers = ", ".join(one.number for one in staying[:_MOST_TOLD])
        more = len(staying) - _MOST_TOLD
        yield (
            f"Guests have entered with {count_of(len(staying), 'order')}: {numbers}"
            f"{f' and {more:,} more' if more > 0 else ''}."
        )
    if preview.in_flight:
        are = counted(preview.in_flight, "order is", "orders are")
        follow = (
            "It follows as soon as it has settled."
            if preview.in_flight == 1
            else "They follow as soon as they have settled."
        )
        yield f"{are} being issued at this moment. {follow}"


def _staying(count: int) -> str:
    return counted(
        count,
        "order that guests have entered with stays as it is",
        "orders that guests have entered with stay as they are",
    )


def _day_of_closing(closure: Closure) -> str:
    """Return the day on which somebody closed it, by the venue's clock."""
    return in_words(closure.started_at.astimezone(closure.venue.zone).date())


def _about_target(preview: Preview) -> Sequence[str]:
    target, venue = preview.target, preview.day.venue
    if target is None:
        return []
    if not target.is_open:
        return [f"{venue} is closed on {in_words(target.date)}. Choose another day."]
    told = [_shortage(need) for need in target.shortages[:_MOST_TOLD]]
    more = len(target.shortages) - _MOST_TOLD
    if more > 0:
        told.append(f"There is too little room at {count_of(more, 'more time')}.")
    if told:
        told.append("Orders that find no room stay on the closed day, and you are told which.")
    return told


def _shortage(need: Need) -> str:
    at = f" at {need.time:%H:%M}" if need.time else ""
    wanted = count_of(need.wanted, "place")
    if need.left is None:
        return f"{need.attraction}{at}: {wanted} needed, and there is no such session on sale."
    return f"{need.attraction}{at}: {wanted} needed, and {need.left:,} left."
