"""Refusing: each reason has its code and words that staff can read out; nothing changes."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings

from orders.models import Order, OrderEvent
from partners.keys import create_key
from partners.models import Venue
from tests.conftest import ApiClient
from tests.factories import PartnerFactory, VenueFactory, sellable_package
from tests.gate.conftest import Gate, Issue, Issued, asset_of, wallet_of
from tests.gate.expected import refusal, unrecognised
from tests.orders.expected import NOBODY, VISIT, Clock, line, settle
from wallets.models import Asset, Scan, Wallet

UNKNOWN = unrecognised("unknown", "Unknown number. Nothing here has it.")


@pytest.fixture(autouse=True)
def nothing_is_admitted(db: None) -> Iterator[None]:
    """No refusal changes an asset or writes into an order's history."""
    yield
    refused = set(Scan.objects.filter(admitted=False).values_list("asset", flat=True)) - {None}
    for asset in Asset.objects.filter(pk__in=refused):
        taken = Scan.objects.standing().filter(asset=asset).values_list("quantity", flat=True)
        assert asset.admitted == sum(taken)
    told = OrderEvent.objects.filter(name="admitted").values_list("data__scanId", flat=True)
    assert {uuid.UUID(scan) for scan in told} == set(
        Scan.objects.filter(admitted=True).values_list("pk", flat=True)
    )


@pytest.mark.parametrize(
    ("at", "code", "reason"),
    [
        ("2026-11-23T06:59", "not_valid_yet", "Not valid yet. Valid from today, 08:00."),
        ("2026-11-23T19:00", "wrong_time", "Too late. Its time ended at 20:00."),
        ("2026-11-22T09:00", "wrong_day", "Wrong day. This ticket is for Monday 23 November."),
        ("2026-11-24T09:00", "wrong_day", "Wrong day. This ticket is for Monday 23 November."),
        ("2027-01-01T09:00", "wrong_day", "Wrong day. This ticket is for Monday 23 November 2026."),
        # In Amsterdam it is the day of the visit already.
        ("2026-11-22T23:30", "not_valid_yet", "Not valid yet. Valid from today, 08:00."),
    ],
)
def test_a_dated_ticket_out_of_its_day_or_hours(
    gate: Gate, issued: Issued, clock: Clock, at: str, code: str, reason: str
) -> None:
    number = asset_of(issued()).reference_number
    clock.now = datetime.datetime.fromisoformat(f"{at}:00+00:00")
    local = clock.now.astimezone(gate.device.venue.zone).isoformat(timespec="milliseconds")
    assert gate.scan(number) == refusal(code, reason, scannedAt=local)


@pytest.mark.parametrize(
    ("at", "code", "reason"),
    [
        ("2026-11-23T12:59", "not_valid_yet", "Not valid yet. Valid from today, 14:00."),
        (
            "2026-11-22T13:00",
            "wrong_day",
            "Wrong day. This ticket is for Monday 23 November at 14:00.",
        ),
    ],
)
def test_a_ticket_with_a_time_of_its_own(
    gate: Gate, issued: Issued, clock: Clock, at: str, code: str, reason: str
) -> None:
    number = asset_of(issued(line(visitTime="14:00"))).reference_number
    clock.now = datetime.datetime.fromisoformat(f"{at}:00+00:00")
    answer = gate.scan(number)
    assert (answer["code"], answer["reason"]) == (code, reason)
    assert (answer["visitTime"], answer["validFrom"]) == (
        "14:00:00",
        f"{VISIT}T14:00:00.000+01:00",
    )


def test_the_window_ends_where_the_next_begins(gate: Gate, issued: Issued, clock: Clock) -> None:
    order = issued(line(quantity=2))
    first, second = Asset.objects.filter(wallet__order=order)
    clock.now = first.valid_until
    assert gate.scan(first.reference_number)["code"] == "wrong_time"
    clock.forward(microseconds=-1)
    assert gate.scan(first.reference_number)["admitted"]
    clock.now = second.valid_from
    assert gate.scan(second.reference_number)["admitted"]


