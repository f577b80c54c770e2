"""The admin of wallets, of the tickets and coupons in them, and of the gate."""

from wallets.admin.devices import GateDeviceAdmin
from wallets.admin.scans import ScanAdmin
from wallets.admin.wallets import AssetAdmin, WalletAdmin

__all__ = ["AssetAdmin", "GateDeviceAdmin", "ScanAdmin", "WalletAdmin"]
