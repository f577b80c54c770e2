"""Taking over what an outside system tells: scans become admissions, refunds end what we issued.

All of it happens in one transaction, under locks in the documented order. A ticket whose state is
known already changes nothing, so that it makes no difference how often and in which order it is told.
"""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction

from channel_manager.history import runner
from channel_manager.history.models import Event
from channel_manager.history.runner import Change
from orders import places, wallet_cancellation
from orders.announcing import announce_change
from orders.gate.admission import admit_elsewhere
from orders.gate.counting import left_of, redemptions_of
from orders.gate.undoing import take_back
from orders.gate.verdict import Candidate
from orders.models import Order, OrderStatus
from orders.outside.told import Told, compare
from wallets import devices
from wallets.connectors.base import AssetKey, Standing
from wallets.connectors.registry import actor_of
from wallets.models import (
    Asset,
    AssetStatus,
    OutsideOrder,
    OutsideOrderStatus,
    OutsideTicket,
    OutsideTicketStatus,
    Scan,
    Wallet,
)

# What the history of an order calls it.
USED_THERE = "used_there"
ENDED_THERE = "ended_there"
STRANGE_THERE = "strange_there"
_GONE = (OutsideTicketStatus.ENDING, OutsideTicketStatus.ENDED, OutsideTicketStatus.LEFT)
_MOST_NAMED = 20


@dataclasses.dataclass
class _Scene:
    """An order with all that may change, locked; and what is told of it."""

    row: OutsideOrder
    order: Order
    wallets: Mapping[uuid.UUID, Wallet]
    assets: Sequence[Asset]
    tickets: Mapping[AssetKey, Sequence[OutsideTicket]]
    told: Told
    now: datetime.datetime

    @property
    def actor(self) -> str:
        return actor_of(self.row.connection)

    def living(self, key: AssetKey) -> Asset | None:
        """Return what stands for a ticket now, whatever was reissued or moved meanwhile."""
        for asset in self.assets:
            if _key_of(asset) == key and asset.status != AssetStatus.DESTROYED:
                return asset
        return None

    def each_is_worth(self, key: AssetKey) -> int:
        """Return how many admissions one of an asset's tickets stands for."""
        return redemptions_of(self.wallets[key.wallet_id].line, key.component_id)

    def left_of(self, ticket: OutsideTicket, asset: Asset) -> int:
        """Return how many a scanned ticket still admits; none where our gate has scanned it."""
        key = _key_of_ticket(ticket)
        each, tickets = self.each_is_worth(key), self.tickets[key]
        left = min(each, asset.admissions_left)
        if len(tickets) < 2 or not ticket.number or not left:
            return left
        guests = sum(one.number == ticket.number for one in tickets)
        return min(left, left_of(asset, ticket.number, worth=guests * each))

    def is_used_up(self, key: AssetKey) -> bool:
        """Tell whether none of an asset's tickets admits anybody any more."""
        cancelled = {ticket.pk for ticket in self.told.cancelled}
        return all(one.status in _GONE or one.pk in cancelled for one in self.tickets[key])

    def change_of(self, name: str, asset: Asset, **data: object) -> Change:
        """Return what the order's history keeps of something that was told of an asset."""
        return Change(
            name=name,
            actor=self.actor,
            now=self.now,
            reason=f"Told by {self.row.connection}.",
            data={
                "assetReferenceNumber": asset.reference_number,
                "walletReferenceNumber": self.wallets[asset.wallet_id].reference_number,
                **data,
            },
        )

    def tell_end(self, asset: Asset, *, quantity: int) -> None:
        """Record that an asset has lost so many admissions, and tell the partner of it."""
        change = self.change_of(
            ENDED_THERE,
            asset,
            admissions=quantity,
            left=0 if asset.status == AssetStatus.DESTROYED else asset.admissions_left,
            admitted=asset.admitted,
        )
        announce_change(self.order, change=change)


