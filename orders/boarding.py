"""Boarding: a party that was called comes to the ride, and its tickets are admitted there."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Mapping

from django.db import transaction

from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.errors import NotFound
from channel_manager.lib.identity import url_token
from orders import virtual_queues
from orders.gate.admission import admit
from orders.models import Reservation, ReservationStatus, VirtualQueue
from partners.models import Storefront
from wallets.models import Scan, ScanCode

ALLOWED = "allowed"
_BY_STATUS: Mapping[str, str] = {
    ReservationStatus.WAITING: "too_early",
    ReservationStatus.PAUSED: "too_early",
    ReservationStatus.COMPLETED: "already_completed",
    ReservationStatus.CANCELED: "canceled",
    ReservationStatus.EXPIRED: "too_late",
}
# What the gate says of a ticket, in the words of a ride.
_BY_VERDICT: Mapping[str, str] = {
    ScanCode.NOT_VALID_YET: "too_early",
    ScanCode.WRONG_DAY: "too_late",
    ScanCode.WRONG_TIME: "too_late",
    ScanCode.EXPIRED: "too_late",
    ScanCode.ALREADY_USED: "already_completed",
    ScanCode.TOO_FEW_LEFT: "already_completed",
    ScanCode.WRONG_GATE: "not_in_queue",
    ScanCode.TEST_MODE: "not_found",
    ScanCode.UNKNOWN: "not_found",
}
_SAID = {
    "too_early": "It is not this party's turn yet.",
    "too_late": "The party did not come in time.",
    "already_completed": "The party has come already.",
    "canceled": "The reservation was given up.",
    "not_in_queue": "The reservation is for another queue.",
    "not_found": "There is no such reservation.",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Boarding:
    """What a ride says to a party: a result in one word, and in a sentence.

    wait: seconds until it is called, where it came too early; None while it is paused.
    """

    result: str
    reason: str
    reservation: Reservation | None = None
    wait: int | None = None

    @property
    def is_allowed(self) -> bool:
        """Tell whether the party may enter."""
        return self.result == ALLOWED


class _Refused(Exception):
    """A ticket of the party is not admitted, so none is."""

    def __init__(self, scan: Scan | None) -> None:
        super().__init__("A ticket is not admitted.")
        self.scan = scan


def board(
    *,
    storefront: Storefront,
    reservation_id: uuid.UUID,
    queue_code: str | None,
    actor: str,
    now: datetime.datetime,
) -> Boarding:
    """Let a party in whose turn it is: every ticket of it is admitted as at any gate, or none.

    queue_code: the ride it comes to, where that is said.
    """
    try:
        with transaction.atomic():
            queue, reservation = virtual_queues.lock_reservation(
                reservations=storefront.reservations.all(),
                reservation_id=reservation_id,
                now=now,
            )
            if queue_code is not None and queue_code != queue.attraction.code:
                return _say("not_in_queue", reservation)
            if reservation.status != ReservationStatus.READY:
                wait = virtual_queues.wait_of(reservation, now)
                return _say(_BY_STATUS[reservation.status], reservation, wait)
            return _board(queue, reservation, actor, now)
    except NotFound:
        return _say("not_found", None)


def refuse_unknown() -> Boarding:
    """Return what is said to whoever shows no reservation."""
    return _say("not_found", None)


def _board(
    queue: VirtualQueue, reservation: Reservation, actor: str, now: datetime.datetime
) -> Boarding:
    try:
        with transaction.atomic():
            _admit_all(queue, reservation, now)
            change = Change(name="completed", actor=actor, now=now)
            runner.apply_to([reservation], lambda row: row.complete(now=now), change=change)
    except _Refused as refused:
        return _say_refused(refused.scan, reservation)
    return Boarding(result=ALLOWED, reason="Let them in.", reservation=reservation)


def _admit_all(queue: VirtualQueue, reservation: Reservation, now: datetime.datetime) -> None:
    """Scan every ticket of a party at the queue's device; raises _Refused at the first refusal."""
    for member in reservation.members.order_by("wallet", "component", "unit"):
        asset = member.asset
        if asset is None:
            raise _Refused(None)
        scan = admit(
            device=queue.device,
            reference_number=asset.reference_number,
            request_id=url_token(),
            now=now,
        )
        if not scan.admitted:
            raise _Refused(scan)


def _say(result: str, reservation: Reservation | None, wait: int | None = None) -> Boarding:
    return Boarding(result=result, reason=_SAID[result], reservation=reservation, wait=wait)


def _say_refused(scan: Scan | None, reservation: Reservation) -> Boarding:
    if scan is None:
        return Boarding(
            result="canceled",
            reason="A ticket of the party was cancelled.",
            reservation=reservation,
        )
    result = _BY_VERDICT.get(scan.code, "canceled")
    return Boarding(result=result, reason=scan.reason, reservation=reservation)
