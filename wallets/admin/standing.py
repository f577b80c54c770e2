"""The state of a wallet or asset above its page, with the buttons that lead to its order's actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from channel_manager.lib.admin.standing import Look, StateBar, StateButton
from wallets.admin.badges import ASSET_COLOURS, WALLET_COLOURS
from wallets.models import Asset, AssetStatus, Wallet, WalletStatus
from wallets.outside_tickets import outside_of

_WALLETS: Mapping[str, str] = {
    WalletStatus.RESERVED: "It has its numbers, and nothing in it yet.",
    WalletStatus.MINTED: "Its tickets are made, and not valid until the order is paid.",
    WalletStatus.ACTIVE: "It is the guest's: its manifest can be opened.",
    WalletStatus.DESTROYED: "It has ended for good; its manifest says so.",
}
_ASSETS: Mapping[str, str] = {
    AssetStatus.MINTED: "The gate refuses it until the order is paid.",
    AssetStatus.VALID: "The gate admits it within its time.",
    AssetStatus.USED: "All its admissions were taken.",
    AssetStatus.EXPIRED: "Its time has passed.",
    AssetStatus.DESTROYED: "The gate refuses it for good.",
}


def bar_of_wallet(request: HttpRequest, wallet: Wallet) -> StateBar:
    """Return a wallet's state, and the button that cancels it for those who may."""
    buttons = []
    if wallet.status == WalletStatus.ACTIVE and request.user.has_perm("orders.cancel_wallet"):
        url = _url("cancel_wallets", wallet.order_id, wallet.reference_number)
        buttons.append(_button("Cancel wallet", "block", url, "quiet-danger"))
    meaning = _WALLETS[wallet.status]
    return StateBar(
        text=wallet.status, colour=WALLET_COLOURS[wallet.status], meaning=meaning, buttons=buttons
    )


def bar_of_asset(request: HttpRequest, asset: Asset) -> StateBar:
    """Return an asset's state, and the button that reissues it for those who may."""
    buttons = []
    newer, outside = _newer(asset), outside_of(asset)
    if (
        asset.status == AssetStatus.VALID
        and outside is None
        and request.user.has_perm("orders.reissue_asset")
    ):
        url = _url("reissue", asset.wallet.order_id, asset.reference_number)
        buttons.append(_button(f"Reissue {asset.type}", "autorenew", url, "quiet"))
    if newer is not None:
        url = reverse("admin:wallets_asset_change", args=[newer.pk])
        buttons.append(_button(f"Its successor {newer}", "arrow_forward", url, "quiet"))
    meaning = "Another one took its place." if newer else _ASSETS[asset.status]
    if outside:
        meaning += f" {outside.system} has issued it, and is the only one to replace it."
    return StateBar(
        text=asset.status, colour=ASSET_COLOURS[asset.status], meaning=meaning, buttons=buttons
    )


def _newer(asset: Asset) -> Asset | None:
    """Return the asset that took the place of a destroyed one, if any did."""
    if asset.status != AssetStatus.DESTROYED:
        return None
    return Asset.objects.like(asset).filter(generation=asset.generation + 1).first()


def _button(label: str, icon: str, url: str, look: Look) -> StateButton:
    return StateButton(label=label, icon=icon, url=url, look=look)


def _url(action: str, order_id: Any, number: str) -> str:
    return f"{reverse(f'admin:orders_order_{action}', args=[order_id])}?of={number}"