def take_over(*, row: OutsideOrder, standing: Standing, now: datetime.datetime) -> None:
    """Apply what a system tells of an Issued order's tickets, once; of another order it waits.

    The caller is the only one who asks about the order (`turns.at_order`).
    """
    with transaction.atomic():
        order = _lock_issued(row.order_key)
        if order is None:
            return
        told = compare(list(row.tickets.all()), standing)
        _note_strange(order, row, told.strange, now)
        if not (told.used or told.unused or told.cancelled):
            return
        scene = _lock(row, order, standing, told, now)
        if scene is None:
            return
        _admit(scene)
        _take_back(scene)
        _cancel(scene)
        _keep(scene)


def _lock_issued(order_id: uuid.UUID) -> Order | None:
    orders = Order.objects.filter(pk=order_id).select_related("partner__venue")
    for order in runner.lock(orders.defer("partner__venue__logo")):
        if order.status == OrderStatus.ISSUED:
            return order
    return None


def _lock(
    row: OutsideOrder, order: Order, standing: Standing, told: Told, now: datetime.datetime
) -> _Scene | None:
    """Lock all that may change at once, so that nothing is locked out of order later.

    None when the order there was given up meanwhile.
    """
    changed = {ticket.wallet_key for ticket in (*told.used, *told.unused, *told.cancelled)}
    chosen = Wallet.objects.living().filter(order=order)
    if told.cancelled:
        # The whole order may be cancelled, with its places.
        places.lock_sessions(places.of_order(order).values_list("session", flat=True))
    else:
        chosen = chosen.filter(pk__in=changed)
    wallets = {wallet.pk: wallet for wallet in runner.lock(chosen.select_related("line"))}
    assets = runner.lock(Asset.objects.select_related("item").filter(wallet__in=list(wallets)))
    for asset in assets:
        asset.wallet = wallets[asset.wallet_id]
        asset.wallet.order = order
    runner.lock(Scan.objects.standing().filter(asset__in=assets))
    rows = runner.lock(OutsideOrder.objects.filter(order_key=order.pk))
    tickets = runner.lock(OutsideTicket.objects.filter(outside_order__in=rows))
    (locked,) = (one for one in rows if one.pk == row.pk)
    if locked.status != OutsideOrderStatus.MADE:
        return None
    by_key: dict[AssetKey, list[OutsideTicket]] = defaultdict(list)
    own = sorted((one for one in tickets if one.outside_order_id == row.pk), key=_position)
    for ticket in own:
        by_key[_key_of_ticket(ticket)].append(ticket)
    return _Scene(row, order, wallets, assets, by_key, compare(own, standing), now)


def _admit(scene: _Scene) -> None:
    """Admit with what was scanned there; what nobody can enter with any more is only noted."""
    device = devices.device_of(scene.row.connection, now=scene.now) if scene.told.used else None
    for ticket in scene.told.used:
        key = _key_of_ticket(ticket)
        asset = scene.living(key)
        if asset is None or device is None:
            continue
        quantity = scene.left_of(ticket, asset)
        if asset.status != AssetStatus.VALID or not quantity:
            change = scene.change_of(USED_THERE, asset, status=asset.status)
            runner.note(scene.order, change=change)
            continue
        scans = Scan.objects.filter(device=device, request_id__startswith=f"{ticket.pk}:")
        admit_elsewhere(
            device=device,
            candidate=Candidate(
                asset=asset, wallet=asset.wallet, order=scene.order, is_for_gate=True
            ),
            scanned=ticket.number or asset.reference_number,
            # It may be taken back there, and scanned again.
            request_id=f"{ticket.pk}:{scans.count() + 1}",
            quantity=quantity,
            now=scene.now,
        )


def _take_back(scene: _Scene) -> None:
    """Undo the admissions whose scans were taken back there, however long ago they were made."""
    for ticket in scene.told.unused:
        scans = Scan.objects.standing().filter(
            device__connection=scene.row.connection, request_id__startswith=f"{ticket.pk}:"
        )
        for scan in scans.select_related("device__venue", "asset"):
            found = scan.asset
            if found is None:
                continue
            later = [
                one
                for one in scene.assets
                if _key_of(one) == _key_of(found) and one.generation >= found.generation
            ]
            reason = f"Taken back at {scene.row.connection}."
            take_back(scan, later, scene.order, reason=reason, now=scene.now)


