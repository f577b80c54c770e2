"""How the report tells of ours beside the baselines: figures, ratios and what was promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.bench.baselines import (
    ACCEPT,
    BARE,
    ISSUE,
    MINIMAL,
    OURS,
    RAW,
    Compared,
    database_ms,
    per_second,
    web_ms,
)
from tests.bench.baselines import compare as measure
from tests.bench.measuring import Result
from tests.bench.report import Part, Section, Target, number
from tests.bench.scenarios import FIRST_PAGE, ONE_ORDER, Bench, clients_of

ACCEPT_CPU, ISSUING_SHARE = 3.0, 0.60
_COUNTED = {
    ACCEPT: "POST, 1 line",
    ISSUE: "Issuing, 4 wallets",
    ONE_ORDER: "GET, 1000 wallets",
    FIRST_PAGE: "List page, 50 rows",
}
_TEXT = """\
The same in several ways, in blocks by turns, on one database server in the same minutes. *Minimal
DRF* is a project of one table, one ModelSerializer and no middleware (`tests/bench/minimal/`) behind
the same granian: one INSERT, one SELECT, or one SELECT of fifty. *Bare ORM* is one process that does
nothing but `bulk_create` the rows that an order of four wallets leaves, one order a transaction;
*pgbench* writes or reads the same rows from outside Python. All of them write into the product's own
tables, with their indexes and foreign keys, and jobs and events count. Orders are accepted while no
worker runs; a backlog is issued by one worker process, its job machinery included, from the moment that it
has the first order to the last commit. A bare process's CPU stands under *web*; of ours, issuing is the worker's.

The last three columns are ours divided by that row: orders a second (more is better), and CPU of
the web and of the database (less is better)."""


def compare(bench: Bench, counted: Mapping[str, int], *, web_workers: int, threads: int) -> Part:
    """Measure, and return the table, the targets and the data."""
    compared = measure(bench, web_workers=web_workers, threads=threads)
    head = ["", "Way", "Count", "a second", "p50 ms", "p99 ms", "SQL"]
    head += ["CPU ms, web", "CPU ms, worker", "CPU ms, database"]
    head += ["ours/this: rate", "web CPU", "database CPU"]
    rows = [row for one in compared for row in _rows(one, counted)]
    section = Section("Ours beside the least that is possible", _TEXT, head, rows)
    return Part([section], targets_of(compared), {"compared": [_data(one) for one in compared]})


def targets_of(compared: Sequence[Compared]) -> list[Target]:
    """Return what was promised of accepting and issuing."""
    accept = next(one for one in compared if one.name == ACCEPT and one.clients == 1)
    issue = next(one for one in compared if one.name == ISSUE)
    return [
        Target(
            "Accept, web CPU, as a multiple of the minimal DRF create, 1 client",
            ACCEPT_CPU,
            round(accept.ratio(web_ms, MINIMAL), 2),
            "x",
        ),
        Target(
            "Issuing a backlog at 4 wallets, share of the bare ORM's speed",
            ISSUING_SHARE,
            round(issue.ratio(per_second, BARE), 2),
            is_least=True,
        ),
    ]


def _rows(one: Compared, counted: Mapping[str, int]) -> list[list[object]]:
    rows = []
    for way in (OURS, MINIMAL, BARE, RAW):
        if way not in one.ways:
            continue
        result = one.whole(way)
        # An order of a backlog takes what the rate says; it has no latency of its own.
        is_spread = not (one.name == ISSUE and way == OURS)
        spread = result.spread
        row: list[object] = [f"{one.name}, {clients_of(one.clients)}", way, spread.count]
        row += [number(per_second(result))]
        row += [number(spread.p50), number(spread.p99)] if is_spread else ["", ""]
        row += [counted.get(_COUNTED[one.name], "") if way == OURS else ""]
        row += [number(web_ms(result)) if way != RAW else ""]
        row += [number(result.cpu_ms(result.cpu.worker)) if way == OURS else ""]
        row += [number(database_ms(result))]
        row += ["", "", ""] if way == OURS else _ratios(one, way)
        rows.append(row)
    return rows


def _ratios(one: Compared, way: str) -> list[object]:
    web = "" if way == RAW or one.name == ISSUE else f"{one.ratio(web_ms, way):.2f}"
    return [
        f"{one.ratio(per_second, way):.2f}",
        web,
        f"{one.ratio(database_ms, way):.2f}",
    ]


def _data(one: Compared) -> dict[str, object]:
    def told(result: Result) -> dict[str, object]:
        spread = result.spread
        return {
            "count": spread.count,
            "perSecond": per_second(result),
            "p50": spread.p50,
            "p99": spread.p99,
            "webCpuMs": web_ms(result),
            "workerCpuMs": result.cpu_ms(result.cpu.worker),
            "databaseCpuMs": database_ms(result),
        }

    ways = {way: told(one.whole(way)) for way in one.ways}
    return {"name": one.name, "clients": one.clients, "ways": ways}
