"""How many client SQL statements taking places costs: as many for 500 lines as for one."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.models import Allotment, Attraction, Package
from orders import holds
from orders.models import Allocation
from partners.models import ApiKey, Venue
from tests.conftest import ApiClient
from tests.factories import AllotmentFactory, AttractionFactory, SeatPlanFactory
from tests.orders.expected import Clock, line, settle
from tests.orders.held import HOLDS
from tests.orders.sessions import counted, counters, seated, session, show
from tests.orders.test_statement_budgets import ISSUE, POST, Issue, Statements
from tests.orders.test_statement_budgets import counted as within
from wallets.models import Wallet

REFUSED, WITH_HOLD, PUT, HOLD, ONE_HOLD, EXPIRE = 12, 13, 26, 8, 7, 7
# Numbered seats are read, and their sessions locked before they are written, which an order's are
# in a statement of their own then.
SEATS, SEATS_OF_ORDER = 2, 3

pytestmark = pytest.mark.usefixtures("clock", "sessions")


@pytest.fixture
def sessions(
    api: ApiClient, venue: Venue, cinema: Attraction, show: Package, bundle: Package
) -> None:
    """Shows at every hour of two days, dinosaurs all day, and an allotment of both."""
    for day in ("2026-11-23", "2026-11-24"):
        for hour in range(10, 20):
            session(cinema, f"{hour}:00", day, capacity=5000)
    dino = AttractionFactory.create(venue=venue, code="dino")
    session(dino, None, capacity=5000)
    counted(counted(bundle, dino, "DINO"), cinema, "CINEMA")
    for package in (show, bundle):
        AllotmentFactory.create(partner=api.partner, package=package, places=4000)


def items(lines: int, *, numbered: bool = False) -> list[Any]:
    """Return lines for many sessions, every other one a bundle; maybe with guests' numbers."""
    return [
        _line(n, {"wallet": {"externalReferenceNumbers": [f"EXT-{n}"]}} if numbered else {})
        for n in range(lines)
    ]


def _line(n: int, members: Any) -> Any:
    time = f"{10 + n % 10}:00"
    return line("BUNDLE", visitTime=time, **members) if n % 2 else show(time, **members)


def fresh_key() -> None:
    """Count the note of when the key was last used."""
    ApiKey.objects.update(last_used_at=None)


@pytest.mark.parametrize("numbered", [False, True])
@pytest.mark.parametrize("key", ["", "a-key"])
def test_a_post_takes_as_many_statements_for_500_lines_with_places_as_for_one(
    api: ApiClient, statements: Statements, key: str, numbered: bool
) -> None:
    taken = set()
    for lines in (1, 10, 500):
        body = api.order_body(*items(lines, numbered=numbered), sellToOrderReference=f"WEB-{lines}")
        fresh_key()
        count, response = within(
            statements,
            lambda: api.post(body, idempotency_key=key and f"{key}-{lines}"),  # noqa: B023
            POST,
        )
        assert response.status_code == 201
        taken.add(count)
        Wallet.objects.update(external_reference_number=None)
    assert len(taken) == 1
    counters()


@pytest.mark.parametrize("lines", [1, 10, 500])
def test_a_post_with_a_hold_is_within_its_budget(
    api: ApiClient, statements: Statements, lines: int
) -> None:
    sent = items(lines)
    made = api.post({"items": sent}, HOLDS)
    assert made.status_code == 201
    named = [{**one, "holdId": made.json()["holdId"]} for one in sent]
    fresh_key()
    _, response = within(
        statements, lambda: api.post(api.order_body(*named), idempotency_key="k"), WITH_HOLD
    )
    assert response.status_code == 201
    assert not Allocation.objects.filter(line=None).exists()


def test_a_post_with_many_holds_takes_no_more(api: ApiClient, statements: Statements) -> None:
    named = [
        {**one, "holdId": api.post({"items": [one]}, HOLDS).json()["holdId"]} for one in items(20)
    ]
    fresh_key()
    _, response = within(statements, lambda: api.post(api.order_body(*named)), WITH_HOLD)
    assert response.status_code == 201


