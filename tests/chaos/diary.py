"""What a run has found so far, a line for each trial, so that one that was interrupted can go on."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import Any

from tests.bench.machine import commit
from tests.chaos.trials import Result, Trial


@dataclasses.dataclass(frozen=True)
class Diary:
    """A file that trials of one seed are written into; without a file nothing is kept."""

    path: Path | None
    seed: int

    def found(self, trial: Trial) -> Result | None:
        """Return what became of a trial of the same figures and seed; None: it was not played."""
        for line in self._lines():
            about = line.pop("trial"), line.pop("each"), line.pop("seed")
            line.pop("commit")
            if about == (trial.name, trial.each, self.seed):
                return Result(trial, **{**line, "noted": Counter(line["noted"])})
        return None

    def note(self, result: Result) -> None:
        """Add what became of a trial."""
        if self.path is None:
            return
        about = {name: getattr(result, name) for name in _KEPT}
        trial = {"trial": result.trial.name, "each": result.trial.each}
        line = {**trial, "seed": self.seed, "commit": commit(), **about}
        with self.path.open("a") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    @property
    def commits(self) -> list[str]:
        """Return which code the trials were played with, the present one last."""
        played = [str(line["commit"]) for line in self._lines() if line["seed"] == self.seed]
        return list(dict.fromkeys([name for name in played if name != commit()] + [commit()]))

    def _lines(self) -> list[dict[str, Any]]:
        if self.path is None or not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text().splitlines()]


_KEPT = [field.name for field in dataclasses.fields(Result) if field.name != "trial"]
