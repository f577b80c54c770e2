"""The one seam to the outside: a deadline, no redirects, no private address, a cut answer.

Whoever calls must have no transaction open: a row locked while a stranger takes his time would stop
everybody who waits for it.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import requests
import urllib3
from django.conf import settings
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import EXTRA_BLOCKED_NET_RANGES, InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from channel_manager.lib.database import require_no_transaction

_LATE = "No answer came in time."
# What this Python may take for public and the library knows better; and the address at which
# machines of one cloud reach its control channel, which is public by its number only.
_REFUSED = (*EXTRA_BLOCKED_NET_RANGES, ipaddress.ip_network("168.63.129.16/32"))
USER_AGENT = "OTA-Channel-Manager/1.0"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back: its status, headers by lower-case name, and the beginning of its body."""

    status_code: int
    headers: Mapping[str, str]
    body: bytes


class NotAnswered(Exception):
    """No answer came. `code` says why in one word, the text in a sentence.

    was_sent: whether the other side may have got the request.
    """

    def __init__(self, code: str, text: str, *, was_sent: bool = False) -> None:
        super().__init__(text)
        self.code = code
        self.was_sent = was_sent


def post(
    url: str, *, body: bytes, headers: Mapping[str, str], seconds: float, keep_bytes: int
) -> Answer:
    """Send a POST as `send` does."""
    return send("POST", url, body=body, headers=headers, seconds=seconds, keep_bytes=keep_bytes)


def get(url: str, *, headers: Mapping[str, str], seconds: float, keep_bytes: int) -> Answer:
    """Send a GET as `send` does."""
    return send("GET", url, headers=headers, seconds=seconds, keep_bytes=keep_bytes)


def send(
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str],
    seconds: float,
    keep_bytes: int,
    connect_seconds: float | None = None,
) -> Answer:
    """Send a request and return the answer, its body cut to `keep_bytes`; raises NotAnswered.

    seconds: for everything together, from looking up the name on; connect_seconds: for reaching
    the other side, where that is less. Private, loopback, link-local
    and other addresses that are not public are refused when the connection is made, and the
    address that was checked is the one that is used.
    """
    require_no_transaction()
    with _Deadline(seconds) as deadline, _explained(deadline), _session() as session:
        response = session.request(
            method,
            url,
            data=body,
            headers={"Accept-Encoding": "identity", "User-Agent": USER_AGENT, **headers},
            timeout=(connect_seconds or seconds, seconds),
            stream=True,
        )
        with response:
            if deadline.is_over:  # headers that were cut off look like headers that ended
                raise NotAnswered("timed_out", _LATE, was_sent=True)
            return Answer(
                status_code=response.status_code,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=_beginning(response, keep_bytes),
            )


def _beginning(response: requests.Response, keep_bytes: int) -> bytes:
    """Read what is kept of a body; one that breaks off does not unsay its status."""
    try:
        return bytes(response.raw.read(keep_bytes, decode_content=False))
    except (urllib3.exceptions.HTTPError, OSError):
        return b""


class _Deadline:
    """Cuts the connection when the time for the whole exchange is over.

    The time-outs of the libraries count from byte to byte: who sends one now and then would keep
    us for hours.
    """

    def __init__(self, seconds: float) -> None:
        self.ends_at = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._cut)
        self._watched: socket.socket | None = None

    def __enter__(self) -> _Deadline:
        self._timer.daemon = True
        self._timer.start()
        self._token = _deadline.set(self)
        return self

    def __exit__(self, *details: object) -> None:
        _deadline.reset(self._token)
        self._timer.cancel()
        if self._watched is not None:
            self._watched.close()

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.ends_at

    @property
    def was_connected(self) -> bool:
        return self._watched is not None

    def watch(self, connection: socket.socket) -> None:
        """Keep a handle of a connection: TLS takes the socket itself over."""
        self._watched = connection.dup()
        if self.is_over:
            self._cut()

    def _cut(self) -> None:
        with contextlib.suppress(OSError):
            if self._watched is not None:
                self._watched.shutdown(socket.SHUT_RDWR)


_deadline: contextvars.ContextVar[_Deadline] = contextvars.ContextVar("deadline")


class _Watched(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        _deadline.get().watch(connection)
        return connection


class _WatchedTls(_Watched, HTTPSConnection):
    """The same before TLS begins."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


class _PublicOnly(IPFilterAdapter):  # type: ignore[misc]  # the library is not typed
    """Refuses what the library lets through though nobody's web server is there."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        host_params, pool_kwargs = super().build_connection_pool_key_attributes(
            request, verify, cert
        )
        address = ipaddress.ip_address(host_params["host"].strip("[]"))
        if not is_allowed(address):
            raise InvalidIPAddress(address)
        return host_params, pool_kwargs


def is_allowed(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Tell whether we connect to an address: public ones, and our own host where that is set."""
    if address.is_loopback:
        return bool(settings.OUTBOUND_ALLOW_LOOPBACK)
    if any(address in network for network in _REFUSED):
        return False
    is_site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not is_site_local
    )


def _session() -> HTTPSession:
    session = HTTPSession(
        Config(
            ip_filter_enable=True,
            ip_filter_allow_loopback_ips=settings.OUTBOUND_ALLOW_LOOPBACK,
            never_redirect=True,
            default_timeout=None,
        )
    )
    session.trust_env = False  # no proxy and no password of this machine's
    for scheme in ("http", "https"):
        adapter = _PublicOnly(
            is_https_proto=scheme == "https", allow_loopback=settings.OUTBOUND_ALLOW_LOOPBACK
        )
        session.mount(f"{scheme}://", adapter)
    return session


@contextlib.contextmanager
def _explained(deadline: _Deadline) -> Iterator[None]:
    """Turn what the libraries raise into NotAnswered."""
    try:
        yield
    except InvalidIPAddress:
        raise NotAnswered(
            "refused_address", "Its address is not a public one; nothing was sent."
        ) from None
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        if deadline.is_over or isinstance(error, requests.Timeout):
            raise NotAnswered("timed_out", _LATE, was_sent=deadline.was_connected) from None
        raise _named(error, was_sent=deadline.was_connected) from None


def _named(error: Exception, *, was_sent: bool) -> NotAnswered:
    if isinstance(error, requests.exceptions.SSLError) or _is_caused_by(error, ssl.SSLError):
        return NotAnswered(
            "tls_failed",
            "The TLS connection failed: is the certificate valid?",
            was_sent=was_sent and not _is_caused_by(error, ssl.SSLCertVerificationError),
        )
    if "Failed to resolve" in str(error) or _is_caused_by(error, socket.gaierror):
        return NotAnswered("unknown_host", "Its host name cannot be looked up.")
    if isinstance(error, requests.exceptions.InvalidURL | UnicodeError):
        return NotAnswered("unusable_url", "Its address cannot be used.")
    return NotAnswered(
        "connection_failed",
        "The connection failed or was closed without an answer.",
        was_sent=was_sent,
    )


def _is_caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False
