"""The colours of states."""

from collections.abc import Mapping

from wallets.models import AssetStatus, ScanCode, WalletStatus

WALLET_COLOURS: Mapping[str, str] = {
    WalletStatus.RESERVED: "",
    WalletStatus.MINTED: "warning",
    WalletStatus.ACTIVE: "success",
    WalletStatus.DESTROYED: "danger",
}
ASSET_COLOURS: Mapping[str, str] = {
    AssetStatus.MINTED: "warning",
    AssetStatus.VALID: "success",
    AssetStatus.USED: "info",
    AssetStatus.EXPIRED: "",
    AssetStatus.DESTROYED: "danger",
}
UNDONE = "undone"
SCAN_COLOURS: Mapping[str, str] = {
    **dict.fromkeys(ScanCode.values, "danger"),
    ScanCode.ADMITTED: "success",
    UNDONE: "warning",
}
