"""Finding orders by whatever number or name somebody at the order desk has in hand."""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.utils import timezone

from orders.models import Order
from partners.models import Partner, Venue
from wallets.models import Asset, Wallet
from wallets.numbers import read_number

# More orders than anybody looks through; whoever meets the limit types more of the number.
MOST = 500
_SHORTEST_PREFIX = 3
_DIGITS = 7


@dataclasses.dataclass(frozen=True)
class Found:
    """The orders that a text finds, newest first; `is_cut` when there are more of them."""

    orders: QuerySet[Order]
    is_cut: bool = False


def find_orders(orders: QuerySet[Order], text: str) -> Found:
    """Find orders by an exact number, else by the start of a reference, else by a guest.

    Exact: either order reference, the ids of order, wallet and asset, wallet, external and asset
    numbers. Every lookup is served by an index; only a text that is none of these is looked for in
    payment references, names and e-mail addresses, which reads the table.
    """
    typed = " ".join(text.split())
    if not typed:
        return Found(orders)
    ids = _by_exact_number(typed) or _by_start_of_reference(typed)
    if ids:
        return Found(orders.filter(pk__in=ids[:MOST]), is_cut=len(ids) > MOST)
    return Found(orders.filter(_by_anything_else(typed)))


def document_numbers(typed: str, prefixes: Iterable[str]) -> set[str]:
    """Return the document numbers that a text may mean: `cm26 42` is CM26-0000042.

    Digits alone are the end of a number of this year or the last one.
    """
    numbers = {typed.upper()}
    compact = read_number(typed)
    parted = re.fullmatch(r"([A-Z][A-Z0-9]*)[\s‐-―-]+(\d{1,9})", typed.upper())
    if parted:
        numbers.add(f"{parted[1]}-{parted[2].zfill(_DIGITS)}")
    elif compact.isdecimal() and len(compact) <= _DIGITS:
        years = [(timezone.now().year - age) % 100 for age in (0, 1)]
        numbers |= {
            f"{prefix}{year:02d}-{compact.zfill(_DIGITS)}" for prefix in prefixes for year in years
        }
    elif compact[-_DIGITS:].isdecimal():
        numbers.add(f"{compact[:-_DIGITS]}-{compact[-_DIGITS:]}")
    return numbers


def _by_exact_number(typed: str) -> list[uuid.UUID]:
    venues = dict(Venue.objects.values_list("pk", "reference_prefix").order_by())
    partners = list(Partner.objects.values_list("pk", flat=True).order_by())
    number = read_number(typed)
    variants = {typed, typed.upper(), number}
    orders = [
        Order.objects.filter(buy_from_order_reference__in=document_numbers(typed, venues.values())),
        Order.objects.filter(partner__in=partners, sell_to_order_reference__in=variants),
    ]
    wallets = [
        Wallet.objects.filter(venue__in=venues, reference_number=number),
        Wallet.objects.living().filter(venue__in=venues, external_reference_number__in=variants),
    ]
    assets = [Asset.objects.filter(venue__in=venues, reference_number=number)]
    row_id = _as_uuid(typed)
    if row_id:
        orders.append(Order.objects.filter(pk=row_id))
        wallets.append(Wallet.objects.filter(pk=row_id))
        assets.append(Asset.objects.filter(pk=row_id))
    found = [
        *(rows.order_by().values_list("pk") for rows in orders),
        *(rows.order_by().values_list("order") for rows in wallets),
        *(rows.order_by().values_list("wallet__order") for rows in assets),
    ]
    return [row[0] for row in found[0].union(*found[1:])[: MOST + 1]]


def _by_start_of_reference(typed: str) -> list[uuid.UUID]:
    """Look for references that begin like this, newest numbers first."""
    if len(typed) < _SHORTEST_PREFIX:
        return []
    ours = Order.objects.filter(buy_from_order_reference__startswith=typed.upper())
    # The range lets the (partner, reference) index serve what LIKE cannot in most collations.
    theirs = Order.objects.filter(
        partner__in=list(Partner.objects.values_list("pk", flat=True).order_by()),
        sell_to_order_reference__gte=typed,
        sell_to_order_reference__lt=typed + "\U0010ffff",
        sell_to_order_reference__startswith=typed,
    )
    ids = [
        *ours.order_by("-buy_from_order_reference").values_list("pk", flat=True)[: MOST + 1],
        *theirs.order_by().values_list("pk", flat=True)[: MOST + 1],
    ]
    return list(dict.fromkeys(ids))


def _by_anything_else(typed: str) -> Q:
    """Return the condition of last resort; no index serves it."""
    person = Q()
    for word in typed.split():
        person &= Q(sell_to_name__icontains=word) | Q(sell_to_email__icontains=word)
    destroyed = Wallet.objects.filter(external_reference_number=typed).values("order")
    return Q(payment_reference=typed) | Q(pk__in=destroyed) | person


def _as_uuid(typed: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(typed)
    except ValueError:
        return None
