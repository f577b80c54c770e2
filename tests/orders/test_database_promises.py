"""What the database refuses whatever the code does (design section 6): tried in plain SQL."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import Model

from catalog.models import Connection, Package
from orders.models import (
    Batch,
    Checkout,
    Closure,
    Export,
    Hold,
    LedgerEntry,
    Order,
    OrderEvent,
    OrderLine,
    Payment,
    Period,
    Reservation,
    SandboxPayment,
    Statement,
)
from orders.virtual_queues import Settings, open_queue
from partners.account import Account
from partners.models import Dialect, Partner, Venue, WebhookDelivery, WebhookEndpoint, WebhookEvent
from partners.numbering import next_document_number
from partners.storefronts import open_storefront
from tests.conftest import ApiClient
from tests.factories import AttractionFactory, PackageMappingFactory, PriceFactory, VenueFactory
from tests.orders.expected import NOBODY, NOON, line, settle, stored
from wallets.models import Asset, ManifestMail, OutsideOrder, OutsideTicket, Wallet

pytestmark = pytest.mark.usefixtures("clock")

Issue = Callable[[str], Order]
DAY_1, DAY_2, DAY_3 = (datetime.date(2026, 12, n) for n in (1, 2, 3))


@contextmanager
def refused(constraint: str) -> Iterator[None]:
    """Expect that the database refuses the block in the name of a constraint."""
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        yield
    diag = refusal.value.__cause__.diag  # type: ignore[union-attr]
    assert diag.constraint_name == constraint, refusal.value


def copy_of(row: Any, **changes: Any) -> Any:
    """Return a new row like another one, with fresh identities of its own."""
    twin = type(row)(
        **{
            field.attname: getattr(row, field.attname)
            for field in row._meta.concrete_fields
            if not field.primary_key and field.attname not in ("token", "reference_number")
        }
    )
    for name, value in changes.items():
        setattr(twin, name, value)
    return twin


def execute(sql: str, *params: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.rowcount


@pytest.fixture
def issued(api: ApiClient, issue: Issue) -> Order:
    """An issued order of two day tickets with numbers of the partner's."""
    numbers = {"externalReferenceNumbers": ["EXT-1", "EXT-2"]}
    settle(api, issue, line(quantity=2, wallet=numbers))
    return Order.objects.get()


def test_a_partners_reference_stands_once(issued: Order) -> None:
    with refused("order_reference_once_per_partner"):
        copy_of(issued, buy_from_order_reference="X").save()


def test_our_document_number_stands_once(issued: Order, rival: ApiClient) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        copy_of(issued, sell_to_order_reference="X", partner_id=rival.partner.pk).save()


def test_an_external_number_stands_once_among_living_wallets(issued: Order) -> None:
    first = Wallet.objects.get(external_reference_number="EXT-1")
    with refused("external_reference_once_among_living"):
        copy_of(first, seq_no=9).save()
    dead = {"status": "Destroyed", "destroyed_at": NOON, "seq_no": 9}
    Wallet.objects.bulk_create([Wallet(**{**_values(copy_of(first)), **dead})])
    with refused("external_reference_once_among_living"):
        Wallet.objects.filter(seq_no=9).update(status="Active", destroyed_at=None)


def _values(row: Model) -> dict[str, Any]:
    return {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}


@pytest.mark.usefixtures("issued")
def test_asset_numbers_and_wallet_numbers_stand_once_in_a_venue() -> None:
    first, second = Asset.objects.order_by("pk")
    with refused("asset_number_once_per_venue"):
        Asset.objects.filter(pk=first.pk).update(reference_number=second.reference_number)
    one, other = Wallet.objects.order_by("pk")
    with refused("wallet_number_once_per_venue"):
        Wallet.objects.filter(pk=one.pk).update(reference_number=other.reference_number)


@pytest.mark.usefixtures("issued")
def test_an_asset_is_minted_once() -> None:
    first = Asset.objects.order_by("pk")[0]
    with refused("asset_minted_once"):
        copy_of(first, reference_number="TANOTHERNUMBER01").save()
    copy_of(first, reference_number="TANOTHERNUMBER02", generation=2).save()
    copy_of(first, reference_number="TANOTHERNUMBER03", unit=2).save()


def test_lines_and_wallets_are_numbered_once(issued: Order) -> None:
    with refused("line_no_once_per_order"):
        copy_of(issued.lines.get()).save()
    with refused("wallet_seq_no_once_per_line"):
        copy_of(Wallet.objects.order_by("pk")[0], external_reference_number=None).save()


