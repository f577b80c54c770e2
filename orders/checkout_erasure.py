"""Erasing who bought, and forgetting purchases that came to nothing.

A checkout's buyer goes with its order; of a checkout without an order when it is asked for or when
time is over. One that nothing was ever paid for is removed whole: nobody has a claim by it.
"""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.db.models import QuerySet

from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from orders.models import Checkout, CheckoutItem, Payment, SandboxPayment

EVENT = "erased"
# A shop may ask for the status of what came to nothing for so long.
FORGOTTEN_AFTER = datetime.timedelta(days=90)
_AT_ONCE = 500


def lock_of_order(order_id: uuid.UUID) -> None:
    """Lock the checkout that an order was made of, before the order: that is the order of locks."""
    runner.lock(Checkout.objects.filter(order=order_id))


def erase_of_order(*, order_id: uuid.UUID, now: datetime.datetime) -> None:
    """Take the buyer out of the checkout that an order was made of; the order tells of it."""
    _blank(Checkout.objects.filter(order=order_id), now)


def erase_buyer(*, address: str, actor: str, now: datetime.datetime, reason: str) -> int:
    """Erase the checkouts without an order that name an e-mail address; return how many.

    Those under way are left, and those with money that staff have yet to settle.
    """
    return _erase(_named(address), actor=actor, now=now, reason=reason)


def count_of_buyer(*, address: str) -> int:
    """Return how many checkouts `erase_buyer` would erase."""
    return _named(address).count()


def erase_old(*, before: datetime.datetime, days: int, now: datetime.datetime) -> int:
    """Erase the buyers of checkouts without an order that ended before a moment; return how many.

    Those of visits that are still to come are left, as orders are.
    """
    old = Checkout.objects.with_a_buyer_to_erase().filter(status_since__lt=before)
    to_come = CheckoutItem.objects.filter(visit_date__gte=before.date(), checkout__isnull=False)
    reason = f"{days} days have passed since the visit."
    due = old.exclude(pk__in=to_come.order_by().values("checkout"))
    return _erase(due, actor=WORKER, now=now, reason=reason)


def forget_unpaid(*, now: datetime.datetime) -> int:
    """Remove the checkouts that ended long ago without any money, and units never bought; return how many.

    Their history stays: it names nobody.
    """
    before, forgotten = now - FORGOTTEN_AFTER, 0
    alone = CheckoutItem.objects.filter(checkout__isnull=True, reserved_until__lt=before)
    while alone.filter(pk__in=alone.order_by().values("pk")[:_AT_ONCE]).delete()[0]:
        pass
    while removed := _forget_some(before):
        forgotten += removed
    return forgotten


def _forget_some(before: datetime.datetime) -> int:
    with transaction.atomic():
        keys = Checkout.objects.unpaid_since(before).order_by("pk").values_list("pk")[:_AT_ONCE]
        locked = runner.lock_if_free(Checkout.objects.filter(pk__in=[key for (key,) in keys]))
        # Money may have come until the lock was there.
        still = Checkout.objects.unpaid_since(before).filter(pk__in=[row.pk for row in locked])
        found = [row.pk for row in still]
        tokens = Payment.objects.filter(checkout__in=found).values("token")
        SandboxPayment.objects.filter(shop_reference__in=tokens).delete()
        Checkout.objects.filter(pk__in=found).delete()
    return len(found)


def _named(address: str) -> QuerySet[Checkout]:
    return Checkout.objects.with_a_buyer_to_erase().filter(buyer_email__iexact=address)


def _erase(
    checkouts: QuerySet[Checkout], *, actor: str, now: datetime.datetime, reason: str
) -> int:
    with transaction.atomic():
        keys = [key for (key,) in checkouts.order_by("pk").values_list("pk")[:_AT_ONCE]]
        locked = runner.lock(checkouts.filter(pk__in=keys))
        _blank(Checkout.objects.filter(pk__in=[row.pk for row in locked]), now)
        change = Change(name=EVENT, actor=actor, now=now, reason=reason)
        runner.record(locked, change=change, before=[row.status for row in locked])
    return len(locked)


def _blank(checkouts: QuerySet[Checkout], now: datetime.datetime) -> None:
    """Take out what was said of the buyer, and the shop's address, which may tell more."""
    checkouts.update(
        buyer_email="", buyer_name="", buyer_data={}, return_url="", request_hash="", erased_at=now
    )
