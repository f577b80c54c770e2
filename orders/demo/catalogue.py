"""What the demo park sells, and when: items, packages, attractions with their session rules."""

from __future__ import annotations

import dataclasses
import datetime
from decimal import Decimal

from catalog.models import (
    Attraction,
    Component,
    Dating,
    Item,
    ItemType,
    Package,
    Price,
    Seat,
    SeatPlan,
    SessionRule,
)
from partners.models import Venue

VENUE_CODE = "demo-park"
BUNDLE_COMPONENTS = ["DINO-RIDE", "CINEMA-4D"]
PARK = "park"
_HALL = "Dune Theatre"


@dataclasses.dataclass(frozen=True)
class _Slots:
    """Sessions of every day; without a start one session for the whole day."""

    capacity: int
    first: str | None = None
    last: str | None = None
    every: int | None = None
    minutes: int | None = None
    seated: bool = False


@dataclasses.dataclass(frozen=True)
class _Package:
    """A package on sale, with the share of each component in its price."""

    code: str
    name: str
    amount: str
    components: tuple[tuple[str, str], ...]
    dating: Dating = Dating.DATED
    is_group: bool = False


_ATTRACTIONS: dict[tuple[str, str], tuple[_Slots, ...]] = {
    (PARK, "Dune Park"): (_Slots(5000),),
    # Any arrival fits: whoever comes between two starts belongs to the one before.
    ("dino", "Dino ride"): (
        _Slots(2000, "10:00", minutes=240),
        _Slots(2000, "14:00", minutes=360),
    ),
    ("cinema-4d", "4D cinema"): (
        _Slots(2000, "10:00", minutes=240),
        _Slots(2000, "14:00", minutes=360),
    ),
    ("shows", "Cinema shows"): (_Slots(80, "11:00", "19:00", 60, 45),),
    ("balloon", "Balloon flights"): (_Slots(5, "11:00", minutes=60),),
    ("theatre", "Evening theatre"): (_Slots(60, "19:30", minutes=90, seated=True),),
}
# Number, description, type, VAT rate, attraction.
_ITEMS: tuple[tuple[str, str, ItemType, str, str | None], ...] = (
    ("PARK-ENTRY", "Park entry", ItemType.TICKET, "9.00", "park"),
    ("GROUP-ENTRY", "Group entry", ItemType.TICKET, "9.00", "park"),
    ("DINO-RIDE", "Dino ride", ItemType.TICKET, "9.00", "dino"),
    ("CINEMA-4D", "4D cinema", ItemType.TICKET, "9.00", "cinema-4d"),
    ("CINEMA-SHOW", "Cinema show", ItemType.TICKET, "9.00", "shows"),
    ("BALLOON-FLIGHT", "Balloon flight", ItemType.TICKET, "9.00", "balloon"),
    ("THEATRE-SEAT", "Evening theatre", ItemType.TICKET, "9.00", "theatre"),
    ("LUNCH-COUPON", "5 euros off lunch", ItemType.COUPON, "21.00", None),
    ("ANYDAY-ENTRY", "Park entry, any day", ItemType.TICKET, "9.00", None),
    ("DINO-ANYDAY", "Dino ride, any day", ItemType.TICKET, "9.00", "dino"),
    ("PHOTO", "Photo voucher", ItemType.COUPON, "21.00", None),
)
_PACKAGES: dict[str, _Package] = {
    "individual": _Package("DAY", "Day ticket", "34.50", (("PARK-ENTRY", "1"),)),
    "group": _Package("GROUP", "Group ticket", "27.00", (("GROUP-ENTRY", "1"),), is_group=True),
    "bundle": _Package(
        "FAMILY-DAY",
        "Dino and cinema day with lunch coupon",
        "49.50",
        (("DINO-RIDE", "24.50"), ("CINEMA-4D", "20.00"), ("LUNCH-COUPON", "5.00")),
    ),
    "timed": _Package(
        "CINEMA", "Cinema show", "12.00", (("CINEMA-SHOW", "1"),), dating=Dating.TIMED
    ),
    "openDated": _Package(
        "ANYDAY", "Any-day ticket", "39.00", (("ANYDAY-ENTRY", "1"),), dating=Dating.OPEN
    ),
    "fewPlaces": _Package(
        "BALLOON", "Balloon flight", "95.00", (("BALLOON-FLIGHT", "1"),), dating=Dating.TIMED
    ),
}
# Costs nothing, and admits to the park all the same.
FREE = "TODDLER"
_UNLISTED = (
    _Package(FREE, "Toddler, free of charge", "0.00", (("PARK-ENTRY", "1"),)),
    _Package(
        "THEATRE",
        "Evening theatre, numbered seats",
        "29.00",
        (("THEATRE-SEAT", "1"),),
        dating=Dating.TIMED,
    ),
    _Package("RIDE-PASS", "Ride pass", "14.50", (("DINO-ANYDAY", "1"),), dating=Dating.OPEN),
    _Package("PHOTO-VOUCHER", "Photo voucher", "9.00", (("PHOTO", "1"),), dating=Dating.OPEN),
)
ROLES = {role: package.code for role, package in _PACKAGES.items()}


