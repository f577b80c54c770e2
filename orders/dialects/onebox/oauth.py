"""Giving tokens to channels that show their secret (contract 1)."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils import timezone
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channel_manager.lib.addresses import address_of
from orders.dialects.onebox import tokens
from orders.dialects.onebox.errors import ChannelNotFound, InvalidToken, OAuthFault
from partners import limits
from partners.authentication import Unauthenticated, note_use
from partners.models import ApiKey, Dialect, Storefront
from partners.permissions import PartnerNotActive, require_active
from partners.storefronts import account_of, find_secret, find_storefront, storefront_of

CLIENT_ID = "seller-channel-client"
_CLIENT, _REFRESH = "client_credentials", "refresh_token"
_NEEDED = {_CLIENT: ("channel_id", "client_id", "client_secret"), _REFRESH: ("refresh_token",)}
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class TokenView(APIView):
    """`POST /oauth/token`: credentials come in the form body; a Basic header is not looked at."""

    authentication_classes = ()
    permission_classes = ()
    parser_classes = (FormParser,)

    def post(self, request: Request) -> Response:
        """Give a token for 12 h."""
        now = timezone.now()
        form = _read_form(request)
        if form["grant_type"] == _REFRESH:
            key, storefront = _by_refresh_token(form, now)
        else:
            key, storefront = _by_secret(request, form, now)
        limits.charge(request._request, key)
        try:
            require_active(account_of(storefront))
        except PartnerNotActive:
            raise _not_validated() from None
        note_use(key, now)
        given = tokens.give_tokens(key=key, storefront=storefront, now=now)
        return Response(given, headers=_NO_STORE)


def _read_form(request: Request) -> dict[str, str]:
    """Return the members of the form; raises OAuthFault with all that is missing."""
    try:
        sent: Any = request.data
    except UnsupportedMediaType:
        detail = "The body must be application/x-www-form-urlencoded."
        raise OAuthFault("invalid_request", detail) from None
    form = {name: str(value) for name, value in sent.items()}
    grant = form.get("grant_type", "")
    missing = [name for name in ("grant_type", *_NEEDED.get(grant, ())) if not form.get(name)]
    if missing:
        words = [
            "channel_id (AUTH0004 Channel id required)" if name == "channel_id" else name
            for name in missing
        ]
        raise OAuthFault("invalid_request", f"Missing: {', '.join(words)}.")
    if grant not in _NEEDED:
        detail = f"Only {_CLIENT} and {_REFRESH} are supported."
        raise OAuthFault("unsupported_grant_type", detail)
    return form


def _by_secret(
    request: Request, form: dict[str, str], now: datetime.datetime
) -> tuple[ApiKey, Storefront]:
    """Return whose secret it is. A wrong one is not told from a channel that there is not."""
    if form["client_id"] != CLIENT_ID:
        raise OAuthFault("invalid_client", "Bad client credentials")
    channel_id = form["channel_id"]
    try:
        key = find_secret(Dialect.ONEBOX, form["client_secret"], now)
        storefront = storefront_of(key)
        if storefront.public_id == channel_id:
            return key, storefront
    except Unauthenticated:
        pass
    channel = find_storefront(Dialect.ONEBOX, channel_id)
    if channel is not None:
        limits.charge_visitor(request._request, channel, address_of(request._request))
    raise _not_validated()


def _by_refresh_token(form: dict[str, str], now: datetime.datetime) -> tuple[ApiKey, Storefront]:
    try:
        return tokens.read_refresh_token(form["refresh_token"], now)
    except (InvalidToken, ChannelNotFound):
        raise OAuthFault("invalid_grant", "Invalid refresh token") from None


def _not_validated() -> OAuthFault:
    return OAuthFault("invalid_grant", "User not validated")
