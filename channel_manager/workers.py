"""Signs of life of the background workers, and what every admin page says when there are none."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from channel_manager.lib.database import DATABASE_AWAY

# A worker is a process; which queues it serves, no table says. But each of these tasks is due every
# few seconds, runs beside the issuing of orders, and is not queued again while it waits: an old one
# tells that nobody begins what waits there, even if a sender of webhooks lives.
REGULAR_WORK = ("expire_holds", "dispatch_webhooks")
SIGNS = """
    SELECT EXTRACT(EPOCH FROM now() - (SELECT max(last_heartbeat) FROM procrastinate_workers))::float,
           EXTRACT(EPOCH FROM now())::float - (
               SELECT max(defer_timestamp) FROM procrastinate_periodic_defers
               WHERE periodic_id = ANY(%s)
           )
"""


@dataclasses.dataclass(frozen=True)
class Signs:
    """How many seconds ago something was heard of the workers; None: never, or of none there is.

    A worker that stops as it is asked to takes its heartbeat with it.
    """

    heartbeat: float | None
    regular_work: float | None

    @property
    def latest(self) -> float | None:
        """Return how long ago any worker was heard of, in whichever way."""
        heard = [age for age in (self.heartbeat, self.regular_work) if age is not None]
        return min(heard, default=None)


@dataclasses.dataclass(frozen=True, kw_only=True)
class WorkerAlarm:
    """What everybody in the admin has to know while work is not done."""

    title: str
    meaning: str
    remedy: str
    look: str


def read_signs() -> Signs:
    """Read when workers were last heard of, by the database's clock: one statement, a few rows."""
    with connection.cursor() as cursor:
        cursor.execute(SIGNS, [list(REGULAR_WORK)])
        heartbeat, regular_work = cursor.fetchone()
    return Signs(heartbeat, regular_work)


def alarm_seconds() -> int:
    """Return for how long workers may be silent: until one is taken for dead, and as long again."""
    return 2 * int(settings.WORKER_SILENCE_SECONDS)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return what every page of the admin has in its context; what no page shows is not read."""
    return {"read_worker_alarm": read_alarm}


def read_alarm() -> WorkerAlarm | None:
    """Return what is wrong with the workers, if anything is known to be.

    None while the database is away: the page has its own trouble then.
    """
    try:
        return alarm_of(read_signs())
    except DATABASE_AWAY:
        return None


def alarm_of(signs: Signs) -> WorkerAlarm | None:
    """Say what the signs mean for the park: nobody works, or what is regular is not begun."""
    latest = signs.latest
    if latest is None or latest > alarm_seconds():
        since = "yet" if latest is None else f"for {in_words(latest)}"
        return WorkerAlarm(
            title=f"No background worker has been heard of {since}.",
            meaning="Orders are accepted and wait: nothing is issued, and partners are not told of "
            "anything. Nothing is lost. Gates admit as ever.",
            remedy="Ask whoever runs this server to start the workers; their logs say why they "
            "stopped. What waits is then done by itself.",
            look="danger",
        )
    if signs.regular_work is not None and signs.regular_work > alarm_seconds():
        return WorkerAlarm(
            title=f"Background work has waited for {in_words(signs.regular_work)}.",
            meaning="A worker lives, but the one that issues orders does not, or has more to do "
            "than it can. Orders are accepted and wait. Nothing is lost.",
            remedy="If this stays, ask whoever runs this server to look at the workers and their "
            "logs. What waits is then done by itself.",
            look="warning",
        )
    return None


def in_words(seconds: float) -> str:
    """Return a length of time in its largest whole unit that says enough: 75 s, 3 min, 5 h."""
    for unit, length, upto in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172_800)):
        if seconds < upto:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds // 86_400)} days"
