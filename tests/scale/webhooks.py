"""What a webhook costs: events of orders that were sold, sent again to one receiver."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tests.fakes.receiver import running_receiver
from tests.process import wait_for
from tests.scale import measuring
from tests.scale.site import Site

_SECONDS = 120.0
# The receiver runs on this machine, by http.
TO_THIS_MACHINE = {"OUTBOUND_ALLOW_LOOPBACK": "1"}


@dataclass(frozen=True)
class Delivered:
    """How many one worker process delivered in how long, and the CPU ms of each."""

    count: int
    seconds: float
    cpu: Mapping[str, float]

    @property
    def per_second(self) -> float:
        return self.count / self.seconds


def deliver(site: Site) -> Delivered:
    """Have every event until now delivered to a new endpoint, which is then removed."""
    seller = site.stack.seller()
    seller.port = site.ports[0]
    with running_receiver() as receiver, seller.twin() as partner:
        made = partner.request("POST", "/webhooks", {"url": receiver.url})
        assert made.status == 201, made.text
        address = f"/webhooks/{made.body['webhookId']}"
        now = datetime.datetime.now(datetime.UTC)
        since = now - datetime.timedelta(hours=1)
        span = {"since": since.isoformat(), "until": now.isoformat()}
        before, started = measuring.cpu(site), time.monotonic()
        asked = partner.request("POST", f"{address}/replay", span)
        assert asked.status in (200, 202), asked.text
        count = int(asked.body["events"])
        wait_for("all were sent", lambda: len(receiver.received) >= count, seconds=_SECONDS)
        seconds, used = time.monotonic() - started, measuring.cpu(site)
        partner.close()  # the server hangs up on connections that were idle for so long
        assert partner.request("DELETE", address).status == 200
    return Delivered(
        count=count,
        seconds=round(seconds, 2),
        cpu={part: round((used[part] - before[part]) * 1000 / count, 2) for part in used},
    )
