"""Terms on the ledger: the commission of every entry, the version it follows from, and its day."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from orders import wallet_cancellation
from orders.models import LedgerEntry, LedgerKind, Order
from partners.keys import create_key
from partners.models import Contract, Partner
from tests.conftest import ApiClient
from tests.factories import PartnerFactory, VenueFactory, sellable_package
from tests.finance.agreed import agree, close, posted
from tests.orders.expected import NOON, VISIT, Clock, line, settle

Issue = Callable[[str], Order]
TODAY = "2026-11-20"


@pytest.fixture(autouse=True)
def clock(db: None, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make time stand still at NOON."""
    standing = Clock()
    monkeypatch.setattr(timezone, "now", standing)
    return standing


def test_commission_is_a_percentage_of_gross(
    api: ApiClient, issue: Issue, partner: Partner
) -> None:
    agree(partner, percent=Decimal("12.5"))
    settle(api, issue, line(quantity=3))
    assert posted() == [("sale", 3, "103.5", "12.94", TODAY)]  # 12.9375


def test_commission_is_a_percentage_of_gross_without_vat(
    api: ApiClient, issue: Issue, partner: Partner
) -> None:
    agree(partner, "commission_of_excl_vat")
    settle(api, issue, line("BUNDLE", quantity=2))
    entry = LedgerEntry.objects.get()
    assert entry.excl_vat == Decimal("89.92")  # 2 x (22.48 + 18.35 + 4.13)
    assert (entry.commission, entry.net) == (Decimal("17.98"), Decimal("81.02"))


def test_commission_is_a_fee_for_every_guest_of_a_group_too(
    api: ApiClient, issue: Issue, partner: Partner
) -> None:
    agree(partner, "fee_per_unit", fee=Decimal("1.75"))
    settle(api, issue, line(quantity=2), line("GROUP", quantity=15))
    assert posted() == [("sale", 2, "69", "3.5", TODAY), ("sale", 15, "405", "26.25", TODAY)]


def test_a_net_rate_has_no_commission(api: ApiClient, issue: Issue, partner: Partner) -> None:
    contract = agree(partner, "net_rate")
    settle(api, issue)
    assert posted() == [("sale", 1, "34.5", "0", TODAY)]
    assert LedgerEntry.objects.get().contract == contract


@pytest.mark.parametrize(
    ("currency", "price", "expected"),
    [
        ("JPY", "3450", ("10350", "1294")),  # 1293.75
        ("KWD", "3.455", ("10.365", "1.296")),  # 1.295625
    ],
)
def test_commission_is_rounded_to_what_the_currency_has(
    issue: Issue, currency: str, price: str, expected: tuple[str, str]
) -> None:
    venue = VenueFactory.create(currency=currency)
    sellable_package(venue, "DAY", price)
    partner = PartnerFactory.create(venue=venue)
    agree(partner, percent=Decimal("12.5"))
    api = ApiClient(create_key(partner=partner)[1], partner)
    settled = settle(api, issue, line(quantity=3))
    assert posted() == [("sale", 3, *expected, TODAY)]
    for seq_no in (2, 1, 3):
        cancel_wallet(settled, seq_no)
    assert sums() == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("basis", "day"),
    [("booked", TODAY), ("visit", VISIT), ("paid", "2026-11-21"), ("admitted", "None")],
)
def test_a_sale_counts_on_the_day_of_its_contracts_basis(
    api: ApiClient, issue: Issue, partner: Partner, clock: Clock, basis: str, day: str
) -> None:
    agree(partner, date_basis=basis)
    created = api.create(line())
    # 01:00 on the 21st in Amsterdam.
    clock.forward(hours=13)
    issue(created["orderId"])
    assert posted() == [("sale", 1, "34.5", "6.9", day)]


def test_a_sale_is_booked_and_paid_on_days_of_the_venues_clock(
    api: ApiClient, issue: Issue, partner: Partner, clock: Clock
) -> None:
    agree(partner)
    clock.now = datetime.datetime(2026, 11, 20, 23, 30, tzinfo=datetime.UTC)
    settle(api, issue)
    assert posted() == [("sale", 1, "34.5", "6.9", "2026-11-21")]


def test_each_line_by_visit_counts_on_its_own_day_and_one_without_on_the_booked(
    api: ApiClient, issue: Issue, partner: Partner
) -> None:
    sellable_package(partner.venue, "ANYDAY", dating="open", validity_days=7)
    agree(partner, date_basis="visit")
    settle(api, issue, line(), line(visit_date="2026-11-25"), line("ANYDAY", visit_date=None))
    assert [day for *_, day in posted()] == [VISIT, "2026-11-25", TODAY]


