"""A venue of its own with sessions on many days, made through the ORM for races about places.

`Stack.django("tests.chaos.stage_data", days)` runs it; it prints what the races need as JSON.
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from catalog.models import Dating, Item, Session
from partners.keys import create_key
from partners.models import Partner, Venue
from tests.factories import (
    AllotmentFactory,
    AttractionFactory,
    ComponentFactory,
    ItemFactory,
    PackageFactory,
    PackageMappingFactory,
    PartnerFactory,
    PriceFactory,
    SeatPlanFactory,
    SessionFactory,
    VenueFactory,
)
from wallets.devices import create_device

SHOW_TIMES = ("10:00", "12:00", "14:00")
ROOMS = "ABC"
ALLOTTED = 10


def make(days: int) -> dict[str, Any]:
    """Make everything; the first day is the one after tomorrow on the venue's clock.

    SHOW has three sessions a day, STALLS one of 20 numbered seats, the rooms one each. SHOW,
    SHOW-GROUP, EITHER-SHOW and the second partner's ALLOTTED share the show's places; TOUR-ABC and
    its like go through the rooms in that order; EVENING is the show, then the stalls, and GNINEVE
    the other way round. ANYDAY is admitted at the gates. NOT-MAPPED may be mapped to SHOW later.
    """
    venue = VenueFactory.create(code="stage", name="The Stage", reference_prefix="ST")
    tomorrow = datetime.datetime.now(venue.zone).date() + datetime.timedelta(days=1)
    dates = [tomorrow + datetime.timedelta(days=n) for n in range(1, days + 1)]
    show, stalls = _item(venue, "SHOW"), _item(venue, "STALLS")
    rooms = {room: _item(venue, f"ROOM-{room}") for room in ROOMS}
    sessions = _sessions(show, dates, SHOW_TIMES)
    for item in rooms.values():
        sessions += _sessions(item, dates, ["10:00"])
    plan = SeatPlanFactory.create(venue=venue, rows={"A": 10, "B": 10})
    for session in _sessions(stalls, dates, ["10:00"]):
        session.seat_plan, session.capacity = plan, 20
        sessions.append(session)
    Session.objects.bulk_create(sessions)

    package = _package(venue, "SHOW", show)
    _package(venue, "SHOW-GROUP", show, is_group=True)
    _package(venue, "EITHER-SHOW", show, dating=Dating.DATED)
    _package(venue, "STALLS", stalls)
    _package(venue, "EVENING", show, stalls)
    _package(venue, "GNINEVE", stalls, show)
    for order in ("ABC", "BCA", "CBA"):
        _package(venue, f"TOUR-{order}", *(rooms[room] for room in order))
    anyday = ItemFactory.create(venue=venue, number="ANYDAY-ENTRY")
    _package(venue, "ANYDAY", anyday, dating=Dating.OPEN)

    partners = [PartnerFactory.create(venue=venue, name=name) for name in ("Stage One", "Two")]
    for partner in partners:
        PackageMappingFactory.create(
            partner=partner, item_number="NOT-MAPPED", package=package, is_active=False
        )
    allotted = _package(venue, "ALLOTTED", show)
    AllotmentFactory.create(partner=partners[1], package=allotted, places=ALLOTTED)
    return {
        "venue": str(venue.pk),
        "days": [day.isoformat() for day in dates],
        "sellers": [_key(partner) for partner in partners],
        "gates": [
            create_device(venue=venue, name=f"Gate {n}", admits_every_item=True)[1] for n in (1, 2)
        ],
    }


def _item(venue: Venue, number: str) -> Item:
    attraction = AttractionFactory.create(venue=venue, code=number.lower(), name=number)
    return ItemFactory.create(venue=venue, number=f"{number}-ENTRY", attraction=attraction)


def _sessions(item: Item, dates: Iterable[datetime.date], times: Iterable[str]) -> list[Session]:
    return [
        SessionFactory.build(
            attraction=item.attraction, date=date, time=datetime.time.fromisoformat(time)
        )
        for date in dates
        for time in times
    ]


def _package(venue: Venue, code: str, *items: Item, **options: Any) -> Any:
    package = PackageFactory.create(venue=venue, code=code, **{"dating": Dating.TIMED, **options})
    for position, item in enumerate(items):
        ComponentFactory.create(
            package=package, item=item, price_share=Decimal("10.00"), position=position
        )
    PriceFactory.create(package=package, amount_incl_vat=Decimal("10.00") * len(items))
    return package


def _key(partner: Partner) -> dict[str, str]:
    return {"partner": str(partner.pk), "key": create_key(partner=partner)[1]}


if __name__ == "__main__":
    print(json.dumps(make(int(sys.argv[1]))))
