"""What one number of a group still admits, where each of its guests has one at another system."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from catalog import expansion
from orders.models import OrderLine
from wallets.models import Asset, Scan
from wallets.outside_tickets import outside_of


def number_of_several(asset: Asset, scanned: str) -> str:
    """Return the number of one guest of several that was scanned; empty where all are meant.

    The asset is read with `with_outside`.
    """
    outside = outside_of(asset)
    if outside is None or len(outside.tickets) < 2:
        return ""
    return outside.number_like(scanned)


def redemptions_of(line: OrderLine | None, component_id: uuid.UUID) -> int:
    """Return how often each guest of a line's component may come."""
    for component in map(expansion.from_json, line.plan if line else ()):
        if component.component_id == component_id:
            return component.redemptions
    return 1


def scans_of(asset: Asset, number: str) -> Sequence[Scan]:
    """Return an asset's standing admissions by a number, at whatever gate, the newest first."""
    scans = Scan.objects.standing().filter(asset__in=Asset.objects.like(asset))
    # As scanned: with the blanks that a device may send along.
    return [
        scan
        for scan in scans.select_related("device").order_by("-at", "-id")
        if scan.reference_number.strip() == number.strip()
    ]


def left_of(asset: Asset, number: str, *, worth: int) -> int:
    """Return how many admissions a number that stands for so many has left; never negative."""
    return max(worth - sum(scan.quantity for scan in scans_of(asset, number)), 0)


def left_of_scanned(asset: Asset, scanned: str) -> int | None:
    """Return what the number of one guest of several has left; None where all are meant.

    Its wallet is at hand, and its tickets elsewhere.
    """
    number = number_of_several(asset, scanned)
    outside = outside_of(asset)
    if not number or outside is None:
        return None
    # That system may have told one number for several of them.
    guests = sum(ticket.number == number for ticket in outside.tickets)
    each = redemptions_of(asset.wallet.line, asset.component_id)
    return left_of(asset, number, worth=guests * each)
