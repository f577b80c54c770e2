"""Keeping what a partner sent beside what became of it."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Sequence
from typing import Any

from channel_manager.lib.log_redaction import redact_secrets
from orders.models import Order, ReceivedRequest, RequestKind
from partners.models import ApiKey


@dataclasses.dataclass(frozen=True, kw_only=True)
class Received:
    """A request as it came in: the parsed body (None without one), its key, and what names it."""

    kind: RequestKind
    body: Any
    api_key: ApiKey
    idempotency_key: str = ""
    request_id: str = ""

    def row_of(self, order: Order, now: datetime.datetime) -> ReceivedRequest:
        """Return the unsaved row that keeps it; what looks like a key of ours is left out."""
        body = "" if self.body is None else as_text(self.body)
        return ReceivedRequest(
            order=order,
            kind=self.kind,
            received_at=now,
            api_key=self.api_key,
            idempotency_key=self.idempotency_key,
            request_id=self.request_id,
            body=redact_secrets(body),
        )


def rows_of(
    received: Received | None, order: Order, now: datetime.datetime
) -> Sequence[ReceivedRequest]:
    """Return the row that keeps a request, none where no partner has sent one."""
    return () if received is None else (received.row_of(order, now),)


def keep(received: Received | None, order: Order, now: datetime.datetime) -> None:
    """Keep a request in the open transaction of what it does; one statement."""
    ReceivedRequest.objects.bulk_create(rows_of(received, order, now))


def as_text(body: Any) -> str:
    """Return a body as it is stored: as sent, but for white space and escapes.

    Lone surrogates, which no text column takes, stay escapes.
    """
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="backslashreplace").decode()
