"""SIGKILL of any one process while partners order: nothing is lost."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.invariants import violations
from tests.process import wait_for
from tests.scale import measuring
from tests.scale.site import Lodger, Site
from tests.traffic import Expected
from tests.web_server import wait_until_it_answers

_SETTLE_SECONDS = 120.0
_PAUSE = (1.5, 3.0)  # between two kills, in seconds
# Rows and sums that a replica has alike, or it lacks something.
_SUMS = """
    SELECT (SELECT count(*) FROM orders_order), (SELECT count(*) FROM wallets_asset),
           (SELECT count(*) FROM history_event), (SELECT coalesce(sum(gross), 0)::text
            FROM orders_ledgerentry), (SELECT md5(string_agg(id::text || status, '' ORDER BY id))
            FROM orders_order)
"""


@dataclass(frozen=True)
class Kills:
    """What was killed how often, what was accepted meanwhile, and what was wrong afterwards."""

    seed: int
    killed: dict[str, int]
    orders: int
    lists: int
    repeated: int
    settled_after: float
    wrong: list[str]


def kill_each(
    site: Site,
    *,
    seed: int,
    more: int,
    accepted: Mapping[str, Expected],
    say: Callable[[str], None],
) -> Kills:
    """Kill every process once and so many times any more, in random order, while orders come.

    accepted: what was accepted before, which must not be lost either.
    """
    chance = random.Random(seed)
    targets: list[Lodger | None] = [*site.lodgers, None]  # None: the replica
    chance.shuffle(targets)
    chosen = [*targets, *(chance.choice(targets) for _ in range(more))]
    killed: Counter[str] = Counter()
    clients = measuring.begin(site, prefix=f"KILL-{seed}", seconds=0, lists_every=3, is_mixed=True)
    for target in chosen:
        time.sleep(chance.uniform(*_PAUSE))
        if clients.poll() is not None:
            break  # `end` tells why
        name = target.name if target else "replica"
        say(f"SIGKILL of {name}")
        _kill(site, target)
        killed[name] += 1
    sent = measuring.end(clients)
    for web in site.webs:
        wait_until_it_answers(web, web.port)
    settled = site.stack.wait_until_settled(seconds=_SETTLE_SECONDS)
    wrong = [
        *sent.wrong,
        *violations(site.stack.sql, {**accepted, **sent.accepted}),
        *_unlike(site),
    ]
    return Kills(
        seed=seed,
        killed=dict(sorted(killed.items())),
        orders=len(sent.accepted),
        lists=len(sent.lists),
        repeated=sent.repeated,
        settled_after=round(settled, 1),
        wrong=wrong,
    )


def _kill(site: Site, target: Lodger | None) -> None:
    """End it without a word; then it is started again, as a service manager does."""
    if target is not None:
        target.kill()
        target.start()
    elif (pid := site.replica.pid) is not None:
        os.kill(pid, signal.SIGKILL)
        site.replica.ensure_running()


def _unlike(site: Site) -> list[str]:
    """Compare the replica with the primary once it has all."""
    ((position,),) = site.stack.sql("SELECT pg_current_wal_flush_lsn()::text")
    has_all = f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn"
    wait_for(
        "the replica has all",
        lambda: measuring.replica_sql(site, has_all) == [(True,)],
        seconds=60,
    )
    here, there = site.stack.sql(_SUMS), measuring.replica_sql(site, _SUMS)
    return [] if here == there else [f"the replica has {there}, the primary {here}"]
