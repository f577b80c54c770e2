"""One question to an outside system and its JSON answer; every fault under a named cause.

Bad answers are the point: each says in a sentence what came, and whether the other side may have
done what it was asked.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import ipaddress
import json
import logging
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from catalog.models import Connection
from channel_manager.lib import http
from wallets.connectors.base import Cause, ConnectorError
from wallets.models import CallEffect

_log = logging.getLogger(__name__)
MAX_ANSWER_BYTES = 1_000_000
_LONGEST_QUOTE = 200
# All attempts of a call must be over long before its order is given up.
_LONGEST_WAIT = 60
_LONGEST_URL = 500
_LEAST_PRIVATE = 3
_MAIL = re.compile(r"[^\s@\"'<>]+@[^\s@\"'<>]+")
# What no database text takes: control characters, and halves of a pair that JSON may write alone.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_NOT_IN_URLS = re.compile(r"[\s<>\"\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NOT_ANSWERED = {
    "refused_address": Cause.UNREACHABLE,
    "unknown_host": Cause.UNREACHABLE,
    "unusable_url": Cause.UNREACHABLE,
    "tls_failed": Cause.CERTIFICATE,
    "timed_out": Cause.TIMED_OUT,
    "connection_failed": Cause.AWAY,
}
# By when the questions of a block are to be answered, by the monotonic clock.
_deadline: ContextVar[float] = ContextVar("deadline", default=math.inf)
# Nothing that we do ourselves mends these; a host that cannot be looked up may be back in a minute.
_FOR_A_PERSON = ("refused_address", "unusable_url", "tls_failed")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What is sent: to an absolute address, with headers (secrets among them) and a body.

    The hash leaves the headers out: secrets change while what is asked stays the same.
    """

    method: str
    url: str
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: bytes = b""

    @property
    def hash(self) -> str:
        """Return the SHA-256 of method, address and body, in hex."""
        parts = (self.method.encode(), self.url.encode(), self.body)
        return hashlib.sha256(b"\n".join(parts)).hexdigest()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reply:
    """A JSON document that an outside system answered with 2xx."""

    status_code: int
    headers: Mapping[str, str]
    document: Any
    milliseconds: int


class Refused(ConnectorError):
    """It answered 4xx. `document` is what it said, None where that is no JSON."""

    def __init__(
        self,
        cause: Cause,
        detail: str,
        *,
        status_code: int,
        document: Any,
        permanent: bool,
        wait: int | None = None,
    ) -> None:
        super().__init__(cause, detail, permanent=permanent, wait=wait, status_code=status_code)
        self.document = document


def json_body(value: object) -> bytes:
    """Return JSON as it is sent: the same bytes for the same value, Decimals as exact numbers."""
    return _Exact().encode(value).encode()


class _Exact(json.JSONEncoder):
    """Writes a Decimal as the number it is (49.99, never 49.990000001)."""

    def __init__(self) -> None:
        # What was kept in `progress` comes back with its members in another order.
        super().__init__(ensure_ascii=True, separators=(",", ":"), sort_keys=True)
        self._numbers: dict[str, str] = {}

    def default(self, o: object) -> Any:
        if not isinstance(o, Decimal):
            return super().default(o)
        mark = f"\x00{len(self._numbers)}\x00"
        self._numbers[json.dumps(mark)] = format(o, "f")
        return mark

    def encode(self, o: Any) -> str:
        text = super().encode(o)
        for mark, number in self._numbers.items():
            text = text.replace(mark, number)
        return text


def join(base_url: str, path: str) -> str:
    """Return the address of a path below a base URL."""
    return f"{base_url.rstrip('/')}/{path.lstrip('/')}"


def fault_of_url(url: str) -> str | None:
    """Say what is wrong with an address of an outside system: https only, without a query.

    Plain http is for our own host where that is allowed, in development and tests.
    """
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return "This is not an address."
    if not parts.hostname or not port_is_fine:
        return "This is not an address."
    if parts.username or parts.password:
        return "Credentials do not belong in an address."
    if parts.query or parts.fragment:
        return "An address without a query is needed."
    if parts.scheme == "https" or (parts.scheme == "http" and _is_own_host(parts.hostname)):
        return None
    return "The address must begin with https://."


