"""An outside system in this process that goes wrong on demand: real HTTP, faults per operation."""

from __future__ import annotations

import datetime
import enum
import ipaddress
import json
import socket
import ssl
import struct
import tempfile
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LARGE_BYTES = 10_000_000
RETRY_AFTER = 3
ELSEWHERE = "/elsewhere"  # where REDIRECT leads; who follows it is found in `received`
_HTML = b"<!doctype html><html><body><h1>Welcome</h1></body></html>"


class Fault(enum.Enum):
    """What goes wrong with one call, and whether the work is done before it does."""

    TIMEOUT_BEFORE = "hangs until the client is gone, and does nothing"
    TIMEOUT_AFTER = "does it, then hangs until the client is gone"
    ERROR_500_BEFORE = "500, and does nothing"
    ERROR_500_AFTER = "does it, then 500"
    BUSY_429 = "429 with Retry-After, and does nothing"
    HTML_200 = "does it, then 200 with HTML"
    HTML_200_BEFORE = "200 with HTML, and does nothing"
    TRUNCATED = "does it, then breaks off in the middle of the JSON"
    NOT_SUCCESS = "200 with the system's own flag of failure, and does nothing"
    TOKEN_EXPIRED = "401 as the system says it, and does nothing"
    TOO_LARGE = "does it, then 10 MB of JSON"
    REDIRECT = "302 to ELSEWHERE, and does nothing"
    RESET = "closes without an answer, and does nothing"
    RESET_AFTER = "does it, then closes without an answer"


_BEFORE = {
    Fault.TIMEOUT_BEFORE,
    Fault.ERROR_500_BEFORE,
    Fault.BUSY_429,
    Fault.HTML_200_BEFORE,
    Fault.NOT_SUCCESS,
    Fault.TOKEN_EXPIRED,
    Fault.REDIRECT,
    Fault.RESET,
}


class Faults:
    """What is to go wrong, by operation, in the order in which it was added.

    hooks: called at (operation, "received" | "worked" | "answered"), in the thread of the call.
    """

    def __init__(self) -> None:
        self.hooks: dict[tuple[str, str], Callable[[], None]] = {}
        self._waiting: dict[str, deque[Fault]] = defaultdict(deque)
        self._lock = threading.Lock()

    def add(self, operation: str, fault: Fault, times: int = 1) -> None:
        """Let the next calls of an operation, after those that wait already, go wrong."""
        with self._lock:
            self._waiting[operation].extend([fault] * times)

    def take(self, operation: str) -> Fault | None:
        """Return what goes wrong with this call, which then waits no longer."""
        with self._lock:
            waiting = self._waiting[operation]
            return waiting.popleft() if waiting else None

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._waiting.clear()

    def at(self, operation: str, moment: str) -> None:
        """Call the hook of a moment, where there is one."""
        if hook := self.hooks.get((operation, moment)):
            hook()


@dataclass(frozen=True, kw_only=True)
class Received:
    """A request as it came: headers by lower-case name, the last of several of one name."""

    operation: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return its body as JSON."""
        return json.loads(self.body)


def _instead(fault: Fault, url: str) -> tuple[int, Any, dict[str, str]]:
    """Return the status, document and headers that come instead of the system's own answer."""
    return {
        Fault.ERROR_500_BEFORE: (500, {"error": "internal"}, {}),
        Fault.ERROR_500_AFTER: (500, {"error": "internal"}, {}),
        Fault.BUSY_429: (429, {"error": "busy"}, {"Retry-After": str(RETRY_AFTER)}),
        Fault.HTML_200: (200, _HTML, {"Content-Type": "text/html; charset=utf-8"}),
        Fault.HTML_200_BEFORE: (200, _HTML, {"Content-Type": "text/html; charset=utf-8"}),
        Fault.REDIRECT: (302, b"", {"Location": f"{url}{ELSEWHERE}"}),
    }[fault]


