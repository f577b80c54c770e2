"""Undoing an admission: within a time limit, by the device that made it, with a reason."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence

from django.db import transaction

from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.errors import ErrorCode, NotFound, Refusal
from orders.announcing import announce
from orders.gate.admission import announced_data, event_data
from orders.gate.answer import undo_until
from orders.models import Order
from partners.models import EventType
from wallets.models import Asset, GateDevice, Scan

EVENT = "admission_undone"


class UndoTooLate(Refusal):
    """The time within which an admission may be undone has passed."""

    code = ErrorCode.UNDO_TOO_LATE


def find_admission(*, device: GateDevice, admission_id: uuid.UUID) -> Scan:
    """Return an admission of this device; raises NotFound."""
    admissions = Scan.objects.filter(device=device, admitted=True)
    found = admissions.filter(pk=admission_id).select_related("asset__wallet").first()
    if found is None or found.asset is None:
        raise no_such_admission()
    found.device = device
    return found


def undo_admission(*, admission: Scan, reason: str, now: datetime.datetime) -> Scan:
    """Take an admission back, as `find_admission` found it; one undone before is returned as it is.

    A Used ticket becomes Valid again; one that was destroyed since stays destroyed. Raises
    NotFound, UndoTooLate.
    """
    found = admission.asset
    if found is None:
        raise no_such_admission()
    with transaction.atomic():
        # The order as well: its status goes into the event, and it may be cancelled just now.
        (order,) = runner.lock(Order.objects.filter(pk=found.wallet.order_id))
        # And what took its place since: the admission counts for that as well.
        later = Asset.objects.like(found).filter(generation__gte=found.generation)
        assets = runner.lock(later)
        (scan,) = runner.lock(Scan.objects.filter(pk=admission.pk))
        scan.device = admission.device
        if scan.undone_at is None:
            for asset in assets:
                asset.wallet = found.wallet
            _require_time(scan, now)
            take_back(scan, assets, order, reason=reason, now=now)
        return scan


def _require_time(scan: Scan, now: datetime.datetime) -> None:
    limit = undo_until(scan.at)
    if now > limit:
        shown = limit.astimezone(scan.device.venue.zone)
        raise UndoTooLate(
            f"This admission could be undone until {shown:%H:%M:%S}.",
            members={"undoUntil": shown.isoformat(timespec="milliseconds")},
        )


def take_back(
    scan: Scan, assets: Sequence[Asset], order: Order, *, reason: str, now: datetime.datetime
) -> None:
    """Take a locked admission back from its asset and from those that took its place.

    All of them are locked, and so is the order.
    """
    (asset,) = (row for row in assets if row.pk == scan.asset_id)
    runner.apply_to(assets, lambda row: row.take_back(scan.quantity))
    scan.undone_at = now
    scan.undone_by = scan.device.actor
    scan.undo_reason = reason
    scan.save(update_fields=["undone_at", "undone_by", "undo_reason"])
    runner.note(
        order,
        change=Change(
            name=EVENT,
            actor=scan.device.actor,
            now=now,
            reason=reason,
            data=event_data(scan, asset),
        ),
    )
    announce(order, EventType.ADMISSION_UNDONE, now=now, **announced_data(scan, asset))


def no_such_admission() -> NotFound:
    """Return the refusal for an id that names none of the device's admissions."""
    return NotFound("This device made no admission with this id.")