def usable_url(value: object) -> str:
    """Return an address that a guest can be sent to, which may have a query; "" for anything else.

    https, or our own host where that is allowed; at most 500 characters, all of which can be kept.
    """
    if not isinstance(value, str) or len(value) > _LONGEST_URL or _NOT_IN_URLS.search(value):
        return ""
    return "" if fault_of_url(value.partition("#")[0].partition("?")[0]) else value


def _is_own_host(host: str) -> bool:
    if not settings.OUTBOUND_ALLOW_LOOPBACK:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def ask(connection: Connection, request: Request) -> Reply:
    """Send a request and return its JSON answer; raises ConnectorError, Refused for 4xx.

    Numbers with a fraction are Decimals. Redirects are not followed; an answer of more than
    MAX_ANSWER_BYTES is not read. No transaction may be open.
    """
    if fault := fault_of_url(request.url.partition("?")[0]):
        raise ConnectorError(Cause.UNREACHABLE, fault, permanent=True)
    started = time.monotonic()
    seconds = connection.connect_seconds + connection.read_seconds
    left = _deadline.get() - started
    if left <= 0:
        raise _too_late()
    try:
        answer = http.send(
            request.method,
            request.url,
            body=request.body or None,
            headers={"Accept": "application/json", **request.headers},
            seconds=min(seconds, left),
            connect_seconds=min(connection.connect_seconds, left),
            keep_bytes=MAX_ANSWER_BYTES + 1,
        )
    except http.NotAnswered as error:
        if left < seconds and error.code == "timed_out":
            raise _too_late() from error
        raise ConnectorError(
            _NOT_ANSWERED[error.code],
            str(error),
            permanent=error.code in _FOR_A_PERSON,
            effect=CallEffect.UNKNOWN if error.was_sent else CallEffect.NONE,
        ) from error
    return _read(answer, round((time.monotonic() - started) * 1000))