def test_a_session_that_ends_after_midnight_belongs_to_both_days(
    gate: Gate, issued: Issued, clock: Clock
) -> None:
    order = issued(line(quantity=2))
    start = datetime.datetime.fromisoformat(f"{VISIT}T21:00:00+00:00")  # 22:00 in Amsterdam
    Asset.objects.update(valid_from=start, valid_until=start + datetime.timedelta(hours=4))
    first, second = Asset.objects.filter(wallet__order=order)
    clock.now = start + datetime.timedelta(hours=3)
    assert gate.scan(first.reference_number)["admitted"]
    clock.now = start + datetime.timedelta(hours=5)
    answer = gate.scan(second.reference_number)
    assert (answer["code"], answer["reason"]) == (
        "wrong_time",
        "Too late. Its time ended at 02:00.",
    )


def test_a_session_that_ends_at_midnight_belongs_to_one_day(
    gate: Gate, issued: Issued, clock: Clock
) -> None:
    ticket = asset_of(issued())
    midnight = datetime.datetime.fromisoformat(f"{VISIT}T23:00:00+00:00")  # in Amsterdam
    Asset.objects.update(valid_from=midnight - datetime.timedelta(hours=2), valid_until=midnight)
    clock.now = midnight - datetime.timedelta(hours=9)
    assert gate.scan(ticket.reference_number)["code"] == "not_valid_yet"
    clock.now = midnight + datetime.timedelta(hours=9)
    assert gate.scan(ticket.reference_number)["code"] == "wrong_day"


@pytest.mark.usefixtures("anyday")
def test_an_open_dated_ticket_before_and_after_its_validity(
    gate: Gate, issued: Issued, clock: Clock
) -> None:
    number = asset_of(issued(line("ANYDAY", None))).reference_number
    clock.now = datetime.datetime(2026, 11, 27, 19, 0, tzinfo=datetime.UTC)
    answer = gate.scan(number)
    assert (answer["code"], answer["reason"]) == (
        "expired",
        "Expired. It was valid until today, 20:00.",
    )
    clock.forward(days=1)
    assert gate.scan(number)["reason"] == ("Expired. It was valid until Friday 27 November, 20:00.")
    clock.now = datetime.datetime(2026, 11, 19, 19, 0, tzinfo=datetime.UTC)
    assert gate.scan(number)["reason"] == ("Not valid yet. Valid from Friday 20 November, 12:00.")


def test_a_ticket_that_was_closed_as_expired(gate: Gate, issued: Issued) -> None:
    number = asset_of(issued()).reference_number
    Asset.objects.update(status="Expired")
    assert gate.scan(number)["code"] == "expired"


def test_a_ticket_that_is_used_up_says_when_and_where(
    gate: Gate, make_gate: Callable[..., Gate], issued: Issued, clock: Clock
) -> None:
    number = asset_of(issued()).reference_number
    gate.scan(number)
    clock.forward(minutes=3)
    assert make_gate("South").scan(number) == refusal(
        "already_used",
        "Already used today at 10:00 at North entrance.",
        admissionsLeft=0,
        scannedAt=f"{VISIT}T10:03:00.000+01:00",
    )
    clock.forward(days=1)
    assert gate.scan(number)["reason"] == (
        "Already used on Monday 23 November at 10:00 at North entrance."
    )


def test_a_used_ticket_of_which_no_scan_is_known(gate: Gate, issued: Issued) -> None:
    number = asset_of(issued()).reference_number
    Asset.objects.update(status="Used", admitted=1)
    assert gate.request("POST", "/gate/admissions", {"referenceNumber": number, "requestId": "R"})
    scan = Scan.objects.get()
    assert (scan.code, scan.reason) == ("already_used", "Already used.")
    Scan.objects.all().delete()
    Asset.objects.update(status="Valid", admitted=0)


def test_more_than_are_left_of_a_group(gate: Gate, issued: Issued) -> None:
    number = asset_of(issued(line("GROUP", quantity=12))).reference_number
    gate.scan(number, quantity=9)
    group = {"itemNumber": "GROUP-ENTRY", "description": "GROUP entry"}
    assert gate.scan(number, quantity=4) == refusal(
        "too_few_left",
        "Only 3 left of the group of 12.",
        **{"quantity": 4, "admissionsLeft": 3, **group},
    )
    gate.scan(number, quantity=3)
    assert gate.scan(number) == refusal(
        "already_used",
        "All 12 already used, last today at 10:00 at North entrance.",
        **{"admissionsLeft": 0, **group},
    )


