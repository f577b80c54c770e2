"""A WSGI application that refuses everything and does nothing for it: what traffic alone costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_BODY = b'{"code":"rate_limited"}'
_HEADERS = [("Content-Type", "application/problem+json"), ("Content-Length", str(len(_BODY)))]


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answer 429 with a short body."""
    start_response("429 Too Many Requests", _HEADERS)
    return [_BODY]
