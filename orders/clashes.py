"""Broken constraints, told as the refusals they stand for."""

from __future__ import annotations

import datetime
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from django.db import IntegrityError, connection, transaction

from channel_manager.lib.database import broken_constraint
from channel_manager.lib.errors import ErrorCode, Fault, InvalidRequest, Refusal
from orders import reading
from orders.models import Order
from orders.places import LOST, PlacesLost
from orders.planning import NoRoom
from orders.requests import LineRequest
from orders.shortages import explain
from partners.account import Account
from partners.models import Partner
from wallets.models import Wallet


class DuplicateOrder(Refusal):
    """The partner has an order with this reference already."""

    code = ErrorCode.DUPLICATE_ORDER


class ExternalReferenceTaken(InvalidRequest):
    """A number that the guest would show is on a living wallet of the venue."""


# Distinguishes our advisory locks from other ones in the same database.
_LOCK_CLASS = 0x6E75
# Few, so that an order of a thousand numbers does not fill the server's lock table.
_TURNSTILES = 64


def take_turns(*, partner: Partner, numbers: Iterable[str]) -> None:
    """Wait for other orders that take or give up the same guests' numbers, until they commit.

    Within the open transaction, after the order's lock and before its wallets'. Without it two
    orders that exchange their numbers would each wait for what the other gives up: a deadlock.
    """
    wanted = [f"{partner.venue_id}/{number}" for number in numbers]
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, turnstile) FROM ("
            " SELECT DISTINCT hashtext(number) & %s AS turnstile FROM unnest(%s::text[]) AS number"
            " ORDER BY turnstile OFFSET 0) AS wanted",
            [_LOCK_CLASS, _TURNSTILES - 1, wanted],
        )


@contextmanager
def clashes_explained(
    *, account: Account, reference: str, lines: Sequence[LineRequest]
) -> Iterator[None]:
    """Run a block in a transaction; raise DuplicateOrder, ExternalReferenceTaken or PlacesLost.

    The database decides who was first. Looking beforehand would cost statements on every order and
    still lose the race.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as clash:
        match broken_constraint(clash):
            case "order_reference_once_per_partner":
                raise _duplicate(_find(account, reference), reference) from clash
            case "external_reference_once_among_living":
                wanted = _wanted(lines)
                # None when the other order vanished in the meantime: then all are suspect.
                taken = _taken(account, wanted) or wanted
                raise ExternalReferenceTaken(_faults(wanted, taken)) from clash
            case name if name in LOST:
                raise PlacesLost from clash
        raise


@contextmanager
def faults_completed(
    *,
    account: Account,
    lines: Sequence[LineRequest],
    now: datetime.datetime,
    new_reference: str | None = None,
    replaced: Order | None = None,
) -> Iterator[None]:
    """Run a block that plans; tell what it refuses with the clashes that the order has besides.

    A partner is to hear all faults at once, and of a repeated order that it is there already,
    whatever could be said against it today. Only a refused order pays for looking.
    """
    try:
        yield
    except (Refusal, NoRoom) as refusal:
        if new_reference is not None and (existing := _find(account, new_reference)):
            raise _duplicate(existing, new_reference) from refusal
        wanted = _wanted(lines)
        taken = _faults(wanted, _taken(account, wanted, replaced))
        if isinstance(refusal, InvalidRequest):
            raise InvalidRequest([*refusal.faults, *taken]) from refusal
        if isinstance(refusal, Refusal):
            raise
        if taken:
            raise ExternalReferenceTaken(taken) from refusal
        raise explain(refusal, partner=account.partner, now=now) from refusal


def _find(account: Account, reference: str) -> Order | None:
    return Order.objects.of(account).filter(sell_to_order_reference=reference).first()


def _duplicate(existing: Order | None, reference: str) -> DuplicateOrder:
    # It may have been deleted since it stood in our way.
    members = reading.identify(existing) if existing else {}
    return DuplicateOrder(
        f"An order with sellToOrderReference {reference!r} exists already.", members=members
    )


def _wanted(lines: Sequence[LineRequest]) -> dict[str, str]:
    """Return the pointer of every external reference number."""
    return {
        number: f"/items/{index}/wallet/externalReferenceNumbers/{position}"
        for index, line in enumerate(lines)
        for position, number in enumerate(line.external_reference_numbers or ())
    }


def find_taken(account: Account, lines: Sequence[LineRequest]) -> set[str]:
    """Return the external reference numbers of lines that stand on living wallets: one statement."""
    wanted = _wanted(lines)
    return {number for number in _taken(account, wanted) if number} if wanted else set()


def faults_of(lines: Sequence[LineRequest], taken: Container[str | None]) -> list[Fault]:
    """Return a fault for each external reference number of an order's lines that is taken."""
    return _faults(_wanted(lines), taken)


def _taken(
    account: Account, wanted: Iterable[str], replaced: Order | None = None
) -> set[str | None]:
    """Return the numbers that stand on living wallets, but for the order's that is replaced."""
    living = Wallet.objects.living().in_mode_of(account)
    if replaced is not None:
        living = living.exclude(order=replaced)
    found = living.filter(external_reference_number__in=wanted)
    return set(found.values_list("external_reference_number", flat=True))


def _faults(wanted: Mapping[str, str], taken: Container[str | None]) -> list[Fault]:
    return [
        Fault(
            pointer,
            ErrorCode.EXTERNAL_REFERENCE_TAKEN,
            f"{number} is on another wallet of this venue.",
        )
        for number, pointer in wanted.items()
        if number in taken
    ]
