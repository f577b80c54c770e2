"""Orders that were paid elsewhere, for a guest whom the seller names by an identity."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db import IntegrityError, transaction

from channel_manager.lib.canonical import fingerprint
from channel_manager.lib.database import broken_constraint
from channel_manager.lib.errors import ErrorCode, InvalidRequest, Refusal
from orders import intake
from orders.clashes import DuplicateOrder
from orders.contents import catalogue_of
from orders.models import GuestOrder, Order
from orders.receipt import Received
from orders.requests import LineRequest, OrderRequest
from partners.models import Storefront
from partners.outward import letters
from partners.storefronts import account_of

_LONGEST_REFERENCE = 128
_LONGEST_EMAIL = 254
_HASH_KEPT = 32


@dataclasses.dataclass(frozen=True, kw_only=True)
class GuestOrderRequest:
    """What a seller asks for: for whom, what, and its own words for it.

    canonical: the request with its defaults, as JSON values; equal for a request that is repeated.
    """

    guest: str
    lines: tuple[LineRequest, ...]
    canonical: object
    external_id: str | None = None
    payment_reference: str | None = None


class UnknownPackages(Refusal):
    """Item numbers mean nothing to the partner: `missing`, in the order in which they were sent."""

    code = ErrorCode.UNKNOWN_ITEM

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(f"Nothing is known as {', '.join(missing)}.")
        self.missing = missing


class ExternalIdReused(Refusal):
    """The seller's id of the order stands for another order already."""

    code = ErrorCode.IDEMPOTENCY_MISMATCH


class NotFulfillable(Refusal):
    """What is sold cannot be issued for this guest; `reason` says why in one word."""

    code = ErrorCode.INVALID_REQUEST

    def __init__(self, detail: str, *, reason: str) -> None:
        super().__init__(detail)
        self.reason = reason


def submit_guest_order(
    *,
    storefront: Storefront,
    request: GuestOrderRequest,
    now: datetime.datetime,
    received: Received | None = None,
) -> GuestOrder:
    """Take in an order for a guest, once per id of the seller's; return it with whose it is.

    A repeated request returns what the first one made; two at once make one order, by the unique
    id. Raises ExternalIdReused, UnknownPackages, NotFulfillable.
    """
    hashed = fingerprint(request.canonical)
    if earlier := _earlier(storefront, request, hashed):
        return earlier
    _require_packages(storefront, request, now)
    try:
        with transaction.atomic():
            return _submit(storefront, request, hashed, now, received)
    except IntegrityError as clash:
        if broken_constraint(clash) != "guest_order_external_id_once":
            raise
        if earlier := _earlier(storefront, request, hashed):
            return earlier
        raise
    except DuplicateOrder as clash:
        raise _reused(request) from clash
    except InvalidRequest as refusal:
        codes = list(dict.fromkeys(str(fault.code) for fault in refusal.faults))
        details = " ".join(dict.fromkeys(fault.detail for fault in refusal.faults))
        reason = codes[0] if len(codes) == 1 else "unknown_error"
        raise NotFulfillable(details or refusal.detail, reason=reason) from refusal


def as_compared(identity: str) -> str:
    """Return an identity as it is stored and compared: addresses without regard to case."""
    return identity.lower() if "@" in identity else identity


def _earlier(storefront: Storefront, request: GuestOrderRequest, hashed: str) -> GuestOrder | None:
    if request.external_id is None:
        return None
    found = GuestOrder.objects.filter(storefront=storefront, external_id=request.external_id)
    earlier = found.select_related("order").first()
    if earlier is not None and earlier.request_hash != hashed:
        raise _reused(request)
    return earlier


def _reused(request: GuestOrderRequest) -> ExternalIdReused:
    return ExternalIdReused(f"{request.external_id} was used for another order.")


def _require_packages(
    storefront: Storefront, request: GuestOrderRequest, now: datetime.datetime
) -> None:
    """Raise UnknownPackages with all that mean nothing: staff map no orders of guests afterwards."""
    offers = catalogue_of(account_of(storefront), request.lines, now).offers
    asked = dict.fromkeys(line.item_number for line in request.lines)
    if missing := tuple(number for number in asked if number not in offers):
        raise UnknownPackages(missing)


def _submit(
    storefront: Storefront,
    request: GuestOrderRequest,
    hashed: str,
    now: datetime.datetime,
    received: Received | None,
) -> GuestOrder:
    row = GuestOrder(
        storefront=storefront,
        guest=as_compared(request.guest),
        external_id=request.external_id,
        request_hash=hashed,
        received_at=now,
    )
    # First: whoever sends the same id waits here until we have committed.
    row.save(force_insert=True)
    row.order = _make_order(storefront, request, now, received)
    row.save(update_fields=["order"])
    return row


def _make_order(
    storefront: Storefront,
    request: GuestOrderRequest,
    now: datetime.datetime,
    received: Received | None,
) -> Order:
    reference = _reference_of(storefront, request.external_id)
    payment = (request.payment_reference or request.external_id or reference)[:_LONGEST_REFERENCE]
    email = request.guest if _looks_like_email(request.guest) else None
    return intake.submit_order(
        account=account_of(storefront),
        request=OrderRequest(
            sell_to_order_reference=reference,
            lines=tuple(dataclasses.replace(one, sell_to_email=email) for one in request.lines),
            sell_to_email=email,
            payment_reference=payment,
        ),
        now=now,
        received=received,
    )


def _reference_of(storefront: Storefront, external_id: str | None) -> str:
    """Return the order's reference: the seller's own where it fits, else its beginning and a hash."""
    if external_id is None:
        return f"{storefront.dialect}-{letters(12)}"
    if len(external_id) <= _LONGEST_REFERENCE:
        return external_id
    hashed = hashlib.sha256(external_id.encode()).hexdigest()[:_HASH_KEPT]
    return f"{external_id[: _LONGEST_REFERENCE - _HASH_KEPT - 1]}~{hashed}"


def _looks_like_email(identity: str) -> bool:
    try:
        EmailValidator()(identity)
    except ValidationError:
        return False
    return len(identity) <= _LONGEST_EMAIL
