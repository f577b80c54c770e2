"""Kill, freeze, restart and mislead the product while it works, and check that nothing is lost.

`make chaos` runs everything, in some 40 minutes on two quiet cores, and writes `docs/chaos.md` and
`docs/chaos.json`; so does one that is interrupted, with what it has not played. Exit code 1 when an
invariant is violated, with the seed that brings the same run again; 2 when it was called wrongly.
"""

from __future__ import annotations

import argparse
import dataclasses
import shlex
import time
from pathlib import Path

from channel_manager.lib.embedded_postgres import EmbeddedPostgresError
from tests import terminal
from tests.bench.machine import describe
from tests.chaos.diary import Diary
from tests.chaos.programme import Figures, programme
from tests.chaos.report import Report
from tests.chaos.theatre import Theatre
from tests.chaos.trials import Result, run_trials
from tests.process import StackError


def main(arguments: list[str]) -> int:
    """Return 0 when every invariant held."""
    options = _parse(arguments)
    figures = Figures()
    if options.quick:
        figures = figures.tenth()
    asked = {name: getattr(options, name) for name in ("orders", "kills", "old")}
    figures = dataclasses.replace(
        figures, **{name: value for name, value in asked.items() if value is not None}
    )
    trials = [
        trial
        for trial in programme(figures, is_quick=options.quick, say=terminal.say)
        if any(part in trial.name.lower() for part in options.only.lower().split(","))
    ]
    if options.list:
        terminal.say("\n".join(f"{trial.name}: {trial.runs} x {trial.each}" for trial in trials))
        return 0
    if not trials:
        terminal.say(f"No trial has {options.only!r} in its name; --list names them all.")
        return 2
    terminal.say(f"Seed {options.seed}. Starting database, web and worker ...")
    diary = Diary(options.resume, options.seed)
    theatre = Theatre()
    results: list[Result] = []
    machine: dict[str, str] = {}
    try:
        machine = describe(theatre.open().stack)
        played = run_trials(
            theatre, trials, seed=options.seed, say=terminal.say, found=diary.found, note=diary.note
        )
        for result in played:
            results.append(result)
    except (StackError, EmbeddedPostgresError) as fault:
        terminal.say(f"\nFAILED with --seed {options.seed}: {fault}")
        return 1
    except KeyboardInterrupt:
        if not results:
            raise
        terminal.say("Interrupted.")
    finally:
        theatre.close()
    command = " ".join(["make chaos", f'ARGS="{" ".join(_again(options))}"'])
    machine["Commit"] = ", ".join(diary.commits)
    seconds = sum(result.seconds for result in results)
    left = [trial.name for trial in trials[len(results) :]]
    report = Report(machine, command, options.seed, seconds, results, left)
    terminal.say("\n" + _table(report))
    if options.only or options.quick:
        terminal.say("Not written to docs/: this was a part of it.")
    else:
        report.write()
        terminal.say("Written to docs/chaos.md and docs/chaos.json.")
    return 1 if report.wrong or left else 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only",
        metavar="NAME[,NAME]",
        default="",
        help="the trials whose name has one of these in it",
    )
    parser.add_argument("--list", action="store_true", help="name the trials and do nothing")
    parser.add_argument(
        "--seed",
        type=int,
        default=int(time.time()),
        help="what orders, faults and moments are drawn from; default: the clock",
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--orders", type=int, help="while a worker is killed; default: 1000")
    parser.add_argument("--kills", type=int, help="of that worker; default: 100")
    parser.add_argument(
        "--resume",
        metavar="FILE",
        type=Path,
        help="note each trial there, and do not play again what stands there; needs --seed",
    )
    parser.add_argument("--old", metavar="REV", help="the commit that the old deployment runs")
    options = parser.parse_args(arguments)
    if options.resume and not any(one.startswith("--seed") for one in arguments):
        parser.error("--resume goes on with a run of the same --seed")
    orders, kills = options.orders or 1000, options.kills or 100
    if not 1 <= kills <= orders <= 10_000:
        parser.error("as many orders as kills are needed, and 10,000 at most")
    return options


def _again(options: argparse.Namespace) -> list[str]:
    """Return the arguments that bring the same run again, all of it."""
    given = {name: getattr(options, name) for name in ("only", "orders", "kills", "old")}
    named = [f"--{name} {shlex.quote(str(value))}" for name, value in given.items() if value]
    return [f"--seed {options.seed}", *(["--quick"] if options.quick else []), *named]


def _table(report: Report) -> str:
    """Return what was done and what was wrong, a line for each trial."""
    width = max(len(result.trial.name) for result in report.results)
    lines = [
        f"{result.trial.name:<{width}}  {result.seconds:5.0f} s  "
        + (result.skipped or f"{len(result.wrong)} wrong, {result.deadlocks} deadlocks")
        for result in report.results
    ]
    settled = max(result.settled_in for result in report.results)
    return "\n".join(
        [
            *lines,
            f"{len(report.wrong)} violations in {report.seconds / 60:.1f} min; "
            f"settled within {settled:.1f} s; seed {report.seed}",
            *(f"VIOLATED: {sentence}" for sentence in report.wrong),
        ]
    )


if __name__ == "__main__":
    terminal.run(main)
