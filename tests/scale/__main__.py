"""`python -m tests.scale`: what `make scale` calls. Writes docs/scale.json and the tables of
docs/scale.md.

Exit code 1 when something was lost, or the simulation misses what was measured. Under five minutes;
`--seconds 3` is a quick look, not written.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

from channel_manager.lib.embedded_postgres import EmbeddedPostgresError
from tests import terminal
from tests.bench import machine
from tests.process import ROOT, StackError
from tests.scale import kills, measuring, predictions, sizes, webhooks
from tests.scale.kills import Kills
from tests.scale.measuring import Measured
from tests.scale.page import Report, write
from tests.scale.predictions import Parts, Together
from tests.scale.site import Site, running_site
from tests.stack import SHORT_STALLS
from tests.traffic import Expected

SECONDS = 15.0
CLIENTS = 8
LISTS_EVERY = 3
# Orders that come at random moments: at which share of what was settled in a closed loop, how long
# at most, and from how many connections.
PACED, PACED_SECONDS, PACED_CLIENTS = 0.5, 12.0, 32
REPORTS = 20
KILLS_MORE = 5

Say = Callable[[str], None]


def main(arguments: list[str]) -> int:
    """Measure, kill, simulate, show, write; return 0 when nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.scale", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each load")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="default: the clock")
    options = parser.parse_args(arguments)
    try:
        report = _measure(options)
    except (StackError, EmbeddedPostgresError, AssertionError) as fault:
        terminal.say(f"\nFAILED with --seed {options.seed}: {fault}")
        return 1
    terminal.say("\n" + report.as_markdown())
    if options.seconds == SECONDS:
        write(ROOT / "docs", report)
        terminal.say("Written to docs/scale.md and docs/scale.json.")
    for sentence in report.wrong:
        terminal.say(f"WRONG: {sentence}")
    return 1 if report.wrong else 0


class _Run:
    """One run on a site: its loads, every order that was accepted, and what was wrong."""

    def __init__(self, site: Site, options: argparse.Namespace, say: Say) -> None:
        self.site, self.options, self.say = site, options, say
        self.wrong: list[str] = []
        self.accepted: dict[str, Expected] = {}

    def load(self, name: str, prefix: str, **members: Any) -> Measured:
        """Have clients order and list for a while, and return what it cost."""
        self.say(f"{name} ...")
        given = {"seconds": self.options.seconds, "clients": CLIENTS, **members}
        measured, sent = measuring.measure(self.site, name, prefix=prefix, **given)
        self.wrong += sent.wrong
        self.accepted |= sent.accepted
        return measured

    def part_by_part(self) -> Parts:
        """Return what accepting, listing and issuing cost, each by itself."""
        self.site.start(webs=1, workers=0, with_replica=False)
        measuring.warm(self.site)
        waiting = self.load("accepting alone", "ALONE", settle=False)
        lists = self.lists("lists alone", "LIST")
        half = measuring.hold_back(self.site) // 2
        self.say("issuing, one by one ...")
        alone = {"ISSUED_TOGETHER": "1"}
        self.site.start(webs=1, workers=1, with_replica=False, environment=alone)
        one_by_one = measuring.work_off(self.site, "issuing, one by one", half)
        self.say("issuing a backlog ...")
        # The same worker delivers webhooks later.
        environment = webhooks.TO_THIS_MACHINE
        self.site.start(webs=1, workers=1, with_replica=False, environment=environment)
        return Parts(waiting, lists, one_by_one, measuring.work_off(self.site, "issuing a backlog"))

    def lists(self, name: str, prefix: str) -> Measured:
        """Return what a list costs while nobody orders."""
        return self.load(name, prefix, settle=False, orders=False, seconds=4.0, clients=2)

    def paced(self, one: Measured) -> tuple[float, Measured]:
        """Return at how many orders a second they came, at random, and what was measured."""
        rate = round(PACED * one.settled_per_second, 1)
        seconds = min(self.options.seconds, PACED_SECONDS)
        name = "1 web, 1 worker, half the rate"
        given = {"rate": rate, "seconds": seconds, "clients": PACED_CLIENTS}
        return rate, self.load(name, "PACED", **given)

    def kill(self) -> Kills:
        """Kill each process while orders come; what is wrong then is noted."""
        self.say("SIGKILL of any one process while orders come ...")
        self.site.start(webs=2, workers=4, with_replica=True, environment=SHORT_STALLS)
        killed = kills.kill_each(
            self.site,
            seed=self.options.seed,
            more=KILLS_MORE,
            accepted=self.accepted,
            say=self.say,
        )
        self.wrong += killed.wrong
        return killed


def _measure(options: argparse.Namespace) -> Report:
    say = terminal.saying_when()
    say("Starting the primary, its replica and the demo park ...")
    with running_site() as site:
        described, fsync = machine.describe(site.stack), machine.fsync_ms()
        run = _Run(site, options, say)
        before = sizes.read_sizes(site)
        parts = run.part_by_part()
        measuring.warm(site)
        idle = measuring.idle(site)
        one = run.load("1 web, 1 worker", "ONE", lists_every=LISTS_EVERY)
        after = sizes.read_sizes(site)
        say("webhooks ...")
        delivered = webhooks.deliver(site)
        rate, paced = run.paced(one)
        site.start(webs=2, workers=4, with_replica=True)
        measuring.warm(site)
        many = run.load("2 web, 4 workers, replica", "MANY", lists_every=LISTS_EVERY)
        there = run.lists("lists, replica", "THERE")
        reports = (REPORTS, measuring.reports_read_there(site, REPORTS))
        if not many.listed_there or not reports[1]:
            run.wrong.append("no list or no report was read at the replica")
        users, killed = site.users, run.kill()
    say("Simulation ...")
    together = Together(
        one, many, paced, rate, clients=CLIENTS, lists_every=LISTS_EVERY, idle=sum(idle.values())
    )
    times = predictions.service_times(parts, there, fsync)
    foretold = predictions.foretell(times, together)
    return Report(
        machine=described,
        users=users,
        idle=idle,
        loads=[*parts, there, paced, one, many],
        reports=reports,
        delivered=delivered,
        killed=killed,
        grown=sizes.growth(before, after),
        grown_by=sizes.orders_between(before, after),
        times=times,
        foretold=foretold,
        wrong=[*run.wrong, *predictions.missed(foretold)],
    )


if __name__ == "__main__":
    terminal.run(main)