STATES = [
    (Order, "order_status_known"),
    (Wallet, "wallet_status_known"),
    (Asset, "asset_status_known"),
    (Partner, "partner_status_known"),
    (Package, "package_status_known"),
    (Hold, "hold_status_known"),
    (Batch, "batch_status_known"),
    (Closure, "closure_status_known"),
    (WebhookEndpoint, "webhook_endpoint_status_known"),
    (WebhookDelivery, "webhook_delivery_status_known"),
    (ManifestMail, "manifest_mail_status_known"),
    (Period, "period_status_known"),
    (Statement, "statement_status_known"),
    (Export, "export_status_known"),
    (Checkout, "checkout_status_known"),
    (Reservation, "reservation_status_known"),
    (Payment, "payment_status_known"),
    (SandboxPayment, "sandbox_status_known"),
    (OutsideOrder, "outside_order_status_known"),
    (OutsideTicket, "outside_ticket_status_known"),
]


@pytest.fixture
def ended(partner: Partner) -> None:
    """A hold, a batch, a closed day and a delivery that are over; an issued order has none of them."""
    Hold.objects.create(
        partner=partner,
        status="Expired",
        lines=[],
        created_at=NOON,
        expires_at=NOON,
        ended_at=NOON,
    )
    Batch.objects.create(
        action="replay",
        title="Replay 2 orders",
        status="Done",
        started_by="staff:1",
        started_at=NOON,
        finished_at=NOON,
    )
    Closure.objects.create(
        venue=partner.venue,
        date=DAY_1,
        plan="keep",
        reason="A storm.",
        status="Done",
        started_by="staff:1",
        started_at=NOON,
        finished_at=NOON,
    )
    endpoint = WebhookEndpoint.objects.create(
        partner=partner,
        url="https://shop.example/hooks",
        status_since=NOON,
        created_at=NOON,
        updated_at=NOON,
    )
    event = WebhookEvent.objects.create(partner=partner, type="ota_cm_order_changed", at=NOON)
    WebhookDelivery.objects.create(endpoint=endpoint, event=event, status="Failed", ended_at=NOON)
    ManifestMail.objects.create(order=Order.objects.get(), asked_by="staff:1", asked_at=NOON)
    period = Period.objects.create(partner=partner, first_day=DAY_1, last_day=DAY_1)
    Statement.objects.create(
        partner=partner, period=period, sha256="0" * 64, uploaded_by="staff:1", uploaded_at=NOON
    )
    Export.objects.create(report="register", format="csv", started_by="staff:1", started_at=NOON)
    storefront = open_storefront(partner=partner, dialect=Dialect.ORDINO, now=NOON)
    checkout = Checkout.objects.create(
        storefront=storefront,
        status="Cancelled",
        status_since=NOON,
        currency="EUR",
        opened_at=NOON,
        expires_at=NOON,
    )
    Payment.objects.create(
        checkout=checkout,
        variant="sandbox",
        status="cancelled",
        status_since=NOON,
        currency="EUR",
        total=1,
        created=NOON,
    )
    SandboxPayment.objects.create(
        reference="sb_1",
        shop_reference="1",
        amount=1,
        currency="EUR",
        return_url="https://shop.example/",
        opened_at=NOON,
    )
    queue = open_queue(
        attraction=AttractionFactory.create(venue=partner.venue), settings=Settings(), now=NOON
    )
    Reservation.objects.create(
        queue=queue,
        storefront=storefront,
        status="canceled",
        status_since=NOON,
        place=1,
        size=1,
        reserved_at=NOON,
        wait_at_reservation=0,
    )
    outside = OutsideOrder.objects.create(
        connection=Connection.objects.create(
            venue=partner.venue, system="onebox", name="Hall", base_url="https://hall.example"
        ),
        order_key=NOBODY,
        buy_from_order_reference="CM26-0000001",
        reference="CM26-0000001",
        status="Ended",
        status_since=NOON,
        created_at=NOON,
    )
    OutsideTicket.objects.create(
        outside_order=outside,
        position=1,
        wallet_key=NOBODY,
        component_key=NOBODY,
        unit=1,
        status="Ended",
        status_since=NOON,
    )


