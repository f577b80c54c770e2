"""Cancelling single wallets of an issued order, which stays with the others."""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from django.db import transaction
from django.db.models import QuerySet

from catalog import expansion
from channel_manager.history.runner import Change
from channel_manager.lib.errors import ErrorCode, Refusal
from orders import cancellation, contents, destruction, ledger, places, reading
from orders.actions import require_issued
from orders.announcing import announce_change
from orders.cancellation import refuse_late, refuse_used, used_numbers
from orders.models import Order, OrderLine
from orders.outside import ending, wishes
from wallets.models import Asset, Wallet

EVENT = "wallets_cancelled"


class WalletNotThere(Refusal):
    """The order has no such wallet, or it was cancelled before."""

    code = ErrorCode.ORDER_STATE_CONFLICT


def cancel_wallets(
    *,
    orders: QuerySet[Order],
    order_id: uuid.UUID,
    wallet_ids: Collection[uuid.UUID],
    actor: str,
    now: datetime.datetime,
    reason: str,
) -> Order:
    """Cancel wallets of an Issued order and return it; with its last wallet the order is cancelled.

    They and their assets are destroyed, their places go back, their money is taken back, and the
    partner is told. Raises NotFound, OrderStateConflict, WalletNotThere, AssetUsed.
    """
    with transaction.atomic():
        order, chosen = _lock_order(orders, order_id, wallet_ids)
        if _is_all_of(order, chosen):
            return cancellation.cancel_order(
                orders=orders, order_id=order_id, actor=actor, now=now, reason=reason
            )
        wallets, assets = _release_and_lock(order, chosen)
        refuse_used(assets, what="wallet")
        return _end(order, wallets, assets, actor=actor, now=now, reason=reason)


def cancel_wallets_for_partner(
    *,
    orders: QuerySet[Order],
    order_id: uuid.UUID,
    wallet_ids: Collection[uuid.UUID],
    actor: str,
    now: datetime.datetime,
    reason: str,
) -> Order:
    """Cancel wallets as the partner may: as `cancel_wallets`, within the agreed deadline.

    The deadline is that of the wallets' own visits. Raises CancelDeadlinePassed besides.
    """
    with transaction.atomic():
        order, chosen = _lock_order(orders, order_id, wallet_ids)
        if _is_all_of(order, chosen):
            return cancellation.cancel_for_partner(
                orders=orders, order_id=order_id, actor=actor, now=now
            )
        wallets, assets = _release_and_lock(order, chosen)
        refuse_late(order, assets, now)
        refuse_used(assets, what="wallet")
        return _end(order, wallets, assets, actor=actor, now=now, reason=reason)


def cancel_used_wallets(
    *,
    orders: QuerySet[Order],
    order_id: uuid.UUID,
    wallet_ids: Collection[uuid.UUID],
    actor: str,
    now: datetime.datetime,
    reason: str,
) -> Order:
    """Cancel wallets as `cancel_wallets` does, though guests have entered with them.

    For staff who may override; the event names what was used. Raises NotFound, OrderStateConflict,
    WalletNotThere.
    """
    with transaction.atomic():
        order, chosen = _lock_order(orders, order_id, wallet_ids)
        if _is_all_of(order, chosen):
            return cancellation.cancel_used_order(
                orders=orders, order_id=order_id, actor=actor, now=now, reason=reason
            )
        wallets, assets = _release_and_lock(order, chosen)
        return _end(order, wallets, assets, actor=actor, now=now, reason=reason)


def _lock_order(
    orders: QuerySet[Order], order_id: uuid.UUID, wallet_ids: Collection[uuid.UUID]
) -> tuple[Order, list[Wallet]]:
    """Lock an Issued order; return it with the wallets, which nobody else can end from now on."""
    order = reading.lock_order(orders, order_id)
    require_issued(order)
    living = Wallet.objects.living().filter(order=order, pk__in=wallet_ids)
    chosen = list(living.prefetch_related("line"))
    if not chosen or len(chosen) != len(set(wallet_ids)):
        raise WalletNotThere(
            f"A wallet of order {order} that was chosen is cancelled already. Nothing was done."
        )
    return order, chosen


def _is_all_of(order: Order, chosen: Sequence[Wallet]) -> bool:
    """Tell whether the order has no other living wallet."""
    others = Wallet.objects.living().filter(order=order)
    return not others.exclude(pk__in=[wallet.pk for wallet in chosen]).exists()


def _release_and_lock(order: Order, chosen: Sequence[Wallet]) -> tuple[list[Wallet], list[Asset]]:
    """Give the wallets' places back and lock them with their assets: sessions come before wallets."""
    places.give_back_part(_by_line(chosen))
    keys = [wallet.pk for wallet in chosen]
    return destruction.lock_some(Wallet.objects.filter(pk__in=keys).prefetch_related("line"))


def _by_line(wallets: Sequence[Wallet]) -> Mapping[OrderLine, list[int]]:
    numbers: dict[OrderLine, list[int]] = defaultdict(list)
    for wallet in wallets:
        if wallet.line is not None:
            numbers[wallet.line].append(wallet.seq_no)
    return numbers


def _end(
    order: Order,
    wallets: Sequence[Wallet],
    assets: Sequence[Asset],
    *,
    actor: str,
    now: datetime.datetime,
    reason: str,
) -> Order:
    used = used_numbers(assets)
    wallets = sorted(wallets, key=_place)
    destruction.destroy(wallets, assets, by=actor, why=reason, now=now)
    by_line = _by_line(wallets)
    if wishes.is_concerned(order, by_line):
        ending.end_wallets(order=order, wallets=wallets, actor=actor, now=now)
    _shrink(order, by_line, now)
    ledger.post_wallet_reversals(order=order, wallets=wallets, reason=reason, now=now)
    announce_change(
        order,
        change=Change(
            name=EVENT,
            actor=actor,
            now=now,
            reason=reason,
            data={
                "walletReferenceNumbers": [wallet.reference_number for wallet in wallets],
                **({"usedAssets": used} if used else {}),
            },
        ),
    )
    return reading.find_order(Order.objects.all(), order.pk)


def _place(wallet: Wallet) -> tuple[int, int]:
    """Return where a wallet stands in its order."""
    return wallet.line.line_no if wallet.line else 0, wallet.seq_no


def _shrink(
    order: Order, cancelled: Mapping[OrderLine, Sequence[int]], now: datetime.datetime
) -> None:
    """Write on the lines which of their wallets are gone, and on the order what is left of it."""
    lines = {line.pk: line for line in order.lines.all()}
    for line, numbers in cancelled.items():
        row = lines[line.pk]
        row.cancelled = sorted({*row.cancelled, *numbers})
        row.plan = [
            expansion.to_json(expansion.from_json(entry).without_seats_of(numbers))
            for entry in row.plan
        ]
    changed = [lines[line.pk] for line in cancelled]
    OrderLine.objects.bulk_update(changed, ["cancelled", "plan"])
    contents.set_totals(order, lines.values())
    order.updated_at = now
    order.save(update_fields=["total_incl_vat", "total_excl_vat", "visit_date", "updated_at"])
