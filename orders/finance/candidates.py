"""Orders out of a period's scope that lines of its statements name: what they are, and why not."""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from django.db import connection
from django.db.models import Min, Sum

from channel_manager.history.models import Event
from orders import tombstone
from orders.finance.lines import OurOrder, Standing
from orders.finance.matching import NORMALISED_IN_SQL
from orders.finance.positions import in_batches
from orders.models import ORDER_KIND, LedgerEntry, Order, OrderStatus, Period
from wallets.models import Asset, Wallet, WalletStatus

_OURS, _THEIRS = (
    NORMALISED_IN_SQL % {"expressions": column}
    for column in ("buy_from_order_reference", "sell_to_order_reference")
)
_ALIKE = f"""
SELECT id FROM orders_order
WHERE partner_id = %(partner)s AND NOT test_mode
    AND ({_OURS} = ANY(%(wanted)s) OR {_THEIRS} = ANY(%(wanted)s))
"""  # noqa: S608 - of names of columns


def numbers_named(period: Period, references: Collection[str]) -> dict[uuid.UUID, set[str]]:
    """Return the partner's orders whose wallets', tickets' or external numbers are among references."""
    found: dict[uuid.UUID, set[str]] = defaultdict(set)
    # The indexes of numbers begin with the venue, and destroyed wallets have one of their own.
    wallets = Wallet.objects.filter(
        venue=period.partner.venue_id,
        test_mode=False,
        order__partner=period.partner_id,
        order__test_mode=False,
    ).order_by()
    assets = Asset.objects.filter(
        venue=period.partner.venue_id,
        wallet__order__partner=period.partner_id,
        wallet__order__test_mode=False,
    ).order_by()
    by_external = ("order_id", "external_reference_number")
    for some in in_batches(references):
        external = wallets.filter(external_reference_number__in=some)
        for rows in (
            wallets.filter(reference_number__in=some).values_list("order_id", "reference_number"),
            external.living().values_list(*by_external),
            external.filter(status=WalletStatus.DESTROYED).values_list(*by_external),
            assets.filter(reference_number__in=some).values_list(
                "wallet__order_id", "reference_number"
            ),
        ):
            for key, number in rows:
                if number:
                    found[key].add(number)
    return found


def orders_named(period: Period, references: Collection[str]) -> set[uuid.UUID]:
    """Return the orders, whosever they are by our number, or the partner's by its own."""
    found: set[uuid.UUID] = set()
    for some in in_batches(references):
        ours = Order.objects.filter(buy_from_order_reference__in=some)
        theirs = Order.objects.filter(partner=period.partner_id, sell_to_order_reference__in=some)
        found.update(ours.values_list("pk", flat=True))
        found.update(theirs.values_list("pk", flat=True))
    return found


def orders_alike(period: Period, normalised: Collection[str]) -> set[uuid.UUID]:
    """Return the partner's orders one of whose two numbers is among them when normalised.

    Reads every live order of the partner: it is asked for what is found in no other way.
    """
    if not normalised:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_ALIKE, {"partner": period.partner_id, "wanted": sorted(normalised)})
        return {row[0] for row in cursor.fetchall()}


def out_of_scope(
    period: Period, keys: Collection[uuid.UUID], numbers: Mapping[uuid.UUID, set[str]]
) -> Iterator[OurOrder]:
    """Describe orders that are not of the period: of another, of another partner, not billable."""
    for some in in_batches(keys):
        money = _money(some)
        orders = Order.objects.filter(pk__in=some).only(
            "partner_id",
            "status",
            "test_mode",
            "currency",
            "buy_from_order_reference",
            "sell_to_order_reference",
        )
        for order in orders:
            standing, why = _standing(period, order, money.get(order.pk))
            yield OurOrder(
                key=str(order.pk),
                our_reference=order.buy_from_order_reference,
                their_reference=(
                    order.sell_to_order_reference if order.partner_id == period.partner_id else ""
                ),
                other_numbers=frozenset(numbers.get(order.pk, ())),
                standing=standing,
                why=why,
                is_cancelled=order.status == OrderStatus.CANCELLED,
                currency=order.currency,
            )


def removed(period: Period, references: Collection[str]) -> Iterator[OurOrder]:
    """Describe the partner's orders that were removed before they were issued, by their tombstones."""
    wanted = frozenset(references)
    events = Event.objects.filter(
        kind=ORDER_KIND,
        name=tombstone.EVENT,
        data__contains={"partnerId": str(period.partner_id)},
    )
    for event in events.order_by("pk").iterator():
        ours = event.data["buyFromOrderReference"]
        theirs = event.data["sellToOrderReference"]
        others = {
            number
            for name in (
                "walletReferenceNumbers",
                "externalReferenceNumbers",
                "assetReferenceNumbers",
            )
            for number in event.data[name]
        }
        if event.data.get("testMode") or wanted.isdisjoint({ours, theirs, *others}):
            continue
        yield OurOrder(
            key=str(event.subject_id),
            our_reference=ours,
            # The partner may have given its number to another order since.
            their_reference="",
            other_numbers=frozenset((others | {theirs}) & wanted),
            standing=Standing.NOT_BILLABLE,
            why=f"was removed on {event.at:%-d %b %Y} before it was ever issued",
            currency=period.partner.venue.currency,
        )


def _money(keys: Iterable[uuid.UUID]) -> dict[uuid.UUID, datetime.date | None]:
    """Return the first day on which each posted order counts; None while it does not count yet."""
    sums = LedgerEntry.objects.filter(order__in=list(keys)).values("order_id")
    days = sums.annotate(day=Min("accounting_date"), gross=Sum("gross")).order_by()
    return {one["order_id"]: one["day"] for one in days}


def _standing(period: Period, order: Order, day: datetime.date | None) -> tuple[Standing, str]:
    if order.partner_id != period.partner_id:
        return Standing.OTHER_PARTNER, ""
    if order.test_mode:
        return Standing.NOT_BILLABLE, "is a test order"
    if day is not None:
        return Standing.OTHER_PERIOD, f"counts on {day:%-d %b %Y}"
    match order.status:
        case OrderStatus.DRAFT:
            why = "is a draft that was never confirmed"
        case OrderStatus.ERROR:
            why = "is in Error and was never issued"
        case OrderStatus.CANCELLED:
            why = "was cancelled before anybody was admitted"
        case OrderStatus.ISSUED:
            why = "does not count before its first guest is admitted"
        case _:
            why = "is still being issued"
    return Standing.NOT_BILLABLE, why
