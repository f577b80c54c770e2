"""Ending wallets with their assets."""

import datetime

from channel_manager.history import runner
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


def destroy_wallets(
    *, order: Order, by: str, why: str, now: datetime.datetime
) -> tuple[list[Wallet], list[Asset]]:
    """Destroy the living wallets and assets of a locked order; return them."""
    wallets, assets = lock_wallets(order)
    runner.apply_to(wallets, lambda wallet: wallet.destroy(by=by, why=why, now=now))
    runner.apply_to(assets, lambda asset: asset.destroy())
    return wallets, assets
