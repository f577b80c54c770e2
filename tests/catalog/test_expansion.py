"""What a line becomes. No database."""

import datetime
import json

from catalog.expansion import PlannedComponent, expand, from_json, to_json
from catalog.models import Component, Item, Package
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
