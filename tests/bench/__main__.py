"""`python -m tests.bench`: what `make bench` calls. Writes docs/bench.md and docs/bench.json.

Exit code 1 when a target is missed. About nine minutes; `--scale 0.1` is a quick look, not
written.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from types import FrameType

from channel_manager.lib.embedded_postgres import EmbeddedPostgresError
from tests.bench import desk, exports, gate, machine, matching, neighbour, places, scenarios
from tests.bench.report import Report
from tests.bench.scenarios import Bench
from tests.chaos.stage import Stage
from tests.stack import ROOT, StackError, running_stack

# Durable, and it tells when each order was committed.
POSTGRES = {"track_commit_timestamp": "on"}


def main(arguments: list[str]) -> int:
    """Measure, show, write; return 0 when every target is met."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--web-workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=16, help="of each web worker")
    parser.add_argument("--backpressure", type=int, default=512)
    parser.add_argument("--concurrency", type=int, default=6, help="jobs at a time of the worker")
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of requests")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    try:
        report = _measure(options)
    except (StackError, EmbeddedPostgresError, AssertionError) as fault:
        _say(f"\nFAILED: {fault}")
        return 1
    _say("\n" + report.as_markdown())
    if options.scale == 1.0:
        docs = ROOT / "docs"
        docs.mkdir(exist_ok=True)
        (docs / "bench.md").write_text(report.as_markdown())
        (docs / "bench.json").write_text(report.as_json())
        _say("Written to docs/bench.md and docs/bench.json.")
    missed = [target.name for target in report.targets if not target.met]
    for name in missed:
        _say(f"MISSED: {name}")
    return 1 if missed else 0


def _measure(options: argparse.Namespace) -> Report:
    started = time.monotonic()

    def say(text: str) -> None:
        _say(f"{time.monotonic() - started:5.0f} s {text}")

    say("Starting database, web and worker ...")
    with running_stack(
        postgres=POSTGRES,
        environment={},
        web_workers=options.web_workers,
        threads=options.threads,
        backpressure=options.backpressure,
        concurrency=options.concurrency,
    ) as stack:
        described = machine.describe(stack)
        bench = Bench(stack, say, options.scale)
        places.never_sell_out(stack)
        say("createOrder ...")
        posts = scenarios.create_orders(bench)
        say("Reads ...")
        reads = scenarios.read_orders(bench)
        say("Submit to Issued ...")
        settling = scenarios.submit_to_issued(bench)
        say("Large orders ...")
        large = scenarios.bulk(bench)
        say("Backlog ...")
        backlog = scenarios.backlog(bench)
        say("Places ...")
        stage = Stage.of(stack, days=places.DAYS)
        sold = places.sell_places(bench, stage)
        say("Limits ...")
        limits = neighbour.keep_limits(bench)
        say("Gate ...")
        scans = gate.scan_tickets(bench)
        say("Order desk ...")
        opened = desk.open_pages(bench)
        say("Exports ...")
        written = exports.export_register(bench)
        say("Matching ...")
        reconciled = matching.match_statement(bench)
        say("Statements ...")
        counted = {**scenarios.statements(bench), **places.statements(stage)}
    return Report(
        machine=described,
        setup=(
            f"{options.web_workers} granian processes of {options.threads} threads, one worker "
            f"process of {options.concurrency} jobs at a time."
        ),
        statements=counted,
        posts=posts,
        reads=reads,
        settling=settling,
        bulk=large,
        backlog=backlog,
        places=sold,
        scans=scans,
        desk=opened,
        exports=written,
        matching=reconciled,
        limits=limits,
    )


def _say(text: str) -> None:
    print(text, flush=True)


def _stop(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
