"""Telling partners under fire: a feed that many write to, receivers that hang, senders that die."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from typing import Any

from channel_manager.lib.queues import SENDER_QUEUE, WORKER_QUEUES
from tests.chaos.stage import Stage
from tests.fakes.receiver import Receiver, running_receiver
from tests.process import wait_for
from tests.stack import Stack
from tests.traffic import Seller

WEBHOOKS = "/webhooks"
_PATIENCE = 60.0


def feed_under_writers(
    stage: Stage, *, writers: int, events: int, chance: random.Random
) -> list[str]:
    """Follow the feed while processes write to it; return what was left out, doubled or swapped."""
    stack = stage.stack
    each = events // writers
    with stack.seller() as seller:
        cursor = _to_the_end(seller)
        given = {
            "partner": seller.partner_id,
            "writers": writers,
            "each": each,
            "seed": chance.getrandbits(32),
        }
        done = threading.Event()
        failed: list[BaseException] = []

        def write() -> None:
            try:
                stack.django("tests.chaos.event_writers", given=json.dumps(given))
            except BaseException as error:
                failed.append(error)
            finally:
                done.set()

        writing = threading.Thread(target=write)
        writing.start()
        names: list[str] = []
        while True:
            is_last = done.is_set()
            page = seller.request("GET", f"/events?limit=200&after={cursor}").body
            names += [event["name"] for event in page["data"] if "name" in event]
            cursor = page["cursor"]
            if is_last and not page["moreEvents"]:
                break
        writing.join()
    if failed:
        raise failed[0]
    return _unlike(names, writers=writers, each=each)


def _unlike(names: list[str], *, writers: int, each: int) -> list[str]:
    """Compare what was read with what was written."""
    wrong = [f"{name} came {count} times" for name, count in Counter(names).items() if count > 1]
    wanted = {f"{writer}-{number}" for writer in range(writers) for number in range(each)}
    wrong += [f"{name} never came" for name in sorted(wanted - set(names))]
    wrong += [f"{name} was never committed" for name in sorted(set(names) - wanted)]
    for writer in range(writers):
        own = [int(name.split("-")[1]) for name in names if name.startswith(f"{writer}-")]
        if own != sorted(own):
            wrong.append(f"The events of writer {writer} came out of order")
    return wrong


def _to_the_end(seller: Seller) -> str:
    page: dict[str, Any] = {"cursor": "0", "moreEvents": True}
    while page["moreEvents"]:
        page = seller.request("GET", f"/events?limit=1000&after={page['cursor']}").body
    return str(page["cursor"])


def receivers_and_dying_senders(stack: Stack, *, orders: int, kills: int) -> list[str]:
    """Tell a receiver that hangs and a good one of orders while senders are killed.

    Returns what the good one never heard of. Needs a stack without workers.
    """
    with running_receiver() as good, running_receiver() as hanging, stack.seller() as seller:
        hanging.behave(hanging.hang)
        hooks = [_endpoint(seller, receiver) for receiver in (good, hanging)]
        cursor = _to_the_end(seller)
        stack.start_worker(queues=WORKER_QUEUES)
        sender = stack.start_worker(queues=(SENDER_QUEUE,))
        per_round = orders // (kills + 1)
        for round_ in range(kills + 1):
            for number in range(per_round):
                reference = f"HOOK-{cursor}-{round_}-{number}"
                assert seller.create(seller.order(reference)).status == 201
            wait_for(
                "the good receiver hears of some",
                lambda wanted=per_round * round_ + per_round // 2: len(good.received) > wanted,
                seconds=_PATIENCE,
            )
            if round_ < kills:
                sender.kill()
                sender = stack.start_worker(queues=(SENDER_QUEUE,))
        wanted = per_round * (kills + 1)
        wait_for("every order was told", lambda: len(heard(good)) >= wanted, seconds=_PATIENCE)
        told = {
            event["eventId"]
            for event in seller.request("GET", f"/events?limit=1000&after={cursor}").body["data"]
        }
        for hook in hooks:
            assert seller.request("DELETE", f"{WEBHOOKS}/{hook}").status == 200
        hanging.release.set()
    return [f"{event} was never heard of" for event in sorted(told - heard(good))]


def kill_senders(stage: Stage, *, orders: int, kills: int) -> list[str]:
    """Do so with the stage's processes."""
    stage.stack.stop_workers()
    stage.noted.update({"kills": kills, "orders told of": orders})
    return receivers_and_dying_senders(stage.stack, orders=orders, kills=kills)


def heard(receiver: Receiver) -> set[str]:
    """Return the ids of what a receiver has got."""
    return {str(event["eventId"]) for event in receiver.events()}


def _endpoint(seller: Seller, receiver: Receiver) -> str:
    made = seller.request("POST", WEBHOOKS, {"url": receiver.url})
    assert made.status == 201, made.text
    return str(made.body["webhookId"])
