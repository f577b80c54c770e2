"""Access tokens of Onebox: got with the channel's secret, kept sealed, renewed in time (contract C1)."""

from __future__ import annotations

import datetime
import re
from urllib.parse import urlencode

from catalog.models import Connection
from wallets.connectors.base import Cause, ConnectorError
from wallets.connectors.credentials import secret_of, tokens_of
from wallets.connectors.exchange import Refused, Request, ask, join, members, text_of, unreadable

SECRET = "client_secret"  # noqa: S105 - its name, not one
_CLIENT_ID = "seller-channel-client"
_ACCESS = "access_token"
# What is older is refused there, whatever was said of it.
_LONGEST = datetime.timedelta(hours=12)
_RENEWED_BEFORE = datetime.timedelta(minutes=10)
# What can stand in a header.
_TOKEN = re.compile(r"[\x21-\x7e]{1,8000}")
_WORD = re.compile(r"[a-z_]{1,40}")


def oauth_url(connection: Connection) -> str:
    """Return where tokens are given."""
    return connection.second_url or join(connection.base_url, "oauth/token")


def token_of(connection: Connection, now: datetime.datetime) -> str:
    """Return a token that is good for minutes still, asked for where there is none.

    Raises ConnectorError, without effect: a token changes nothing at an order.
    """
    expires_at = connection.tokens_expire_at
    kept = tokens_of(connection).get(_ACCESS)
    if (
        isinstance(kept, str)
        and kept
        and expires_at is not None
        and now < expires_at - _RENEWED_BEFORE
    ):
        return kept
    return renew(connection, now)


def renew(connection: Connection, now: datetime.datetime) -> str:
    """Ask for a new token and keep it; several workers may at once. Raises ConnectorError."""
    document = _ask_token(connection)
    token, seconds = document.get(_ACCESS), document.get("expires_in")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise _harmless(unreadable("Its OAuth server gave no usable access token."))
    lasts = _LONGEST
    if seconds is not None:
        if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 1:
            raise _harmless(unreadable("Its OAuth server does not say how long its token lasts."))
        lasts = datetime.timedelta(seconds=min(seconds, int(_LONGEST.total_seconds())))
    connection.set_tokens({_ACCESS: token})
    connection.tokens_expire_at = now + lasts
    # Not over new credentials that staff gave meanwhile: the token is of the old ones then.
    Connection.objects.filter(
        pk=connection.pk, sealed_credentials=connection.sealed_credentials
    ).update(sealed_tokens=connection.sealed_tokens, tokens_expire_at=connection.tokens_expire_at)
    return token


def _ask_token(connection: Connection) -> dict[str, object]:
    form = {
        "grant_type": "client_credentials",
        "channel_id": connection.account,
        "client_id": _CLIENT_ID,
        "client_secret": secret_of(connection, SECRET),
    }
    request = Request(
        method="POST",
        url=oauth_url(connection),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode(form).encode(),
    )
    try:
        return dict(members(ask(connection, request).document, "answer of its OAuth server"))
    except Refused as error:
        raise _refused(error) from error
    except ConnectorError as error:
        raise _harmless(error) from error


def _refused(error: Refused) -> ConnectorError:
    """Return why no token was given: OAuth says 400 where an API says 401."""
    if not error.permanent:
        return error
    document = error.document if isinstance(error.document, dict) else {}
    word = text_of(document, "error", longest=40)
    said = f" ({word})" if _WORD.fullmatch(word) else ""
    is_ours = error.status_code in (400, 401, 403)
    what = "are channel and secret right?" if is_ours else "is its address right?"
    return ConnectorError(
        Cause.CREDENTIALS if is_ours else Cause.REFUSED,
        f"Its OAuth server answered {error.status_code}{said}: {what}",
        permanent=True,
        status_code=error.status_code,
    )


def _harmless(error: ConnectorError) -> ConnectorError:
    return ConnectorError(
        error.cause,
        f"Asking for a token: {error.detail}",
        permanent=error.permanent,
        wait=error.wait,
        status_code=error.status_code,
    )
