"""OpenTicket's access tokens: three days each, for a refresh token that is good once (section 1)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.db import transaction

from catalog.models import Connection
from channel_manager.lib.database import session_lock
from wallets.connectors.base import Cause, ConnectorError, TryLater
from wallets.connectors.credentials import (
    header_secret_of,
    misconfigured,
    secret_of,
    tokens_of,
)
from wallets.connectors.exchange import Refused, Reply, Request, ask, join, members, unreadable
from wallets.models import CallEffect

# What a pair is bought with.
FOR_RENEWAL = ("refresh_token", "client_id", "client_secret")
_USUAL_SECONDS = 3 * 86_400
# A token that ends so soon is renewed before it is used.
_MARGIN = datetime.timedelta(minutes=5)
_SECONDS_FOR_ANOTHER = 2
_LONGEST_TOKEN = 4000


def read(connection: Connection, request: Request) -> Reply:
    """Ask something that changes nothing there; raises ConnectorError."""
    try:
        return ask(connection, request)
    except ConnectorError as error:
        error.effect = CallEffect.NONE
        raise


def read_api(connection: Connection, path: str, *, now: datetime.datetime) -> Reply:
    """Ask the API host with an access token, a new one where it is refused.

    Raises ConnectorError; TryLater while another worker renews the token.
    """
    token = _access_token(connection, now)
    try:
        return read(connection, _with_token(connection, path, token))
    except Refused as refused:
        if refused.status_code != 401 or not can_renew(connection):
            raise
    token = _renew(connection, refused=token, now=now)
    return read(connection, _with_token(connection, path, token))


def can_renew(connection: Connection) -> bool:
    """Tell whether all is there that a new token is bought with."""
    return all(_for_renewal(connection).values())


def given_token(connection: Connection) -> str:
    """Return the access token that staff gave, "" where there is none; raises ConnectorError."""
    return header_secret_of(connection, "access_token", "access token")


def tokens_url(connection: Connection) -> str:
    """Return where a refresh token is exchanged.

    Derived: OpenTicket's own API has a host for it; any other host answers below the second URL.
    """
    if urlsplit(connection.second_url).hostname == "api.openticket.tech":
        return "https://auth.openticket.tech/tokens"
    return join(connection.second_url, "tokens")


def _with_token(connection: Connection, path: str, token: str) -> Request:
    return Request(
        method="GET",
        url=join(connection.second_url, path),
        headers={"Authorization": f"Bearer {token}"},
    )


def _access_token(connection: Connection, now: datetime.datetime) -> str:
    held = tokens_of(connection)
    if _is_good(connection, now):
        return str(held["access_token"])
    given = given_token(connection)
    if given and not (held and can_renew(connection)):
        return given
    return _renew(connection, refused=str(held.get("access_token", "")), now=now)


def _is_good(connection: Connection, now: datetime.datetime) -> bool:
    ends_at = connection.tokens_expire_at
    return (
        bool(tokens_of(connection).get("access_token"))
        and ends_at is not None
        and ends_at - now > _MARGIN
    )


def _renew(connection: Connection, *, refused: str, now: datetime.datetime) -> str:
    """Return another token than the refused one. The refresh token is used by one worker only (C7).

    Whoever comes while it is used waits for what that worker gets; whoever comes later finds it.
    """
    if not can_renew(connection):
        raise misconfigured("It has neither an access token nor all that one is renewed with.")
    key = int.from_bytes(connection.pk.bytes[8:], "big", signed=True)
    with session_lock(key) as is_ours:
        if not is_ours:
            raise TryLater(_SECONDS_FOR_ANOTHER, "Another worker is renewing the access token.")
        _reread(connection)
        held = tokens_of(connection)
        if _is_good(connection, now) and held["access_token"] != refused:
            return str(held["access_token"])
        bought_with = _for_renewal(connection)
        pair = _exchange(connection, bought_with, str(held.get("refresh_token", "")))
        return _store(connection, bought_with, pair, now)


def _for_renewal(connection: Connection) -> dict[str, str]:
    return {name: secret_of(connection, name) for name in FOR_RENEWAL}


def _reread(connection: Connection) -> None:
    fresh = Connection.objects.get(pk=connection.pk)
    connection.sealed_credentials = fresh.sealed_credentials
    connection.sealed_tokens = fresh.sealed_tokens
    connection.tokens_expire_at = fresh.tokens_expire_at


def _exchange(
    connection: Connection, secrets: Mapping[str, str], refresh_token: str
) -> Mapping[str, Any]:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token or secrets["refresh_token"],
        "client_id": secrets["client_id"],
        "client_secret": secrets["client_secret"],
    }
    request = Request(
        method="POST",
        url=tokens_url(connection),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode(form).encode(),
    )
    try:
        reply = read(connection, request)
    except Refused as refused:
        if not refused.permanent:
            raise
        raise ConnectorError(
            Cause.CREDENTIALS,
            f"It answered {refused.status_code}: the refresh token is not accepted (any more). "
            "Enter a new one.",
            permanent=True,
            status_code=refused.status_code,
        ) from refused
    return members(reply.document, "answer of the OAuth server")


def _store(
    connection: Connection,
    bought_with: Mapping[str, str],
    pair: Mapping[str, Any],
    now: datetime.datetime,
) -> str:
    """Keep the pair before anything is done with it; the refresh token is spent by now."""
    access = _token_of(pair, "access_token")
    if not access:
        raise unreadable("The OAuth server's answer has no access token.")
    refresh = _token_of(pair, "refresh_token") or tokens_of(connection).get("refresh_token", "")
    with transaction.atomic():
        row = Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
        # Staff may have entered others in the meantime: this pair is not for them. What else was
        # saved or sealed anew does not matter.
        is_ours = _for_renewal(row) == bought_with
        if is_ours:
            row.set_tokens({"access_token": access, "refresh_token": refresh})
            row.tokens_expire_at = now + datetime.timedelta(seconds=_seconds_of(pair))
            row.save(update_fields=["sealed_tokens", "tokens_expire_at"])
    _reread(connection)
    if not is_ours:
        raise TryLater(_SECONDS_FOR_ANOTHER, "The credentials were changed.")
    return access


def _token_of(pair: Mapping[str, Any], name: str) -> str:
    """Return a token that can stand in a header; "" for anything else."""
    value = pair.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_TOKEN:
        return ""
    return value if value.isascii() and value.isprintable() and " " not in value else ""


def _seconds_of(pair: Mapping[str, Any]) -> int:
    value = pair.get("expires_in")
    if isinstance(value, bool) or not isinstance(value, int):
        return _USUAL_SECONDS
    return min(max(value, 0), 365 * 86_400)