def _cancel(scene: _Scene) -> None:
    """End what was cancelled there: whole wallets, single assets, or admissions of a group."""
    gone: dict[uuid.UUID, list[Asset]] = defaultdict(list)
    lost = Counter(_key_of_ticket(one) for one in scene.told.cancelled)
    for key in lost:
        asset = scene.living(key)
        if asset is None:
            continue
        if scene.is_used_up(key) and not asset.admitted:
            gone[key.wallet_id].append(asset)
        else:
            _shrink(scene, asset, key)
    whole = [key for key, assets in gone.items() if len(assets) == _count_living(scene, key)]
    parts = [asset for key, assets in gone.items() if key not in whole for asset in assets]
    runner.apply_to(parts, lambda asset: asset.destroy())
    for asset in parts:
        scene.tell_end(asset, quantity=asset.admissions)
    if whole:
        wallet_cancellation.cancel_wallets(
            orders=Order.objects.all(),
            order_id=scene.order.pk,
            wallet_ids=whole,
            actor=scene.actor,
            now=scene.now,
            reason=f"Cancelled at {scene.row.connection}.",
        )


def _count_living(scene: _Scene, wallet_id: uuid.UUID) -> int:
    return sum(
        one.wallet_id == wallet_id and one.status != AssetStatus.DESTROYED for one in scene.assets
    )


def _shrink(scene: _Scene, asset: Asset, key: AssetKey) -> None:
    """Take off an asset what was cancelled there of its tickets; what was used of it stays.

    The money is left to staff, like that of a single asset: what is agreed for a part, only they know.
    """
    unused = sum(
        _key_of_ticket(one) == key and one.status == OutsideTicketStatus.VALID
        for one in scene.told.cancelled
    )
    most = asset.admissions_left if asset.admitted else asset.admissions_left - 1
    quantity = min(unused * scene.each_is_worth(key), most)
    if asset.status == AssetStatus.VALID and quantity > 0:
        runner.apply_to([asset], lambda one: one.shrink(quantity))
    else:
        quantity = 0
    scene.tell_end(asset, quantity=quantity)


def _keep(scene: _Scene) -> None:
    """Write down how the tickets stand there; the order there has ended when all of them have."""
    now, told = scene.now, scene.told
    runner.apply_to(told.used, lambda ticket: ticket.use(now=now))
    runner.apply_to(told.unused, lambda ticket: ticket.undo_use(now=now))
    runner.apply_to(told.cancelled, lambda ticket: ticket.end(now=now))
    change = Change(
        name="told",
        actor=scene.actor,
        now=now,
        data={
            "used": len(told.used),
            "undone": len(told.unused),
            "cancelled": len(told.cancelled),
        },
    )
    # Cancelling may have begun to end it.
    (row,) = runner.lock(OutsideOrder.objects.filter(pk=scene.row.pk))
    alive = row.tickets.exclude(status=OutsideTicketStatus.ENDED)
    if told.cancelled and not alive.exists():
        runner.apply_to([row], lambda one: one.end(now=now), change=change)
    else:
        runner.note(row, change=change)


def _note_strange(
    order: Order, row: OutsideOrder, names: Iterable[str], now: datetime.datetime
) -> None:
    """Write down once on the order which tickets it has there that we know nothing of."""
    wanted = sorted(set(names))[:_MOST_NAMED]
    if not wanted:
        return
    events = Event.objects.filter(kind="order", subject_id=order.pk, name=STRANGE_THERE)
    known = {name for data in events.values_list("data", flat=True) for name in data["tickets"]}
    if fresh := [name for name in wanted if name not in known]:
        change = Change(
            name=STRANGE_THERE,
            actor=actor_of(row.connection),
            now=now,
            reason=f"{row.connection} tells of tickets that we did not ask for.",
            data={"tickets": fresh, "outsideOrder": str(row.pk)},
        )
        runner.note(order, change=change)


def _key_of(asset: Asset) -> AssetKey:
    return AssetKey(asset.wallet_id, asset.component_id, asset.unit)


def _key_of_ticket(ticket: OutsideTicket) -> AssetKey:
    return AssetKey(ticket.wallet_key, ticket.component_key, ticket.unit)


def _position(ticket: OutsideTicket) -> int:
    return ticket.position
