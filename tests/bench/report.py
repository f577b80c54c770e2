"""The figures as `docs/bench.md` for people and `docs/bench.json` for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from tests.bench.scenarios import Figure

_PARTS = ("web", "worker", "database")


@dataclass(frozen=True)
class Target:
    """A promise and what was measured."""

    name: str
    allowed: float
    measured: float
    unit: str = ""
    is_least: bool = False

    @property
    def met(self) -> bool:
        if self.is_least:
            return self.measured >= self.allowed
        return self.measured <= self.allowed


@dataclass(frozen=True)
class Section:
    """A heading, what it means, and its table."""

    title: str
    text: str
    head: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()
    after: str = ""

    def as_markdown(self) -> list[str]:
        """Return its lines."""
        lines = [f"## {self.title}", "", self.text, ""]
        if self.rows:
            lines += [*table(self.head, self.rows), ""]
        return lines + ([self.after, ""] if self.after else [])


@dataclass(frozen=True)
class Part:
    """What one part of a run found; data: the same for programs, by name."""

    sections: Sequence[Section]
    targets: Sequence[Target] = ()
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """Everything one run found."""

    machine: Mapping[str, str]
    setup: str
    parts: Sequence[Part]

    @property
    def targets(self) -> list[Target]:
        return [target for part in self.parts for target in part.targets]

    def as_json(self) -> str:
        """Return all figures as JSON."""
        contents: dict[str, object] = {
            "machine": dict(self.machine),
            "setup": self.setup,
            "targets": [{**asdict(target), "met": target.met} for target in self.targets],
        }
        for part in self.parts:
            contents.update(part.data)
        return json.dumps(contents, indent=2, ensure_ascii=False) + "\n"

    def as_markdown(self) -> str:
        """Return the page."""
        head = [
            "# Measured figures",
            "",
            "Written by `make bench`, all in one run; the same figures for programs are in",
            "`bench.json`. `make bench ARGS=--help` says how to run parts of it. The load comes from",
            "processes of its own on the same machine, over real HTTP with connections kept alive.",
            self.setup,
            "",
            "CPU is of all processes of a kind, per operation, read from `/proc`; SQL is the number",
            "of client statements per operation, counted as the tests count them.",
            "",
        ]
        machine = Section("Machine", "", ("", ""), list(self.machine.items()))
        met = sum(target.met for target in self.targets)
        promised = Section(
            "Targets",
            f"{met} of {len(self.targets)} are met.",
            ("", "Target", "Measured", ""),
            [_row(target) for target in self.targets],
        )
        sections = [machine, promised, *(one for part in self.parts for one in part.sections)]
        lines = head + [line for section in sections for line in section.as_markdown()]
        return "\n".join(_without_double_blanks(lines))


def figures(
    title: str,
    text: str,
    rows: Sequence[Figure],
    counted: Mapping[str, int],
    *,
    rate: str = "",
    after: str = "",
) -> Section:
    """Return a section of figures; rate: what is counted a second, counted: statements by operation."""
    with_cpu = any(row.cpu for row in rows)
    with_sql = any(row.operation for row in rows)
    head = ["", "Count", *([rate] if rate else []), "p50 ms", "p95 ms", "p99 ms"]
    head += ["SQL"] if with_sql else []
    head += [f"CPU ms, {part}" for part in _PARTS] if with_cpu else []
    cells = []
    for row in rows:
        line: list[object] = [row.name, row.count]
        line += [number(row.rate)] if rate else []
        line += [number(row.p50), number(row.p95), number(row.p99)]
        line += [counted.get(row.operation, "")] if with_sql else []
        line += [number(row.cpu.get(part)) for part in _PARTS] if with_cpu else []
        cells.append(line)
    return Section(title, text, head, cells, after)


def table(head: Sequence[str], rows: Iterable[Iterable[object]]) -> Iterable[str]:
    """Return the lines of a table."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---' for _ in head)}|"
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"


def number(value: float | None) -> str:
    """Return a figure with three digits that mean something, all of them before the point."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


def _row(target: Target) -> Sequence[object]:
    least = "at least" if target.is_least else "at most"
    return (
        target.name,
        f"{least} {target.allowed:g} {target.unit}".rstrip(),
        f"{number(target.measured)} {target.unit}".rstrip(),
        "met" if target.met else "**missed**",
    )


def _without_double_blanks(lines: Sequence[str]) -> list[str]:
    return [line for before, line in zip(["", *lines], lines, strict=False) if line or before]
