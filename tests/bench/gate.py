"""What is measured of the gate: scans of a venue that has sold a million tickets."""

from __future__ import annotations

from dataclasses import replace

from tests.bench import crowd
from tests.bench.client import Load
from tests.bench.measuring import send
from tests.bench.scenarios import Bench, Figure, figure

# Where its loads begin; growth takes its tickets from the far end.
_WARM, _PACED, _FREE = 0, 1_000, 10_000
_LEAST_ORDERS = 6_500
# Of a hundred scans; the others are of tickets, by their own number.
BY_WALLET, BY_PARTNERS_NUMBER, UNKNOWN = 15, 10, 5


def scan_tickets(bench: Bench, *, rate: float = 20.0, seconds: float = 30.0) -> list[Figure]:
    """Scans due at fixed moments, then as many as go; every ticket once."""
    bench.fill_up(max(bench.orders, _LEAST_ORDERS))
    assets = max(bench.orders, _LEAST_ORDERS) * crowd.WALLETS_PER_ORDER
    before = _answered(bench)
    warm, paced, free = (
        Load(
            port=bench.stack.port,
            key=bench.stack.demo["gate"]["deviceKey"],
            partner_id="",
            clients=clients,
            requests=requests,
            rate=pace,
            prefix=name,
            numbers=numbers_of(start, requests),
        )
        for name, start, requests, clients, pace in (
            ("WARM", _WARM, 400, 4, 0.0),
            ("PACED", _PACED, max(40, round(rate * seconds * bench.scale)), 8, rate),
            ("FREE", _FREE, max(80, round(2000 * bench.scale)), 16, 0.0),
        )
    )
    send(bench.stack, warm, expected=200)
    figures = []
    for load, name in ((paced, f"{rate:g} scans/s"), (replace(free, seconds=60.0), "16 gates")):
        bench.say(f"  {name}")
        result = send(bench.stack, load, expected=200)
        figures.append(
            figure(f"{assets:,} tickets: {name}", result, "Scan of a ticket by its own number")
        )
    _require_all_answered_as_meant(bench, before, [warm, paced, free])
    return figures


def numbers_of(start: int, count: int) -> tuple[str, ...]:
    """Return what is scanned: each stands for a ticket of its own, or for none."""

    def number(place: int) -> str:
        match place % 100:
            case share if share < UNKNOWN:
                return f"NOBODY-{place}"
            case share if share < UNKNOWN + BY_PARTNERS_NUMBER:
                return crowd.partners_number(place)
            case share if share < UNKNOWN + BY_PARTNERS_NUMBER + BY_WALLET:
                return crowd.wallet_number(place)
        return crowd.asset_number(place)

    return tuple(number(start + n) for n in range(count))


def _require_all_answered_as_meant(bench: Bench, before: dict[str, int], loads: list[Load]) -> None:
    now = _answered(bench)
    counted = {code: count - before.get(code, 0) for code, count in now.items()}
    scanned = [number for load in loads for number in load.numbers]
    unknown = sum(number.startswith("NOBODY") for number in scanned)
    expected = {"admitted": len(scanned) - unknown, "unknown": unknown}
    if counted != expected:
        raise AssertionError(f"scans were answered {counted}, not {expected}")


def _answered(bench: Bench) -> dict[str, int]:
    rows = bench.stack.sql("SELECT code, count(*)::int FROM wallets_scan GROUP BY code")
    return {str(code): int(count) for code, count in rows}