def test_without_a_contract_there_is_no_commission_and_the_booked_day_counts(
    api: ApiClient, issue: Issue, partner: Partner, rival: ApiClient
) -> None:
    agree(rival.partner)
    settle(api, issue)
    assert posted() == [("sale", 1, "34.5", "0", TODAY)]
    assert LedgerEntry.objects.get().contract is None


def test_the_contract_of_the_day_of_booking_holds_and_is_named_by_its_version(
    api: ApiClient, issue: Issue, partner: Partner, clock: Clock
) -> None:
    agree(partner, percent=Decimal(10), valid_until=NOON.date())
    agree(partner, percent=Decimal(30), valid_from=NOON.date() + datetime.timedelta(days=1))
    today = api.create(line())
    clock.forward(days=1)
    settle(api, issue, sellToOrderReference="WEB-2")
    # It is issued under the second one, and was booked under the first.
    issue(today["orderId"])
    entries = LedgerEntry.objects.order_by("id").values_list("contract__version", "commission")
    assert list(entries) == [(2, Decimal("10.35")), (1, Decimal("3.45"))]


def test_a_contract_of_a_day_before_or_after_holds_for_nothing_today(
    api: ApiClient, issue: Issue, partner: Partner
) -> None:
    agree(partner, valid_until=NOON.date() - datetime.timedelta(days=1))
    agree(partner, valid_from=NOON.date() + datetime.timedelta(days=1))
    settle(api, issue)
    assert LedgerEntry.objects.get().contract is None


def test_drafts_and_test_orders_never_post(
    api: ApiClient, tester: ApiClient, issue: Issue, partner: Partner
) -> None:
    agree(partner)
    settle(api, issue, paymentReference=None)
    settle(tester, issue)
    assert posted() == []


@pytest.mark.parametrize(
    ("terms", "amounts"),
    [
        ("commission_of_gross", {"percent": Decimal("12.345")}),
        ("commission_of_excl_vat", {"percent": Decimal("33.333")}),
        ("fee_per_unit", {"fee": Decimal("0.335")}),
    ],
)
def test_wallets_taken_back_one_by_one_add_up_to_the_commission(
    api: ApiClient, issue: Issue, partner: Partner, terms: str, amounts: dict[str, Decimal]
) -> None:
    agree(partner, terms, **amounts)
    settled = settle(api, issue, line("BUNDLE", quantity=7), line(quantity=1))
    sold = sums()
    for seq_no in (4, 1, 7):
        cancel_wallet(settled, seq_no)
    assert sums() > (0, 0, 0, 0)
    assert sums()[3] < sold[3]
    response = api.delete(settled["orderId"])
    assert response.status_code < 300
    assert sums() == (0, 0, 0, 0)
    versions = set(LedgerEntry.objects.values_list("contract__version", "accounting_date"))
    assert versions == {(1, NOON.date())}


def test_a_cancelled_order_takes_back_its_commission_on_the_day_of_the_sale(
    api: ApiClient, issue: Issue, partner: Partner, clock: Clock
) -> None:
    agree(partner, date_basis="visit")
    settled = settle(api, issue)
    clock.forward(days=1)
    api.delete(settled["orderId"])
    assert posted() == [("sale", 1, "34.5", "6.9", VISIT), ("reversal", -1, "-34.5", "-6.9", VISIT)]


def test_two_contracts_of_a_partner_never_cover_one_day(partner: Partner, rival: ApiClient) -> None:
    agree(partner, valid_until=NOON.date())
    agree(rival.partner)
    with refused("contract_dates_do_not_overlap"):
        agree(partner, valid_from=NOON.date())
    assert agree(partner, valid_from=NOON.date() + datetime.timedelta(days=1)).version == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"percent": Decimal(1)},
        {"terms": "net_rate", "percent": Decimal(0)},
        {"date_basis": "visit"},
        {"valid_from": NOON.date()},
        {"billed_by": "venue"},
        {"tolerance": Decimal(1)},
        {"currency": "USD"},
        {"version": 7},
    ],
)
def test_terms_never_change(partner: Partner, changes: dict[str, Any]) -> None:
    contract = agree(partner)
    with refused("contract_terms_stay"):
        Contract.objects.filter(pk=contract.pk).update(**changes)
    Contract.objects.filter(pk=contract.pk).update(valid_until=NOON.date(), note="Ended by them")


