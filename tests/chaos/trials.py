"""How trials are run: each as often as it says, with every invariant checked after every run."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.chaos.stage import SETTLE_SECONDS, Stage
from tests.chaos.theatre import Theatre
from tests.chaos.worker_kills import Say
from tests.invariants import violations

Play = Callable[[Stage, random.Random], list[str]]


class Skipped(Exception):
    """A trial cannot be played here; the text says why."""


@dataclass(frozen=True)
class Trial:
    """Something that is done `runs` times; `each` says what one run is."""

    name: str
    each: str
    runs: int
    play: Play


@dataclass
class Result:
    """What became of a trial; nothing wrong is what is hoped for."""

    trial: Trial
    runs: int = 0
    seconds: float = 0.0
    settled_in: float = 0.0  # seconds from the end of a run to its last order, the longest
    deadlocks: int = 0
    skipped: str = ""
    noted: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def seen(self) -> str:
        """Tell what was counted, the commonest first."""
        return ", ".join(f"{count:,} {name}" for name, count in self.noted.most_common(6))


def run_trials(
    theatre: Theatre,
    trials: Sequence[Trial],
    *,
    seed: int,
    say: Say,
    found: Callable[[Trial], Result | None],
    note: Callable[[Result], None],
) -> Iterator[Result]:
    """Run the trials and yield what became of each; one that breaks says so.

    The next one finds a new stage then. found: what became of a trial that need not be played again; note: is told of each that was.
    """
    for number, trial in enumerate(trials, 1):
        if (known := found(trial)) is not None:
            say(f"[{number}/{len(trials)}] {trial.name}: played before, {len(known.wrong)} wrong")
            yield known
            continue
        say(f"[{number}/{len(trials)}] {trial.name}: {trial.runs} x {trial.each} ...")
        result = Result(trial)
        started = time.monotonic()
        try:
            _run(theatre, trial, result, seed)
        except Skipped as reason:
            result.skipped = str(reason)
        except Exception as fault:
            result.wrong.append(f"{trial.name} broke off: {type(fault).__name__}: {fault}")
            theatre.close()
        result.seconds = time.monotonic() - started
        say(
            f"  {result.seconds:.0f} s, {result.skipped or f'{len(result.wrong)} wrong'}; {result.seen}"
        )
        for sentence in result.wrong:
            say(f"  VIOLATED: {sentence}")
        note(result)
        yield result


def _run(theatre: Theatre, trial: Trial, result: Result, seed: int) -> None:
    stage = theatre.open()
    stage.noted = result.noted
    deadlocks = stage.deadlocks
    for run in range(trial.runs):
        stage = theatre.open()
        stage.accepted.clear()
        faults = len(stage.stack.faults_logged())
        wrong = trial.play(stage, random.Random(f"{seed}/{trial.name}/{run}"))
        theatre.open()
        settled_in = stage.stack.wait_until_settled(seconds=SETTLE_SECONDS, tended=True)
        result.settled_in = max(result.settled_in, settled_in)
        wrong += violations(stage.stack.sql, stage.accepted)
        wrong += stage.stack.faults_logged()[faults:]
        result.wrong += [f"{trial.name}, run {run + 1}: {sentence}" for sentence in wrong]
        result.runs += 1
    result.deadlocks = stage.deadlocks - deadlocks
