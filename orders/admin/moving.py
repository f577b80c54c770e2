"""Moving one order to another day: what is asked, told and done."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest

from catalog.rescheduling import in_words
from channel_manager.lib.admin.confirmation import Confirmation, ReasonForm
from channel_manager.lib.admin.fields import DayInput
from channel_manager.lib.admin.typed import Select
from orders.admin.deeds import deed_of
from orders.admin.effects import first_of
from orders.admin.forms import ActionForm
from orders.admin.page import OrderPage
from orders.cancellation import used_numbers
from orders.models import Order
from orders.moving import move_order, visit_dates
from orders.outside import refusing


class DaysForm(ReasonForm):
    """Asks from which day to which, and why; the first only where there are several.

    initial: `visit_dates`, the days there are with what each is called.
    """

    from_date = forms.TypedChoiceField(
        label="What is visited on", coerce=datetime.date.fromisoformat, widget=Select
    )
    to_date = forms.DateField(label="New day", widget=DayInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, is_required=True, **kwargs)
        days: Mapping[datetime.date, str] = self.initial.get("visit_dates", {})
        field = self.fields["from_date"]
        field.choices = [(day.isoformat(), name) for day, name in days.items()]  # type: ignore[attr-defined]
        if len(days) == 1:
            field.widget = forms.HiddenInput()
            self.initial["from_date"] = next(iter(days)).isoformat()


class MoveForm(DaysForm, ActionForm):
    """Asks from which day of one order to which, and why."""

    field_order = ("from_date", "to_date", "reason", "seen")


def asked(_request: HttpRequest, order: Order) -> Mapping[str, Any]:
    """Return what the form needs to know of an order."""
    return {"visit_dates": {day: in_words(day) for day in visit_dates(order)}}


def has_a_day(order: Order) -> bool:
    """Tell whether anything of an order is visited on a day."""
    return order.visit_date is not None


def seen(order: Order) -> str:
    """Return what the page has shown: nobody moves what a colleague has just moved."""
    return f"{order.status_since.isoformat()} {order.updated_at.isoformat()}"


def of_moving(page: OrderPage, back: str) -> Confirmation:
    """Tell what moving an order does."""
    order = page.order
    days = visit_dates(order)
    when = in_words(days[0]) if len(days) == 1 else "the day you choose"
    used = used_numbers(page.living_assets)
    warnings = []
    if used:
        warnings.append(
            f"Already used: {first_of(used)}. What was used on a day keeps the order there."
        )
    systems = refusing.read_systems([order.pk]).get(order.pk, "")
    if systems:
        warnings.append(
            f"It is issued by {systems}. What {systems} has issued stays on its day: cancel the "
            "order and have the partner order the other day."
        )
    return Confirmation(
        title=f"Move order {order} to another day",
        button="Move order",
        effects=[
            f"Everything that is visited on {when} moves to the new day, at the same times.",
            "Places of the new day's sessions are taken, the same seats where they are free.",
            *_about_tickets(page),
            "Wallets keep their numbers and links, the partner's own numbers among them; prices stay.",
            f"{order.partner} sees the new day in the order.",
        ],
        warnings=warnings,
        back=back,
        is_blocked=len(days) == 1 and (bool(used) or is_all_elsewhere(order, systems)),
    )


def is_all_elsewhere(order: Order, systems: str) -> bool:
    """Tell whether another system has issued every visit of an order, so that none can be moved."""
    lines = [line for line in order.lines.all() if line.units_left]
    entries = [entry for line in lines for entry in line.plan if entry["visitDate"]]
    return bool(systems and entries) and all(entry.get("isOutside") for entry in entries)


def _about_tickets(page: OrderPage) -> list[str]:
    """Tell what becomes of the tickets; an order that failed has none."""
    if not page.living_assets:
        return []
    return [
        "Its tickets and coupons of that day are destroyed, and new ones with new numbers made; the "
        "gate refuses the old ones."
    ]


def move(request: HttpRequest, order: Order, answers: Mapping[str, Any]) -> str:
    """Move an order for the signed-in person; return what to tell them."""
    move_order(
        from_date=answers["from_date"],
        to_date=answers["to_date"],
        **deed_of(request, order, answers),
    )
    return f"Order {order} is moved to {in_words(answers['to_date'])}."
