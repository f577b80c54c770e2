"""What each web process counts of the requests that it answers; labels have few values."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

from channel_manager.lib.meter_sharing import VARIABLE

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
# In seconds. Reading an order takes some milliseconds, a long export some seconds.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Routes of requests that no view has seen.
STATIC, UNMATCHED, TURNSTILE = "static", "unmatched", "turnstile"
OTHER = "other"
# Anybody is refused so at nearly every route, whatever the method: it would only multiply them.
_REFUSED = frozenset((401, 403, 404, 405))
# So many routes with their methods and statuses a process tells apart; beyond, the status alone.
# What they take on the disk is taken beforehand (`lib/meter_sharing.py`).
MOST = 3000


@dataclasses.dataclass(frozen=True)
class Meter:
    """One metric: its name without our prefix, what it tells, and its labels."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    is_histogram: bool = False

    @property
    def full_name(self) -> str:
        """Return its name as Prometheus knows it."""
        return f"channel_manager_{self.name}"

    @property
    def kind(self) -> str:
        """Return its type: what counts up says so in its name."""
        if self.is_histogram:
            return "histogram"
        return "counter" if self.name.endswith("_total") else "gauge"

    def family(self, values: Mapping[tuple[str, ...], float | None]) -> Any:
        """Return the metric with a value for each tuple of labels; None is left out."""
        make = CounterMetricFamily if self.kind == "counter" else GaugeMetricFamily
        family = make(self.full_name, self.help, labels=self.labels)
        for labels, value in values.items():
            if value is not None:
                family.add_metric(labels, value)
        return family


REQUESTS = Meter(
    "http_requests_total",
    "Requests that were answered, by the template of their route, method and status.",
    ("route", "method", "status"),
)
DURATION = Meter(
    "http_request_duration_seconds",
    "How long requests took, to the first byte of the answer; without those that asked to wait.",
    ("route",),
    is_histogram=True,
)
REFUSALS = Meter(
    "http_refusals_total", "Requests that were refused, by the code of the refusal.", ("code",)
)
METERS = (REQUESTS, DURATION, REFUSALS)

_here = CollectorRegistry()
_requests, _refused = (
    Counter(meter.full_name, meter.help, meter.labels, registry=_here)
    for meter in (REQUESTS, REFUSALS)
)
_durations = Histogram(
    DURATION.full_name, DURATION.help, DURATION.labels, buckets=BUCKETS, registry=_here
)


class _Pair(NamedTuple):
    counter: Any
    histogram: Any


# To find a metric's child by its labels takes longer than to count with it.
_pairs: dict[tuple[str, str, int], _Pair] = {}
_refusals: dict[str, Any] = {}


def count_request(
    route: str, method: str, status: int, seconds: float, *, is_timed: bool = True
) -> None:
    """Count an answered request; is_timed: False for one that asked to wait."""
    name = method if method in METHODS and status not in _REFUSED else OTHER
    key = (route, name, status)
    pair = _pairs.get(key)
    if pair is None:
        pair = _pairs[key] = _Pair(
            _requests.labels(*_told_apart(route, name, str(status))), _durations.labels(route)
        )
    pair.counter.inc()
    if is_timed:
        pair.histogram.observe(seconds)


def _told_apart(*labels: str) -> tuple[str, ...]:
    """Return the labels that a request is counted under."""
    if labels not in _known and len(_known) >= MOST:
        return (OTHER, OTHER, labels[-1])
    _known.add(labels)
    return labels


def _inherited() -> set[tuple[str, ...]]:
    """Return the labels of requests in our file that a process before us has counted."""
    file_path = Path(os.environ.get(VARIABLE, "")) / f"counter_{os.getpid()}.db"
    if not file_path.exists():
        return set()
    keys = MmapedDict.read_all_values_from_file(file_path)  # type: ignore[no-untyped-call]
    labelled = [json.loads(key) for key, *_ in keys]
    return {
        tuple(labels[label] for label in REQUESTS.labels)
        for _, name, labels, _ in labelled
        if name == REQUESTS.full_name
    }


def count_refusal(code: str) -> None:
    """Count a refusal by its code."""
    counter = _refusals.get(code)
    if counter is None:
        counter = _refusals[code] = _refused.labels(code)
    counter.inc()


_known = _inherited()


def registry() -> CollectorRegistry:
    """Return what to scrape: what all processes of this server have counted, or this one alone."""
    if VARIABLE not in os.environ:
        return _here
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together
