"""Cancelling single wallets of an issued order: what goes, what stays, and what is told."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from catalog.closing import Day
from catalog.models import Attraction, Package, SeatPlan
from orders import moving, wallet_cancellation
from orders.actions import OrderStateConflict
from orders.affected import Affected
from orders.cancellation import AssetUsed
from orders.models import LedgerEntry, LedgerKind, Order, OrderEvent
from orders.wallet_cancellation import WalletNotThere
from partners.models import Venue, WebhookEvent
from tests.conftest import ApiClient
from tests.factories import AllotmentFactory
from tests.invariants import RULES
from tests.orders.expected import NOON, Clock, line, moment, settle, stored
from tests.orders.sessions import counted, counters, seated, seats_of, session, show
from wallets.models import Asset, Wallet

pytestmark = pytest.mark.usefixtures("clock", "show", "play")

Issue = Callable[[str], Order]
NEXT = "2026-11-24"
# The jobs of these tests are run by hand, and stay in the queue.
_OF_JOBS = "a job is left of an order that has settled"


@pytest.fixture(autouse=True)
def everything_holds(db: None) -> Iterator[None]:
    """Have every rule of the database hold when a test is done."""
    yield
    found = {}
    with connection.cursor() as cursor:
        for rule, query in RULES.items():
            if rule != _OF_JOBS:
                cursor.execute(query)
                found[rule] = cursor.fetchall()
    assert {rule: rows for rule, rows in found.items() if rows} == {}


def cancel(order: Any, *numbers: int, of_line: int = 0, **arguments: Any) -> Order:
    """Cancel wallets of an answered order by their seqNo, as somebody at the order desk would."""
    wallets = order["items"][of_line]["wallets"]
    return wallet_cancellation.cancel_wallets(
        orders=Order.objects.all(),
        order_id=uuid.UUID(order["orderId"]),
        wallet_ids=[uuid.UUID(wallets[number - 1]["walletId"]) for number in numbers],
        **{"actor": "staff:1", "now": NOON, "reason": "One is ill", **arguments},
    )


def read(api: ApiClient, order: Any) -> dict[str, Any]:
    return dict(api.get(f"/channelManager/{order['orderId']}").json())


def told() -> list[tuple[str, str]]:
    """Return what the partner was told since the order was issued."""
    events = WebhookEvent.objects.order_by("pk").values_list("type", "data__status")
    return [(str(kind), status) for kind, status in events][1:]


def reversals() -> list[tuple[int, str, str, str, int | None]]:
    """Return quantity, gross, VAT, net and wallet of what was taken back."""
    rows = LedgerEntry.objects.filter(kind=LedgerKind.REVERSAL).order_by("pk")
    return [
        (
            row.quantity,
            *map(str, (row.gross, row.vat, row.excl_vat)),
            row.wallet and row.wallet.seq_no,
        )
        for row in rows.select_related("wallet")
    ]


def test_a_wallet_is_destroyed_and_the_order_stays_with_the_others(
    api: ApiClient, issue: Issue, clock: Clock
) -> None:
    issued = settle(api, issue, line(quantity=3, wallet={"names": ["Ann", "Bob", "Cas"]}))
    at = clock.forward(hours=1)
    cancel(issued, 2, now=at)
    gone = issued["items"][0]["wallets"][1]
    gone["status"], gone["manifestUrl"] = "Destroyed", None
    gone["assets"][0]["status"] = "Destroyed"
    issued |= {"updatedAt": moment(at), "totalInclVat": "69.00", "totalExclVat": "63.30"}
    assert read(api, issued) == issued
    listed = api.get(f"/channelManager/orders/{api.partner.pk}").json()["data"]
    assert listed == [{name: issued[name] for name in listed[0]}]
    wallet = Wallet.objects.get(pk=gone["walletId"])
    assert (wallet.destroyed_at, wallet.destroyed_by, wallet.destroyed_why) == (
        *(at, "staff:1", "One is ill"),
    )
    assert reversals() == [(-1, "-34.500", "-2.850", "-31.650", 2)]
    event = OrderEvent.objects.latest("id")
    assert (event.name, event.from_state, event.to_state, event.actor, event.reason) == (
        *("wallets_cancelled", "Issued", "Issued", "staff:1", "One is ill"),
    )
    assert event.data == {"walletReferenceNumbers": [gone["walletReferenceNumber"]]}
    assert told() == [("ota_cm_order_changed", "Issued")]


def test_its_link_is_gone_and_the_orders_manifest_shows_the_others(
    api: ApiClient, issue: Issue, client: Client
) -> None:
    issued = settle(api, issue, line(quantity=3, wallet={"names": ["Ann", "Bob", "Cas"]}))
    links = [wallet["manifestUrl"] for wallet in issued["items"][0]["wallets"]]
    cancel(issued, 2)
    for kind in ("text/html", "application/json", "application/pdf"):
        answers = [client.get(link, headers={"Accept": kind}).status_code for link in links]
        assert answers == [200, 410, 200]
        page = client.get(issued["manifestUrl"], headers={"Accept": kind})
        assert page.status_code == 200
        if kind != "application/pdf":
            shown = [name for name in ("Ann", "Bob", "Cas") if name in page.content.decode()]
            assert shown == ["Ann", "Cas"]


def test_the_last_wallet_takes_the_order_along(api: ApiClient, issue: Issue) -> None:
    issued = settle(api, issue, line(quantity=2), line("BUNDLE"))
    cancel(issued, 2, 1)
    assert cancel(issued, 1, of_line=1, reason="All of them").status == "Cancelled"
    assert sum(entry.gross for entry in LedgerEntry.objects.all()) == 0
    assert [row[0::4] for row in reversals()] == [(-1, 1), (-1, 2), (-1, None)]
    assert told() == [("ota_cm_order_changed", "Issued"), ("ota_cm_order_cancelled", "Cancelled")]
    assert OrderEvent.objects.latest("id").name == "cancelled"


def test_a_later_cancellation_of_the_whole_takes_back_what_is_left(
    api: ApiClient, issue: Issue, cinema: Attraction
) -> None:
    session(cinema, "14:00")
    issued = settle(api, issue, show(quantity=3), line(quantity=2))
    cancel(issued, 1)
    cancel(issued, 1, 2, of_line=1)
    assert counters() == {"cinema 14:00": "0+2"}
    assert api.delete(issued["orderId"]).json()["status"] == "Cancelled"
    assert [row[0::4] for row in reversals()] == [(-1, 1), (-1, 1), (-1, 2), (-2, None)]
    assert counters() == {}


def test_a_group_is_one_wallet_for_all(
    api: ApiClient, issue: Issue, group: Package, cinema: Attraction
) -> None:
    counted(group, cinema)
    session(cinema, None)
    issued = settle(api, issue, line("GROUP", quantity=25), line("DAY"))
    assert counters() == {"cinema": "0+25"}
    cancel(issued, 1)
    assert counters() == {}
    assert reversals()[0][:2] == (-25, "-675.000")
    assert read(api, issued)["totalInclVat"] == "34.50"


def test_components_that_share_a_session_give_back_each_their_places(
    api: ApiClient, issue: Issue, bundle: Package, cinema: Attraction
) -> None:
    for number in ("DINO", "CINEMA"):
        counted(bundle, cinema, number)
    session(cinema, None)
    AllotmentFactory.create(partner=api.partner, package=bundle, places=50)
    issued = settle(api, issue, line("BUNDLE", quantity=3))
    cancel(issued, 3)
    assert counters() == {"cinema": "0+4"}
    cancel(issued, 1)
    assert counters() == {"cinema": "0+2"}


def test_a_numbered_seat_goes_back_and_a_later_move_takes_the_living_ones(
    api: ApiClient, issue: Issue, theatre: Attraction, hall: SeatPlan
) -> None:
    seated(theatre, hall)
    seated(theatre, hall, day=NEXT)
    play = line("PLAY", quantity=3, visitTime="19:30", seats=["B1", "B2", "B3"])
    issued = settle(api, issue, play)
    cancel(issued, 2)
    assert seats_of(issued["orderId"]) == ["B1", "B3"]
    assert counters() == {"theatre 19:30": "0+2"}
    moving.move_order(
        orders=Order.objects.all(),
        order_id=uuid.UUID(issued["orderId"]),
        from_date=NOON.date().replace(day=23),
        to_date=NOON.date().replace(day=24),
        actor="staff:1",
        now=NOON,
    )
    assert seats_of(issued["orderId"]) == ["B1", "B3"]
    assert counters() == {f"theatre {NEXT} 19:30": "0+2"}
    living = Asset.objects.living().filter(item__attraction=theatre).order_by("wallet__seq_no")
    assert list(living.values_list("wallet__seq_no", "seat")) == [(1, "B1"), (3, "B3")]
    cancel(issued, 3)
    assert seats_of(issued["orderId"]) == ["B1"]


def test_closing_the_day_counts_the_guests_that_are_left(
    api: ApiClient, issue: Issue, venue: Venue
) -> None:
    issued = settle(api, issue, line(quantity=3), line("GROUP", quantity=4))
    day = Affected(day=Day(venue=venue, date=NOON.date().replace(day=23)), now=NOON)
    cancel(issued, 1)
    assert [(one.orders, one.guests) for one in day.shares()] == [(1, 6)]
    cancel(issued, 2, 3)
    assert [(one.orders, one.guests) for one in day.shares()] == [(1, 4)]
    assert day.with_other_visits() == 0


def test_a_line_that_is_cancelled_stays_on_its_day(api: ApiClient, issue: Issue) -> None:
    issued = settle(api, issue, line(), line("GROUP", NEXT, quantity=4))
    cancel(issued, 1)
    assert str(Order.objects.get().visit_date) == NEXT
    with pytest.raises(moving.NothingToMove):
        moving.move_order(
            orders=Order.objects.all(),
            order_id=uuid.UUID(issued["orderId"]),
            from_date=NOON.date().replace(day=23),
            to_date=NOON.date().replace(day=25),
            actor="staff:1",
            now=NOON,
        )


def test_what_was_cancelled_or_is_not_there_is_refused(
    api: ApiClient, issue: Issue, rival: ApiClient
) -> None:
    issued = settle(api, issue, line(quantity=3))
    other = settle(rival, issue, line())
    draft = settle(api, issue, line(), sellToOrderReference="WEB-2", paymentReference=None)
    cancel(issued, 2)
    before = stored()
    with pytest.raises(WalletNotThere):
        cancel(issued, 1, 2)
    with pytest.raises(WalletNotThere):
        cancel({**other, "orderId": issued["orderId"]}, 1)
    with pytest.raises(WalletNotThere):
        cancel(issued)
    with pytest.raises(OrderStateConflict, match="Draft; this can be done once it is Issued"):
        cancel(draft, 1)
    assert stored() == before


def test_an_order_that_is_being_issued_has_to_wait(api: ApiClient, issue: Issue) -> None:
    submitted = api.create(line())
    with pytest.raises(OrderStateConflict) as refused:
        cancel(submitted, 1)
    assert refused.value.retryable
    issue(submitted["orderId"])


def test_a_used_wallet_refuses_and_the_override_says_what_was_used(
    api: ApiClient, issue: Issue
) -> None:
    issued = settle(api, issue, line("GROUP", quantity=5), line())
    used = Asset.objects.get(admissions=5)
    Asset.objects.filter(pk=used.pk).update(admitted=2)
    with pytest.raises(AssetUsed):
        cancel(issued, 1)
    assert reversals() == []
    wallet_cancellation.cancel_used_wallets(
        orders=Order.objects.all(),
        order_id=uuid.UUID(issued["orderId"]),
        wallet_ids=[used.wallet_id],
        actor="staff:1",
        now=NOON,
        reason="Goodwill",
    )
    assert OrderEvent.objects.latest("id").data["usedAssets"] == [used.reference_number]
    assert read(api, issued)["status"] == "Issued"
    Asset.objects.update(admitted=0)


def test_a_test_order_posts_nothing_and_gives_no_place_back(
    tester: ApiClient, issue: Issue, cinema: Attraction
) -> None:
    session(cinema, "14:00")
    issued = settle(tester, issue, show(quantity=2))
    cancel(issued, 1)
    answered = read(tester, issued)
    assert answered["totalInclVat"] == answered["items"][0]["wallets"][1]["unitPriceInclVat"]
    assert (reversals(), counters()) == ([], {})


def test_the_database_takes_nothing_back_twice_or_beyond_its_sale(
    api: ApiClient, issue: Issue
) -> None:
    issued = settle(api, issue, line(quantity=2))
    cancel(issued, 1)
    entry = LedgerEntry.objects.get(kind=LedgerKind.REVERSAL)
    other = Wallet.objects.living().get()
    too_cheap = {
        "wallet": other,
        "gross": Decimal(-34),
        "excl_vat": Decimal(-34),
        "vat": Decimal(0),
    }
    for changed, constraint in (
        ({}, "ledger_reversal_within_sale|ledger_wallet_reversed_once"),
        ({"wallet": other, "quantity": -2}, "taken back within what was sold"),
        (too_cheap, "taken back within what was sold"),
        ({"kind": LedgerKind.SALE, "reverses": None}, "ledger_"),
    ):
        entry.pk = None
        for name, value in changed.items():
            setattr(entry, name, value)
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            entry.save(force_insert=True)
        entry = LedgerEntry.objects.get(kind=LedgerKind.REVERSAL)


@pytest.mark.parametrize("quantity", [2, 150])
def test_cancelling_takes_as_many_statements_for_many_wallets_as_for_one(
    api: ApiClient, issue: Issue, statements: Any, cinema: Attraction, quantity: int
) -> None:
    session(cinema, "14:00", capacity=300)
    issued = settle(api, issue, show(quantity=quantity))
    with statements() as count:
        cancel(issued, *range(1, quantity))
    assert len(count) <= 23, count.statements