class TestSeats:
    """Numbered seats cost one statement to read and one to lock, whatever their number."""

    @pytest.fixture(autouse=True)
    def hall(self, venue: Venue, theatre: Attraction, play: Package) -> None:
        """Two plays in a hall of a thousand seats."""
        rows = dict.fromkeys("ABCDEFGHIJ", 100)
        plan = SeatPlanFactory.create(venue=venue, name="Hall", rows=rows)
        seated(theatre, plan, "19:30"), seated(theatre, plan, "22:00")

    def seats(self, lines: int) -> list[Any]:
        return [line("PLAY", visitTime=("19:30", "22:00")[n % 2], quantity=2) for n in range(lines)]

    @pytest.mark.parametrize("lines", [1, 10, 400])
    def test_a_post_takes_at_most_three_more(
        self, api: ApiClient, statements: Statements, lines: int
    ) -> None:
        fresh_key()
        _, response = within(
            statements,
            lambda: api.post(api.order_body(*self.seats(lines)), idempotency_key="k"),
            POST + SEATS_OF_ORDER,
        )
        assert response.status_code == 201

    def test_a_post_with_a_hold_stays_within_its_budget(
        self, api: ApiClient, statements: Statements
    ) -> None:
        sent = self.seats(50)
        hold_id = api.post({"items": sent}, HOLDS).json()["holdId"]
        named = [{**one, "holdId": hold_id} for one in sent]
        fresh_key()
        _, response = within(
            statements,
            lambda: api.post(api.order_body(*named), idempotency_key="k"),
            WITH_HOLD + SEATS_OF_ORDER,
        )
        assert response.status_code == 201

    def test_making_a_hold_is_within_its_budget(
        self, api: ApiClient, statements: Statements
    ) -> None:
        fresh_key()
        body = {"items": self.seats(100)}
        _, response = within(
            statements, lambda: api.post(body, HOLDS, idempotency_key="k"), HOLD + SEATS
        )
        assert response.status_code == 201


def test_a_refused_post_is_within_the_budget(api: ApiClient, statements: Statements) -> None:
    Allotment.objects.update(places=0)
    full = [show(f"{10 + n}:00") for n in range(5)]
    fresh_key()
    _, response = within(
        statements, lambda: api.post(api.order_body(*full), idempotency_key="k"), REFUSED
    )
    assert (response.status_code, len(response.json()["shortages"])) == (409, 5)


@pytest.mark.parametrize("lines", [1, 500])
def test_issuing_costs_no_more_for_places(
    api: ApiClient, statements: Statements, issue: Issue, lines: int
) -> None:
    made = api.create(*items(lines))
    within(statements, lambda: issue(made["orderId"]), ISSUE + 1)


@pytest.mark.parametrize("lines", [1, 200])
def test_a_put_takes_as_many_statements_whatever_the_lines(
    api: ApiClient, statements: Statements, issue: Issue, lines: int
) -> None:
    made = settle(api, issue, *items(lines), paymentReference=None)
    fresh_key()
    other = [show("19:00", quantity=2) for _ in range(lines)]
    _, response = within(
        statements,
        lambda: api.put(made["orderId"], api.order_body(*other), idempotency_key="k"),
        PUT,
    )
    assert response.status_code == 200


@pytest.mark.parametrize("lines", [1, 10, 500])
def test_making_a_hold_takes_few_statements(
    api: ApiClient, statements: Statements, lines: int
) -> None:
    fresh_key()
    body = {"items": items(lines)}
    _, response = within(statements, lambda: api.post(body, HOLDS, idempotency_key="k"), HOLD)
    assert response.status_code == 201


def test_reading_extending_and_releasing_a_hold_take_few(
    api: ApiClient, statements: Statements
) -> None:
    made = api.post({"items": items(100)}, HOLDS).json()
    path = f"{HOLDS}/{made['holdId']}"
    for method, address in (("GET", path), ("POST", f"{path}/extend"), ("DELETE", path)):
        fresh_key()
        _, response = within(statements, lambda: api.request(method, address), ONE_HOLD)  # noqa: B023
        assert response.status_code == 200


def test_expiring_many_holds_takes_as_many_statements_as_expiring_one(
    api: ApiClient, statements: Statements, clock: Clock
) -> None:
    taken = set()
    for number in (1, 100):
        for _ in range(number):
            api.post({"items": items(2)}, HOLDS)
        now = clock.forward(minutes=9)
        count, ended = within(statements, lambda: holds.expire_holds(now=now), EXPIRE)  # noqa: B023
        assert ended == number
        taken.add(count)
        clock.forward(minutes=-9)
    assert len(taken) == 1
    assert counters() == {}
