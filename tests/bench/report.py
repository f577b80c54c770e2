"""The figures as `docs/bench.md` for people and `docs/bench.json` for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.bench.desk import ORDER_LIST, ORDERS
from tests.bench.exports import EXTRA_MIB, ROWS_PER_SECOND, Exported
from tests.bench.matching import MIB, SECONDS, Matched
from tests.bench.neighbour import PACED, PER_SECOND, TIMES, Neighbours
from tests.bench.scenarios import Figure


@dataclass(frozen=True)
class Target:
    """A promise and what was measured."""

    name: str
    allowed: float
    measured: float
    unit: str
    is_least: bool = False

    @property
    def met(self) -> bool:
        if self.is_least:
            return self.measured >= self.allowed
        return self.measured <= self.allowed


@dataclass(frozen=True)
class Report:
    """Everything one run found."""

    machine: Mapping[str, str]
    setup: str
    statements: Mapping[str, int]
    posts: Sequence[Figure]
    reads: Sequence[Figure]
    settling: Sequence[Figure]
    bulk: Sequence[Figure]
    backlog: tuple[int, float]
    places: Sequence[Figure]
    scans: Sequence[Figure]
    desk: Sequence[Figure]
    exports: Sequence[Exported]
    matching: Matched
    limits: Neighbours

    @property
    def targets(self) -> list[Target]:
        """Return the promises of the design with what this run measured."""

        def most(beginning: str) -> int:
            return max(
                count for name, count in self.statements.items() if name.startswith(beginning)
            )

        return [
            Target("POST, statements, whatever the lines", 12, most("POST"), ""),
            Target("Issuing, statements, whatever the wallets", 15, most("Issuing"), ""),
            Target("GET, statements", 6, most("GET"), ""),
            Target("List page, statements, none per row", 6, most("List"), ""),
            Target("POST p50 at one client, 4 wallets", 12, self.posts[0].p50, "ms"),
            Target(
                "Submit to Issued p95 at 20 orders/s of 4 wallets",
                1000,
                self.settling[1].p95,
                "ms",
            ),
            Target(f"Gate p99 at {self.scans[0].name}", 50, self.scans[0].p99, "ms"),
            Target("Scan, statements", 8, most("Scan"), ""),
            Target(f"{ORDER_LIST}, p95 at {ORDERS:,} orders", 500, self.desk[0].p95, "ms"),
            Target("Orders in the admin, statements", 15, most("Orders in the admin"), ""),
            Target(
                f"Export, CSV, {self.exports[0].rows:,} rows",
                ROWS_PER_SECOND,
                self.exports[0].rate,
                "rows/s",
                is_least=True,
            ),
            *(
                Target(f"Export, {one.format}, extra memory", EXTRA_MIB, one.extra_mib, "MiB")
                for one in self.exports
            ),
            Target(
                f"A statement of {self.matching.lines:,} lines, read and matched",
                SECONDS,
                self.matching.seconds,
                "s",
            ),
            Target("The same, the worker's whole memory", MIB, self.matching.mib, "MiB"),
        ]

    def as_json(self) -> str:
        """Return all figures as JSON."""
        contents: dict[str, Any] = {
            "machine": dict(self.machine),
            "setup": self.setup,
            "targets": [{**asdict(target), "met": target.met} for target in self.targets],
            "statements": dict(self.statements),
            "createOrder": [asdict(figure) for figure in self.posts],
            "reads": [asdict(figure) for figure in self.reads],
            "submitToIssued": [asdict(figure) for figure in self.settling],
            "bulk": [asdict(figure) for figure in self.bulk],
            "places": [asdict(figure) for figure in self.places],
            "gate": [asdict(figure) for figure in self.scans],
            "desk": [asdict(figure) for figure in self.desk],
            "exports": [one.as_data() for one in self.exports],
            "matching": self.matching.as_data(),
            "limits": {
                "quiet": [asdict(figure) for figure in self.limits.quiet],
                "greedy": [asdict(figure) for figure in self.limits.greedy],
            },
            "backlog": {"orders": self.backlog[0], "ordersPerSecond": self.backlog[1]},
        }
        return json.dumps(contents, indent=2, ensure_ascii=False) + "\n"

    def as_markdown(self) -> str:
        """Return the page."""
        orders, rate = self.backlog
        return "\n".join(
            [
                "# Measured figures",
                "",
                "Written by `make bench`; the same figures for programs are in `bench.json`. The",
                "load comes from processes of its own on the same machine, over real HTTP with",
                f"connections kept alive. {self.setup}",
                "",
                "## Machine",
                "",
                *_table(("", ""), self.machine.items()),
                "",
                "## Targets",
                "",
                *_table(
                    ("", "Target", "Measured", ""),
                    (
                        (
                            target.name,
                            f"at {'least' if target.is_least else 'most'} {target.allowed:g} {target.unit}".rstrip(),
                            f"{target.measured:g} {target.unit}".rstrip(),
                            "met" if target.met else "**missed**",
                        )
                        for target in self.targets
                    ),
                ),
                "",
                "## Client SQL statements",
                "",
                "Round trips of ours; BEGIN, COMMIT, SAVEPOINT and the job queue's own are not",
                "counted. Tests assert the budgets.",
                "",
                *_table(("Operation", "Statements"), self.statements.items()),
                "",
                "## createOrder",
                "",
                "Closed loop: each client sends its next order when it has the answer. The worker",
                "issues the orders meanwhile; the CPU per order includes that.",
                "",
                *_figures(self.posts, "Orders/s"),
                "",
                "## Reads",
                "",
                *_figures(self.reads, "Answers/s"),
                "",
                "## Submit to Issued",
                "",
                "Open loop: orders are due at fixed moments, and each counts from the moment it",
                "was due until the commit that made it Issued.",
                "",
                *_figures(self.settling, "Orders/s"),
                "",
                f"A backlog of {orders} orders of 4 wallets is worked off by one worker process at",
                f"**{rate:g} orders/s**.",
                "",
                "## Large orders, one at a time",
                "",
                *_figures(self.bulk, None),
                "",
                "## Places",
                "",
                "Closed loop, as above. Hot: everybody wants the same session. A hold and its",
                "order are two requests and count as one.",
                "",
                *_figures(self.places, "Answers/s"),
                "",
                "## Gate",
                "",
                "Every scan is of another ticket and admits it, but for 1 in 17 whose number nothing",
                "has; 3 in 10 name a wallet, by our number or the partner's. Paced: open loop, each",
                "scan counts from the moment it was due. Gates: closed loop, as many as go.",
                "",
                *_figures(self.scans, "Scans/s"),
                "",
                "## Order desk",
                "",
                f"Pages of the admin with {ORDERS:,} orders, opened one after the other by one person.",
                "Each of the orders came half a minute after the one before.",
                "",
                *_figures(self.desk, "Pages/s"),
                "",
                "## Exports",
                "",
                "The whole order register as a file, from the press of the button to the last byte in",
                "the database, written by the worker; its memory on top of what it had before.",
                "",
                *_table(
                    ("", "Rows", "Seconds", "Rows/s", "MiB", "Extra memory, MiB"),
                    (
                        (one.format, one.rows, one.seconds, one.rate, one.mib, one.extra_mib)
                        for one in self.exports
                    ),
                ),
                "",
                "## Matching",
                "",
                f"A CSV of {self.matching.lines:,} lines for a period of {self.matching.orders:,} orders, "
                f"{self.matching.differences:,} of which differ or are missing:",
                f"read and matched by the worker in {self.matching.seconds} s, from agreeing to its format to",
                f"the last state in the database. Its whole memory was {self.matching.mib} MiB at most.",
                "",
                "## Limits",
                "",
                f"One partner reads and orders, {PACED:g} requests/s each: alone, while another one sends",
                f"the {PER_SECOND} requests/s that it may, and while it sends {TIMES} times as many. Open",
                "loop: each request counts from the moment it was due. The load generators share the",
                "server's cores; the other partner's has the lowest priority, so that its own latencies",
                "tell how long it waits for a core as well. The control tells what so much traffic costs",
                "this machine whoever answers it: the other one keeps to its limit, and the rest goes to",
                "a server that does nothing. All by turns, several times.",
                "",
                *_figures(self.limits.quiet, "Answers/s"),
                "",
                "What the other one is answered meanwhile:",
                "",
                *_figures(self.limits.greedy, "Answers/s"),
                "",
            ]
        )


def _figures(figures: Sequence[Figure], rate: str | None) -> Iterable[str]:
    with_cpu = any(figure.cpu for figure in figures)
    parts = ("web", "worker", "database")
    head = ["", "Count", *([rate] if rate else []), "p50 ms", "p95 ms", "p99 ms"]
    if with_cpu:
        head += [f"CPU ms, {part}" for part in parts]
    return _table(
        head,
        (
            [
                figure.name,
                figure.count,
                *(["" if figure.rate is None else f"{figure.rate:g}"] if rate else []),
                *(f"{value:g}" for value in (figure.p50, figure.p95, figure.p99)),
                *([_number(figure.cpu.get(part)) for part in parts] if with_cpu else []),
            ]
            for figure in figures
        ),
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _table(head: Sequence[str], rows: Iterable[Iterable[object]]) -> Iterable[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---' for _ in head)}|"
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"