def test_two_on_a_ticket_for_one(gate: Gate, issued: Issued) -> None:
    number = asset_of(issued()).reference_number
    answer = gate.scan(number, quantity=2)
    assert (answer["code"], answer["reason"]) == (
        "too_few_left",
        "Only 1. This ticket is for one.",
    )


def test_a_cancelled_ticket_by_any_of_its_numbers(
    gate: Gate, issued: Issued, api: ApiClient
) -> None:
    order = issued(line(wallet={"externalReferenceNumbers": ["SUN-1"]}))
    asset, wallet = asset_of(order), wallet_of(order)
    api.delete(str(order.pk))
    words = "Cancelled. It is no longer valid."
    assert gate.scan(asset.reference_number) == refusal("cancelled", words)
    addresses = (
        f"{settings.PUBLIC_URL}/w/{wallet.token}",
        f"{settings.PUBLIC_URL}/m/{order.token}",
    )
    for number in (wallet.reference_number, "SUN-1", " SUN-1", *addresses):
        assert gate.scan(number) == unrecognised(
            "cancelled", words, walletReferenceNumber=wallet.reference_number
        )


def test_the_living_wallet_is_meant_where_a_cancelled_one_had_the_same_number(
    gate: Gate, issued: Issued, api: ApiClient
) -> None:
    numbered = line(wallet={"externalReferenceNumbers": ["SUN-1"]})
    for _ in range(2):
        api.delete(str(issued(numbered).pk))
    assert gate.scan("SUN-1")["code"] == "cancelled"
    order = issued(numbered)
    assert gate.scan("SUN-1")["referenceNumber"] == asset_of(order).reference_number


def test_a_draft_is_not_paid(gate: Gate, issued: Issued, api: ApiClient) -> None:
    order = issued(paymentReference=None)
    words = "Not paid yet. The order is not confirmed."
    for number in (asset_of(order).reference_number, wallet_of(order).reference_number):
        assert gate.scan(number) == refusal("draft", words)
    api.confirm(str(order.pk))
    assert gate.scan(number)["admitted"]


def test_a_draft_that_was_removed_was_cancelled(gate: Gate, issued: Issued, api: ApiClient) -> None:
    order = issued(line(wallet={"externalReferenceNumbers": ["SUN-1"]}), paymentReference=None)
    numbers = asset_of(order).reference_number, wallet_of(order).reference_number, "SUN-1"
    gate.scan(numbers[0])
    api.delete(str(order.pk))
    for number in numbers:
        assert gate.scan(number) == unrecognised("cancelled", "Cancelled. Its order was removed.")
    assert Scan.objects.filter(code="draft").get().asset is None


@pytest.mark.parametrize("status", ["Submitted", "Error"])
def test_an_order_that_is_still_worked_on_has_no_ticket_yet(
    gate: Gate, api: ApiClient, issue: Issue, clock: Clock, status: str
) -> None:
    lines = [line(wallet={"externalReferenceNumbers": ["SUN-1"]})]
    if status == "Error":
        settle(api, issue, *lines, line("unknown"))
    else:
        api.create(*lines)
    wallet = Wallet.objects.get()
    for number in ("SUN-1", wallet.reference_number, f"https://x.example/w/{wallet.token}"):
        assert gate.scan(number)["code"] == "not_issued"
        scan = Scan.objects.latest("at", "id")
        assert (
            scan.reason
            == {
                "Submitted": "Not issued yet. The order is still being worked on.",
                "Error": "Not issued. Something is wrong with the order: ask the order desk.",
            }[status]
        )
        assert scan.answer["walletReferenceNumber"] == wallet.reference_number
    assert Order.objects.get().status == status
    assert clock.now


def test_a_ticket_for_another_gate(make_gate: Callable[..., Gate], issued: Issued) -> None:
    dino = asset_of(issued(line("BUNDLE")), "DINO")
    about = {"itemNumber": "DINO", "description": "Description of DINO"}
    said = "Not for this gate. This ticket is for Description of DINO."
    gates = {
        "This gate admits Description of CINEMA.": make_gate("Cinema", "CINEMA"),
        "This gate admits Description of CINEMA and Description of LUNCH.": make_gate(
            "Square", "CINEMA", "LUNCH"
        ),
        "This gate is set to nothing yet.": make_gate("New", "nothing"),
    }
    for admits, gate in gates.items():
        assert gate.scan(dino.reference_number) == refusal(
            "wrong_gate", f"{said} {admits}", **about
        )


