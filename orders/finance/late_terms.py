"""Applying a contract to what was sold before it was agreed on: the commission is posted later."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from django.db import transaction
from django.db.models import DecimalField, Exists, ExpressionWrapper, F, OuterRef, QuerySet
from django.db.models.functions import Abs

from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.errors import NotFound
from channel_manager.lib.money import rounded, smallest_unit
from orders.ledger import late_commission, share_of
from orders.models import LedgerEntry, LedgerKind, Order, Period, PeriodStatus
from partners.models import Contract, Terms

EVENT = "contract_applied"
# One press of a button applies it to so many sales at most.
AT_ONCE = 2000
_A_DAY = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class LateTerms:
    """What applying a contract posts: adjustments, and how many sales are left for another time."""

    entries: Sequence[LedgerEntry]
    left: int

    @property
    def sales(self) -> int:
        """Return how many sales get terms."""
        return len({entry.line_id for entry in self.entries})

    @property
    def commission(self) -> Decimal:
        """Return what is posted in all, in the contract's currency."""
        return sum((entry.commission for entry in self.entries), Decimal(0))


def preview(*, contract: Contract, now: datetime.datetime) -> LateTerms:
    """Return what applying a contract would post as things stand; its venue must be at hand."""
    return _work_out(contract, now)


def is_anything_without(contract: Contract) -> bool:
    """Tell whether something was sold without terms on days that a contract covers."""
    return _sales_without(contract).exists()


def apply_to_earlier(*, contract_id: uuid.UUID, actor: str, now: datetime.datetime) -> LateTerms:
    """Post the commission on what was sold without terms on days that a contract covers.

    An adjustment for each entry, on its day, naming its order; nothing in closed periods, and
    nothing twice: who comes second finds nothing left. Raises NotFound.
    """
    with transaction.atomic():
        contracts = Contract.objects.filter(pk=contract_id).select_related("partner__venue")
        locked = runner.lock(contracts.defer("partner__venue__logo"))
        if not locked:
            raise NotFound("This contract was removed meanwhile.")
        contract = locked[0]
        found = _work_out(contract, now, is_locking=True)
        LedgerEntry.objects.bulk_create(found.entries, batch_size=500)
        if found.entries:
            runner.note(
                contract.partner,
                change=Change(
                    name=EVENT,
                    actor=actor,
                    now=now,
                    data={
                        "version": contract.version,
                        "sales": found.sales,
                        "commission": f"{rounded(found.commission, contract.currency)} {contract.currency}",
                    },
                ),
            )
        return found


def _work_out(contract: Contract, now: datetime.datetime, *, is_locking: bool = False) -> LateTerms:
    without = _sales_without(contract)
    sales = list(without.order_by("id")[: AT_ONCE + 1])
    left = without.count() - AT_ONCE if len(sales) > AT_ONCE else 0
    sales = sales[:AT_ONCE]
    if is_locking:
        # Whoever cancels locks the order first, too: nothing is taken back between.
        runner.lock(Order.objects.filter(pk__in={sale.order_id for sale in sales}))
    reversals: dict[int, list[LedgerEntry]] = defaultdict(list)
    rows = LedgerEntry.objects.filter(reverses__in=[sale.pk for sale in sales])
    for entry in rows.order_by("id"):
        if entry.reverses_id:
            reversals[entry.reverses_id].append(entry)
    entries = [
        entry for sale in sales for entry in _adjustments(contract, sale, reversals[sale.pk], now)
    ]
    return LateTerms(entries, left)


def _sales_without(contract: Contract) -> QuerySet[LedgerEntry]:
    """Return the sales that a contract covers now, have no terms, and are in no closed period.

    Only those that something comes to: the others would be found again each time, before the rest.
    """
    zone = contract.partner.venue.zone
    first = datetime.datetime.combine(contract.valid_from, datetime.time(), zone)
    closed = Period.objects.filter(
        partner=OuterRef("partner"),
        status=PeriodStatus.CLOSED,
        first_day__lte=OuterRef("accounting_date"),
        last_day__gte=OuterRef("accounting_date"),
    )
    applied = LedgerEntry.objects.with_late_terms().filter(line=OuterRef("line"))
    sales = _commissioned(contract).filter(
        ~Exists(closed.order_by()),
        ~Exists(applied.order_by()),
        partner=contract.partner_id,
        currency=contract.currency,
        kind=LedgerKind.SALE,
        contract=None,
        posted_at__gte=first,
        order__received_at__gte=first,
    )
    if contract.valid_until is None:
        return sales
    end = datetime.datetime.combine(contract.valid_until + _A_DAY, datetime.time(), zone)
    return sales.filter(order__received_at__lt=end)


def _commissioned(contract: Contract) -> QuerySet[LedgerEntry]:
    """Return the entries on which a contract's commission does not round to nothing."""
    share = contract.percent / 100
    each = {
        Terms.COMMISSION_OF_GROSS: F("gross") * share,
        Terms.COMMISSION_OF_EXCL_VAT: F("excl_vat") * share,
        Terms.FEE_PER_UNIT: F("quantity") * contract.fee,
    }
    terms = Terms(contract.terms)
    if terms not in each:
        return LedgerEntry.objects.none()
    commission = ExpressionWrapper(each[terms], output_field=DecimalField())
    # Rounding is half away from zero, as Contract.commission_on does it.
    least = smallest_unit(contract.currency) / 2
    return LedgerEntry.objects.alias(exact=Abs(commission)).filter(exact__gte=least)


def _adjustments(
    contract: Contract, sale: LedgerEntry, reversals: Iterable[LedgerEntry], now: datetime.datetime
) -> Iterator[LedgerEntry]:
    """Go through the commission on a sale, and what of it was taken back since, entry by entry."""
    reason = f"Terms of version {contract.version} applied"
    left = contract.commission_on(gross=sale.gross, excl_vat=sale.excl_vat, units=sale.quantity)
    units = sale.quantity
    if not left:
        return
    yield late_commission(sale, contract.pk, left, day=sale, reason=reason, now=now)
    for entry in reversals:
        part = share_of(left, -entry.quantity, units, sale.currency)
        left, units = left - part, units + entry.quantity
        if part:
            yield late_commission(sale, contract.pk, -part, day=entry, reason=reason, now=now)
