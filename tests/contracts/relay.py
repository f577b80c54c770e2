"""Something between a connector and a live server that breaks what passes through it."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.fakes.faults import FaultySystem

_SECONDS = 20
# They belong to a connection, not to what is sent over it.
_NOT_PASSED_ON = {"host", "connection", "content-length", "accept-encoding"}


class Relay(FaultySystem):
    """Passes each request on to another server, and its answer back, unless a fault is added.

    Operations are called as requests begin, such as "POST /ordino/api/orders".
    """

    def __init__(self, target: str) -> None:
        super().__init__()
        self.target = urlsplit(target)

    def operation_of(self, method: str, path: str) -> str:
        return f"{method} {path}"

    def handle(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, Any]:
        passed_on = {name: headers[name] for name in set(headers) - _NOT_PASSED_ON}
        connection = http.client.HTTPConnection(self.target.netloc, timeout=_SECONDS)
        try:
            address = f"{path}?{urlencode(query)}" if query else path
            connection.request(method, address, body=body or None, headers=passed_on)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def content_type(self, status: int, document: Any) -> str:
        return "application/json"
