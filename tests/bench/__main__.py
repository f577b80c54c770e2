"""`python -m tests.bench`: what `make bench` calls. Writes docs/bench.md and docs/bench.json.

Exit code 1 when a target is missed, or something fails. A whole run takes about twenty minutes on
two cores and 25 GB of disk; only a whole run at full scale is written to docs/, with the name of
what failed.
"""

from __future__ import annotations

import argparse
import time
import traceback

from channel_manager.lib.embedded_postgres import EmbeddedPostgresError
from tests import terminal
from tests.bench import machine, places, scenarios
from tests.bench.parts import PARTS, Run
from tests.bench.report import Report
from tests.bench.scenarios import Bench
from tests.chaos.stage import Stage
from tests.process import ROOT, StackError
from tests.stack import running_stack

# Durable, and it tells when each order was committed. A checkpoint in the middle of a block would
# be somebody's bad luck: there is one after each filling, and room for what follows.
POSTGRES = {"track_commit_timestamp": "on", "max_wal_size": "16GB", "checkpoint_timeout": "1h"}
SIZES = (10_000, 100_000, 1_000_000)
_FEWEST = 2_000


def main(arguments: list[str]) -> int:
    """Measure, show, write; return 0 when every target is met."""
    options = _options(arguments)
    try:
        report, failed = _measure(options)
    except (StackError, EmbeddedPostgresError, AssertionError) as fault:
        terminal.say(f"\nFAILED: {fault}")
        return 1
    terminal.say("\n" + report.as_markdown())
    is_whole = options.scale == 1.0 and options.sizes == SIZES and options.only == list(PARTS)
    if is_whole:
        docs = ROOT / "docs"
        docs.mkdir(exist_ok=True)
        (docs / "bench.md").write_text(report.as_markdown())
        (docs / "bench.json").write_text(report.as_json())
        terminal.say("Written to docs/bench.md and docs/bench.json.")
    missed = [target.name for target in report.targets if not target.met]
    for name in missed:
        terminal.say(f"MISSED: {name}")
    for name in failed:
        terminal.say(f"FAILED: {name}")
    return 1 if missed or failed else 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="parts, in their order:\n"
        + "\n".join(f"  {name:12}{part.__doc__}" for name, part in PARTS.items()),
    )
    parser.add_argument(
        "--only",
        metavar="PART",
        action="append",
        choices=PARTS,
        help="measure this part only; may be given several times",
    )
    parser.add_argument(
        "--scale", type=float, default=1.0, help="of the number of requests; 0.1 is a quick look"
    )
    parser.add_argument(
        "--sizes",
        type=_sizes,
        default=SIZES,
        metavar="N,N,...",
        help="orders in the database, growing; the last is what large parts are measured at"
        f" ({','.join(map(str, SIZES))})",
    )
    parser.add_argument("--web-workers", type=int, default=2, help="granian processes (2)")
    parser.add_argument("--threads", type=int, default=16, help="of each of them (16)")
    parser.add_argument("--backpressure", type=int, default=512, help="of each of them (512)")
    parser.add_argument(
        "--concurrency", type=int, default=6, help="jobs at a time of the worker (6)"
    )
    options = parser.parse_args(arguments)
    options.only = [name for name in PARTS if name in (options.only or PARTS)]
    return options


def _sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(int(size.replace("_", "")) for size in text.split(","))
    if list(sizes) != sorted(set(sizes)) or sizes[0] < _FEWEST:
        raise argparse.ArgumentTypeError(f"growing numbers from {_FEWEST:,} on, please")
    return sizes


def _measure(options: argparse.Namespace) -> tuple[Report, list[str]]:
    started = time.monotonic()
    say = terminal.saying_when()
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
        bench = Bench(stack, say, options.scale, options.sizes)
        stack.never_sell_out()
        stage = Stage.of(stack, days=places.DAYS)
        say("Counting statements ...")
        counted = {**scenarios.statements(bench), **places.statements(stage)}
        stack.start_worker()
        bench.drain()
        scenarios.warm_up(bench)
        run = Run(bench, options.web_workers, options.threads, stage, counted)
        parts, failed = [], []
        for number, name in enumerate(options.only, start=1):
            say(f"{number} of {len(options.only)}: {name} ...")
            try:
                parts.append(PARTS[name](run))
            except Exception as fault:  # what the other parts have found is told all the same
                say(f"  FAILED: {fault!r}")
                traceback.print_exc()
                failed.append(name)
        if failed:  # the page says what it lacks
            described["Not measured"] = ", ".join(failed)
        described["Took"] = f"{(time.monotonic() - started) / 60:.0f} minutes"
    report = Report(
        machine=described,
        setup=(
            f"{options.web_workers} granian processes of {options.threads} threads, one worker "
            f"process of {options.concurrency} jobs at a time."
        ),
        parts=parts,
    )
    return report, failed


if __name__ == "__main__":
    terminal.run(main)
