"""Entitlements: what a guest's orders let the guest do, and whether that may be done now."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

from django.db.models import QuerySet

from orders.guests import Guest
from orders.models import OrderLine, Reservation, ReservationMember, VirtualQueue
from wallets.models import Asset, AssetStatus, Wallet

# Which ticket is meant, whichever generation it is in: wallet, component, unit.
Identity: TypeAlias = tuple[uuid.UUID, uuid.UUID, int]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entitlement:
    """A ticket or coupon of a guest, the queue it is for, and the reservation made with it.

    Its session is its wallet: what one unit of the package entitles to. `at` is the moment that it
    is looked at; `asked` a queue that it is looked at for.
    """

    asset: Asset
    at: datetime.datetime
    queue: VirtualQueue | None = None
    reservation: Reservation | None = None
    asked: VirtualQueue | None = None

    @property
    def wallet(self) -> Wallet:
        """Return the wallet that it is in."""
        return self.asset.wallet

    @property
    def line(self) -> OrderLine:
        """Return the line that it was sold by; a living wallet has one."""
        return cast("OrderLine", self.wallet.line)

    @property
    def identity(self) -> Identity:
        """Return which ticket it is."""
        return self.asset.wallet_id, self.asset.component_id, self.asset.unit

    @property
    def hindrance(self) -> str | None:
        """Return why it cannot be used at all now; None when it can."""
        if self.asset.admissions_left == 0:
            return "no_remaining_uses"
        if self.asset.status == AssetStatus.EXPIRED or self.asset.valid_until <= self.at:
            return "expired"
        if self.asset.status != AssetStatus.VALID:
            return "not_redeemable"
        if self.at < self.asset.valid_from:
            return "not_available"
        return "already_reserved" if self.reservation else None

    @property
    def exclusion(self) -> str | None:
        """Return why it does not let anybody into the queue that is asked for, or into any."""
        if self.queue is None or (self.asked is not None and self.asked != self.queue):
            return "not_allowed_on_queue"
        return None


def entitlements_of(guest: Guest) -> QuerySet[Asset]:
    """Return the tickets of a guest's orders, oldest first, with what an entitlement tells.

    Those that were cancelled or replaced are left out.
    """
    mine = Asset.objects.living().exclude(status=AssetStatus.MINTED)
    return (
        mine.filter(
            wallet__order__guest_order__storefront=guest.storefront,
            wallet__order__guest_order__guest=guest.identity,
        )
        .exclude(wallet__line=None)
        .select_related("item__attraction__virtual_queue__attraction", "wallet__line")
        .order_by(
            "wallet__order__received_at", "wallet__line", "wallet__seq_no", "position", "unit"
        )
    )


def as_entitlements(
    assets: Sequence[Asset], *, now: datetime.datetime, asked: VirtualQueue | None = None
) -> list[Entitlement]:
    """Return tickets as entitlements, with their living reservations; two statements."""
    reservations = _living_reservations(assets)
    return [
        Entitlement(
            asset=asset,
            at=now,
            queue=_queue_of(asset),
            reservation=reservations.get((asset.wallet_id, asset.component_id, asset.unit)),
            asked=asked,
        )
        for asset in assets
    ]


def _queue_of(asset: Asset) -> VirtualQueue | None:
    attraction = asset.item.attraction
    return getattr(attraction, "virtual_queue", None) if attraction else None


def _living_reservations(assets: Sequence[Asset]) -> Mapping[Identity, Reservation]:
    members = (
        ReservationMember.objects.filter(
            wallet__in={asset.wallet_id for asset in assets}, is_living=True
        )
        .select_related("reservation__queue__attraction")
        .prefetch_related("reservation__members")
    )
    return {
        (member.wallet_id, member.component_id, member.unit): member.reservation
        for member in members
    }
