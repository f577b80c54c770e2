"""`python -m tests.scale`: what `make scale` calls. Writes docs/scale.json and the tables of
docs/scale.md.

Exit code 1 when something was lost, or the simulation misses what was measured. About four minutes;
`--seconds 3` is a quick look, not written.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from types import FrameType

from channel_manager.lib.embedded_postgres import EmbeddedPostgresError
from tests.bench import machine
from tests.scale import kills, measuring, predictions, sizes, webhooks
from tests.scale.page import Report, write
from tests.scale.site import running_site
from tests.stack import ROOT, SHORT_STALLS, StackError
from tests.traffic import Expected

SECONDS = 15.0
CLIENTS = 8
LISTS_EVERY = 3
REPORTS = 20
KILLS_MORE = 5


def main(arguments: list[str]) -> int:
    """Measure, kill, simulate, show, write; return 0 when nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.scale", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each load")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="default: the clock")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    try:
        report = _measure(options)
    except (StackError, EmbeddedPostgresError, AssertionError) as fault:
        _say(f"\nFAILED with --seed {options.seed}: {fault}")
        return 1
    _say("\n" + report.as_markdown())
    if options.seconds == SECONDS:
        write(ROOT / "docs", report)
        _say("Written to docs/scale.md and docs/scale.json.")
    for sentence in report.wrong:
        _say(f"WRONG: {sentence}")
    return 1 if report.wrong else 0


def _measure(options: argparse.Namespace) -> Report:
    started = time.monotonic()

    def say(text: str) -> None:
        _say(f"{time.monotonic() - started:5.0f} s {text}")

    say("Starting the primary, its replica and the demo park ...")
    with running_site() as site:
        described = machine.describe(site.stack)
        fsync = machine.fsync_ms()
        load = {"seconds": options.seconds, "clients": CLIENTS}
        wrong: list[str] = []
        accepted: dict[str, Expected] = {}

        say("One web process, no worker: orders wait ...")
        site.start(webs=1, workers=0, with_replica=False)
        measuring.warm(site)
        waiting, sent = measuring.measure(
            site, "accepting alone", settle=False, prefix="ALONE", **load
        )
        wrong += sent.wrong
        accepted |= sent.accepted
        say("Lists alone ...")
        lists, sent = measuring.measure(
            site, "lists alone", settle=False, prefix="LIST", orders=False, seconds=4.0, clients=2
        )
        wrong += sent.wrong
        accepted |= sent.accepted
        say("One worker: what waits is issued ...")
        with measuring.held_back(site):
            site.start(webs=1, workers=1, with_replica=False, environment=webhooks.TO_THIS_MACHINE)
            backlog = site.stack.in_flight
        issuing = measuring.work_off(site, "issuing alone", backlog)

        say("One web process, one worker ...")
        measuring.warm(site)
        idle = measuring.idle(site)
        before = sizes.read_sizes(site)
        one, sent = measuring.measure(
            site, "1 web, 1 worker", prefix="ONE", lists_every=LISTS_EVERY, **load
        )
        wrong += sent.wrong
        accepted |= sent.accepted

        grown = sizes.growth(before, sizes.read_sizes(site))
        say("Webhooks ...")
        delivered = webhooks.deliver(site)

        say("Two web processes, four workers, lists at the replica ...")
        site.start(webs=2, workers=4, with_replica=True)
        users = site.users
        measuring.warm(site)
        many, sent = measuring.measure(
            site, "2 web, 4 workers, replica", prefix="MANY", lists_every=LISTS_EVERY, **load
        )
        wrong += sent.wrong
        accepted |= sent.accepted
        at_replica = measuring.reports_read_there(site, REPORTS)
        if not many.listed_there or not at_replica:
            wrong.append("no list or no report was read at the replica")

        say("SIGKILL of any one process while orders come ...")
        site.start(webs=2, workers=4, with_replica=True, environment=SHORT_STALLS)
        killed = kills.kill_each(
            site, seed=options.seed, more=KILLS_MORE, accepted=accepted, say=say
        )
        wrong += killed.wrong
        say("Simulation ...")
    times = predictions.service_times(waiting, lists, issuing, fsync)
    foretold = predictions.foretell(
        times, one, many, clients=CLIENTS, lists_every=LISTS_EVERY, idle=sum(idle.values())
    )
    wrong += predictions.missed(foretold)
    return Report(
        machine=described,
        users=users,
        idle=idle,
        loads=[waiting, lists, issuing, one, many],
        reports=(REPORTS, at_replica),
        delivered=delivered,
        killed=killed,
        grown=grown,
        times=times,
        foretold=foretold,
        wrong=wrong,
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