@contextlib.contextmanager
def all_within(seconds: float) -> Iterator[None]:
    """Let all questions of a block take so many seconds together; raises ConnectorError then.

    For what only reads: a question that is broken off may have been answered.
    """
    token = _deadline.set(min(_deadline.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _deadline.reset(token)


def seconds_left() -> float:
    """Return how many seconds are left for all questions together; without end outside a block."""
    return _deadline.get() - time.monotonic()


def _too_late() -> ConnectorError:
    return ConnectorError(
        Cause.TIMED_OUT,
        "All that was to be asked took longer than it may.",
        permanent=False,
        effect=CallEffect.UNKNOWN,
    )


def quote(text: object) -> str:
    """Return what the other side said, without addresses of people, and cut short with an ellipsis."""
    plain = _MAIL.sub("(an e-mail address)", _CONTROL.sub(" ", str(text)).strip())
    return plain if len(plain) <= _LONGEST_QUOTE else f"{plain[: _LONGEST_QUOTE - 1]}…"


def masked(text: str, private: Iterable[str]) -> str:
    """Return a text without the names and addresses of a guest, in whatever case they are told.

    What has fewer than three letters stays, since it stands in other words' place too often. What a
    quote was cut off in counts as the whole.
    """
    words = sorted({word for word in private if len(word) >= _LEAST_PRIVATE}, key=len, reverse=True)
    for word in words:
        begun = (re.escape(word[:n]) for n in range(len(word), _LEAST_PRIVATE - 1, -1))
        found = rf"(?<!\w)(?:{re.escape(word)}(?!\w)|(?:{'|'.join(begun)})(?=…))"
        text = re.sub(found, "(the guest)", text, flags=re.IGNORECASE)
    return text


def unreadable(detail: str, *, status_code: int = 200) -> ConnectorError:
    """Return the fault of an answer that is not what was agreed: nobody knows what was done."""
    return ConnectorError(
        Cause.UNREADABLE,
        detail,
        permanent=False,
        effect=CallEffect.UNKNOWN,
        status_code=status_code,
    )


def accepted(accept: Callable[[Reply], Mapping[str, Any]], reply: Reply) -> Mapping[str, Any]:
    """Return what is kept of an answer; one that nobody foresaw is one that cannot be read."""
    try:
        kept = accept(reply)
        text = json.dumps(kept, ensure_ascii=False)
        text.encode()  # half a surrogate pair is no text
        if "\\u0000" in text:
            raise ValueError("The database keeps no NUL.")
    except (ArithmeticError, LookupError, TypeError, ValueError) as fault:
        _log.exception("An answer of %s cannot be read", reply.status_code)
        raise unreadable(
            "What it answered cannot be read or kept.", status_code=reply.status_code
        ) from fault
    return kept


def members(document: Any, what: str = "answer") -> Mapping[str, Any]:
    """Return a JSON object as it is; raises ConnectorError for anything else."""
    if not isinstance(document, dict):
        raise unreadable(f"The {what} is not a JSON object.")
    return document


def text_of(document: Mapping[str, Any], name: str, *, longest: int = 100) -> str:
    """Return a member that is a text or a whole number, as text; "" where there is none."""
    value = document.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return _CONTROL.sub("", str(value))[:longest] if len(str(value)) <= longest else ""


def _read(answer: http.Answer, milliseconds: int) -> Reply:
    status = answer.status_code
    if len(answer.body) > MAX_ANSWER_BYTES:
        raise ConnectorError(
            Cause.TOO_LARGE,
            f"It answered {status} with more than {MAX_ANSWER_BYTES // 1_000_000} MB.",
            permanent=False,
            effect=CallEffect.NONE if 400 <= status < 500 else CallEffect.UNKNOWN,
            status_code=status,
        )
    if 300 <= status < 400:
        raise ConnectorError(
            Cause.REDIRECTED,
            f"It answered {status}, a redirect, which is not followed: is the address right?",
            permanent=True,
            effect=CallEffect.UNKNOWN,
            status_code=status,
        )
    document, is_json = _parse(answer.body)
    if 400 <= status < 500:
        raise _refused(answer, document)
    if not 200 <= status < 300:
        raise ConnectorError(
            Cause.AWAY,
            f"It answered {status}.",
            permanent=False,
            effect=CallEffect.UNKNOWN,
            wait=_wait_of(answer),
            status_code=status,
        )
    if not is_json:
        kind = answer.headers.get("content-type", "").split(";")[0].strip() or "nothing"
        raise unreadable(
            f"It answered {status} with {quote(kind)} that is no JSON, or was cut off.",
            status_code=status,
        )
    return Reply(
        status_code=status,
        headers=answer.headers,
        document=document,
        milliseconds=milliseconds,
    )


def _refused(answer: http.Answer, document: Any) -> Refused:
    status = answer.status_code
    if status in (401, 403):
        return Refused(
            Cause.CREDENTIALS,
            f"It answered {status}: our credentials are not accepted there.",
            status_code=status,
            document=document,
            permanent=True,
        )
    if status in (408, 425, 429):
        return Refused(
            Cause.BUSY,
            f"It answered {status}: it asks to be left alone for a while.",
            status_code=status,
            document=document,
            permanent=False,
            wait=_wait_of(answer),
        )
    return Refused(
        Cause.REFUSED,
        f"It answered {status}.",
        status_code=status,
        document=document,
        permanent=True,
    )


def _parse(body: bytes) -> tuple[Any, bool]:
    try:
        return json.loads(body, parse_float=Decimal), True
    except (ValueError, RecursionError):
        return None, False


def _wait_of(answer: http.Answer) -> int | None:
    """Return the seconds of `Retry-After`, where it is a number of them."""
    text = answer.headers.get("retry-after", "").strip()[:6]
    return min(int(text), _LONGEST_WAIT) if text.isascii() and text.isdigit() else None
