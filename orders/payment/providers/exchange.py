"""Asking a provider's API: one request, one JSON answer, and every fault as ProviderAway."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from channel_manager.lib import http
from orders.payment.providers.base import ProviderAway

_SECONDS = 10
_KEPT_BYTES = 200_000


def ask(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes = b"",
    may_refuse: bool = False,
) -> Any:
    """Return the JSON that an API answers; raises ProviderAway for any other answer than 2xx.

    may_refuse: an answer of 4xx is returned as one without members.
    """
    try:
        answer = http.send(
            method,
            url,
            body=body,
            headers={"Accept": "application/json", **headers},
            seconds=_SECONDS,
            keep_bytes=_KEPT_BYTES,
        )
    except http.NotAnswered as error:
        raise ProviderAway(str(error)) from error
    if may_refuse and 400 <= answer.status_code < 500:
        return {}
    if not 200 <= answer.status_code < 300:
        raise ProviderAway(f"The provider answered {answer.status_code}.")
    try:
        return json.loads(answer.body) if answer.body else {}
    except ValueError:
        raise ProviderAway("The provider's answer cannot be read.") from None
