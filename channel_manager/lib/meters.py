"""What each web process counts of the requests that it answers; labels have few values."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

from channel_manager.lib.meter_sharing import VARIABLE

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
# In seconds. Reading an order takes some milliseconds, a long export some seconds.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Routes of requests that no view has seen.
STATIC, UNMATCHED, TURNSTILE = "static", "unmatched", "turnstile"

_here = CollectorRegistry()
REQUESTS = Counter(
    "channel_manager_http_requests_total",
    "Requests that were answered, by the template of their route, method and status.",
    ("route", "method", "status"),
    registry=_here,
)
DURATION = Histogram(
    "channel_manager_http_request_duration_seconds",
    "How long requests took, to the first byte of the answer; without those that asked to wait.",
    ("route", "method"),
    buckets=BUCKETS,
    registry=_here,
)
REFUSALS = Counter(
    "channel_manager_http_refusals_total",
    "Requests that were refused, by the code of the refusal.",
    ("code",),
    registry=_here,
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
    name = method if method in METHODS else "other"
    key = (route, name, status)
    pair = _pairs.get(key)
    if pair is None:
        pair = _pairs[key] = _Pair(
            REQUESTS.labels(route, name, str(status)), DURATION.labels(route, name)
        )
    pair.counter.inc()
    if is_timed:
        pair.histogram.observe(seconds)


def count_refusal(code: str) -> None:
    """Count a refusal by its code."""
    counter = _refusals.get(code)
    if counter is None:
        counter = _refusals[code] = REFUSALS.labels(code)
    counter.inc()


def registry() -> CollectorRegistry:
    """Return what to scrape: what all processes of this server have counted, or this one alone."""
    if VARIABLE not in os.environ:
        return _here
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together
