"""The results as `docs/chaos.md` for people and `docs/chaos.json` for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.stage import SETTLE_SECONDS
from tests.chaos.trials import Result
from tests.process import ROOT

DOCS = ROOT / "docs"


@dataclass(frozen=True)
class Report:
    """Everything one run found; `command` brings it again."""

    machine: Mapping[str, str]
    command: str
    seed: int
    seconds: float
    results: Sequence[Result]
    left: Sequence[str] = ()  # trials that the run was interrupted before

    @property
    def wrong(self) -> Sequence[str]:
        """Return what was violated, over all trials."""
        return [sentence for result in self.results for sentence in result.wrong]

    def write(self, directory: Path = DOCS) -> None:
        """Write both files."""
        (directory / "chaos.md").write_text(self.as_markdown())
        (directory / "chaos.json").write_text(self.as_json())

    def as_json(self) -> str:
        """Return all of it as JSON."""
        contents = {
            "machine": dict(self.machine),
            "command": self.command,
            "seed": self.seed,
            "seconds": round(self.seconds),
            "violations": list(self.wrong),
            "notPlayed": list(self.left),
            "trials": [
                {
                    "name": result.trial.name,
                    "each": result.trial.each,
                    "runs": result.runs,
                    "seconds": round(result.seconds),
                    "settledInSeconds": round(result.settled_in, 1),
                    "deadlocks": result.deadlocks,
                    "skipped": result.skipped or None,
                    "seen": dict(result.noted),
                    "wrong": result.wrong,
                }
                for result in self.results
            ],
        }
        return json.dumps(contents, indent=2, ensure_ascii=False) + "\n"

    @property
    def _left(self) -> Sequence[str]:
        if not self.left:
            return []
        return [f"**Interrupted; not played: {', '.join(self.left)}.**", ""]

    def as_markdown(self) -> str:
        """Return the page."""
        return "\n".join(
            [
                "# What was done to it, and what held",
                "",
                "Written by `make chaos`; the same for programs is in `chaos.json`. This run took",
                f"{self.seconds / 60:.0f} min; `{self.command}` brings it again, with the same orders, faults and",
                "moments as far as they are ours to choose.",
                "",
                *self._left,
                f"**{len(self.wrong)} violations.** Real processes, a durable PostgreSQL, real HTTP. After every run",
                "everything has to settle and SQL of the tests' own (`tests/invariants.py`) asks whether",
                "",
                "- every order that was answered with 201 exists once, as it was ordered, and settled within",
                f"  {SETTLE_SECONDS:.0f} s of the last fault;",
                "- no asset, number, seat or place was given out twice, and none more than there are;",
                "- the counts of each session are those of the living allocations;",
                "- the ledger adds up to the value of each order, line by line;",
                "- the events of each order lead from state to state without a gap and end in its own;",
                "- nothing was done at another system that was not written down before;",
                "- what partners are told of is what happened, and stored answers name orders that there are.",
                "",
                "Settled: the longest time from the end of a run, its faults over, until no order was in flight.",
                "",
                "## Machine",
                "",
                *_table(("", ""), self.machine.items()),
                "",
                "## Trials",
                "",
                *_table(
                    (
                        "Trial",
                        "Each run",
                        "Runs",
                        "Seconds",
                        "Settled, s",
                        "Deadlocks",
                        "Wrong",
                        "Seen",
                    ),
                    (
                        (
                            result.trial.name,
                            result.trial.each,
                            result.runs,
                            round(result.seconds),
                            f"{result.settled_in:.1f}",
                            result.deadlocks,
                            result.skipped or (f"**{len(result.wrong)}**" if result.wrong else 0),
                            result.seen,
                        )
                        for result in self.results
                    ),
                ),
                "",
                *(
                    ["## Violated", "", *(f"- {sentence}" for sentence in self.wrong), ""]
                    if self.wrong
                    else []
                ),
            ]
        )


def _table(head: Sequence[str], rows: Iterable[Iterable[object]]) -> Iterable[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---' for _ in head)}|"
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"
