"""The parts of a run, in their order: what each measures and how the report tells of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass

from tests.bench import (
    comparison,
    desk,
    exports,
    gate,
    growth,
    matching,
    neighbour,
    places,
    scenarios,
    tickets,
    webhooks,
)
from tests.bench.growth_paths import Paths
from tests.bench.report import Part, Section, Target, figures, number
from tests.bench.scenarios import Bench, Figure
from tests.chaos.stage import Stage


@dataclass(frozen=True)
class Run:
    """What the parts share: the stack, its processes, its second venue, and counted statements."""

    bench: Bench
    web_workers: int
    threads: int
    stage: Stage
    counted: Mapping[str, int]


def count_statements(run: Run) -> Part:
    """Tell of the statements, which were counted before anything else."""
    counted = run.counted

    def most(*beginnings: str) -> int:
        return max(count for name, count in counted.items() if name.startswith(beginnings))

    section = Section(
        "Client SQL statements",
        "Round trips of ours; BEGIN, COMMIT, SAVEPOINT and the job queue's own are not\n"
        "counted. Tests assert the budgets.",
        ("Operation", "Statements"),
        list(counted.items()),
    )
    targets = [
        Target("POST, statements, whatever the lines", 12, most("POST")),
        Target("Issuing, statements, whatever the wallets", 15, most("Issuing")),
        Target("GET, statements", 6, most("GET")),
        Target("List page, statements, none per row", 6, most("List")),
        Target("Scan, statements", 8, most("Scan")),
        Target("Orders in the admin, statements", 15, most("Orders in the admin")),
    ]
    return Part([section], targets, {"statements": dict(counted)})


def take_orders(run: Run) -> Part:
    """Orders accepted while the worker issues them."""
    rows = scenarios.create_orders(run.bench)
    section = figures(
        "createOrder",
        "Closed loop: each client sends its next order when it has the answer. The worker\n"
        "issues the orders meanwhile; the CPU per order includes that. A statement count is that\n"
        "of accepting alone.",
        rows,
        run.counted,
        rate="Orders/s",
    )
    target = Target("POST p50 at one client, 4 wallets", 12, rows[0].p50, "ms")
    return Part([section], [target], {"createOrder": _data(rows)})


def read(run: Run) -> Part:
    """One order and pages of a list."""
    rows = scenarios.read_orders(run.bench)
    section = figures("Reads", "Closed loop.", rows, run.counted, rate="Answers/s")
    by_name = {row.name: row for row in rows}
    one = scenarios.clients_of(1)
    targets = [
        Target(f"{name}, p50 at {one}", most, by_name[f"{name}, {one}"].p50, "ms")
        for name, most in (
            (scenarios.ONE_ORDER, 4),
            (scenarios.FIRST_PAGE, 10),
            (scenarios.LAST_PAGE, 10),
        )
    ]
    return Part([section], targets, {"reads": _data(rows)})


def settle(run: Run) -> Part:
    """From the order's arrival to its tickets."""
    paced = scenarios.submit_to_issued(run.bench)
    alone = scenarios.bulk(run.bench)
    sections = [
        figures(
            "Submit to Issued",
            "Open loop: orders are due at fixed moments, and each counts from the moment it\n"
            "was due until the commit that made it Issued.",
            paced,
            run.counted,
            rate="Orders/s",
        ),
        figures(
            "Submit to Issued, one at a time",
            "From sending the order to the commit that made it Issued, and from the moment a\n"
            "worker had it; statements are those of issuing.",
            alone,
            run.counted,
        ),
    ]
    target = Target("Submit to Issued p95 at 20 orders/s of 4 wallets", 1000, paced[1].p95, "ms")
    return Part(sections, [target], {"submitToIssued": _data(paced), "bulk": _data(alone)})


def sell_places(run: Run) -> Part:
    """Orders, holds and availability of counted places."""
    rows = places.sell_places(run.bench, run.stage)
    section = figures(
        "Places",
        "Closed loop, as above. Hot: everybody wants the same session. A hold and its\n"
        "order are two requests and count as one.",
        rows,
        run.counted,
        rate="Answers/s",
    )
    return Part([section], [], {"places": _data(rows)})


