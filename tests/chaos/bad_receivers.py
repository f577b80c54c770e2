"""Partners' receivers that hang, reset, talk nonsense or without end: nothing is lost on any of them."""

from __future__ import annotations

import random
import socket
import struct
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler

from tests.chaos.events import WEBHOOKS, heard
from tests.chaos.load import Book
from tests.chaos.stage import Stage
from tests.fakes.receiver import Receiver, running_receiver
from tests.process import wait_for
from tests.stack import Stack
from tests.traffic import Seller, mixed_order

_SECONDS = 120.0
_HUGE = b"x" * 1_000_000
_DRIPS = 200  # one byte each, with a pause between: longer than anybody waits


def _reset(request: BaseHTTPRequestHandler) -> None:
    """Close without a word, and without the good manners of TCP."""
    linger = struct.pack("ii", 1, 0)
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    request.connection.close()


def _talk_nonsense(request: BaseHTTPRequestHandler) -> None:
    request.wfile.write(b"\x00\xff220 mail.example ESMTP\r\n\r\n")


def _answer_without_end(request: BaseHTTPRequestHandler) -> None:
    request.send_response(500)
    request.end_headers()
    with suppress(OSError):
        for _ in range(50):
            request.wfile.write(_HUGE)


def _drip(request: BaseHTTPRequestHandler) -> None:
    request.send_response(500)
    request.send_header("Content-Length", str(_DRIPS))
    request.end_headers()
    with suppress(OSError):
        for _ in range(_DRIPS):
            request.wfile.write(b".")
            request.wfile.flush()
            time.sleep(0.2)  # as slow as it is


def _redirect(request: BaseHTTPRequestHandler) -> None:
    request.send_response(302)
    request.send_header("Location", "http://127.0.0.1:9/")
    request.send_header("Content-Length", "0")
    request.end_headers()


BAD: Mapping[str, Callable[[BaseHTTPRequestHandler], None]] = {
    "resets": _reset,
    "talks nonsense": _talk_nonsense,
    "answers without end": _answer_without_end,
    "drips": _drip,
    "redirects": _redirect,
}


def bad_receivers(stage: Stage, *, orders: int, chance: random.Random) -> list[str]:
    """Tell a good receiver and bad ones of orders; then the bad ones mend, and hear of all of them."""
    stack = stage.stack
    if not stack.workers:
        stack.start_worker()
    book = Book()
    with ExitStack() as exits:
        seller = exits.enter_context(stack.seller())
        good, hanging = (exits.enter_context(running_receiver()) for _ in range(2))
        bad = {name: exits.enter_context(running_receiver()) for name in BAD}
        hanging.behave(hanging.hang)
        bad["hangs"] = hanging
        for name, behaviour in BAD.items():
            bad[name].behave(behaviour)
        hooks = {name: _hook(seller, receiver) for name, receiver in bad.items()}
        hooks["good"] = _hook(seller, good)
        mark = f"PEER-{chance.getrandbits(32):08x}"
        for number in range(orders):
            body, expected = mixed_order(seller, f"{mark}-{number}", chance)
            book.order(seller, body, expected, key=None)
        stack.wait_until_settled(seconds=_SECONDS)
        wanted = _events_of(stack, book)
        wait_for("the good one was told", lambda: wanted <= heard(good), seconds=_SECONDS)
        wait_for(
            "each bad one was tried", lambda: all(r.received for r in bad.values()), seconds=60
        )
        stage.noted["bad receivers"] += len(bad)
        wrong = [*book.wrong, *_given_up(stack, hooks)]
        for receiver in bad.values():
            receiver.answer_with(204)
        hanging.release.set()
        wrong += _mended(stack, hooks, bad, wanted)
        for hook in hooks.values():
            seller.request("DELETE", f"{WEBHOOKS}/{hook}")
    stage.noted["events"] += len(wanted)
    stage.accepted.update(book.accepted)
    return wrong


def _mended(
    stack: Stack, hooks: Mapping[str, str], bad: Mapping[str, Receiver], wanted: set[str]
) -> list[str]:
    """Let time pass until what failed is due again; return what was never heard of."""

    def all_heard() -> bool:
        stack.sql(
            "UPDATE partners_webhookdelivery SET next_attempt_at = now()"
            " WHERE status = 'Pending' AND endpoint_id = ANY(%s::uuid[])"
            " AND next_attempt_at > now() + interval '2 s'",
            list(hooks.values()),
        )
        return all(wanted <= heard(receiver) for receiver in bad.values())

    try:
        wait_for("the mended ones have heard of everything", all_heard, seconds=_SECONDS)
        wait_for("it is written down", lambda: not _left(stack, hooks), seconds=_SECONDS)
    except Exception as fault:
        return [str(fault)] + [
            f"{name} never heard of {len(missing)} events"
            for name, receiver in bad.items()
            if (missing := wanted - heard(receiver))
        ]
    return []


def _hook(seller: Seller, receiver: Receiver) -> str:
    made = seller.request("POST", WEBHOOKS, {"url": receiver.url})
    assert made.status == 201, made.text
    return str(made.body["webhookId"])


def _events_of(stack: Stack, book: Book) -> set[str]:
    rows = stack.sql(
        "SELECT event_id FROM partners_webhookevent WHERE order_id = ANY(%s::uuid[])",
        list(book.accepted),
    )
    return {f"evt_{key.hex}" for (key,) in rows}


def _given_up(stack: Stack, hooks: Mapping[str, str]) -> list[str]:
    """Return the deliveries that will not be tried again; hours are to pass before that."""
    [(failed,)] = stack.sql(
        "SELECT count(*) FROM partners_webhookdelivery"
        " WHERE status = 'Failed' AND endpoint_id = ANY(%s::uuid[])",
        list(hooks.values()),
    )
    return [f"{failed} deliveries were given up"] if failed else []


def _left(stack: Stack, hooks: Mapping[str, str]) -> int:
    [(left,)] = stack.sql(
        "SELECT count(*) FROM partners_webhookdelivery"
        " WHERE status <> 'Delivered' AND endpoint_id = ANY(%s::uuid[])",
        list(hooks.values()),
    )
    return int(left)
