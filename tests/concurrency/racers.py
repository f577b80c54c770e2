"""Processes that do one thing to one order at the same moment, or die while they do it.

`Stack.django("tests.concurrency.racers")` runs it: it reads a list of entrants from standard input,
lets them all loose together and prints how each one ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
import uuid
from collections.abc import Callable
from typing import Any, NoReturn

from django.utils import timezone

from channel_manager.history import runner
from orders import issuance, ledger, lifecycle, replaying
from orders.models import Order
from wallets.models import Asset

# Where an issuing process may be told to die, in the order in which it comes by.
DEATHS = (
    "Scheduled saved",
    "Scheduled committed",
    "Processing saved",
    "Processing committed",
    "assets inserted",
    "Issued saved",
    "sale posted",
    "Issued committed",
)


def race(entrants: list[dict[str, str]]) -> list[str]:
    """Return `done`, `refused: <why>` or `killed` for each entrant.

    An entrant is `{"do": "issue" | "replay" | "replay cause", "order": id, "die": one of DEATHS or
    ""}`; the cause is that of the order.
    """
    start, gate = os.pipe()
    children = [_fork(entrant, start, gate) for entrant in entrants]
    os.close(gate)  # nothing comes through it: its closing is the starting shot
    os.close(start)
    return [_result(pid, answer) for pid, answer in children]


def _fork(entrant: dict[str, str], start: int, gate: int) -> tuple[int, int]:
    answer, say = os.pipe()
    pid = os.fork()
    if pid:
        os.close(say)
        return pid, answer
    os.close(gate)
    try:
        os.read(start, 1)
        os.write(say, _enter(entrant).encode())
    finally:
        os._exit(0)


def _result(pid: int, answer: int) -> str:
    with os.fdopen(answer, "rb") as lines:
        said = lines.read().decode()
    _, status = os.waitpid(pid, 0)
    return "killed" if os.WIFSIGNALED(status) else said


def _enter(entrant: dict[str, str]) -> str:
    order_id = uuid.UUID(entrant["order"])
    if entrant.get("die"):
        _arrange_death(entrant["die"])
    try:
        if entrant["do"] == "issue":
            issuance.issue_order(order_id=order_id, clock=timezone.now)
        elif entrant["do"] == "replay cause":
            replaying.start_replay(
                replay_id=uuid.uuid4(),
                fingerprint=Order.objects.get(pk=order_id).failure_fingerprint,
                title="Not mapped",
                reason="",
                actor="staff:1",
                now=timezone.now(),
            )
        else:
            lifecycle.replay_order(
                orders=Order.objects.all(), order_id=order_id, actor="staff:1", now=timezone.now()
            )
    except Exception as refusal:
        traceback.print_exc()
        return f"refused: {type(refusal).__name__}"
    return "done"


def _arrange_death(moment: str) -> None:
    """Have this process kill itself right after the named moment of issuing."""

    def deadly(work: Callable[..., Any], is_it: Callable[..., bool]) -> Callable[..., Any]:
        def do(*args: Any, **kwargs: Any) -> Any:
            result = work(*args, **kwargs)
            if is_it(*args):
                _die()
            return result

        return do

    subject, _, stage = moment.rpartition(" ")
    match stage:
        case "saved":
            runner.save = deadly(runner.save, lambda rows: rows[0].status == subject)
        case "committed" if subject == "Issued":
            issuance._settle = deadly(issuance._settle, lambda *_: True)
        case "committed":
            name = {"Scheduled": "scheduled", "Processing": "started"}[subject]
            issuance._step = deadly(issuance._step, lambda *step: step[2] == name)
        case "inserted":
            insert = deadly(Asset.objects.bulk_create, lambda *_: True)
            setattr(Asset.objects, "bulk_create", insert)  # noqa: B010
        case "posted":
            ledger.sale_of = deadly(ledger.sale_of, lambda *_: True)
        case _:
            raise ValueError(moment)


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


if __name__ == "__main__":
    print(json.dumps(race(json.load(sys.stdin))))