def keep_limits(run: Run) -> Part:
    """A partner beside one that is far over its limit."""
    found = neighbour.keep_limits(run.bench)
    quiet = figures(
        "Limits",
        f"One partner reads and orders, {neighbour.PACED:g} requests/s each: alone, while another"
        " one sends\n"
        f"the {neighbour.PER_SECOND} requests/s that it may, and while it sends {neighbour.TIMES}"
        " times as many. Open\n"
        "loop: each request counts from the moment it was due. The load generators share the\n"
        "server's cores; the other partner's has the lowest priority, so that its own latencies\n"
        "tell how long it waits for a core as well. The control tells what so much traffic costs\n"
        "this machine whoever answers it: the other one keeps to its limit, and the rest goes to\n"
        "a server that does nothing. All by turns, several times.",
        found.quiet,
        run.counted,
        rate="Answers/s",
    )
    greedy = figures(
        "Limits: what the other one is answered meanwhile",
        "",
        found.greedy,
        run.counted,
        rate="Answers/s",
    )
    data = {"limits": {"quiet": _data(found.quiet), "greedy": _data(found.greedy)}}
    return Part([quiet, greedy], [], data)


def tell_and_show(run: Run) -> Part:
    """Webhooks that are delivered and tickets that guests open."""
    rows = [webhooks.deliver_webhooks(run.bench), *tickets.open_tickets(run.bench)]
    section = figures(
        "Webhooks and tickets",
        "Webhooks: from the first arrival to the last of events that are due at once, at a\n"
        "receiver on loopback that answers 204; p50 is what the rate makes of it. Tickets: a\n"
        "wallet's page as PDF, closed loop.",
        rows,
        run.counted,
        rate="a second",
    )
    return Part([section], [], {"webhooksAndTickets": _data(rows)})


def scan(run: Run) -> Part:
    """Scans of a venue that has sold a great many tickets."""
    rows = gate.scan_tickets(run.bench)
    section = figures(
        "Gate",
        "Every scan is of another ticket and admits it, but for 1 in 20 whose number nothing\n"
        "has; 1 in 4 names a wallet, by our number or the partner's. Paced: open loop, each\n"
        "scan counts from the moment it was due. Gates: closed loop, as many as go.",
        rows,
        run.counted,
        rate="Scans/s",
    )
    target = Target(f"Gate p99 at {rows[0].name}", 50, rows[0].p99, "ms")
    return Part([section], [target], {"gate": _data(rows)})


def open_pages(run: Run) -> Part:
    """Pages of the admin."""
    rows = desk.open_pages(run.bench)
    orders = run.bench.orders
    section = figures(
        "Order desk",
        f"Pages of the admin with {orders:,} orders, opened one after the other by one person.\n"
        "Each of the orders came half a minute after the one before.",
        rows,
        run.counted,
        rate="Pages/s",
    )
    target = Target(f"{desk.ORDER_LIST}, p95 at {orders:,} orders", 500, rows[0].p95, "ms")
    return Part([section], [target], {"desk": _data(rows)})


def export(run: Run) -> Part:
    """The order register as a file."""
    written = exports.export_register(run.bench)
    section = Section(
        "Exports",
        "The order register as a file, all of it as CSV and some days as XLSX: from the press\n"
        "of the button to the last byte in the database, written by the worker; its memory on\n"
        "top of what it had before.",
        (
            *("", "Rows", "Seconds", "Rows/s", "MiB", "Extra memory, MiB"),
            *("CPU s, worker", "CPU s, database"),
        ),
        [
            (
                *(one.format, one.rows, one.seconds, one.rate, one.mib, one.extra_mib),
                *(one.cpu["worker"], one.cpu["database"]),
            )
            for one in written
        ],
    )
    table = written[0]
    targets = [
        Target(
            f"Export, CSV, {table.rows:,} rows",
            exports.ROWS_PER_SECOND,
            table.rate,
            "rows/s",
            is_least=True,
        ),
        *(
            Target(f"Export, {one.format}, extra memory", exports.EXTRA_MIB, one.extra_mib, "MiB")
            for one in written
        ),
    ]
    return Part([section], targets, {"exports": [one.as_data() for one in written]})


