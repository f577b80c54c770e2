"""Virtual queues at work: who joins, who is called, who gives up. Under the queue's lock."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import functools
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence

from django.db import IntegrityError, transaction
from django.db.models import QuerySet, Sum

from catalog.models import Attraction
from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from channel_manager.lib.database import broken_constraint
from channel_manager.lib.errors import ErrorCode, NotFound, Refusal
from orders.entitlements import Entitlement
from orders.models import Reservation, ReservationMember, ReservationStatus, VirtualQueue
from partners.models import Storefront, Venue
from wallets.devices import create_device

GUEST = "guest"
_DEVICE = "Virtual queue {code}"


class NotReservable(Refusal):
    """The entitlements do not let anybody join the queue; `reason` says why in one word."""

    code = ErrorCode.ORDER_STATE_CONFLICT

    def __init__(self, detail: str, *, reason: str) -> None:
        super().__init__(detail)
        self.reason = reason


class ReservationEnded(Refusal):
    """The reservation is over, or not in the status for this."""

    code = ErrorCode.ORDER_STATE_CONFLICT


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """What staff set for a queue."""

    is_open: bool = True
    guests_per_hour: int = 600
    ready_minutes: int = 15


def open_queue(
    *, attraction: Attraction, settings: Settings, now: datetime.datetime
) -> VirtualQueue:
    """Make the virtual queue of an attraction, with the gate device that its admissions are by."""
    with transaction.atomic():
        # Nobody is ever told its key.
        device, _key = create_device(
            venue=attraction.venue,
            name=_DEVICE.format(code=attraction.code),
            admits_every_item=True,
        )
        return VirtualQueue.objects.create(
            attraction=attraction,
            device=device,
            next_call_at=now,
            **dataclasses.asdict(settings),
        )


def queues_of(venue: Venue) -> QuerySet[VirtualQueue]:
    """Return the queues of a venue, by the names of their attractions."""
    queues = VirtualQueue.objects.filter(attraction__venue=venue).select_related("attraction")
    return queues.order_by("attraction__name", "pk")


def join(
    *,
    storefront: Storefront,
    queue: VirtualQueue,
    entitlements: Sequence[Entitlement],
    kind: str,
    now: datetime.datetime,
) -> Reservation:
    """Let a party join a queue, one guest for each entitlement; it may be called at once.

    Raises NotReservable when the queue is closed, or one of the entitlements has a reservation.
    """
    with transaction.atomic():
        queue = _lock(queue.pk)
        if not queue.is_open:
            raise NotReservable(f"The queue of {queue} is closed.", reason="queue_closed")
        _advance(queue, now)
        size = len(entitlements)
        expected = _expected(queue, _guests_waiting([queue])[queue.pk], now)
        queue.last_place += 1
        reservation = Reservation(
            queue=queue,
            place=queue.last_place,
            storefront=storefront,
            status_since=now,
            type=kind,
            size=size,
            reserved_at=now,
            ready_at=expected,
            wait_at_reservation=int((expected - now).total_seconds()),
        )
        reservation.save(force_insert=True)
        _add_members(reservation, entitlements)
        change = Change(name="joined", actor=GUEST, now=now, data={"guests": size})
        runner.record([reservation], change=change, before=[None])
        _advance(queue, now)
        return _fresh(reservation)


def cancel(
    *,
    reservations: QuerySet[Reservation],
    reservation_id: uuid.UUID,
    actor: str,
    now: datetime.datetime,
    reason: str = "",
) -> Reservation:
    """Give a party's place up; one that was given up before is returned as it is.

    Raises NotFound, ReservationEnded when it is over otherwise.
    """
    change = Change(name="canceled", actor=actor, now=now, reason=reason)
    return _move(
        reservations, reservation_id, Reservation.cancel, ReservationStatus.CANCELED, change
    )


def pause(
    *,
    reservations: QuerySet[Reservation],
    reservation_id: uuid.UUID,
    actor: str,
    now: datetime.datetime,
    reason: str = "",
) -> Reservation:
    """Keep a party's place without calling it. Raises as `cancel` does."""
    change = Change(name="paused", actor=actor, now=now, reason=reason)
    return _move(reservations, reservation_id, Reservation.pause, ReservationStatus.PAUSED, change)


