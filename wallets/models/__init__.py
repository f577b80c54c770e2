"""Wallets, the assets in them, and the gate that admits them."""

from wallets.models.asset import Asset, AssetQuerySet, AssetStatus, newest
from wallets.models.gate import (
    GateDevice,
    Scan,
    ScanCode,
    ScanQuerySet,
)
from wallets.models.mail import MailStatus, ManifestMail
from wallets.models.notice import OutsideNotice
from wallets.models.outside import (
    OutsideOrder,
    OutsideOrderQuerySet,
    OutsideOrderStatus,
    OutsideTicket,
    OutsideTicketStatus,
)
from wallets.models.outside_call import CallEffect, ConnectorCall, ConnectorOutcome
from wallets.models.wallet import Wallet, WalletQuerySet, WalletStatus, new_wallet_number

__all__ = [
    "Asset",
    "AssetQuerySet",
    "AssetStatus",
    "CallEffect",
    "ConnectorCall",
    "ConnectorOutcome",
    "GateDevice",
    "MailStatus",
    "ManifestMail",
    "OutsideNotice",
    "OutsideOrder",
    "OutsideOrderQuerySet",
    "OutsideOrderStatus",
    "OutsideTicket",
    "OutsideTicketStatus",
    "Scan",
    "ScanCode",
    "ScanQuerySet",
    "Wallet",
    "WalletQuerySet",
    "WalletStatus",
    "new_wallet_number",
    "newest",
]
