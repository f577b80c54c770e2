"""The four fake systems as chaos needs them: how to connect, where to kill, what was made."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.system_names import SYSTEMS
from tests.fakes import onebox_system, openticket_system, ordino_system, voordemensen_system
from tests.fakes.faults import FaultySystem
from tests.fakes.onebox_system import OneboxSystem
from tests.fakes.openticket_system import OpenTicketSystem
from tests.fakes.ordino_system import OrdinoSystem
from tests.fakes.voordemensen_system import VoordeMensenSystem


@dataclass(frozen=True)
class Far:
    """One system: its fake, our account there, and what is sold.

    steps: its operations that change something there, as the fake calls them; ends: those of
    cancelling. made: how many tickets stand there for a guest's address. always_issues: whether an
    order ends issued without a person, whoever is killed.
    """

    system: FaultySystem
    connect: Callable[[], Mapping[str, Any]]
    credentials: Mapping[str, str]
    source: Mapping[str, str]
    steps: Sequence[str]
    made: Callable[[str], int]
    ends: Sequence[str] = field(default=())
    always_issues: bool = False


def make(title: str) -> Far:
    """Return one of SYSTEMS."""
    return _MAKERS[title]()


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _ordino(*, repeats_safely: bool) -> Far:
    """Return Ordino; repeats_safely: its operator has confirmed that an order sent twice is made
    once, and it is.
    """
    system = OrdinoSystem(deduplicates=repeats_safely)
    return Far(
        system,
        lambda: {"base_url": system.url, "repeats_safely": repeats_safely},
        {"api_key": ordino_system.KEY},
        {"outside_item": "pkg_photo"},
        ["order"],
        lambda guest: sum(one.guest == guest for one in system.entitlements),
        always_issues=repeats_safely,
    )


def _onebox() -> Far:
    system = OneboxSystem(_now)
    for show in system.shows.values():
        show.places = dict.fromkeys(show.places, 1000000)

    def made(guest: str) -> int:
        return sum(
            item.get("state") != "REFUNDED"
            for order in system.confirmed
            if order.buyer.get("email") == guest
            for item in order.items
        )

    return Far(
        system,
        lambda: {"base_url": system.url, "account": str(onebox_system.CHANNEL_ID)},
        {"client_secret": onebox_system.CLIENT_SECRET},
        {
            "outside_session": str(onebox_system.SESSION),
            "outside_item": str(onebox_system.ADULT),
        },
        ["orders", "seats-auto", "buyer-data", "pre-confirm", "confirm"],
        made,
        ["refund"],
    )


def _openticket() -> Far:
    system = OpenTicketSystem(_now)
    system.stock = dict.fromkeys(system.stock, 1_000_000)

    def made(guest: str) -> int:
        return sum(
            len(order["tickets"])
            for order in system.orders.values()
            if order["document"]["receiver"]["email"] == guest
        )

    return Far(
        system,
        lambda: {
            "base_url": system.shop_url,
            "second_url": system.api_url,
            "account": openticket_system.SHOP,
            "payment_method": openticket_system.ON_ACCOUNT,
        },
        {"access_token": openticket_system.FIRST_TOKEN},
        {"outside_item": openticket_system.ADULT},
        ["reserve", "order"],
        made,
    )


def _voordemensen() -> Far:
    system = VoordeMensenSystem()

    def made(guest: str) -> int:
        return sum(
            one["numberoftickets"]
            for order in system.orders.values()
            if order["email"] == guest
            for one in order["items"]
        )

    return Far(
        system,
        lambda: {
            "base_url": f"{system.url}/v1",
            "account": voordemensen_system.CLIENT,
            "payment_method": str(voordemensen_system.ON_ACCOUNT),
        },
        {},
        {
            "outside_session": str(voordemensen_system.MATINEE),
            "outside_item": voordemensen_system.CHILD,
        },
        ["make_cart", "add_to_cart", "create_order"],
        made,
    )


_MAKERS: Mapping[str, Callable[[], Far]] = dict(
    zip(
        SYSTEMS,
        (
            functools.partial(_ordino, repeats_safely=False),
            functools.partial(_ordino, repeats_safely=True),
            _onebox,
            _openticket,
            _voordemensen,
        ),
        strict=True,
    )
)