def resume(
    *,
    reservations: QuerySet[Reservation],
    reservation_id: uuid.UUID,
    actor: str,
    now: datetime.datetime,
    reason: str = "",
) -> Reservation:
    """Let a paused party be called again, in its old place. Raises as `cancel` does."""
    change = Change(name="resumed", actor=actor, now=now, reason=reason)
    return _move(
        reservations, reservation_id, Reservation.resume, ReservationStatus.WAITING, change
    )


def lock_reservation(
    *, reservations: QuerySet[Reservation], reservation_id: uuid.UUID, now: datetime.datetime
) -> tuple[VirtualQueue, Reservation]:
    """Lock a reservation's queue within the open transaction, and bring it up to now.

    Every change of a reservation is made under that lock. Raises NotFound.
    """
    found = reservations.filter(pk=reservation_id).values_list("queue", flat=True).first()
    if found is None:
        raise no_such_reservation()
    queue = _lock(found)
    _advance(queue, now)
    return queue, Reservation.objects.select_related("queue__attraction").get(pk=reservation_id)


def catch_up(*, now: datetime.datetime, venue: Venue | None = None) -> int:
    """Call whoever is due and end what is over, of all queues or of a venue's; return how many queues.

    One statement where nothing is due.
    """
    due = Reservation.objects.due(now)
    if venue is not None:
        due = due.filter(queue__attraction__venue=venue)
    keys = sorted(set(due.order_by().values_list("queue", flat=True)))
    for key in keys:
        with transaction.atomic():
            _advance(_lock(key), now)
    return len(keys)


def settings_changed(*, queue_id: uuid.UUID, now: datetime.datetime) -> None:
    """Work out anew when the parties of a queue are called, after staff have set it otherwise."""
    with transaction.atomic():
        _advance(_lock(queue_id), now)


def wait_of(reservation: Reservation, now: datetime.datetime) -> int | None:
    """Return the seconds until a party is called, as expected now; None while it is paused."""
    if reservation.status == ReservationStatus.PAUSED:
        return None
    if reservation.status != ReservationStatus.WAITING or reservation.ready_at is None:
        return 0
    return max(0, int((reservation.ready_at - now).total_seconds()))


def wait_in(queue: VirtualQueue, now: datetime.datetime) -> int:
    """Return the seconds that whoever joined a queue now would wait."""
    return waits_in([queue], now)[queue.pk]


def waits_in(queues: Collection[VirtualQueue], now: datetime.datetime) -> dict[uuid.UUID, int]:
    """Return what `wait_in` does for each of these queues, by their keys; one statement."""
    ahead = _guests_waiting(queues)
    return {
        queue.pk: int((_expected(queue, ahead[queue.pk], now) - now).total_seconds())
        for queue in queues
    }


def no_such_reservation() -> NotFound:
    """Return the refusal for an id that names none of the caller's reservations."""
    return NotFound("There is no reservation with this id.")


def _lock(queue_id: uuid.UUID) -> VirtualQueue:
    queues = VirtualQueue.objects.filter(pk=queue_id)
    (queue,) = runner.lock(queues.select_related("attraction", "device__venue"))
    return queue


def _waiting(queue: VirtualQueue) -> list[Reservation]:
    waiting = Reservation.objects.filter(queue=queue, status=ReservationStatus.WAITING)
    return list(waiting.order_by("place"))


def _guests_waiting(queues: Collection[VirtualQueue]) -> Mapping[uuid.UUID, int]:
    waiting = Reservation.objects.filter(queue__in=queues, status=ReservationStatus.WAITING)
    sums = waiting.order_by().values_list("queue").annotate(guests=Sum("size"))
    return collections.Counter(dict(sums))


