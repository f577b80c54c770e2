"""Dating by admission: what was sold counts on the day of its first guest, once that is over."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from orders import reissuing, wallet_cancellation
from orders.finance import admission_dates
from orders.finance.admission_dates import date_admitted
from orders.models import LedgerEntry, Order
from tests.conftest import ApiClient
from tests.finance.agreed import agree, close, posted
from tests.gate.conftest import ON_THE_DAY, Gate, asset_of
from tests.orders.expected import VISIT, Clock, line, settle
from tests.orders.racing import at_once
from wallets.devices import create_device
from wallets.models import Asset, Wallet

Issue = Callable[[str], Order]
NEXT_DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def clock(db: None, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make time stand still, three days before the visit."""
    standing = Clock()
    monkeypatch.setattr(timezone, "now", standing)
    return standing


@pytest.fixture
def gate(api: ApiClient) -> Gate:
    """The main entrance."""
    venue = api.partner.venue
    return Gate(*create_device(venue=venue, name="Main entrance", admits_every_item=True))


@pytest.fixture
def sold(api: ApiClient, issue: Issue, clock: Clock) -> Callable[..., Order]:
    """Sell by admission, then go to the morning of the visit."""
    agree(api.partner, date_basis="admitted")

    def sell(*items: Any, **members: Any) -> Order:
        settled = settle(api, issue, *(items or (line(),)), **members)
        clock.now = ON_THE_DAY
        return Order.objects.get(pk=settled["orderId"])

    return sell


def test_a_line_counts_as_a_whole_on_the_day_of_its_first_admission(
    sold: Callable[..., Order], gate: Gate, clock: Clock
) -> None:
    order = sold(line(quantity=3), line("GROUP", quantity=10))
    assert gate.scan(asset_of(order, "DAY-ENTRY").reference_number)["admitted"]
    assert date_admitted(now=clock.forward(days=1)) == 1
    assert posted() == [
        ("sale", 3, "103.5", "20.7", VISIT),
        ("sale", 10, "270", "54", "None"),
    ]
    assert date_admitted(now=clock.forward(days=1)) == 0


def test_nothing_is_dated_before_the_day_is_over_on_the_venues_clock(
    sold: Callable[..., Order], gate: Gate, clock: Clock
) -> None:
    gate.scan(asset_of(sold()).reference_number)
    # 23:59 and 00:00 in Amsterdam.
    clock.now = datetime.datetime.fromisoformat(f"{VISIT}T22:59:59+00:00")
    assert date_admitted(now=clock()) == 0
    assert date_admitted(now=clock.forward(seconds=1)) == 1


def test_an_admission_that_was_undone_has_not_happened(
    sold: Callable[..., Order], gate: Gate, clock: Clock
) -> None:
    first, second = Asset.objects.filter(wallet__order=sold(line(quantity=2)))
    gate.undo(gate.scan(first.reference_number)["admissionId"])
    assert date_admitted(now=clock() + NEXT_DAY) == 0
    gate.scan(second.reference_number)
    assert date_admitted(now=clock() + NEXT_DAY) == 1


def test_an_admission_that_may_still_be_undone_waits(
    sold: Callable[..., Order], gate: Gate, clock: Clock, settings: Any
) -> None:
    settings.GATE_UNDO_SECONDS = 16 * 3600
    gate.scan(asset_of(sold()).reference_number)
    assert date_admitted(now=clock() + datetime.timedelta(hours=15, minutes=59)) == 0
    assert date_admitted(now=clock() + datetime.timedelta(hours=16)) == 1


def test_a_scan_that_was_refused_dates_nothing(
    sold: Callable[..., Order], gate: Gate, clock: Clock
) -> None:
    order = sold(line(visit_date="2026-11-25"))
    assert not gate.scan(asset_of(order).reference_number)["admitted"]
    assert date_admitted(now=clock() + NEXT_DAY) == 0


def test_a_ticket_that_was_replaced_after_its_admission_counts_on_that_day(
    sold: Callable[..., Order], gate: Gate, clock: Clock
) -> None:
    order = sold(line("GROUP", quantity=5))
    asset = asset_of(order)
    gate.scan(asset.reference_number, quantity=2)
    reissuing.reissue_asset(
        orders=Order.objects.all(),
        order_id=order.pk,
        asset_id=asset.pk,
        actor="staff:1",
        now=clock.forward(minutes=10),
        reason="Lost",
    )
    assert date_admitted(now=clock() + NEXT_DAY) == 1


