"""A partner's webhook receiver: real HTTP on loopback, answers as it is told, keeps what came."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclasses.dataclass(frozen=True)
class Received:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


class Receiver:
    """What the receiver has got and how it answers: `answer_with(503)`, `answer_with(hang)`."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self.received: list[Received] = []
        self.arrived = threading.Condition()
        self.release = threading.Event()
        self._answer: tuple[int, Mapping[str, str], bytes] = (204, {}, b"")
        self._behaviour: Callable[[BaseHTTPRequestHandler], None] | None = None

    def answer_with(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer everything from now on like this; headers as keyword arguments."""
        self._behaviour = None
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._answer = (status, named, body)

    def behave(self, behaviour: Callable[[BaseHTTPRequestHandler], None]) -> None:
        """Let a function do the answering."""
        self._behaviour = behaviour

    def events(self) -> list[dict[str, Any]]:
        """Return what was received, as JSON."""
        return [one.event for one in self.received]

    def wait_for(self, count: int, seconds: float = 10.0) -> None:
        """Return when so many requests have come."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.received) >= count, seconds), (
                f"{len(self.received)} of {count} came"
            )

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in request.headers.items()}
        with self.arrived:
            self.received.append(Received(request.path, headers, body))
            self.arrived.notify_all()
        if self._behaviour is not None:
            return self._behaviour(request)
        status, extra, answer = self._answer
        request.send_response(status)
        for name, value in {"Content-Length": str(len(answer)), **extra}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(answer)
        return None

    def hang(self, request: BaseHTTPRequestHandler) -> None:
        """Answer nothing until the test is over."""
        self.release.wait()


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """Serve on a free port until the block is left."""
    receiver: Receiver

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.close_connection = True
            receiver.handle(self)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Who is cut off by us may complain; nobody listens."""

    with Quiet(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.release.set()
            server.shutdown()
            thread.join()
