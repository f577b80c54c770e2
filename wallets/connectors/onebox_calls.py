"""Onebox's calls: with a token, renewed once when it is refused, and refusals in our causes."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from catalog.models import Connection
from wallets.connectors.base import Cause, ConnectorError
from wallets.connectors.desk import Desk, Operation, OutcomeUnknown
from wallets.connectors.exchange import (
    Refused,
    Reply,
    Request,
    ask,
    join,
    json_body,
    quote,
    text_of,
)
from wallets.connectors.onebox_tokens import renew, token_of

DISTRIBUTION = "distribution-api/v1/orders"
MANAGEMENT = "orders-mgmt-api/v1/orders"
CATALOGUE = "catalog-api/v1"
_TOKEN_REFUSED = "AUTH001"  # noqa: S105 - its code, not one
_CODE = re.compile(r"[A-Za-z0-9_]{1,40}")
_T = TypeVar("_T")


def read(connection: Connection, path: str, now: datetime.datetime) -> Any:
    """Return the document at a path, which may have a query. Raises ConnectorError, Refused."""

    def send(token: str) -> Any:
        request = Request(
            method="GET",
            url=join(connection.base_url, path),
            headers={"Authorization": f"Bearer {token}"},
        )
        return ask(connection, request).document

    return _with_token(connection, now, send)


def explained(refused: Refused, gone: Cause = Cause.SOLD_OUT) -> Refused:
    """Return a refusal in our causes, by its status first (contract 7 and C8).

    gone: what 409 stands for.
    """
    is_token = code_of(refused) == _TOKEN_REFUSED
    cause, words = {
        401: (Cause.CREDENTIALS, "our credentials are not accepted there."),
        403: (Cause.CREDENTIALS, "our channel may not do this there."),
        404: (Cause.NOT_KNOWN, "this is not known there."),
        409: (gone, "it cannot be had any more." if gone == Cause.SOLD_OUT else ""),
    }.get(401 if is_token else refused.status_code or 0, (refused.cause, ""))
    told = " ".join(filter(None, (words, _said(refused))))
    return Refused(
        cause,
        f"It answered {refused.status_code}: {told}" if told else refused.detail,
        status_code=refused.status_code or 0,
        document=refused.document,
        permanent=refused.permanent,
        wait=refused.wait,
    )


def call(
    desk: Desk,
    operation: Operation,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    accept: Callable[[Reply], Mapping[str, Any]],
    explain: Callable[[Refused], Refused] = explained,
    key: str = "",
    order_id: str = "",
) -> None:
    """Make a call of an order as `Desk.call` does; order_id goes into `ob-order-id` (contract C3)."""

    def send(token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        if order_id:
            headers["ob-order-id"] = order_id
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = Request(
            method="POST",
            url=join(desk.connection.base_url, path),
            headers=headers,
            body=b"" if body is None else json_body(body),
        )
        desk.call(operation, request, accept=accept, explain=explain, key=key)

    _with_token(desk.connection, desk.clock(), send)


def refusal_of(error: ConnectorError) -> Refused | None:
    """Return the 4xx that an error is, or that left a call in doubt."""
    cause = error.__cause__ if isinstance(error, OutcomeUnknown) else error
    return cause if isinstance(cause, Refused) else None


def code_of(refused: Refused) -> str:
    """Return Onebox's code of a refusal, "" where there is none."""
    document = refused.document if isinstance(refused.document, dict) else {}
    code = text_of(document, "code", longest=40)
    return code if _CODE.fullmatch(code) else ""


def _said(refused: Refused) -> str:
    """Return code and message as Onebox told them; none to who is not let in."""
    document = refused.document if isinstance(refused.document, dict) else {}
    message = text_of(document, "message", longest=2000)
    is_let_in = refused.status_code not in (401, 403)
    return " ".join(filter(None, (code_of(refused), quote(message) if is_let_in else "")))


def _with_token(connection: Connection, now: datetime.datetime, send: Callable[[str], _T]) -> _T:
    """Send with a token, and once more with a new one when it is refused (contract C1)."""
    try:
        return send(token_of(connection, now))
    except ConnectorError as error:
        refused = refusal_of(error)
        if refused is None or not _is_token_refused(refused):
            raise
    return send(renew(connection, now))


def _is_token_refused(refused: Refused) -> bool:
    return refused.status_code == 401 or code_of(refused) == _TOKEN_REFUSED