@pytest.mark.parametrize(
    "changes",
    [
        {"commission": Decimal(0)},
        {"accounting_date": NOON.date()},
        {"accounting_date": None},
        {"contract": None},
    ],
)
def test_an_entry_that_counts_never_changes(
    api: ApiClient, issue: Issue, partner: Partner, changes: dict[str, Any]
) -> None:
    agree(partner)
    settle(api, issue)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        LedgerEntry.objects.update(**changes)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        LedgerEntry.objects.all().delete()


def test_of_an_entry_that_waits_only_its_day_is_filled_in_and_once(
    api: ApiClient, issue: Issue, partner: Partner
) -> None:
    agree(partner, date_basis="admitted")
    settle(api, issue)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        LedgerEntry.objects.update(accounting_date=NOON.date(), commission=Decimal(0))
    LedgerEntry.objects.update(accounting_date=NOON.date())
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        LedgerEntry.objects.update(accounting_date=NOON.date() + datetime.timedelta(days=1))
    assert posted() == [("sale", 1, "34.5", "6.9", TODAY)]


def test_a_day_in_a_closed_period_moves_to_the_next_open_one_and_says_so(
    api: ApiClient, issue: Issue, partner: Partner, clock: Clock
) -> None:
    agree(partner)
    settled = settle(api, issue)
    november = close(partner, "2026-11-01", "2026-11-30", now=clock())
    close(partner, "2026-12-01", "2026-12-10", now=clock())
    # Two closed periods lie between.
    api.delete(settled["orderId"])
    reversal = LedgerEntry.objects.get(kind=LedgerKind.REVERSAL)
    assert (reversal.accounting_date, reversal.corrects) == (
        datetime.date(2026, 12, 11),
        november,
    )


def test_what_is_posted_long_after_a_period_was_closed_counts_on_the_day_of_posting(
    api: ApiClient, issue: Issue, partner: Partner, clock: Clock
) -> None:
    agree(partner)
    settled = settle(api, issue, line(visit_date="2027-03-01"))
    november = close(partner, "2026-11-01", "2026-11-30", now=clock())
    clock.forward(days=60)
    api.delete(settled["orderId"])
    reversal = LedgerEntry.objects.get(kind=LedgerKind.REVERSAL)
    assert (str(reversal.accounting_date), reversal.corrects) == ("2027-01-19", november)


def test_another_partners_closed_period_and_one_in_review_move_nothing(
    api: ApiClient, issue: Issue, partner: Partner, rival: ApiClient, clock: Clock
) -> None:
    agree(partner)
    close(rival.partner, "2026-11-01", "2026-11-30", now=clock())
    ours = close(partner, "2026-11-01", "2026-11-30", now=clock())
    ours.reopen()
    ours.save()
    settle(api, issue)
    assert posted() == [("sale", 1, "34.5", "6.9", TODAY)]
    assert LedgerEntry.objects.get().corrects is None


def test_a_day_that_is_filled_in_moves_out_of_a_closed_period_too(
    api: ApiClient, issue: Issue, partner: Partner, clock: Clock
) -> None:
    agree(partner, date_basis="admitted")
    settle(api, issue)
    november = close(partner, "2026-11-01", "2026-11-30", now=clock())
    LedgerEntry.objects.update(accounting_date=datetime.date.fromisoformat(VISIT))
    entry = LedgerEntry.objects.get()
    assert (str(entry.accounting_date), entry.corrects) == ("2026-12-01", november)


def cancel_wallet(settled: dict[str, Any], seq_no: int) -> None:
    """Cancel one wallet of an order's first line."""
    wallet_cancellation.cancel_wallets(
        orders=Order.objects.all(),
        order_id=uuid.UUID(settled["orderId"]),
        wallet_ids=[uuid.UUID(settled["items"][0]["wallets"][seq_no - 1]["walletId"])],
        actor="staff:1",
        now=timezone.now(),
        reason="One is ill",
    )


def sums() -> tuple[Decimal, ...]:
    """Return what is left of quantity, gross, amount without VAT and commission."""
    entries = list(LedgerEntry.objects.all())
    return tuple(
        sum((Decimal(getattr(entry, name)) for entry in entries), Decimal(0))
        for name in ("quantity", "gross", "excl_vat", "commission")
    )


@contextmanager
def refused(constraint: str) -> Iterator[None]:
    """Expect that the database refuses the block in the name of a constraint."""
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        yield
    diag = refusal.value.__cause__.diag  # type: ignore[union-attr]
    assert diag.constraint_name == constraint, refusal.value
