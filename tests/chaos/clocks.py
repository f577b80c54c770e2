"""The application's clock set forward, and a process whose clock is an hour ahead of the others'.

What a process of the product takes for the time is changed from within (`tampering`): no library has
to be laid under it. The database keeps its own clock, as on a machine of its own.
"""

from __future__ import annotations

import random
import time
from collections.abc import Collection
from pathlib import Path

from tests.chaos.dying_workers import Death, Nursery
from tests.chaos.load import Load
from tests.chaos.stage import SETTLE_SECONDS, Stage
from tests.chaos.worker_kills import kill_at_work
from tests.process import wait_for
from tests.stack import Stack
from tests.traffic import Seller, visits

CLOCK = "CHAOS_CLOCK"  # as in `tampering`, which knows Django
HOUR, DAY = 3600, 86_400
HOLDS = DRAFTS = 20
_SECONDS = 120.0
# What is done regularly is queued for every moment that was jumped over: so often, and no oftener.
_AS_OFTEN_AS_USUAL = {"RECOVERY_CRON": "* * * * * */15"}


def set_forward(stage: Stage, *, chance: random.Random) -> list[str]:
    """Set the worker's clock forward by an hour while it works, then by more than a draft lives.

    Holds, drafts and what stands still are over then, each of them once; what is under way is not
    lost, though it may be given up and is replayed then.
    """
    stack, clock = stage.stack, _clock(stage.stack)
    stack.stop_workers()
    day = stage.new_day(capacity=10 * (HOLDS + DRAFTS))
    environment = {CLOCK: str(clock), **_AS_OFTEN_AS_USUAL}
    stack.start_worker(environment=environment)
    mark = f"{chance.getrandbits(32):08x}"
    with stage.seller() as seller, Load(stack.seller, f"CLOCK-{mark}", clients=2) as load:
        days = _draft_days(stack, seller, 1)
        holds = [_hold(seller, day) for _ in range(HOLDS)]
        drafts = [_order(stage, seller, day, paid=False) for _ in range(DRAFTS)]
        wait_for("drafts are made", lambda: _count(stack, drafts, "Draft") == DRAFTS, seconds=60)
        time.sleep(chance.uniform(0, 1))  # the moment of the fault
        clock.write_text(str(HOUR))
        wait_for("holds are over", lambda: _expired(stack, holds) == HOLDS, seconds=_SECONDS)
        stack.stop_workers()
        stuck = _leave_standing(stage, seller, day)
        clock.write_text(str(DAY + 2 * HOUR))
        stack.start_worker(environment=environment)
        wait_for("drafts are over", lambda: not _count(stack, drafts), seconds=_SECONDS)
        _draft_days(stack, seller, days)
    stage.noted[f"{HOLDS} holds and {DRAFTS} drafts expired"] += 1
    wrong = [*load.book.wrong, *_removed_otherwise_than_once(stack, drafts)]
    wrong += _settle(stage, {*load.book.accepted, *stuck})
    clock.unlink()
    stage.accepted.update(load.book.accepted)
    return wrong


def one_ahead(stage: Stage, *, kills: int, chance: random.Random) -> list[str]:
    """Have two workers, one of them an hour ahead, while clients order and the other one is killed."""
    stack, clock = stage.stack, _clock(stage.stack)
    stack.stop_workers()
    clock.write_text(str(HOUR))
    stack.start_worker(environment={CLOCK: str(clock)})
    with Load(stack.seller, f"AHEAD-{chance.getrandbits(32):08x}", clients=2) as load:
        for _ in range(kills):
            known = stack.last_worker
            stack.start_worker()
            time.sleep(chance.uniform(0.5, 1.5))  # while both work
            stage.noted["jobs cut"] += kill_at_work(stack, known, chance)
        stack.start_worker()
    stage.noted["kills of the other"] += kills
    wrong = [*load.book.wrong, *_settle(stage, load.book.accepted)]
    stage.accepted.update(load.book.accepted)
    stack.stop_workers()
    clock.unlink()
    return wrong


def _settle(stage: Stage, orders: Collection[str]) -> list[str]:
    """Wait until all has settled; replay what was given up, and say what is in Error otherwise."""
    stack = stage.stack
    stack.wait_until_settled(seconds=SETTLE_SECONDS, tended=True)
    failed = stack.sql(
        "SELECT id::text, failure_code FROM orders_order"
        " WHERE status = 'Error' AND id = ANY(%s::uuid[])",
        list(orders),
    )
    stage.noted["given up and replayed"] += len(failed)
    if failed:
        stack.django("tests.chaos.replaying", given="\n".join(key for key, _ in failed))
        stack.wait_until_settled(seconds=SETTLE_SECONDS, tended=True)
    return [f"order {key} failed: {code}" for key, code in failed if code != "stalled"]


def _leave_standing(stage: Stage, seller: Seller, day: str) -> list[str]:
    """Leave an order behind at each step between two COMMITs of issuing; return them."""
    stuck = []
    # A connection of its own: one that has stood idle for so long is closed by the server.
    with Nursery(stage.stack) as nursery, seller.twin() as fresh:
        for number in (1, 2):
            stuck.append(_order(stage, fresh, day, paid=True))
            nursery.start(Death("commit", "after", number), concurrency=1)
            nursery.wait()
    return stuck


def _clock(stack: Stack) -> Path:
    return stack.directory / "clock"


def _draft_days(stack: Stack, seller: Seller, days: int) -> int:
    """Have the partner's drafts live so many days; return how many it was before."""
    [(before,)] = stack.sql(
        "SELECT draft_lifetime_days FROM partners_partner WHERE id = %s", seller.partner_id
    )
    stack.sql(
        "UPDATE partners_partner SET draft_lifetime_days = %s WHERE id = %s",
        days,
        seller.partner_id,
    )
    return int(before)


def _hold(seller: Seller, day: str) -> str:
    answer = seller.hold(visits("SHOW", day, "10:00"))
    assert answer.status == 201, answer.text
    return str(answer.body["holdId"])


def _order(stage: Stage, seller: Seller, day: str, *, paid: bool) -> str:
    body = seller.order(stage.reference(), visits("SHOW", day, "10:00"), paid=paid)
    answer = seller.create(body)
    assert answer.status == 201, answer.text
    return str(answer.body["orderId"])


def _expired(stack: Stack, holds: Collection[str]) -> int:
    query = "SELECT count(*) FROM orders_hold WHERE status = 'Expired' AND id = ANY(%s::uuid[])"
    return int(stack.sql(query, list(holds))[0][0])


def _count(stack: Stack, orders: Collection[str], status: str = "%") -> int:
    query = "SELECT count(*) FROM orders_order WHERE status LIKE %s AND id = ANY(%s::uuid[])"
    return int(stack.sql(query, status, list(orders))[0][0])


def _removed_otherwise_than_once(stack: Stack, drafts: Collection[str]) -> list[str]:
    rows = stack.sql(
        "SELECT subject_id, count(*) FROM history_event WHERE kind = 'order' AND name = 'deleted'"
        " AND subject_id = ANY(%s::uuid[]) GROUP BY 1",
        list(drafts),
    )
    times = {str(key): count for key, count in rows}
    return [
        f"draft {one} was removed {times.get(one, 0)} times"
        for one in drafts
        if times.get(one) != 1
    ]
