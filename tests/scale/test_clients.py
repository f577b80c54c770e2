"""The clients of the scale runs repeat what asks to come again, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.fakes.receiver import Receiver, running_receiver
from tests.process import ROOT
from tests.traffic import PROBLEM

SOLD_OUT = {"code": "sold_out", "status": 409, "retryable": False}
BUSY = {"code": "busy", "status": 503, "retryable": True}


def test_a_refusal_ends_them_at_once_and_is_shown() -> None:
    with running_receiver() as park:
        park.answer_with(409, json.dumps(SOLD_OUT).encode(), Content_Type=PROBLEM)
        ended = run_clients(park, clients=2, seconds=600.0)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr in [
        f"POST of TEST-{client}-0 was answered 409: {json.dumps(SOLD_OUT)}\n" for client in (0, 1)
    ]


def test_what_asks_to_come_again_is_sent_again_under_the_same_key() -> None:
    with running_receiver() as park:

        def first_busy(request: BaseHTTPRequestHandler) -> None:
            if len(park.received) == 1:
                answer(request, 503, BUSY, ("Retry-After", "1"), ("Content-Type", PROBLEM))
            elif len(park.received) == 2:
                answer(request, 201, {"orderId": "the-order"})
            else:
                answer(request, 409, SOLD_OUT)

        park.behave(first_busy)
        ended = run_clients(park, clients=1, seconds=600.0)
        keys = [one.headers["idempotency-key"] for one in park.received]

    assert ended.stderr == f"POST of TEST-0-1 was answered 409: {json.dumps(SOLD_OUT)}\n"
    assert keys == ["TEST-0-0", "TEST-0-0", "TEST-0-1"]


def run_clients(park: Receiver, **members: Any) -> subprocess.CompletedProcess[str]:
    """Let clients loose on a web process that answers as the fake does."""
    port = int(park.url.rpartition(":")[2].partition("/")[0])
    task = {"ports": [port], "key": "k", "partner_id": "p", "prefix": "TEST", **members}
    return subprocess.run(
        [sys.executable, "-m", "tests.scale.clients"],
        cwd=ROOT,
        input=json.dumps(task) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def answer(
    request: BaseHTTPRequestHandler, status: int, body: Any, *headers: tuple[str, str]
) -> None:
    text = json.dumps(body).encode()
    request.send_response(status)
    for name, value in (("Content-Length", str(len(text))), *headers):
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(text)
