"""From what was scanned to the tickets it may mean: by any number that a guest may show."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from django.db.models import BooleanField, Exists, OuterRef, Q, Value

from orders import tombstone
from orders.gate.counting import left_of_scanned
from orders.gate.verdict import Candidate
from orders.models import Order, OrderEvent
from wallets.models import Asset, AssetStatus, GateDevice, OutsideTicket, Wallet, WalletStatus
from wallets.numbers import read_number
from wallets.outside_tickets import with_outside

# Whatever host it names: a guest may hold an address from before the installation moved, and the
# token alone is unguessable.
_MANIFEST = re.compile(r"https?://[^/?#\s]+(?:/[^?#\s]*)?/([wm])/([A-Za-z0-9_-]{32})(?:[.?#]\S*)?")
_OWN_ASSET = re.compile(r"[TC][0-9A-HJKMNP-TV-Z]{16}")
_DOCUMENT = re.compile(r"(?:T-)?[A-Z0-9]{1,10}-\d{7,}")
_OWN_WALLET = re.compile(r"W[0-9A-HJKMNP-TV-Z]{16}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recognised:
    """What a scan stands for.

    candidates: the tickets it may mean; one when `by_own_number`. Without any: the wallet that has
    none, or that it stands for a whole order, or that its order was removed, or nothing at all.
    `is_test`: so it does, of a test order.
    """

    candidates: tuple[Candidate, ...] = ()
    by_own_number: bool = False
    wallet: Wallet | None = None
    is_whole_order: bool = False
    was_removed: bool = False
    is_test: bool = False


def recognise(*, device: GateDevice, scanned: str) -> Recognised:
    """Return what a scanned text stands for at the device's venue.

    One statement for a number that admits; a number of another venue is not known here.
    """
    typed = scanned.strip()
    if manifest := _MANIFEST.fullmatch(typed):
        return _by_manifest(device, *manifest.groups())
    number = read_number(scanned)
    if _OWN_ASSET.fullmatch(number) and (assets := _assets(device, reference_number=number)):
        return Recognised(candidates=assets, by_own_number=True)
    if _OWN_WALLET.fullmatch(number) and (found := _by_wallet(device, reference_number=number)):
        return found
    return (
        _by_outside_number(device, scanned, typed)
        or _by_external_number(device, scanned, typed)
        or _by_document_number(device, typed)
        or _by_tombstone(device, {scanned, typed, number})
    )


def _by_manifest(device: GateDevice, kind: str, token: str) -> Recognised:
    if kind == "w":
        return _by_wallet(device, token=token) or Recognised()
    living = Wallet.objects.living().filter(order__token=token, venue=device.venue_id)
    match list(living.values_list("pk", "test_mode").order_by()[:2]):
        case [(only, _)]:
            return _by_wallet(device, pk=only) or Recognised()
        case [(_, is_test), _]:
            return Recognised(is_whole_order=True, is_test=is_test)
    return _by_wallet(device, order__token=token) or Recognised()


def _by_outside_number(device: GateDevice, scanned: str, typed: str) -> Recognised | None:
    """Find a ticket by the number that it has at the system that issued it, exactly as told there.

    Before the numbers of partners, who may write what they like.
    """
    rows = OutsideTicket.objects.filter(
        number__in={scanned, typed}, outside_order__connection__venue=device.venue_id
    )
    keys = list(rows.exclude(number="").exclude(asset=None).values_list("asset", flat=True)[:20])
    found = _assets(device, pk__in=keys) if keys else ()
    living = tuple(
        dataclasses.replace(one, number_left=left_of_scanned(one.asset, typed))
        for one in found
        if one.asset.status != AssetStatus.DESTROYED
    )
    living = living or found
    return Recognised(candidates=living, by_own_number=len(living) == 1) if living else None


def _by_external_number(device: GateDevice, scanned: str, typed: str) -> Recognised | None:
    """Find a partner's number, exactly as sent before without the blanks around it."""
    wanted = list(dict.fromkeys((scanned, typed)))
    for number in wanted:
        if found := _by_wallet(device, external_reference_number=number):
            return found
    return None


def _by_document_number(device: GateDevice, typed: str) -> Recognised | None:
    """Tell the number of an order, which the manifest shows and which anybody could guess."""
    if not _DOCUMENT.fullmatch(typed.upper()):
        return None
    orders = Order.objects.filter(venue=device.venue_id, buy_from_order_reference=typed.upper())
    is_test = orders.values_list("test_mode", flat=True).first()
    return None if is_test is None else Recognised(is_whole_order=True, is_test=is_test)


def _by_wallet(device: GateDevice, **named: Any) -> Recognised | None:
    """Return what is in a wallet, the living one before one that was destroyed.

    A guest's number may stand on wallets of both modes: what was sold counts before a test.
    """
    inside = {f"wallet__{name}": value for name, value in named.items()}
    living = ~Q(wallet__status=WalletStatus.DESTROYED), ~Q(status=AssetStatus.DESTROYED)
    found = _assets(device, *living, **inside)
    if sold := tuple(candidate for candidate in found if not candidate.wallet.test_mode):
        return Recognised(candidates=sold)
    wallets = Wallet.objects.filter(venue=device.venue_id, **named).select_related("order")
    wallet = wallets.living().order_by("test_mode").first()
    if wallet is None or wallet.test_mode:
        destroyed = wallets.filter(status=WalletStatus.DESTROYED)
        last = destroyed.order_by("test_mode", "-destroyed_at").first()
        if last is not None and (wallet is None or not last.test_mode):
            wallet = last
    if wallet is None:
        return None
    return Recognised(candidates=found) if wallet.test_mode and found else Recognised(wallet=wallet)


def _by_tombstone(device: GateDevice, numbers: set[str]) -> Recognised:
    """Tell a number of an order that was removed from one that never was."""
    tombstones = OrderEvent.objects.filter(
        tombstone.lists_any_of(numbers),
        name=tombstone.EVENT,
        data__contains={"venueId": str(device.venue_id)},
    )
    were_tests = {data.get("testMode", False) for data in tombstones.values_list("data", flat=True)}
    return Recognised(was_removed=bool(were_tests), is_test=were_tests == {True})


def _assets(device: GateDevice, *conditions: Q, **named: Any) -> tuple[Candidate, ...]:
    """Return tickets of the venue with all that a verdict needs, in one statement."""
    venue = "wallet__venue" if any(name.startswith("wallet__") for name in named) else "venue"
    rows = (
        with_outside(Asset.objects.filter(*conditions, **named, **{venue: device.venue_id}))
        .select_related("item", "wallet__order")
        .annotate(is_for_gate=_is_for(device), is_replaced=_has_successor())
        .order_by("position", "unit", "generation")
    )
    return tuple(_candidates(rows))


def _candidates(rows: Any) -> Iterator[Candidate]:
    for asset in rows:
        yield Candidate(
            asset=asset,
            wallet=asset.wallet,
            order=asset.wallet.order,
            is_for_gate=asset.is_for_gate,
            is_replaced=asset.is_replaced,
        )


def _has_successor() -> Exists:
    """Return the expression that tells whether a newer asset took the place of one, and lives."""
    same = {name: OuterRef(name) for name in ("wallet", "component", "unit")}
    later = Asset.objects.living().filter(**same, generation__gt=OuterRef("generation"))
    return Exists(later)


def _is_for(device: GateDevice) -> Any:
    """Return the expression that tells whether the device is set to an asset's item."""
    if device.admits_every_item:
        return Value(True, output_field=BooleanField())
    items = GateDevice.items.through._default_manager
    return Exists(items.filter(gatedevice=device.pk, item=OuterRef("item")))
