"""A chart as SVG: bars up and down from a line, made by the server, for scripts may not."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from decimal import Decimal

from channel_manager.lib.admin import columns
from orders.finance.reports.charts import Chart

_HEIGHT = 100
_STEP, _WIDTH = 10, 8
# There is room for as many: a single bar is not as wide as the page.
_LEAST_BARS = 7


@dataclasses.dataclass(frozen=True, kw_only=True)
class DrawnBar:
    """A bar where it stands: from the top, in units of the picture."""

    label: str
    told: str
    x: int
    y: float
    height: float
    is_negative: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class DrawnChart:
    """A chart with all its bars. zero: where the line is that they begin at."""

    title: str
    most: str
    first: str
    last: str
    zero: float
    bars: Sequence[DrawnBar]
    width: int
    height: int = _HEIGHT
    bar_width: int = _WIDTH

    @property
    def description(self) -> str:
        """Say in a sentence what is to be seen."""
        return (
            f"{len(self.bars)} bars, from {self.first} to {self.last}; the highest is {self.most}."
        )


def draw(chart: Chart) -> DrawnChart:
    """Return a chart as it is drawn."""
    values = [bar.value for bar in chart.bars]
    top, bottom = max(0, *values), min(0, *values)
    span = float(top - bottom) or 1.0
    zero = _HEIGHT * float(top) / span
    bars = []
    for place, bar in enumerate(chart.bars):
        height = _HEIGHT * abs(float(bar.value)) / span
        bars.append(
            DrawnBar(
                label=bar.label,
                told=_told(bar.value, chart.currency),
                x=place * _STEP,
                y=round(zero if bar.value < 0 else zero - height, 2),
                height=round(height, 2),
                is_negative=bar.value < 0,
            )
        )
    return DrawnChart(
        title=chart.title,
        most=_told(max(values), chart.currency),
        first=bars[0].label,
        last=bars[-1].label,
        zero=round(zero, 2),
        bars=bars,
        width=_STEP * max(len(bars), _LEAST_BARS),
    )


def _told(value: Decimal | int, currency: str) -> str:
    return columns.money(Decimal(value), currency) if currency else f"{value:,}"
