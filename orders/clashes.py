"""Broken constraints, told as the refusals they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from channel_manager.lib.errors import ErrorCode, Fault, InvalidRequest, Refusal
from orders import reading
from orders.models import Order
from orders.requests import LineRequest
from partners.models import Partner
from wallets.models import Wallet


class DuplicateOrder(Refusal):
    """The partner has an order with this reference already."""

    code = ErrorCode.DUPLICATE_ORDER


class ExternalReferenceTaken(InvalidRequest):
    """A number that the guest would show is on a living wallet of the venue."""


@contextmanager
def clashes_explained(
    *, partner: Partner, reference: str, lines: Sequence[LineRequest]
) -> Iterator[None]:
    """Run a block in a transaction; raise DuplicateOrder or ExternalReferenceTaken for a clash.

    The database decides who was first. Looking beforehand would cost statements on every order and
    still lose the race.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as clash:
        match getattr(getattr(clash.__cause__, "diag", None), "constraint_name", None):
            case "order_reference_once_per_partner":
                raise _duplicate(partner, reference) from clash
            case "external_reference_once_among_living":
                raise _taken(partner, lines) from clash
        raise


def _duplicate(partner: Partner, reference: str) -> DuplicateOrder:
    existing = Order.objects.filter(partner=partner, sell_to_order_reference=reference).first()
    # It may have been deleted since it stood in our way.
    members = reading.identify(existing) if existing else {}
    return DuplicateOrder(
        f"An order with sellToOrderReference {reference!r} exists already.", members=members
    )


def _taken(partner: Partner, lines: Sequence[LineRequest]) -> ExternalReferenceTaken:
    wanted = {
        number: f"/items/{index}/wallet/externalReferenceNumbers/{position}"
        for index, line in enumerate(lines)
        for position, number in enumerate(line.external_reference_numbers or ())
    }
    taken = set(
        Wallet.objects.living()
        .filter(venue=partner.venue_id, external_reference_number__in=wanted)
        .values_list("external_reference_number", flat=True)
    )
    return ExternalReferenceTaken(
        [
            Fault(
                pointer,
                ErrorCode.EXTERNAL_REFERENCE_TAKEN,
                f"{number} is on another wallet of this venue.",
            )
            for number, pointer in wanted.items()
            # Empty when the other order vanished in the meantime: then all of them are suspect.
            if number in taken or not taken
        ]
    )
