"""What a line becomes. No database."""

import dataclasses
import datetime
import json
import uuid

import pytest

from catalog.expansion import PlannedComponent, expand, from_json, to_json
from catalog.models import Component, Item, Package, Seat, Session
from catalog.visits import Visit

MORNING = Visit(
    datetime.date(2027, 5, 4),
    None,
    datetime.datetime(2027, 5, 4, 6, tzinfo=datetime.UTC),
    datetime.datetime(2027, 5, 4, 18, tzinfo=datetime.UTC),
)
AFTERNOON = Visit(
    datetime.date(2027, 5, 5),
    datetime.time(14),
    datetime.datetime(2027, 5, 5, 12, tzinfo=datetime.UTC),
    datetime.datetime(2027, 5, 5, 18, tzinfo=datetime.UTC),
)


def component(number: str, quantity: int = 1, kind: str = "ticket") -> Component:
    item = Item(number=number, description=number.title(), type=kind)
    return Component(item=item, quantity=quantity)


def shape(planned: PlannedComponent) -> tuple[str, int, int, datetime.date | None]:
    return planned.item_number, planned.units, planned.admissions, planned.visit_date


def test_an_individual_package_becomes_a_wallet_each_with_an_asset_per_unit() -> None:
    expansion = expand(
        package=Package(),
        components=[component("ENTRY"), component("RIDE", 3)],
        quantity=4,
        visit=MORNING,
        component_visits={},
    )
    assert expansion.wallet_count == 4
    assert [shape(planned) for planned in expansion.components] == [
        ("ENTRY", 1, 1, MORNING.date),
        ("RIDE", 3, 1, MORNING.date),
    ]


def test_a_group_package_becomes_one_wallet_with_one_ticket_worth_everybody() -> None:
    expansion = expand(
        package=Package(is_group=True),
        components=[component("ENTRY")],
        quantity=25,
        visit=MORNING,
        component_visits={},
    )
    assert expansion.wallet_count == 1
    assert [shape(planned) for planned in expansion.components] == [("ENTRY", 1, 25, MORNING.date)]


def test_a_component_with_a_schedule_of_its_own_follows_that() -> None:
    expansion = expand(
        package=Package(),
        components=[component("RIDE"), component("LUNCH", kind="coupon")],
        quantity=1,
        visit=MORNING,
        component_visits={"RIDE": AFTERNOON},
    )
    ride, lunch = expansion.components
    assert (ride.visit_date, ride.visit_time, ride.valid_from, ride.valid_until) == (
        AFTERNOON.date,
        AFTERNOON.time,
        AFTERNOON.valid_from,
        AFTERNOON.valid_until,
    )
    assert (lunch.type, lunch.visit_date, lunch.visit_time) == ("coupon", MORNING.date, None)


SEATS = [Seat(pk=n, label=f"A{n}") for n in range(1, 7)]


@pytest.mark.parametrize(
    ("package", "units", "quantity", "expected"),
    [
        (Package(), 1, 3, [["A1"], ["A2"], ["A3"]]),
        (Package(), 2, 3, [["A1", "A2"], ["A3", "A4"], ["A5", "A6"]]),
        (Package(is_group=True), 1, 6, [["A1, A2, A3, A4, A5, A6"]]),
        (Package(is_group=True), 2, 3, [["A1, A2, A3, A4, A5, A6"]]),
    ],
)
def test_seats_are_dealt_out_wallet_by_wallet_unit_by_unit_admission_by_admission(
    package: Package, units: int, quantity: int, expected: list[list[str]]
) -> None:
    expansion = expand(
        package=package,
        components=[component("PLAY", units)],
        quantity=quantity,
        visit=AFTERNOON,
        component_visits={},
        component_seats={"PLAY": SEATS[: units * quantity]},
    )
    (play,) = expansion.components
    assert play.places(expansion.wallet_count) == units * quantity
    wallets = range(1, expansion.wallet_count + 1)
    assert [
        [play.seats_of(wallet, unit) for unit in range(1, play.units + 1)] for wallet in wallets
    ] == expected


def test_a_component_without_seats_says_none() -> None:
    expansion = expand(
        package=Package(),
        components=[component("PLAY")],
        quantity=2,
        visit=MORNING,
        component_visits={},
    )
    assert expansion.components[0].seats_of(2, 1) == ""


def test_a_plan_keeps_its_session_and_its_seats() -> None:
    session = Session(id=uuid.UUID(int=7))
    (planned,) = expand(
        package=Package(),
        components=[component("PLAY")],
        quantity=2,
        visit=dataclasses.replace(AFTERNOON, session=session),
        component_visits={},
        component_seats={"PLAY": SEATS[:2]},
    ).components
    kept = json.loads(json.dumps(to_json(planned)))
    assert (kept["sessionId"], kept["seats"]) == (
        str(session.pk),
        [{"id": 1, "label": "A1"}, {"id": 2, "label": "A2"}],
    )
    assert from_json(kept) == planned


def test_a_plan_from_before_there_were_sessions_has_none() -> None:
    (planned,) = expand(
        package=Package(),
        components=[component("RIDE")],
        quantity=1,
        visit=AFTERNOON,
        component_visits={},
    ).components
    old = to_json(planned)
    del old["sessionId"], old["seats"]
    assert from_json(old) == planned


def test_a_plan_comes_back_from_json_as_it_was() -> None:
    for visit in (MORNING, AFTERNOON, Visit(None, None, MORNING.valid_from, MORNING.valid_until)):
        (planned,) = expand(
            package=Package(),
            components=[component("RIDE", 2)],
            quantity=1,
            visit=visit,
            component_visits={},
        ).components
        assert from_json(json.loads(json.dumps(to_json(planned)))) == planned