def match(run: Run) -> Part:
    """A partner's statement."""
    found = matching.match_statement(run.bench)
    section = Section(
        "Matching",
        f"A CSV of {found.lines:,} lines for a period of {found.orders:,} orders,"
        f" {found.differences:,} of which differ or are missing:\n"
        f"read and matched by the worker in {found.seconds} s, from agreeing to its format to\n"
        f"the last state in the database. CPU of the worker {found.cpu['worker']} s, of the database\n"
        f"{found.cpu['database']} s. The worker's whole memory was {found.mib} MiB at most.",
    )
    targets = [
        Target(
            f"A statement of {found.lines:,} lines, read and matched",
            matching.SECONDS,
            found.seconds,
            "s",
        ),
        Target("The same, the worker's whole memory", matching.MIB, found.mib, "MiB"),
    ]
    return Part([section], targets, {"matching": found.as_data()})


def compare(run: Run) -> Part:
    """Ours against a minimal DRF project, bare ORM and pgbench."""
    return comparison.compare(
        run.bench, run.counted, web_workers=run.web_workers, threads=run.threads
    )


def grow(run: Run) -> Part:
    """Every path at every size."""
    sizes = [f"{size:,}" for size in run.bench.sizes]
    with ExitStack() as exits:
        run.bench.fill_up(run.bench.sizes[0])
        paths = Paths(run.bench, exits)
        grown = growth.grow(run.bench, paths.at)
    span = f"{sizes[0]} to {sizes[-1]} orders"
    section = Section(
        "Growth",
        "Every path at each number of orders (each with two wallets, tickets, request, events and\n"
        "money), in short blocks by turns with the least that raw PostgreSQL needs for the same on\n"
        "the same tables: keyed reads of the rows that are shown, or the rows that are written, by\n"
        "`pgbench`. Medians of the blocks, in milliseconds per operation at one client. *Growth* is\n"
        f"from {span}; *beyond raw* is our growth divided by raw PostgreSQL's, where that has\n"
        "grown at all, and is what the target is about. CPU is of web, worker and database\n"
        "together; its ticks are 10 ms, so it is told beside and not judged.",
        (
            "",
            *(f"{size}, ms" for size in sizes),
            *(f"raw {size}, ms" for size in sizes),
            *("growth", "raw growth", "beyond raw", f"{sizes[-1]}, CPU ms", "CPU growth"),
        ),
        [
            (
                one.name,
                *(number(block.ms) for block in one.ours),
                *(number(block.ms) for block in one.raw),
                f"{one.growth:.2f}",
                f"{one.raw_growth:.2f}",
                f"{one.beyond_raw:.2f}",
                number(one.ours[-1].cpu_ms),
                f"{one.cpu_growth:.2f}",
            )
            for one in grown
        ],
    )
    targets = [
        Target(f"Growth beyond raw, {span}: {one.name}", growth.ALLOWED, round(one.beyond_raw, 3))
        for one in grown
    ]
    data = {"growth": {"sizes": list(run.bench.sizes), "paths": [one.as_data() for one in grown]}}
    return Part([section], targets, data)


# In this order, which leaves the database small for as long as that is what is measured.
PARTS: Mapping[str, Callable[[Run], Part]] = {
    "statements": count_statements,
    "compare": compare,
    "orders": take_orders,
    "reads": read,
    "issuing": settle,
    "places": sell_places,
    "limits": keep_limits,
    "growth": grow,
    "told": tell_and_show,
    "gate": scan,
    "desk": open_pages,
    "exports": export,
    "matching": match,
}


def _data(rows: list[Figure]) -> list[dict[str, object]]:
    return [asdict(row) for row in rows]