@pytest.mark.usefixtures("issued", "ended")
@pytest.mark.parametrize(("model", "constraint"), STATES)
@pytest.mark.parametrize("value", ["", "issued", "Lost"])
def test_a_state_column_holds_a_known_state(
    model: type[Model], constraint: str, value: str
) -> None:
    with refused(constraint):
        execute(f'UPDATE "{model._meta.db_table}" SET status = %s', value)


def test_every_state_column_is_tried() -> None:
    ours = {"partners", "catalog", "wallets", "orders", "history"}
    with_state = {
        model
        for model in apps.get_models()
        if model._meta.app_label in ours and any(f.name == "status" for f in model._meta.fields)
    }
    assert with_state == {model for model, _ in STATES}


def test_an_order_fits_its_state(issued: Order) -> None:
    orders = Order.objects.filter(pk=issued.pk)
    for payment in (None, ""):
        with refused("issued_order_is_paid"):
            orders.update(payment_reference=payment)
    with refused("order_in_error_says_why"):
        orders.update(status="Error")
    with refused("order_in_error_says_why"):
        orders.update(failure_code="internal")
    with refused("draft_order_expires"):
        orders.update(status="Draft")
    with refused("draft_order_expires"):
        orders.update(draft_expires_at=NOON)
    assert orders.update(status="Draft", draft_expires_at=NOON, payment_reference=None) == 1


def test_a_living_wallet_has_a_line_and_a_destroyed_one_a_moment(issued: Order) -> None:
    wallets = Wallet.objects.filter(order=issued)
    with refused("living_wallet_has_a_line"):
        wallets.update(line=None)
    with refused("destroyed_wallet_says_when"):
        wallets.update(status="Destroyed")
    with refused("destroyed_wallet_says_when"):
        wallets.update(destroyed_at=NOON)


def test_a_line_that_is_resolved_has_a_package_a_price_and_a_plan(issued: Order) -> None:
    lines = OrderLine.objects.filter(order=issued)
    unresolved: list[dict[str, Any]] = [
        {"package": None},
        {"unit_price_incl_vat": None},
        {"unit_price_excl_vat": None},
        {"plan": []},
    ]
    for changes in unresolved:
        with refused("resolved_line_has_package_price_and_plan"):
            lines.update(**changes)
    for quantity in (0, 1001):
        with refused("line_quantity_1_to_1000"):
            lines.update(quantity=quantity)


@pytest.mark.usefixtures("issued")
def test_an_asset_admits_somebody_within_a_window() -> None:
    assets = Asset.objects.all()
    with refused("asset_admits_somebody"):
        assets.update(admissions=0)
    with refused("asset_validity_in_order"):
        assets.update(valid_until=NOON)
    with refused("asset_type_known"):
        assets.update(type="voucher")


@pytest.mark.usefixtures("issued")
@pytest.mark.parametrize("model", [OrderEvent, LedgerEntry])
@pytest.mark.parametrize(
    "sql", ["UPDATE {table} SET reason = 'x'", "DELETE FROM {table}", "UPDATE {table} SET id = id"]
)
def test_events_and_ledger_entries_are_never_changed_or_removed(
    model: type[Model], sql: str
) -> None:
    before = list(model._default_manager.order_by("pk").values())
    assert before
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        execute(sql.format(table=model._meta.db_table))
    assert list(model._default_manager.order_by("pk").values()) == before


def test_an_order_that_was_sold_cannot_be_removed(issued: Order) -> None:
    rows = stored()
    with pytest.raises(IntegrityError), transaction.atomic():
        execute("SET CONSTRAINTS ALL IMMEDIATE; DELETE FROM orders_order")
    with pytest.raises(IntegrityError), transaction.atomic():
        execute("SET CONSTRAINTS ALL IMMEDIATE; DELETE FROM orders_orderline")
    assert stored() == rows
    assert Order.objects.filter(pk=issued.pk).exists()


def test_a_line_is_sold_once_and_amounts_add_up(issued: Order) -> None:
    (sale,) = LedgerEntry.objects.all()
    with refused("ledger_line_sold_once"):
        copy_of(sale).save()
    with refused("ledger_gross_adds_up"):
        copy_of(
            sale, kind="adjustment", reason="Rounding", gross=sale.gross + Decimal("0.001")
        ).save()
    with refused("ledger_reversal_names_its_sale"):
        copy_of(sale, kind="reversal").save()
    with refused("ledger_reversal_names_its_sale"):
        copy_of(sale, kind="adjustment", reason="Rounding", reverses_id=sale.pk).save()
    with refused("ledger_adjustment_says_why_and_when"):
        copy_of(sale, kind="adjustment").save()
    with refused("ledger_sale_is_of_a_line"):
        copy_of(sale, line_id=None).save()
    with refused("ledger_kind_known"):
        copy_of(sale, kind="gift").save()
    assert sale.order == issued


