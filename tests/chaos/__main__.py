"""`python -m tests.chaos [--seed N] [--orders 200] [--kills 20] [--only NAME]`: `make chaos`.

Exit code 1 when an invariant is violated, with the seed that brings the same run again.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from types import FrameType

from channel_manager.lib.embedded_postgres import EmbeddedPostgresError
from tests.chaos.events import receivers_and_dying_senders
from tests.chaos.identical_orders import create_at_once, unlike_one_order
from tests.chaos.system_names import SYSTEMS
from tests.chaos.trials import TRIALS, run_trials, table
from tests.chaos.worker_kills import Outcome, kill_worker_during_orders
from tests.stack import Stack, StackError, running_stack

IDENTICAL_CALLS = 100
TOLD_ORDERS, SENDER_KILLS = 198, 10
CONNECTOR_RUNS = 20


def main(arguments: list[str]) -> int:
    """Return 0 when every invariant held."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="default: the clock")
    parser.add_argument("--orders", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--only", help="the trials whose name has this in it, nothing else")
    options = parser.parse_args(arguments)
    if not 1 <= options.kills <= options.orders <= 10_000:
        parser.error("as many orders as kills are needed, and 10,000 at most")
    trials = [trial for trial in TRIALS if (options.only or "").lower() in trial.name.lower()]
    signal.signal(signal.SIGTERM, _stop)
    _say(f"Seed {options.seed}. Starting database, web and worker ...")
    rows: dict[str, object] = {"Seed": options.seed}
    wrong: list[str] = []
    try:
        with running_stack() as stack:
            results = run_trials(stack, seed=options.seed, say=_say, trials=trials)
            rows.update(table(results))
            rows["Deadlocks"] = sum(result.deadlocks for result in results)
            wrong += [sentence for result in results for sentence in result.wrong]
            if not options.only:
                wrong += _kill_workers(stack, options, rows)
            if not options.only or options.only.lower() in "connectors":
                wrong += _kill_connectors(stack, rows)
            wrong += stack.faults_logged()
    except (StackError, EmbeddedPostgresError, AssertionError) as fault:
        _say(f"\nFAILED with --seed {options.seed}: {fault}")
        return 1
    rows["Wrong"] = len(wrong)
    width = max(map(len, rows))
    _say("\n" + "\n".join(f"{name:<{width}}  {value}" for name, value in rows.items()))
    for sentence in wrong:
        _say(f"VIOLATED: {sentence}")
    return 1 if wrong else 0


def _kill_workers(stack: Stack, options: argparse.Namespace, rows: dict[str, object]) -> list[str]:
    """Send identical orders at once, then kill workers at work; return what was wrong."""
    _say(f"{IDENTICAL_CALLS} identical createOrder calls in parallel ...")
    reference = f"SAME-{options.seed}"
    answers = create_at_once(stack, reference=reference, calls=IDENTICAL_CALLS)
    wrong = unlike_one_order(stack, reference=reference, answers=answers)
    _say(f"SIGKILL of the worker {options.kills} times during {options.orders} orders ...")
    outcome = kill_worker_during_orders(
        stack, seed=options.seed, orders=options.orders, kills=options.kills, say=_say
    )
    rows.update(_figures(outcome, same_failed=bool(wrong)))
    return [*wrong, *outcome.violations, *_kill_senders(stack, rows)]


def _kill_connectors(stack: Stack, rows: dict[str, object]) -> list[str]:
    """Kill whoever issues at each other system at every step there; return what was wrong."""
    stack.stop_workers()
    wrong: list[str] = []
    for hands, runs in (("forked", CONNECTOR_RUNS), ("workers", 1)):
        for system in SYSTEMS:
            _say(f"SIGKILL at every step of issuing at {system}, {runs} times ({hands}) ...")
            arguments = (system, str(runs), hands)
            told = stack.django("tests.chaos.connector_kills", *arguments, seconds=3600)
            outcome = json.loads(told)
            ended = ", ".join(f"{count} {how}" for how, count in sorted(outcome["ended"].items()))
            rows[f"Issued at {system}, {hands}"] = f"{outcome['kills']} kills: {ended}"
            wrong += outcome["wrong"]
    return wrong


def _kill_senders(stack: Stack, rows: dict[str, object]) -> list[str]:
    """Kill the sender again and again while one receiver hangs; return what the good one missed."""
    _say(f"SIGKILL of the sender {SENDER_KILLS} times during {TOLD_ORDERS} orders ...")
    stack.stop_workers()
    missed = receivers_and_dying_senders(stack, orders=TOLD_ORDERS, kills=SENDER_KILLS)
    rows["Sender killed (SIGKILL)"] = (
        f"{SENDER_KILLS} times, one receiver hangs: {len(missed)} of {TOLD_ORDERS} events missed"
    )
    return missed


def _figures(outcome: Outcome, *, same_failed: bool) -> dict[str, object]:
    settled = ", ".join(f"{count} {status}" for status, count in sorted(outcome.settled.items()))
    doubled = sum("twice" in violation for violation in outcome.violations)
    same = "FAILED" if same_failed else f"1 of {IDENTICAL_CALLS} accepted, 1 order"
    return {
        "Orders accepted": outcome.orders,
        "Worker killed (SIGKILL)": f"{outcome.kills} times",
        "Jobs cut by it": outcome.cut,
        "Settled as expected": settled if not outcome.violations else "see below",
        "Issued, drafts confirmed": outcome.issued,
        "Last one settled after the last kill": f"{outcome.settled_in:.1f} s",
        "Duplicates": doubled,
        "Identical calls in parallel": same,
    }


def _say(text: str) -> None:
    print(text, flush=True)


def _stop(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
