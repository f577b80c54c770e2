"""Wallets, the assets in them, and the gate that admits them."""

from wallets.models.asset import Asset, AssetStatus
from wallets.models.gate import (
    GateDevice,
    Scan,
    ScanCode,
    ScanQuerySet,
)
from wallets.models.wallet import Wallet, WalletQuerySet, WalletStatus, new_wallet_number

__all__ = [
    "Asset",
    "AssetStatus",
    "GateDevice",
    "Scan",
    "ScanCode",
    "ScanQuerySet",
    "Wallet",
    "WalletQuerySet",
    "WalletStatus",
    "new_wallet_number",
]
