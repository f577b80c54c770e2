"""What is measured of webhooks: deliveries a second to a receiver of ours on loopback."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from tests.bench.client import Sample
from tests.bench.measuring import Result, cpu
from tests.bench.scenarios import Bench, Figure, figure
from tests.fakes.receiver import Receiver, running_receiver
from tests.process import wait_for
from tests.stack import Stack

DELIVERIES = 600
_PATIENCE = 120.0


@contextmanager
def receiving(stack: Stack) -> Iterator[Receiver]:
    """Have a receiver that the second demo partner's events are sent to, for a block."""
    with running_receiver() as receiver, stack.seller(1) as seller:
        made = seller.send("POST", "/channelManager/webhooks", {"url": receiver.url})
        assert made.status == 201, made.text
        try:
            yield receiver
        finally:
            seller.close()  # the server has, after a while: it is opened anew
            gone = seller.send("DELETE", f"/channelManager/webhooks/{made.body['webhookId']}")
            assert gone.status == 200, gone.text


def deliver(stack: Stack, receiver: Receiver, count: int) -> Result:
    """Record so many events at once and have the worker deliver them.

    From the first arrival to the last; a sample takes as long as the rate says.
    """
    arrived: list[float] = []

    def note(request: BaseHTTPRequestHandler) -> None:
        arrived.append(time.time())
        request.send_response(204)
        request.send_header("Content-Length", "0")
        request.end_headers()

    receiver.behave(note)
    partner = stack.seller(1).partner_id
    before = cpu(stack)
    stack.django("tests.bench.events", partner, str(count))
    wait_for("all is delivered", lambda: len(arrived) >= count, seconds=_PATIENCE)
    used = cpu(stack).since(before)
    moments = sorted(arrived)
    seconds = max(moments[-1] - moments[0], 1e-6)
    return Result([Sample(at, seconds / count, 204, "") for at in moments], seconds, used)


def deliver_webhooks(bench: Bench) -> Figure:
    """Deliver events of a partner whose receiver answers at once."""
    if not bench.stack.workers:
        bench.stack.start_worker()
    with receiving(bench.stack) as receiver:
        deliver(bench.stack, receiver, bench.times(60, 10))
        count = bench.times(DELIVERIES, 40)
        bench.say(f"  {count} deliveries")
        result = deliver(bench.stack, receiver, count)
    return figure("Webhook deliveries", result, "Webhook delivery")