class FaultySystem:
    """What the fakes have in common; each says what its operations are and what they do.

    `url` is where it can be reached, while it runs. One call is worked on at a time.
    """

    def __init__(self) -> None:
        self.url = ""
        self.faults = Faults()
        self.received: list[Received] = []
        self.lock = threading.RLock()

    def operation_of(self, method: str, path: str) -> str:
        """Return what a request is called; faults, hooks and the log go by it."""
        raise NotImplementedError

    def handle(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, Any]:
        """Do the work, and return a status with a document, or with bytes as they are sent."""
        raise NotImplementedError

    def not_success(self, operation: str) -> tuple[int, Any]:
        """Return what the system says with 200 when it has not done it."""
        return 200, {"success": False}

    def token_expired(self, operation: str) -> tuple[int, Any]:
        """Return what the system says when a token is no longer good."""
        return 401, {"error": "invalid_token"}

    def content_type(self, status: int, document: Any) -> str:
        """Return the content type of an answer."""
        return "application/octet-stream" if isinstance(document, bytes) else "application/json"

    def operations(self) -> list[str]:
        """Return the operations that were asked for, in their order."""
        return [received.operation for received in self.received]

    def asked(self, operation: str) -> list[Received]:
        """Return the requests of one operation, in their order."""
        return [received for received in self.received if received.operation == operation]


System = TypeVar("System", bound=FaultySystem)


class _Server(ThreadingHTTPServer):
    """Knows its connections, to end those that hang."""

    daemon_threads = False  # server_close waits for every call

    def __init__(self, system: FaultySystem) -> None:
        self.system = system
        self.open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def end_what_hangs(self) -> None:
        """Have those who wait for their client wait no longer."""
        for connection in list(self.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that are gone: that is what is tested."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    # A client that connects and says nothing must not keep a test from ending.
    timeout = 10

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        with suppress(OSError):
            super().finish()

    def _answer(self) -> None:
        system, parts = self.server.system, urlsplit(self.path)
        operation = system.operation_of(self.command, parts.path)
        received = Received(
            operation=operation,
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        system.received.append(received)
        system.faults.at(operation, "received")
        fault = system.faults.take(operation)
        status, document = 500, {"error": "internal"}
        if fault not in _BEFORE:
            with system.lock:
                status, document = system.handle(
                    received.method, received.path, received.query, received.headers, received.body
                )
            system.faults.at(operation, "worked")
        with suppress(OSError):  # the client may be gone
            self._send(operation, fault, status, document)
        system.faults.at(operation, "answered")

    def _send(self, operation: str, fault: Fault | None, status: int, document: Any) -> None:
        """Answer as the fault has it."""
        system = self.server.system
        match fault:
            case Fault.TIMEOUT_BEFORE | Fault.TIMEOUT_AFTER:
                self.connection.recv(1)  # ends when the client closes, or the server does
            case Fault.RESET | Fault.RESET_AFTER:
                self._reset()
            case Fault.TRUNCATED:
                self._write(status, document, keep=0.5)
            case Fault.NOT_SUCCESS:
                self._write(*system.not_success(operation))
            case Fault.TOKEN_EXPIRED:
                self._write(*system.token_expired(operation))
            case Fault.TOO_LARGE:
                self._write(status, {"padding": "x" * LARGE_BYTES})
            case None:
                self._write(status, document)
            case _:
                self._write(*_instead(fault, system.url))

    def _write(
        self,
        status: int,
        document: Any,
        headers: Mapping[str, str] | None = None,
        *,
        keep: float = 1,
    ) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        sent = {
            "Content-Type": self.server.system.content_type(status, document),
            "Content-Length": str(len(body)),
            **(headers or {}),
        }
        self.send_response(status)
        for name, value in sent.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: int(len(body) * keep)])

    def _reset(self) -> None:
        """Close without a word, and without the good manners of TCP."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def running(system: System, *, certificate: bool = False) -> Iterator[System]:
    """Serve a system on a free port of loopback until the block is left, with no thread left.

    certificate: over TLS, with a certificate that nobody vouches for.
    """
    with _Server(system) as server:
        scheme = "http"
        if certificate:
            scheme, server.socket = "https", _with_own_certificate(server.socket)
        system.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield system
        finally:
            server.shutdown()
            thread.join()
            server.end_what_hangs()


def _with_own_certificate(plain: socket.socket) -> ssl.SSLSocket:
    """Return a listening socket that speaks TLS with a self-signed certificate of 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    own_host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(own_host, critical=False)
        .sign(key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as directory:
        pem = Path(directory) / "own.pem"
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context.load_cert_chain(pem)
    # The handshake belongs into the thread of the call, not into the one that accepts.
    return context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
