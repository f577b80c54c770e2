"""Whether anything becomes slower as the database grows, beyond what PostgreSQL itself does.

At each size every path is measured in short blocks, by turns with the least that raw PostgreSQL
needs for the same, in the same tables. Medians of the blocks are compared with those of the
smallest size, and our growth with raw growth. Between the smallest and the largest one block tells
the way.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.bench.measuring import Result
from tests.bench.scenarios import Bench

ALLOWED = 1.15
BLOCKS = 3


@dataclass(frozen=True)
class Block:
    """Milliseconds and CPU milliseconds an operation took, medians of a short run."""

    ms: float
    cpu_ms: float

    @classmethod
    def of(cls, result: Result) -> Block:
        return cls(result.median_ms, result.all_cpu_ms)

    def __add__(self, other: Block) -> Block:
        return Block(self.ms + other.ms, self.cpu_ms + other.cpu_ms)


@dataclass(frozen=True)
class Path:
    """One thing the product does, and the least that raw PostgreSQL needs for the same."""

    name: str
    ours: Callable[[], Block]
    raw: Callable[[], Block]


@dataclass
class Grown:
    """The medians of one path at each size, ours and raw."""

    name: str
    ours: list[Block] = field(default_factory=list)
    raw: list[Block] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """Return how many times as long ours takes at the largest size as at the smallest."""
        return self.ours[-1].ms / self.ours[0].ms

    @property
    def raw_growth(self) -> float:
        """Return the same of raw PostgreSQL."""
        return self.raw[-1].ms / self.raw[0].ms

    @property
    def beyond_raw(self) -> float:
        """Return ours as a multiple of raw growth; where raw has not grown, ours alone.

        That raw PostgreSQL was quicker on the larger database is chance, and no reason for us to be.
        """
        return self.growth / max(1.0, self.raw_growth)

    @property
    def cpu_growth(self) -> float:
        """Return how many times as much CPU ours takes, of web, worker and database together."""
        return self.ours[-1].cpu_ms / max(self.ours[0].cpu_ms, 1e-9)

    @property
    def is_kept(self) -> bool:
        return self.beyond_raw <= ALLOWED

    def as_data(self) -> dict[str, object]:
        """Return it for programs."""
        return {
            "name": self.name,
            "ms": [block.ms for block in self.ours],
            "cpuMs": [block.cpu_ms for block in self.ours],
            "rawMs": [block.ms for block in self.raw],
            "growth": self.growth,
            "rawGrowth": self.raw_growth,
            "beyondRaw": self.beyond_raw,
            "cpuGrowth": self.cpu_growth,
        }


def grow(bench: Bench, paths_of: Callable[[Bench], Sequence[Path]]) -> list[Grown]:
    """Measure every path at every size; raises ValueError for a single size."""
    if len(bench.sizes) < 2:
        raise ValueError("growth is measured between two sizes at least")
    grown: list[Grown] = []
    for size in bench.sizes:
        bench.fill_up(size)
        paths = paths_of(bench)
        if not grown:
            grown = [Grown(path.name) for path in paths]
        for path, found in zip(paths, grown, strict=True):
            bench.say(f"  {path.name}, at {size:,}")
            is_judged = size in {bench.sizes[0], bench.sizes[-1]}
            _warm_up(path)
            ours, raw = [], []
            for _ in range(BLOCKS if is_judged else 1):
                ours.append(path.ours())
                raw.append(path.raw())
            found.ours.append(median_of(ours))
            found.raw.append(median_of(raw))
    return grown


def median_of(blocks: Sequence[Block]) -> Block:
    """Return the block in the middle, of time and of CPU by themselves."""
    return Block(
        statistics.median(block.ms for block in blocks),
        statistics.median(block.cpu_ms for block in blocks),
    )


def _warm_up(path: Path) -> None:
    """Run both once that do not count: pages that were just written come into memory."""
    path.ours()
    path.raw()
