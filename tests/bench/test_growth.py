"""Growth and ratios are arithmetic: what is promised of them is decided here."""

from __future__ import annotations

import pytest

from tests.bench.baselines import ACCEPT, BARE, ISSUE, MINIMAL, OURS, Compared
from tests.bench.client import Sample
from tests.bench.comparison import targets_of
from tests.bench.growth import Block, Grown, median_of
from tests.bench.measuring import Cpu, Result
from tests.bench.report import Part, Report, Section, Target, number


def _grown(ours: tuple[float, float], raw: tuple[float, float]) -> Grown:
    return Grown("GET", [Block(ms, ms) for ms in ours], [Block(ms, ms) for ms in raw])


@pytest.mark.parametrize(
    ("ours", "raw", "beyond"),
    [
        ((4.0, 4.0), (1.0, 1.0), 1.0),
        ((4.0, 8.0), (1.0, 2.0), 1.0),
        ((4.0, 6.0), (1.0, 1.2), 1.25),
        ((4.0, 4.4), (1.0, 0.5), 1.1),  # raw PostgreSQL was quicker by chance
    ],
)
def test_growth_is_compared_with_what_raw_postgresql_grew(
    ours: tuple[float, float], raw: tuple[float, float], beyond: float
) -> None:
    grown = _grown(ours, raw)
    assert grown.beyond_raw == pytest.approx(beyond)
    assert grown.is_kept == (beyond <= 1.15)


def test_the_block_in_the_middle_is_told() -> None:
    blocks = [Block(1, 30), Block(9, 10), Block(2, 20)]
    assert median_of(blocks) == Block(2, 20)


def _result(count: int, seconds: float, web: float) -> Result:
    samples = [Sample(0.0, seconds / count, 201, "")] * count
    return Result(samples, seconds, Cpu(web, 0.0, 0.0))


def test_ratios_are_of_all_blocks_together() -> None:
    accept, issue = Compared(ACCEPT, 1), Compared(ISSUE, 1)
    accept.add(OURS, _result(10, 1.0, 0.05))
    accept.add(OURS, _result(10, 1.0, 0.07))
    accept.add(MINIMAL, _result(20, 1.0, 0.04))
    issue.add(OURS, _result(30, 0.5, 0.0))
    issue.add(BARE, _result(40, 0.5, 0.0))
    assert [(target.measured, target.met) for target in targets_of([accept, issue])] == [
        (3.0, True),
        (0.75, True),
    ]


def test_the_page_tells_targets_and_tables() -> None:
    section = Section("Reads", "Closed loop.", ("", "ms"), [("GET", number(3.14159))])
    parts = [Part([section], [Target("GET", 4, 5.0, "ms")], {"reads": [1]})]
    report = Report({"CPU": "one"}, "One process.", parts)
    page = report.as_markdown()
    assert "| GET | at most 4 ms | 5 ms | **missed** |" in page
    assert "## Reads\n\nClosed loop.\n\n|  | ms |\n|---|---|\n| GET | 3.14 |\n" in page
    assert "\n\n\n" not in page
    assert '"reads": [' in report.as_json()
