"""Ending wallets with their assets, and assets that others take the place of."""

import datetime
from collections.abc import Sequence

from django.db.models import QuerySet

from channel_manager.history import runner
from orders import places
from orders.models import Order
from wallets.models import Asset, AssetStatus, Wallet


def lock_wallets(order: Order) -> tuple[list[Wallet], list[Asset]]:
    """Lock the living wallets of a locked order, then their assets (design section 4)."""
    return lock_some(Wallet.objects.living().filter(order=order))


def lock_some(chosen: QuerySet[Wallet]) -> tuple[list[Wallet], list[Asset]]:
    """Lock wallets of a locked order, then their living assets."""
    wallets = runner.lock(chosen)
    assets = runner.lock(
        Asset.objects.living().filter(wallet__in=[wallet.pk for wallet in wallets])
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


def replace_assets(assets: Sequence[Asset], successors: Sequence[Asset]) -> None:
    """Destroy locked assets and store the minted ones that take their places, each as valid."""
    for asset, successor in zip(assets, successors, strict=True):
        if asset.status != AssetStatus.MINTED:
            successor.validate()
    runner.apply_to(assets, lambda asset: asset.destroy())
    Asset.objects.bulk_create(successors)
