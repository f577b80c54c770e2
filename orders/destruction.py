"""Ending wallets with their assets."""

import datetime
from collections.abc import Sequence

from channel_manager.history import runner
from orders import places
from orders.models import Order
from wallets.models import Asset, AssetStatus, Wallet


def lock_wallets(order: Order) -> tuple[list[Wallet], list[Asset]]:
    """Lock the living wallets of a locked order, then their assets (design section 4)."""
    wallets = runner.lock(Wallet.objects.living().filter(order=order))
    assets = runner.lock(
        Asset.objects.filter(wallet__in=[wallet.pk for wallet in wallets]).exclude(
            status=AssetStatus.DESTROYED
        )
    )
    return wallets, assets


def release_places_and_lock(order: Order) -> tuple[list[Wallet], list[Asset]]:
    """Give a locked order's places back, then lock its wallets and assets: it is to end."""
    places.give_back(places.of_order(order))
    return lock_wallets(order)


def destroy(
    wallets: Sequence[Wallet],
    assets: Sequence[Asset],
    *,
    by: str,
    why: str,
    now: datetime.datetime,
) -> None:
    """Destroy wallets and assets that `lock_wallets` has locked."""
    runner.apply_to(wallets, lambda wallet: wallet.destroy(by=by, why=why, now=now))
    runner.apply_to(assets, lambda asset: asset.destroy())