def make_venue() -> Venue:
    """Make the demo park with everything it sells; what is there already stays as it is."""
    venue, _made = Venue.objects.get_or_create(
        code=VENUE_CODE,
        defaults={
            "name": "Dune Park",
            "timezone": "Europe/Amsterdam",
            "currency": "EUR",
            "language": "en",
            "reference_prefix": "CM",
            "address": "Strandweg 1, 1970 AA Duinstad",
            "contact_email": "guests@example.com",
            "contact_phone": "+31 20 555 0100",
            "brand_color": "#0f766e",
        },
    )
    attractions = {code: _attraction(venue, code, name) for code, name in _ATTRACTIONS}
    items = {}
    for number, description, item_type, vat_rate, attraction in _ITEMS:
        items[number], _made = Item.objects.get_or_create(
            venue=venue,
            number=number,
            defaults={
                "description": description,
                "type": item_type,
                "vat_rate": Decimal(vat_rate),
            },
        )
        if attraction and items[number].attraction_id is None:
            items[number].attraction = attractions[attraction]
            items[number].save(update_fields=["attraction"])
    for package in (*_PACKAGES.values(), *_UNLISTED):
        if not Package.objects.filter(venue=venue, code=package.code).exists():
            _make_package(venue, package, items)
    return venue


def _attraction(venue: Venue, code: str, name: str) -> Attraction:
    """Return an attraction; a new one gets its rules."""
    attraction, is_new = Attraction.objects.get_or_create(
        venue=venue, code=code, defaults={"name": name}
    )
    if is_new:
        for slots in _ATTRACTIONS[code, name]:
            SessionRule.objects.create(
                attraction=attraction,
                first_start=_time(slots.first),
                last_start=_time(slots.last),
                every_minutes=slots.every,
                duration_minutes=slots.minutes,
                capacity=slots.capacity,
                seat_plan=_seat_plan(venue) if slots.seated else None,
            )
    return attraction


def _seat_plan(venue: Venue) -> SeatPlan:
    """Make six rows of ten seats."""
    plan = SeatPlan.objects.create(venue=venue, name=_HALL)
    labels = [(row, f"{row}{number}") for row in "ABCDEF" for number in range(1, 11)]
    Seat.objects.bulk_create(
        Seat(plan=plan, row=row, label=label, position=position)
        for position, (row, label) in enumerate(labels)
    )
    return plan


def _make_package(venue: Venue, described: _Package, items: dict[str, Item]) -> None:
    package = Package(
        venue=venue,
        code=described.code,
        name=described.name,
        dating=described.dating,
        is_group=described.is_group,
    )
    package.put_on_sale()
    package.save()
    Price.objects.create(package=package, amount_incl_vat=Decimal(described.amount))
    Component.objects.bulk_create(
        Component(
            package=package, item=items[number], price_share=Decimal(share), position=position
        )
        for position, (number, share) in enumerate(described.components)
    )


def _time(text: str | None) -> datetime.time | None:
    return None if text is None else datetime.time.fromisoformat(text)
