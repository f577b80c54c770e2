"""The figures: `docs/scale.json` for programs, and the measured part of `docs/scale.md`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.scale.kills import Kills
from tests.scale.measuring import Measured
from tests.scale.predictions import FULL, TOLERANCE, WAITS_TOLERANCE, Predictions, Times
from tests.scale.sizes import Growth
from tests.scale.webhooks import Delivered

BEGIN, END = "<!-- written by make scale -->", "<!-- end of what make scale writes -->"
_PARTS = ("web", "worker", "primary", "replica", "clients")
_GB = 1_000_000_000
_MILLION = 1_000_000


@dataclass(frozen=True)
class Report:
    """Everything one run found. users: how many the processes of the product had.

    reports: how many were asked for, and how often the replica looked at the ledger for them.
    """

    machine: Mapping[str, str]
    users: int
    idle: Mapping[str, float]
    loads: Sequence[Measured]
    reports: tuple[int, int]
    delivered: Delivered
    killed: Kills
    grown: Sequence[Growth]
    grown_by: int
    times: Times
    foretold: Predictions
    wrong: Sequence[str]

    @property
    def order_bytes(self) -> float:
        """Return what one order adds to all tables and indexes."""
        return sum(one.bytes for one in self.grown)

    def as_json(self) -> str:
        """Return all figures."""
        loads = [
            {
                **asdict(one),
                "accepted_per_second": round(one.accepted_per_second, 1),
                "settled_per_second": round(one.settled_per_second, 1),
            }
            for one in self.loads
        ]
        contents: dict[str, Any] = {
            "machine": dict(self.machine),
            "users": self.users,
            "idleCores": dict(self.idle),
            "loads": loads,
            "reports": self.reports,
            "webhooks": asdict(self.delivered),
            "killed": asdict(self.killed),
            "bytesPerOrderOver": self.grown_by,
            "bytesPerOrder": [asdict(one) for one in self.grown],
            "serviceTimes": asdict(self.times),
            "simulation": asdict(self.foretold),
            "wrong": list(self.wrong),
        }
        return json.dumps(contents, indent=2, ensure_ascii=False) + "\n"

    def as_markdown(self) -> str:
        """Return the measured part of the page."""
        parts = (
            self._machine(),
            self._throughput(),
            self._kills(),
            self._limits(),
            self._sizes(),
            self._simulation(),
        )
        return "\n".join(line for part in parts for line in (*part, ""))

    def _machine(self) -> Iterable[str]:
        yield "### Machine"
        yield ""
        yield from _table(("", ""), self.machine.items())

    def _throughput(self) -> Iterable[str]:
        *_alone, one, many = self.loads
        gain = many.settled_per_second / one.settled_per_second
        yield "### Several processes against one"
        yield ""
        yield (
            "Orders of four tickets in a closed loop of eight clients, each with a list of 50 after "
            "every third order. `Settled` counts until nothing was left to be issued. Everything, "
            "the clients and the replica too, shares the cores of this machine: CPU for each order "
            "(for each list in its row) is what carries over to others. Orders that wait are issued "
            "together, which is cheaper; one by one is what an order costs that finds a free worker. "
            f"Half the rate: {self.foretold.rate:g} orders/s, due at random moments; times count "
            "from when an order was due."
        )
        yield ""
        yield from _table(
            (
                "",
                "Orders",
                "Accepted/s",
                "Settled/s",
                "p50 ms",
                "p95 ms",
                "Issued p50 ms",
                "Issued p95 ms",
                "List p50 ms",
                *(f"CPU ms, {part}" for part in _PARTS),
            ),
            map(_load, self.loads),
        )
        yield ""
        yield (
            f"Two web and four worker processes under {self.users} different users settle "
            f"**{gain:.2f} times** as many orders per second as one of each: the cores are the same "
            f"ones, and they also run the replica. {many.lists} lists were asked for, and the "
            f"replica looked {many.listed_there} times for orders; {self.reports[0]} reports, for "
            f"which it looked {self.reports[1]} times into the ledger. They had {many.connections} "
            f"connections to the primary, one of each {one.connections}."
        )

    def _kills(self) -> Iterable[str]:
        killed = self.killed
        yield "### Killed one by one"
        yield ""
        who = ", ".join(f"{name} {count}" for name, count in killed.killed.items())
        yield (
            f"{sum(killed.killed.values())} times SIGKILL while mixed orders came, each process "
            f"started again at once (seed {killed.seed}): {who}. {killed.orders} orders were "
            f"accepted and {killed.lists} lists read; clients repeated {killed.repeated} requests "
            f"at another web process. {killed.settled_after} s later all had settled. "
            f"**{len(killed.wrong)} of them lost or wrong** by the invariants of "
            "`tests/invariants.py`, and the replica had the same rows and sums as the primary."
        )

    def _limits(self) -> Iterable[str]:
        times, backlog = self.times.one_by_one, self.times.backlog
        one, hooks = self.loads[-2], self.delivered
        database = times.accept_database + times.issue_database
        together = backlog.accept_database + backlog.issue_database
        yield "### Where the first limit is"
        yield ""
        yield (
            f"Orders per second that one of each carries at {FULL:.0%} of its time, each order issued "
            "one by one; in brackets where a backlog is issued, which is not what a limit is made of:"
        )
        yield ""
        yield from _table(
            ("", "CPU ms for an order", "Orders/s"),
            (
                ("web process (one core at most)", f"{times.web:.1f}", _rate(times.web)),
                (
                    "worker process (one core at most)",
                    f"{times.worker:.1f} ({backlog.worker:.1f})",
                    f"{_rate(times.worker)} ({_rate(backlog.worker)})",
                ),
                (
                    "core of the primary",
                    f"{database:.1f} ({together:.1f})",
                    f"{_rate(database)} ({_rate(together)})",
                ),
            ),
        )
        first = self.foretold.full[-1]
        log = one.log_bytes
        yield ""
        yield (
            "Web processes and workers are added; the primary cannot be: it is the first limit. With "
            f"{first.cores} cores it is at {FULL:.0%} at **{first.rate:.0f} orders/s**, which is "
            f"{first.rate * 4:.0f} tickets/s. An order writes {log:,} bytes of log, whole "
            f"pages after a checkpoint included: {log * first.rate / 1e6:.1f} MB/s there, which a disk "
            "and a replica's network carry."
        )
        yield ""
        yield (
            f"A webhook takes {hooks.cpu['worker']:.1f} ms of a worker and {hooks.cpu['primary']:.1f} "
            f"ms of the primary; one worker process delivered {hooks.count} in {hooks.seconds:g} s, "
            f"{hooks.per_second:.0f}/s, to a receiver that answers at once. An endpoint that hears of "
            f"every order makes an order cost the primary {database + hooks.cpu['primary']:.1f} ms "
            f"instead of {database:.1f}: {FULL * first.cores * 1000 / (database + hooks.cpu['primary']):.0f} "
            f"orders/s with {first.cores} cores."
        )

    def _sizes(self) -> Iterable[str]:
        total = self.order_bytes
        yield "### What an order leaves"
        yield ""
        yield (
            f"Measured over {self.grown_by:,} orders of four tickets "
            "(`pg_total_relation_size`; tables that grew by a byte an order at least):"
        )
        yield ""
        rows = [(one.table, one.rows, one.bytes, one.index_bytes) for one in self.grown]
        yield from _table(
            ("Table", "Rows", "Bytes", "of these, indexes"),
            [*rows, ("**all**", "", round(total), round(sum(row[3] for row in rows)))],
        )
        yield ""
        yield f"A million such orders take {total * _MILLION / _GB:.1f} GB."

    def _simulation(self) -> Iterable[str]:
        yield from self._compared()
        yield from self._not_compared()

    def _compared(self) -> Iterable[str]:
        foretold, times = self.foretold, self.times
        single = asdict(times.one_by_one)
        issuing = {"worker", "issue_database"}
        list_web, list_database = times.at_replica
        yield "### Simulated"
        yield ""
        yield (
            "Service times, each measured by itself (CPU ms): "
            + ", ".join(
                f"{name.replace('_', ' ')} {value:g}"
                + (f" ({asdict(times.backlog)[name]:g} of a backlog)" if name in issuing else "")
                for name, value in single.items()
                if not name.endswith("_more")
            )
            + f", a list at the replica {list_web:g} of the web process and {list_database:g} of both "
            f"servers. With nothing to do, one web and one worker process and the servers keep "
            f"{sum(self.idle.values()):.2f} cores busy."
        )
        yield ""
        yield (
            "**Checked: the rate at which this machine is full** (allowed: "
            f"{TOLERANCE:.0%}). All cores are busy in both runs, so that the rate is little more than "
            "the cores by the sum of the CPU times: it shows that these times add up, orders that wait "
            "being issued together, and nothing of queues."
        )
        yield ""
        yield from _table(
            ("Orders/s", "Measured", "Simulated", "Off by"),
            (
                (one.name, f"{one.measured:.1f}", f"{one.foretold:.1f}", f"{one.error:+.0%}")
                for one in foretold.compared
            ),
        )
        yield ""
        yield (
            f"**Checked, roughly: waits at {foretold.rate:g} orders/s**, due at random moments, one web "
            "and one worker process; few orders wait for others. Allowed is a factor of "
            f"{WAITS_TOLERANCE:g} either way: the run is short, a flush to disk or a neighbour on the "
            "same cores shows in it, and how soon an idle worker wakes is not simulated."
        )
        yield ""
        yield from _table(
            ("Milliseconds", "Measured", "Simulated", "Simulated / measured"),
            (
                (one.name, f"{one.measured:.1f}", f"{one.foretold:.1f}", f"{one.factor:.2f}")
                for one in foretold.waited
            ),
        )
        yield ""

    def _not_compared(self) -> Iterable[str]:
        foretold = self.foretold
        yield (
            "**Not checked, because this machine cannot show it**, is everything below: a database on a "
            "machine of its own, more cores than there are here, waits with several processes, another "
            "system that is slow. Each order is issued one by one there; workers that are behind do "
            "better."
        )
        yield ""
        yield (
            "With a machine of its own for the database, and 16 clients for each web process, each "
            "sending its next order when it has the answer:"
        )
        yield ""
        yield from _table(
            (
                "Primary, cores",
                "Web",
                "Workers",
                "Accepted/s",
                "Settled/s",
                "Accept p95 ms",
                "Primary busy",
            ),
            (
                (
                    cores,
                    webs,
                    workers,
                    f"{found.accepted_per_second:.0f}",
                    f"{found.settled_per_second:.0f}",
                    f"{found.accept_p95:.0f}",
                    f"{found.utilisation:.0%}",
                )
                for cores, webs, workers, found in foretold.grid
            ),
        )
        yield ""
        yield f"Where the primary is at {FULL:.0%}, orders coming at random moments:"
        yield ""
        yield from _table(
            (
                "Primary, cores",
                "Orders/s",
                "Web",
                "Workers",
                "Accept p95 ms",
                "Submit to Issued p95 ms",
                "Primary busy",
            ),
            (
                (
                    full.cores,
                    f"{full.rate:.0f}",
                    full.webs,
                    full.workers,
                    f"{full.held.accept_p95:.0f}",
                    f"{full.held.settle_p95:.0f}",
                    f"{full.held.utilisation:.0%}",
                )
                for full in foretold.full
            ),
        )
        yield ""
        yield "One worker process of six jobs at a time, where another system is asked for each order:"
        yield ""
        yield from _table(
            ("That system answers after, s", "Settled/s"),
            (
                (f"{seconds:g}", f"{found.settled_per_second:.1f}")
                for seconds, found in foretold.connectors
            ),
        )


def write(docs: Path, report: Report) -> None:
    """Write both files; what people wrote in the page stays."""
    (docs / "scale.json").write_text(report.as_json())
    page = docs / "scale.md"
    before, _mark, rest = page.read_text().partition(BEGIN)
    _old, _mark, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{report.as_markdown()}\n{END}{after}")


def _load(load: Measured) -> Iterable[object]:
    """Return the row of a load; what it had none of stays empty."""
    return (
        load.name,
        load.orders or f"{load.lists} lists",
        f"{load.accepted_per_second:.1f}" if load.order_p50 else "",
        f"{load.settled_per_second:.1f}" if load.settled_after else "",
        *(value or "" for value in (load.order_p50, load.order_p95)),
        *(value or "" for value in (load.issued_p50, load.issued_p95, load.list_p50)),
        *(load.cpu.get(part) or "" for part in _PARTS),
    )


def _rate(milliseconds: float) -> str:
    return f"{FULL * 1000 / milliseconds:.0f}"


def _table(head: Sequence[str], rows: Iterable[Iterable[object]]) -> Iterable[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---' for _ in head)}|"
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"
