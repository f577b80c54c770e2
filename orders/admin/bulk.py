"""Acting on many orders at once: chosen in the list, told what happens, worked off as a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from catalog.rescheduling import in_words
from channel_manager.lib.admin.confirmation import actor_of, attempt, show_confirmation
from channel_manager.lib.admin.paging import LIMIT
from channel_manager.lib.admin.typed import ModelAdmin
from channel_manager.lib.identity import time_ordered_uuid
from orders import batches, choosing
from orders.admin.actions import ACTIONS
from orders.admin.bulk_effects import of_many
from orders.admin.bulk_forms import FORMS, BulkForm, write_chosen
from orders.admin.wording import count_of
from orders.choosing import MOST_ORDERS, Choice, Seen
from orders.models import Batch, BatchAction, Order


def may(request: HttpRequest, action: BatchAction) -> bool:
    """Tell whether this person may press the button of one order, and so do it with many."""
    return request.user.has_perms(("orders.view_order", ACTIONS[action].permission))


def ask(
    model_admin: ModelAdmin[Order],
    request: HttpRequest,
    orders: QuerySet[Order],
    action: BatchAction,
) -> HttpResponse | None:
    """Tell what an action does with the orders chosen in the list; None with a message if it cannot."""
    _require(request, action)
    # In no order: whatever is chosen, the first that are found tell whether they are too many.
    found = orders.order_by().values_list("pk", "updated_at")
    seen = [Seen(key, changed) for key, changed in found[: MOST_ORDERS + 1]]
    if not seen:
        messages.error(request, "None of these orders exists any more.")
        return None
    if len(seen) > MOST_ORDERS:
        messages.error(request, _too_many(orders))
        return None
    choice = choosing.judge(seen=seen, action=action)
    form = _form(choice, seen)
    return _show(model_admin, request, choice, form, back=request.get_full_path())


def chosen_view(
    model_admin: ModelAdmin[Batch], request: HttpRequest, action: BatchAction
) -> HttpResponse:
    """Start the batch that the page before has told of (POST)."""
    _require(request, action)
    carried = BulkForm(request.POST)
    carried.is_valid()
    if request.method != "POST" or not carried.is_readable:
        messages.info(request, "Choose the orders in the list first, then what to do with them.")
        return redirect("admin:orders_order_changelist")
    # What was started before is shown again, whatever has become of its orders.
    before = Batch.objects.filter(pk=carried.cleaned_data["batch_id"]).first()
    if before is not None:
        return redirect("admin:orders_batch_change", before.pk)
    seen: Sequence[Seen] = carried.cleaned_data["chosen"]
    choice = choosing.judge(seen=seen, action=action)
    form = _form(choice, seen, request.POST)
    batch = (
        attempt(request, lambda: _start(request, action, seen, form)) if form.is_valid() else None
    )
    if batch is not None:
        return redirect("admin:orders_batch_change", batch.pk)
    back = reverse("admin:orders_order_changelist")
    return _show(model_admin, request, choice, form, back=back)


def _start(
    request: HttpRequest, action: BatchAction, seen: Sequence[Seen], form: BulkForm
) -> Batch:
    answers = form.cleaned_data
    return batches.start_batch(
        batch_id=answers["batch_id"],
        wish=batches.Wish(
            action=action,
            reason=answers["reason"],
            from_date=answers.get("from_date"),
            to_date=answers.get("to_date"),
            payment_reference=answers.get("payment_reference", ""),
        ),
        seen=seen,
        actor=actor_of(request),
        now=timezone.now(),
    )


def _form(choice: Choice, seen: Sequence[Seen], data: Any = None) -> BulkForm:
    """Return the form of an action; unbound where nothing was sent."""
    days = {
        day: f"{in_words(day)}: {count_of(number, 'order')}"
        for day, number in sorted(choice.days.items())
    }
    initial = {
        "batch_id": time_ordered_uuid(),
        "chosen": write_chosen(seen),
        "visit_dates": days,
    }
    return FORMS[choice.action](data, initial=initial)


def _show(
    model_admin: ModelAdmin[Any], request: HttpRequest, choice: Choice, form: BulkForm, *, back: str
) -> HttpResponse:
    post_to = reverse(f"admin:orders_batch_{choice.action}")
    confirmation = of_many(choice, back=back, post_to=post_to)
    return show_confirmation(request, model_admin=model_admin, confirmation=confirmation, form=form)


def _require(request: HttpRequest, action: BatchAction) -> None:
    if not may(request, action):
        raise PermissionDenied


def _too_many(orders: QuerySet[Order]) -> str:
    number = orders.order_by()[: LIMIT + 1].count()
    told = f"More than {LIMIT:,}" if number > LIMIT else f"{number:,}"
    return (
        f"{told} orders are chosen, and at most {MOST_ORDERS:,} are worked off at once. Narrow the "
        "list with a filter, such as the date of receipt, and do one part after the other."
    )
