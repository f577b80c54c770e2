"""What is done to a process of the product from within: it dies at a COMMIT, its clock is ahead.

Only `tests.chaos.settings` brings this in. Nothing of the product's own steps is named here but the
transitions that settle an order: a process dies at its n-th COMMIT, whatever that is the end of.
"""

from __future__ import annotations

import datetime
import functools
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import procrastinate.utils
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.models.signals import class_prepared
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from procrastinate.manager import JobManager

# A file with the seconds that the clocks of whoever is told of it are ahead.
CLOCK = "CHAOS_CLOCK"
# Orders whose reference begins like this take the process down that issues them, or raise.
POISON, SPOILT = "POISON-", "SPOILT-"
# What a request asks for with this header: DEATHS.
DIE = "Chaos-Die"
DEATHS = ("before commit", "after commit", "before answer")

_here = threading.local()
_now, _utcnow, _time = timezone.now, procrastinate.utils.utcnow, time.time
_commit = DatabaseWrapper._commit
_finish, _fetch = JobManager.finish_job, JobManager.fetch_job


class Spoilt(Exception):
    """Issuing this order fails, whenever it is tried."""


class Count:
    """How often something was done by this process, and whom that kills: `when` and at which."""

    def __init__(self) -> None:
        self.done = 0
        self._when, self._number = "", 0
        self._lock = threading.Lock()

    def die(self, when: str, number: int) -> None:
        """Have this process die `before` or `after` the so manyth one from now on."""
        self.done, self._when, self._number = 0, when, number

    def begin(self) -> bool:
        """Count one; tell whether the process dies once it is done. Dies before, if it is to."""
        with self._lock:
            self.done += 1
            is_last = bool(self._number) and self.done == self._number
        if is_last and self._when == "before":
            die()
        return is_last


COMMITS, FETCHED, FINISHED = Count(), Count(), Count()


def die() -> None:
    """End this process as an out-of-memory killer would."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)  # the signal is on its way: nothing more is done


def install(environment: Mapping[str, str]) -> None:
    """Put the hooks in place; without anything asked for they do nothing."""
    DatabaseWrapper._commit = _counted_commit  # type: ignore[method-assign]
    JobManager.finish_job = _counted_finish  # type: ignore[method-assign]
    JobManager.fetch_job = _counted_fetch  # type: ignore[method-assign]
    class_prepared.connect(_poison)
    if path := environment.get(CLOCK):
        _set_clock(Path(path))


class DyingMiddleware:
    """Ends the web process at the moment that a request asks for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        _here.death = request.headers.get(DIE, "")
        try:
            response = self._get_response(request)
            if _here.death == "before answer":
                die()
            return response
        finally:
            _here.death = ""


def _counted_commit(wrapper: DatabaseWrapper) -> None:
    death = getattr(_here, "death", "")
    if death == "before commit":
        die()
    is_last = COMMITS.begin()
    _commit(wrapper)  # type: ignore[no-untyped-call]
    if is_last or death == "after commit":
        die()


async def _counted_finish(self: JobManager, *args: Any, **kwargs: Any) -> None:
    is_last = FINISHED.begin()
    await _finish(self, *args, **kwargs)
    if is_last:
        die()


async def _counted_fetch(self: JobManager, *args: Any, **kwargs: Any) -> Any:
    job = await _fetch(self, *args, **kwargs)
    if job is not None and FETCHED.begin():
        die()
    return job


def _poison(sender: Any, **_: Any) -> None:
    """Have orders with a certain reference take their worker down when they settle."""
    if sender.__name__ != "Order" or sender.__module__ == "__fake__":  # one of a migration
        return
    for name in ("settle_as_issued", "settle_as_draft"):
        setattr(sender, name, _poisoned(getattr(sender, name)))


def _poisoned(settle: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(settle)
    def settle_unless_poison(order: Any, *args: Any, **kwargs: Any) -> Any:
        if order.sell_to_order_reference.startswith(POISON):
            die()
        if order.sell_to_order_reference.startswith(SPOILT):
            raise Spoilt(order.sell_to_order_reference)
        return settle(order, *args, **kwargs)

    return settle_unless_poison


def _set_clock(path: Path) -> None:
    """Have everything of this process that asks for the time be told a later one.

    Whoever measures how long something takes is not concerned: that is another clock.
    """

    def ahead() -> float:
        try:
            return float(path.read_text())
        except (OSError, ValueError):
            return 0.0

    def later(now: Callable[[], datetime.datetime]) -> Callable[[], datetime.datetime]:
        return lambda: now() + datetime.timedelta(seconds=ahead())

    timezone.now = later(_now)
    procrastinate.utils.utcnow = later(_utcnow)
    time.time = lambda: _time() + ahead()