def _expected(queue: VirtualQueue, ahead: int, now: datetime.datetime) -> datetime.datetime:
    """Return when a party that joins now is called: after so many guests who wait."""
    return max(queue.next_call_at, now) + queue.takes(ahead)


def _advance(queue: VirtualQueue, now: datetime.datetime) -> None:
    """End what is over, call whoever is due, and work out when the others are, of a locked queue.

    A party is called when those before it have had their share of the hour; one that nothing is
    left of, because its orders were cancelled or its tickets used elsewhere, loses its place.
    """
    ready = Reservation.objects.filter(queue=queue, status=ReservationStatus.READY)
    overdue = list(ready.filter(expires_at__lte=now))
    expire = functools.partial(Reservation.expire, now=now)
    runner.apply_to(overdue, expire, change=Change(name="expired", actor=WORKER, now=now))
    waiting, next_call_at = _waiting(queue), queue.next_call_at
    without_ticket = _without_ticket(queue)
    gone = list(ready.filter(pk__in=without_ticket)) if without_ticket else []
    called, expected = [], []
    for reservation in waiting:
        due_at = max(next_call_at, reservation.reserved_at)
        if reservation.pk in without_ticket:
            gone.append(reservation)
            continue
        next_call_at = due_at + queue.takes(reservation.size)
        if due_at <= now:
            called.append(reservation)
            queue.next_call_at = next_call_at
        elif reservation.ready_at != due_at:
            reservation.ready_at = due_at
            expected.append(reservation)
    change = Change(name="canceled", actor=WORKER, now=now, reason="Its tickets are gone or used.")
    runner.apply_to(gone, functools.partial(Reservation.cancel, now=now), change=change)
    until = now + datetime.timedelta(minutes=queue.ready_minutes)
    call = functools.partial(Reservation.call, now=now, until=until)
    runner.apply_to(called, call, change=Change(name="called", actor=WORKER, now=now))
    Reservation.objects.bulk_update(expected, ["ready_at"], batch_size=500)
    queue.save(update_fields=["next_call_at", "last_place"])


def _without_ticket(queue: VirtualQueue) -> set[uuid.UUID]:
    """Return the parties in a queue that no ticket is left of which anybody could come with."""
    in_it = Reservation.objects.filter(
        queue=queue, status__in=(ReservationStatus.WAITING, ReservationStatus.READY)
    )
    return set(in_it.without_ticket().order_by().values_list("pk", flat=True))


def _add_members(reservation: Reservation, entitlements: Sequence[Entitlement]) -> None:
    members = [
        ReservationMember(reservation=reservation, wallet_id=wallet, component_id=part, unit=unit)
        # In one order, so that two who take the same ones wait for each other one way only.
        for wallet, part, unit in sorted(one.identity for one in entitlements)
    ]
    try:
        with transaction.atomic():
            ReservationMember.objects.bulk_create(members)
    except IntegrityError as clash:
        if broken_constraint(clash) != "reservation_one_living_per_entitlement":
            raise
        detail = "An entitlement waits in a queue already."
        raise NotReservable(detail, reason="already_reserved") from clash


def _move(
    reservations: QuerySet[Reservation],
    reservation_id: uuid.UUID,
    transition: Callable[..., None],
    target: ReservationStatus,
    change: Change,
) -> Reservation:
    with transaction.atomic():
        queue, reservation = lock_reservation(
            reservations=reservations, reservation_id=reservation_id, now=change.now
        )
        if reservation.status == target:
            return reservation
        if not _may(reservation, transition):
            shown = reservation.get_status_display().lower()
            raise ReservationEnded(f"The reservation is {shown} now.")
        runner.apply_to([reservation], functools.partial(transition, now=change.now), change=change)
        _advance(queue, change.now)
        return _fresh(reservation)


def _may(reservation: Reservation, transition: Callable[..., None]) -> bool:
    possible = reservation.get_available_status_transitions()  # type: ignore[attr-defined]
    return transition.__name__ in {one.name for one in possible}


def _fresh(reservation: Reservation) -> Reservation:
    return Reservation.objects.select_related("queue__attraction").get(pk=reservation.pk)
