"""Finding orders by whatever number or name somebody at the order desk has in hand."""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils import timezone

from orders.models import Order
from orders.search_parts import EVERYTHING, Texts, find_by_part
from partners.models import Partner
from wallets.models import Asset, Wallet, WalletStatus
from wallets.numbers import read_number

# More orders than anybody looks through; whoever meets the limit types more.
MOST = 500
_SHORTEST_PART = 3
_DIGITS = 7
# Numbers of ours and ids are found whole: nothing else begins with them.
_WHOLE = re.compile(r"[A-Z][A-Z0-9]*-?\d{7,}|[WTC][0-9A-Z]{15}|[0-9A-F-]{32,36}")
_LAST_CHARACTER = "\U0010ffff"

CUT = f"More than {MOST} orders match; only the newest are listed. Type more of what you look for."
NOT_ALL = (
    "Only orders with this number, or that begin with it, are listed. Type * before it for all."
)
TOO_COMMON = "Too many orders match: only the newest were looked through. Type more of it."
NUMBERS_ONLY = "You may look for numbers; names and e-mail addresses are not searched for you."
TOO_SHORT = f"Type at least {_SHORTEST_PART} letters or digits in a row, or a whole number."


@dataclasses.dataclass(frozen=True)
class Found:
    """The orders that a text finds, and what to tell who typed it: why there may be others."""

    orders: QuerySet[Order]
    advice: str = ""


def find_orders(orders: QuerySet[Order], text: str, texts: Texts = EVERYTHING) -> Found:
    """Find orders by an exact number, else by the start of one, else by any part of what they say.

    Exact: either order reference, the ids of order, wallet and asset, wallet, external and asset
    numbers. Start: either reference, wallet and asset numbers; for texts with a digit, so that no
    reference hides a name. Part: each word, in any case, somewhere in the references, the payment
    reference, names and e-mail addresses of an order, or in the guests and external numbers of a
    line, as far as `texts` go; a text with * before it is looked for as a part only. Every
    statement is served by an index and bounded.
    """
    typed = " ".join(text.split())
    if not typed:
        return Found(orders)
    if not typed.startswith("*"):
        found = _by_number(orders, typed)
        if found:
            return found
    return _by_part(orders, typed.removeprefix("*"), texts)


def _by_number(orders: QuerySet[Order], typed: str) -> Found | None:
    known = _Known.read()
    ids = _by_exact_number(known, typed)
    if not ids and len(typed) >= _SHORTEST_PART and re.search(r"\d", typed):
        ids = _by_start_of_number(known, typed)
    hits = orders.filter(pk__in=ids[:MOST])
    # What a filter leaves out, tests to begin with, must not hide what it keeps.
    if not ids or not hits.exists():
        return None
    is_whole = _WHOLE.fullmatch(typed.upper())
    return Found(hits, CUT if len(ids) > MOST else "" if is_whole else NOT_ALL)


def _by_part(orders: QuerySet[Order], typed: str, texts: Texts) -> Found:
    # A trigram index has nothing for a text without three of these in a row.
    if not re.search(rf"[^\W_]{{{_SHORTEST_PART}}}", typed):
        return Found(orders.none(), TOO_SHORT)
    found = find_by_part(orders, typed.split(), texts, most=MOST)
    told = "" if texts is EVERYTHING else NUMBERS_ONLY
    advice = CUT if found.is_cut else told if found.is_complete else TOO_COMMON
    return Found(orders.filter(pk__in=found.ids), advice)


def orders_with_number(typed: str) -> list[uuid.UUID]:
    """Return the orders that have a whole number, in any case; two statements.

    Either reference, the ids of order, wallet and asset, wallet, external and asset numbers.
    """
    return _by_exact_number(_Known.read(), " ".join(typed.split()))


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


@dataclasses.dataclass(frozen=True)
class _Known:
    """What the unique indexes of numbers begin with, so that they serve."""

    venues: dict[uuid.UUID, str]
    partners: list[uuid.UUID]

    @classmethod
    def read(cls) -> _Known:
        rows = Partner.objects.values_list("pk", "venue", "venue__reference_prefix").order_by()
        partners = list(rows)
        return cls(
            venues={venue: prefix for _, venue, prefix in partners},
            partners=[partner for partner, _, _ in partners],
        )


def _by_exact_number(known: _Known, typed: str) -> list[uuid.UUID]:
    number = read_number(typed)
    variants = {typed, typed.upper(), typed.lower(), number}
    ours = document_numbers(typed, known.venues.values())
    orders = [
        Order.objects.filter(buy_from_order_reference__in=ours),
        Order.objects.filter(partner__in=known.partners, sell_to_order_reference__in=variants),
    ]
    of_venues = Wallet.objects.filter(venue__in=known.venues)
    external = of_venues.filter(external_reference_number__in=variants)
    wallets = [
        of_venues.filter(reference_number=number),
        external.living(),
        external.filter(status=WalletStatus.DESTROYED),
    ]
    assets = [
        Asset.objects.filter(venue__in=known.venues, reference_number__in={number, typed}),
        Asset.objects.filter(outside_tickets__number=typed),
    ]
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


def _by_start_of_number(known: _Known, typed: str) -> list[uuid.UUID]:
    """Look for numbers that begin like this, the newest of ours first."""
    ours = Order.objects.filter(**_beginning("buy_from_order_reference", typed.upper()))
    number = read_number(typed)
    found = [
        ours.order_by("-buy_from_order_reference").values_list("pk"),
        *(
            Order.objects.filter(
                partner__in=known.partners, **_beginning("sell_to_order_reference", start)
            )
            .order_by()
            .values_list("pk")
            for start in {typed, typed.upper()}
        ),
        *(
            rows.filter(venue__in=known.venues, **_beginning("reference_number", number))
            .order_by()
            .values_list(order)
            for rows, order in ((Wallet.objects, "order"), (Asset.objects, "wallet__order"))
        ),
    ]
    first, *others = [rows[: MOST + 1] for rows in found]
    return list(dict.fromkeys(row[0] for row in first.union(*others, all=True)))


def _beginning(column: str, start: str) -> dict[str, str]:
    """Return a filter that a plain index serves: by its order it knows a range, not a LIKE."""
    return {
        f"{column}__gte": start,
        f"{column}__lt": start + _LAST_CHARACTER,
        f"{column}__startswith": start,
    }


def _as_uuid(typed: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(typed)
    except ValueError:
        return None
