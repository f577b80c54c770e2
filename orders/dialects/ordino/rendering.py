"""Answers as Ordino gives them (contract sections 5 and 6). Moments are UTC, waits are seconds."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from channel_manager.lib.moments import in_utc
from orders import virtual_queues
from orders.boarding import Boarding
from orders.dialects.ordino.errors import PREFIX
from orders.entitlements import Entitlement
from orders.guests import Guest
from orders.models import Reservation, ReservationStatus, VirtualQueue
from orders.passes import Park, Signer
from partners.models import Storefront

USUAL_TYPE = "parallel"


def base_url() -> str:
    """Return the address that the paths of this dialect stand below; our tokens' issuer, too."""
    return f"{settings.PUBLIC_URL}{PREFIX}"


def park_of(storefront: Storefront) -> Park:
    """Return whose passes a storefront's are."""
    return Park(issuer=base_url(), audience=storefront.public_id)


def signer_of(storefront: Storefront, now: datetime.datetime) -> Signer:
    """Return who signs the passes of one answer to a storefront's guest."""
    return Signer(park=park_of(storefront), now=now)


def envelope(request: HttpRequest) -> dict[str, Any]:
    """Return the answer to an order: that it was received, and what to name it by in support."""
    return {
        "success": True,
        "status": 200,
        "title": None,
        "detail": None,
        "trace_id": f"00-{getattr(request, 'request_id', '')}-00",
    }


def page_of(
    items: Sequence[Mapping[str, Any]], *, total: int, page: int, page_size: int
) -> dict[str, Any]:
    """Return a page of a list."""
    return {
        "success": True,
        "total": total,
        "count": len(items),
        "page": page,
        "page_size": page_size,
        "items": list(items),
    }


def render_entitlement(entitlement: Entitlement, guest: Guest, signer: Signer) -> dict[str, Any]:
    """Return an entitlement with the members of both generations of the API."""
    asset, now = entitlement.asset, entitlement.at
    usability, eligibility = entitlement.hindrance, entitlement.exclusion
    reservation, queue = entitlement.reservation, entitlement.queue
    is_early = now < asset.valid_from
    return {
        "session_key": str(asset.wallet_id),
        "entitlement_key": str(asset.pk),
        "title": asset.description,
        "state": usability or eligibility or "allowed",
        "can_reserve": usability is None and eligibility is None,
        "is_usable": usability is None,
        "usability": usability,
        "is_eligible": eligibility is None,
        "eligibility": eligibility,
        "available_after": in_utc(asset.valid_from) if is_early else None,
        "available_from": in_utc(asset.valid_from),
        "minutes_remaining": _minutes(asset.valid_until - now),
        "queue_id": queue.attraction.code if queue else None,
        "reservation_type": USUAL_TYPE,
        "total_count": asset.admissions,
        "remaining_count": asset.admissions_left,
        "requires_entitlement": [],
        "metadata": {
            "package_id": entitlement.line.item_number,
            "package_name": entitlement.line.description,
            "locator_code": asset.reference_number,
            "nickname": None,
            "user_id": guest.user_id,
        },
        "reservation": render_reservation(reservation, guest, signer) if reservation else None,
    }


def render_reservation(reservation: Reservation, guest: Guest, signer: Signer) -> dict[str, Any]:
    """Return a reservation as its guest sees it."""
    url = f"{base_url()}/api/reservations/{reservation.pk}"
    queue, is_living = reservation.queue, reservation.status in _LIVING
    return {
        "reservation_id": str(reservation.pk),
        "url": url,
        "queue_id": queue.attraction.code,
        "queue_name": queue.attraction.name,
        "queue_url": queue_url(queue),
        "reservation_type": reservation.type,
        "status": reservation.status,
        "state": reservation.status,
        "wait_time_at_reservation": reservation.wait_at_reservation,
        "remaining_wait_time": virtual_queues.wait_of(reservation, signer.now),
        "ready_at": reservation.ready_at and in_utc(reservation.ready_at),
        "cancel_url": url if is_living else None,
        "token": token_of(reservation, guest, signer) if is_living else None,
        "token_url": f"{url}/token" if is_living else None,
        "members": [
            {"user_id": guest.user_id, "session_id": str(member.wallet_id), "url": url}
            for member in reservation.members.all()
        ],
    }


def token_of(reservation: Reservation, guest: Guest, signer: Signer) -> str:
    """Return the token that the guest shows at the ride."""
    return signer.sign(
        reservation_id=reservation.pk,
        queue=reservation.queue.attraction.code,
        guests=reservation.size,
        who=guest.user_id,
        ready_at=reservation.ready_at,
    )


def render_boarding(boarding: Boarding) -> dict[str, Any]:
    """Return what a ride is told."""
    reservation = boarding.reservation
    told: dict[str, Any] = {
        "result": boarding.result,
        "is_allowed_to_enter": boarding.is_allowed,
        "reason": boarding.reason,
        "reservation_id": str(reservation.pk) if reservation else None,
        "queue_id": reservation.queue.attraction.code if reservation else None,
        "guests": reservation.size if reservation else None,
    }
    if boarding.result == "too_early":
        told["remaining_wait_time_seconds"] = boarding.wait
    return told


def render_queue(queue: VirtualQueue, wait: int) -> dict[str, Any]:
    """Return a queue; wait: the seconds that whoever joins it now would wait."""
    return {
        "queue_id": queue.attraction.code,
        "name": queue.attraction.name,
        "url": queue_url(queue),
        "is_open": queue.is_open,
        "wait_time": wait,
    }


def queue_url(queue: VirtualQueue) -> str:
    """Return the address of a queue."""
    return f"{base_url()}/api/queues/{queue.attraction.code}"


def _minutes(left: datetime.timedelta) -> int:
    return max(0, int(left.total_seconds() // 60))


_LIVING = (ReservationStatus.WAITING, ReservationStatus.PAUSED, ReservationStatus.READY)
