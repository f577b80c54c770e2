"""What is measured of places: orders and holds that take them, availability, refusals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tests.bench.client import Load
from tests.bench.measuring import send
from tests.bench.scenarios import Bench, Figure, figure
from tests.chaos.stage import Stage
from tests.stack import PLENTY
from tests.traffic import visits

DAYS = 366
# What each is called among the counted statements.
_COUNTED = {
    "POST, 4 places": "POST, places of one session",
    "POST, 3 sessions": "POST, places of three sessions",
    "POST, hot session": "POST, places of one session",
    "Refused, sold out": "Refusal, sold out",
    "Availability, 365 days of 3 sessions": "Availability",
    "Availability, 365 days, a row a day": "Availability",
}


def sell_places(bench: Bench, stage: Stage) -> list[Figure]:
    """Orders on many sessions and on a hot one, holds, a calendar of a year, and refusals."""
    many = [stage.new_day(capacity=PLENTY) for _ in range(30)]
    spread = [visits("SHOW", day, "10:00", quantity=4) for day in many]
    tours = [visits("TOUR-ABC", day, "10:00") for day in many]
    hot = [visits("SHOW", stage.new_day(capacity=PLENTY), "10:00")]
    full = [visits("SHOW", stage.new_day(capacity=0), "10:00")]
    first, last = stage.made["days"][0], stage.made["days"][364]
    year = f"/availability?itemNumber=SHOW&from={first}&to={last}"
    figures = []
    for name, clients, requests, expected, options in (
        ("POST, 4 places", 1, 300, 201, {"items": spread}),
        ("POST, 4 places", 16, 800, 201, {"items": spread}),
        ("POST, 3 sessions", 16, 600, 201, {"items": tours}),
        ("POST, hot session", 50, 1200, 201, {"items": hot}),
        ("Hold and its order, hot session", 16, 500, 201, {"items": hot, "holds": True}),
        ("Refused, sold out", 1, 300, 409, {"items": full}),
        ("Refused, sold out", 50, 1200, 409, {"items": full}),
        ("Availability, 365 days of 3 sessions", 1, 60, 200, {"paths": [year]}),
        ("Availability, 365 days of 3 sessions", 16, 200, 200, {"paths": [year]}),
        ("Availability, 365 days, a row a day", 16, 200, 200, {"paths": [f"{year}&calendar=true"]}),
    ):
        told = f"{name}, {clients} client{'s' if clients > 1 else ''}"
        bench.say(f"  {told}")
        load = _load(bench, stage, f"PLACES-{len(figures)}", requests, clients, options)
        result = send(bench.stack, load, expected=expected)
        figures.append(figure(told, result, _COUNTED.get(name, "")))
        bench.drain()
    return figures


def statements(stage: Stage) -> dict[str, int]:
    """Count client SQL statements of operations with places, in a process of ours."""
    seller = stage.seller()
    said = stage.stack.django(
        "tests.bench.statements", "places", seller.key, seller.partner_id, stage.new_day()
    )
    return {str(name): int(count) for name, count in json.loads(said).items()}


def _load(
    bench: Bench,
    stage: Stage,
    prefix: str,
    requests: int,
    clients: int,
    options: dict[str, Sequence[Any]],
) -> Load:
    seller = stage.seller()
    return Load(
        port=bench.stack.port,
        key=seller.key,
        partner_id=seller.partner_id,
        clients=clients,
        requests=max(clients, round(requests * bench.scale)),
        prefix=prefix,
        **{name: tuple(value) if name != "holds" else value for name, value in options.items()},
    )
