"""Reissuing a ticket or coupon that was lost, leaked or damaged: a new number, the same visit."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.db.models import QuerySet

from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.errors import ErrorCode, Refusal
from orders import destruction, reading
from orders.actions import require_issued
from orders.announcing import announce_change
from orders.cancellation import AssetUsed
from orders.models import Order
from orders.outside import refusing
from wallets.minting import mint_successor
from wallets.models import Asset, AssetStatus, Wallet

EVENT = "reissued"


class AssetNotReissuable(Refusal):
    """The ticket or coupon is not there any more, or its time is over."""

    code = ErrorCode.ORDER_STATE_CONFLICT


def reissue_asset(
    *,
    orders: QuerySet[Order],
    order_id: uuid.UUID,
    asset_id: uuid.UUID,
    actor: str,
    now: datetime.datetime,
    reason: str,
) -> Asset:
    """Destroy an asset of an Issued order and return the one that takes its place.

    It has a new number and the same window and seat; admissions that were taken are not given
    again. The wallet keeps its numbers and its link; the partner is told. Raises NotFound,
    OrderStateConflict, AssetNotReissuable, IssuedElsewhere, AssetUsed when every admission was taken.
    """
    with transaction.atomic():
        order = reading.lock_order(orders, order_id)
        require_issued(order)
        asset = _lock_asset(order, asset_id)
        refusing.require_own_asset(asset=asset)
        _require_use(order, asset, now)
        successor = mint_successor(asset)
        destruction.replace_assets([asset], [successor])
        order.updated_at = now
        order.save(update_fields=["updated_at"])
        announce_change(
            order,
            change=Change(
                name=EVENT,
                actor=actor,
                now=now,
                reason=reason,
                data={
                    "assetReferenceNumber": asset.reference_number,
                    "newAssetReferenceNumber": successor.reference_number,
                    "walletReferenceNumber": asset.wallet.reference_number,
                },
            ),
        )
        return successor


def _lock_asset(order: Order, asset_id: uuid.UUID) -> Asset:
    """Lock the wallet, then its asset; raises AssetNotReissuable when it is not there."""
    wallets = Wallet.objects.living().filter(order=order, assets=asset_id)
    for wallet in runner.lock(wallets):
        for asset in runner.lock(Asset.objects.living().filter(pk=asset_id)):
            asset.wallet = wallet
            return asset
    raise AssetNotReissuable(
        f"This ticket or coupon of order {order} was cancelled or replaced already."
    )


def _require_use(order: Order, asset: Asset, now: datetime.datetime) -> None:
    """Raise unless somebody may still enter with the asset."""
    if asset.admissions_left == 0:
        raise AssetUsed(
            f"{asset} has been used: nothing is left of it to reissue.",
            members={"usedAssets": [asset.reference_number]},
        )
    if asset.status == AssetStatus.EXPIRED or asset.valid_until <= now:
        raise AssetNotReissuable(f"The time of {asset} is over. Move the order {order} instead.")