def test_a_wallet_taken_back_before_the_first_admission_is_dated_with_its_sale(
    sold: Callable[..., Order], gate: Gate, clock: Clock
) -> None:
    order = sold(line(quantity=3))
    cancel_last_wallet(order)
    assert [day for *_, day in posted()] == ["None", "None"]
    gate.scan(first_ticket(order))
    assert date_admitted(now=clock() + NEXT_DAY) == 2
    assert [day for *_, day in posted()] == [VISIT, VISIT]


def test_a_wallet_taken_back_later_counts_on_the_lines_day(
    sold: Callable[..., Order], gate: Gate, clock: Clock
) -> None:
    order = sold(line(quantity=3))
    gate.scan(first_ticket(order))
    date_admitted(now=clock() + NEXT_DAY)
    cancel_last_wallet(order)
    assert posted() == [
        ("sale", 3, "103.5", "20.7", VISIT),
        ("reversal", -1, "-34.5", "-6.9", VISIT),
    ]


def test_an_order_cancelled_before_anybody_came_never_counts(
    api: ApiClient, sold: Callable[..., Order], clock: Clock
) -> None:
    api.delete(str(sold(line(visit_date="2026-11-25")).pk))
    assert date_admitted(now=clock() + NEXT_DAY) == 0
    assert [(kind, day) for kind, *_, day in posted()] == [("sale", "None"), ("reversal", "None")]


def test_a_reversal_posted_while_its_sale_was_being_dated_follows_in_the_next_run(
    sold: Callable[..., Order], gate: Gate, clock: Clock
) -> None:
    order = sold(line(quantity=2))
    gate.scan(first_ticket(order))
    cancel_last_wallet(order)
    # As it stands when the sale was dated between its being read and the reversal.
    LedgerEntry.objects.filter(kind="sale").update(
        accounting_date=datetime.date.fromisoformat(VISIT)
    )
    assert date_admitted(now=clock() + NEXT_DAY) == 1
    assert [day for *_, day in posted()] == [VISIT, VISIT]


def test_an_admission_in_a_closed_period_counts_on_the_next_open_day(
    api: ApiClient, sold: Callable[..., Order], gate: Gate, clock: Clock
) -> None:
    gate.scan(asset_of(sold()).reference_number)
    november = close(api.partner, "2026-11-01", "2026-11-30", now=clock())
    date_admitted(now=clock() + NEXT_DAY)
    entry = LedgerEntry.objects.get()
    assert (str(entry.accounting_date), entry.corrects) == ("2026-12-01", november)


def test_many_are_dated_batch_by_batch(
    sold: Callable[..., Order], gate: Gate, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission_dates, "_AT_ONCE", 2)
    order = sold(*(line() for _ in range(5)))
    for asset in Asset.objects.filter(wallet__order=order):
        gate.scan(asset.reference_number)
    assert date_admitted(now=clock() + NEXT_DAY) == 5


@pytest.mark.django_db(transaction=True)
def test_two_that_run_at_once_date_each_entry_once(
    api: ApiClient, sold: Callable[..., Order], gate: Gate, clock: Clock
) -> None:
    order = sold(*(line() for _ in range(20)))
    for asset in Asset.objects.filter(wallet__order=order):
        gate.scan(asset.reference_number)
    found: list[int] = []
    then = clock() + NEXT_DAY
    at_once(*[lambda: found.append(date_admitted(now=then))] * 4)
    assert sum(found) == 20
    assert {(gross, day) for _, _, gross, _, day in posted()} == {("34.5", VISIT)}
    assert sum(entry.commission for entry in LedgerEntry.objects.all()) == Decimal("138.000")


def first_ticket(order: Order) -> str:
    """Return the number of the first guest's ticket."""
    return str(Asset.objects.get(wallet__order=order, wallet__seq_no=1).reference_number)


def cancel_last_wallet(order: Order) -> None:
    wallet = Wallet.objects.filter(order=order).latest("seq_no")
    wallet_cancellation.cancel_wallets(
        orders=Order.objects.all(),
        order_id=order.pk,
        wallet_ids=[uuid.UUID(str(wallet.pk))],
        actor="staff:1",
        now=timezone.now(),
        reason="One is ill",
    )