def test_a_sale_is_taken_back_once(issued: Order) -> None:
    (sale,) = LedgerEntry.objects.all()
    negative = {name: -getattr(sale, name) for name in ("quantity", "gross", "vat", "excl_vat")}
    taken_back = {"kind": "reversal", "reverses_id": sale.pk, **negative}
    too_little: dict[str, Any] = {"gross": -sale.excl_vat, "vat": Decimal(0)}
    for changes in ({"quantity": -3}, {"quantity": 2}, too_little):
        with refused("ledger_reversal_within_sale"):
            copy_of(sale, **{**taken_back, **changes}).save()
    with refused("ledger_wallet_is_taken_back"):
        wallet = Wallet.objects.order_by("pk")[0]
        copy_of(sale, kind="adjustment", reason="Rounding", wallet_id=wallet.pk).save()
    copy_of(sale, **taken_back).save()
    with refused("ledger_sale_reversed_once"):
        copy_of(sale, **taken_back).save()
    assert issued.ledger_entries.count() == 2


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        ((None, None), (None, None), True),
        ((None, None), (DAY_2, DAY_2), True),
        ((DAY_1, DAY_2), (DAY_2, DAY_3), True),
        ((DAY_1, DAY_3), (DAY_2, DAY_2), True),
        ((None, DAY_2), (DAY_2, None), True),
        ((DAY_1, DAY_2), (DAY_3, None), False),
        ((None, DAY_1), (DAY_2, None), False),
    ],
)
def test_no_two_active_mappings_of_one_number_overlap(
    partner: Partner, rival: ApiClient, day: Package, first: Any, second: Any, overlap: bool
) -> None:
    def mapping(dates: Any, **options: Any) -> None:
        values = {"partner": partner, "item_number": "SKU", "package": day, **options}
        PackageMappingFactory.create(valid_from=dates[0], valid_until=dates[1], **values)

    mapping(first)
    mapping(second, is_active=False)
    mapping(second, item_number="sku")
    mapping(second, partner=rival.partner)
    if overlap:
        with refused("mapping_dates_do_not_overlap"):
            mapping(second)
    else:
        mapping(second)


def test_no_two_prices_hold_for_the_same_partner_and_date(
    partner: Partner, rival: ApiClient, day: Package
) -> None:
    def price(**options: Any) -> None:
        PriceFactory.create(package=day, **options)

    with refused("price_without_dates_once"):
        price()
    price(partner=partner)
    with refused("price_without_dates_once"):
        price(partner=partner)
    for owner in (None, partner, rival.partner):
        price(partner=owner, visit_from=DAY_1, visit_until=DAY_2)
        with refused("price_dates_do_not_overlap"):
            price(partner=owner, visit_from=DAY_2)
        price(partner=owner, visit_from=DAY_3)
    with refused("price_not_negative"):
        price(visit_until=datetime.date(2026, 1, 1), amount_incl_vat=Decimal("-0.01"))
    with refused("price_dates_in_order"):
        price(visit_from=DAY_2, visit_until=DAY_1)


def test_every_venue_draws_its_document_numbers_from_a_sequence_of_its_own(venue: Venue) -> None:
    other = VenueFactory.create(reference_prefix="ZOO")

    def drawn(at: Venue, year: int = 2026) -> str:
        return next_document_number(account=Account(Partner(venue=at)), now=NOON.replace(year=year))

    assert [drawn(venue), drawn(venue), drawn(other)] == [
        "CM26-0000001",
        "CM26-0000002",
        "ZOO26-0000001",
    ]
    with transaction.atomic():
        drawn(venue)
        transaction.set_rollback(True)
    # Never reused after a roll-back, never reset with the year.
    assert drawn(venue, 2027) == "CM27-0000004"
    execute("SELECT setval(%s, 9999999)", venue.number_sequence)
    assert drawn(venue) == "CM26-10000000"
    longest = Venue(pk=other.pk, reference_prefix="ABCDEF")
    execute("SELECT setval(%s, 99999999998)", other.number_sequence)
    assert len(drawn(longest)) == 20