def test_a_gate_of_many_items_names_a_few(make_gate: Callable[..., Gate], issued: Issued) -> None:
    number = asset_of(issued()).reference_number
    venue = Venue.objects.get()
    for code in "ABCDE":
        sellable_package(venue, code)
    gate = make_gate("Rides", *(f"{code}-ENTRY" for code in "ABCDE"))
    assert gate.scan(number)["reason"].endswith(
        "This gate admits A entry, B entry, C entry and 2 more."
    )


def test_a_test_ticket_never_opens_a_gate(gate: Gate, issued: Issued) -> None:
    order = issued()
    Order.objects.update(test_mode=True)
    for number in (asset_of(order).reference_number, wallet_of(order).reference_number):
        assert gate.scan(number) == refusal("test_mode", "Test ticket. It admits nobody.")


def test_a_coupon_is_not_redeemed_by_its_wallets_number(
    make_gate: Callable[..., Gate], issued: Issued
) -> None:
    order = issued(line("BUNDLE", wallet={"externalReferenceNumbers": ["SUN-1"]}))
    coupon = {"type": "coupon", "itemNumber": "LUNCH", "description": "Description of LUNCH"}
    kiosk = make_gate("Kiosk", "LUNCH")
    for number in (wallet_of(order).reference_number, "SUN-1"):
        assert kiosk.scan(number) == refusal(
            "coupon_by_own_number",
            "Scan the coupon itself: Description of LUNCH is redeemed by its own number.",
            **coupon,
        )
    assert kiosk.scan(asset_of(order, "LUNCH").reference_number)["admitted"]


def test_the_address_of_an_order_of_several_wallets(gate: Gate, issued: Issued) -> None:
    order = issued(line(quantity=2))
    assert gate.scan(f"{settings.PUBLIC_URL}/m/{order.token}") == unrecognised(
        "unknown", "This code is for a whole order. Scan one of its tickets."
    )


def test_the_number_of_an_order_admits_nobody_since_it_can_be_guessed(
    gate: Gate, issued: Issued
) -> None:
    order = issued()
    for number in (order.buy_from_order_reference, f" {order.buy_from_order_reference.lower()} "):
        scanned = gate.scan(number)
        assert (scanned["code"], scanned["admitted"]) == ("unknown", False)
        assert scanned["reason"] == "This code is for a whole order. Scan one of its tickets."


@pytest.mark.parametrize(
    "number",
    [
        *("nothing", "T0000000000000000", "W0000000000000000", "é 𝄞", "x" * 512, NOBODY),
        *("https://example.com/w/", f"https://example.com/w/{'x' * 32}", "%", "' OR 1=1 --"),
        f"https://example.com/m/{'x' * 32}",
    ],
)
def test_what_nothing_here_has(gate: Gate, issued: Issued, number: str) -> None:
    issued()
    assert gate.scan(number) == {**UNKNOWN, "scannedNumber": number}


def test_a_number_of_another_venue_is_unknown(gate: Gate, issue: Issue, clock: Clock) -> None:
    other = VenueFactory.create(name="Forest Park")
    sellable_package(other, "DAY")
    partner = PartnerFactory.create(venue=other)
    api = ApiClient(create_key(partner=partner)[1], partner)
    settle(api, issue, line(wallet={"externalReferenceNumbers": ["SUN-1"]}))
    wallet = Wallet.objects.get(venue=other)
    assets = Asset.objects.filter(wallet=wallet)
    clock.now = assets[0].valid_from
    known = [assets[0].reference_number, wallet.reference_number, "SUN-1"]
    tokens = [f"https://x.example/w/{wallet.token}", f"https://x.example/m/{wallet.order.token}"]
    for number in (*known, *tokens):
        assert gate.scan(number)["code"] == "unknown"
    assert assets[0].admitted == 0
    api.delete(str(wallet.order_id))
    for number in (*known, *tokens):
        assert gate.scan(number)["code"] == "unknown"
