"""What is measured of the gate: scans of a venue that has sold a million tickets."""

from __future__ import annotations

from dataclasses import replace

from tests.bench import crowd
from tests.bench.client import Load
from tests.bench.measuring import send
from tests.bench.scenarios import Bench, Figure, figure

ASSETS = 1_000_000
_LEAST_ASSETS = 20_000
# Of a hundred scans; the others are of tickets, by their own number.
BY_WALLET, BY_PARTNERS_NUMBER, UNKNOWN = 15, 10, 5


def scan_tickets(bench: Bench, *, rate: float = 20.0, seconds: float = 60.0) -> list[Figure]:
    """Scans due at fixed moments, then as many as go; every ticket once."""
    assets = max(_LEAST_ASSETS, round(ASSETS * bench.scale))
    bench.say(f"  selling {assets:,} tickets")
    if not bench.stack.workers:
        bench.stack.start_worker()
    crowd.fill(bench.stack, assets=assets)
    warm, paced, free = (
        Load(
            port=bench.stack.port,
            key=bench.stack.demo["gate"]["deviceKey"],
            partner_id="",
            clients=clients,
            requests=requests,
            rate=pace,
            prefix=name,
            numbers=_numbers(start, requests),
        )
        for name, start, requests, clients, pace in (
            ("WARM", 0, 400, 4, 0.0),
            ("PACED", 1000, max(40, round(rate * seconds * bench.scale)), 8, rate),
            ("FREE", 10_000, max(80, round(2000 * bench.scale)), 16, 0.0),
        )
    )
    send(bench.stack, warm, expected=200)
    figures = []
    for load, name in ((paced, f"{rate:g} scans/s"), (replace(free, seconds=60.0), "16 gates")):
        bench.say(f"  {name}")
        result = send(bench.stack, load, expected=200)
        figures.append(figure(f"{assets:,} tickets: {name}", result))
    _require_all_answered_as_meant(bench, [warm, paced, free])
    return figures


def _numbers(start: int, count: int) -> tuple[str, ...]:
    """Return what is scanned: each stands for a ticket of its own, or for none."""

    def number(place: int) -> str:
        wallet = place // crowd.ASSETS_PER_WALLET
        match place % 100:
            case share if share < UNKNOWN:
                return f"NOBODY-{place}"
            case share if share < UNKNOWN + BY_PARTNERS_NUMBER:
                return crowd.partners_number(wallet)
            case share if share < UNKNOWN + BY_PARTNERS_NUMBER + BY_WALLET:
                return crowd.wallet_number(wallet)
        return crowd.asset_number(place)

    # Every other place: no wallet is asked for twice.
    return tuple(number(start + n * crowd.ASSETS_PER_WALLET) for n in range(count))


def _require_all_answered_as_meant(bench: Bench, loads: list[Load]) -> None:
    rows = bench.stack.sql("SELECT code, count(*)::int FROM wallets_scan GROUP BY code")
    scanned = [number for load in loads for number in load.numbers]
    unknown = sum(number.startswith("NOBODY") for number in scanned)
    expected = {"admitted": len(scanned) - unknown, "unknown": unknown}
    if dict(rows) != expected:
        raise AssertionError(f"scans were answered {dict(rows)}, not {expected}")
