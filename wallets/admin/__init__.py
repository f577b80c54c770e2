"""The admin of wallets, of the tickets and coupons in them, of the gate and of outside systems."""

from wallets.admin.connections.admin import ConnectionAdmin
from wallets.admin.connections.sources import ComponentSourceAdmin
from wallets.admin.devices import GateDeviceAdmin
from wallets.admin.scans import ScanAdmin
from wallets.admin.wallets import AssetAdmin, WalletAdmin

__all__ = [
    "AssetAdmin",
    "ComponentSourceAdmin",
    "ConnectionAdmin",
    "GateDeviceAdmin",
    "ScanAdmin",
    "WalletAdmin",
]
