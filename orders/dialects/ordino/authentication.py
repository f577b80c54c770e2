"""Who speaks: a seller's backend with its key, or a guest with a token (contract section 2)."""

from __future__ import annotations

import datetime
import re

from django.utils import timezone
from rest_framework.request import Request

from channel_manager.lib.addresses import address_of
from orders.dialects.ordino.errors import API_KEY, BEARER, Told
from orders.dialects.views import DialectView
from orders.guests import Guest, read_token, recognise_guest
from partners import limits
from partners.authentication import note_use
from partners.models import ApiKey, Dialect, Storefront
from partners.storefronts import find_secret, storefront_of

_KEY = re.compile(r"[\x21-\x7e]{1,256}")
_TOKEN = re.compile(r"[A-Za-z0-9_.~+/=-]+")
# Who may use an endpoint, in Ordino's roles.
ADMIN, GUEST = "Admin", "Guest"


class OrdinoView(DialectView):
    """A view of one park; `roles` are those that may use it."""

    roles: tuple[str, ...] = (ADMIN,)
    now: datetime.datetime
    key: ApiKey
    guest: Guest

    def enter(self, request: Request, **path: object) -> Storefront:
        """Return the storefront of the one credential that was sent."""
        self.now = timezone.now()
        key, authorization = (
            request.META.get(name) for name in ("HTTP_X_API_KEY", "HTTP_AUTHORIZATION")
        )
        if key is not None and authorization is not None:
            detail = "Send x-api-key or Authorization, not both."
            scheme = API_KEY if ADMIN in self.roles else BEARER
            raise Told("multiple_authentication_schemes", detail, authentication_scheme=scheme)
        if key is not None:
            return self._enter_by_key(request, key)
        if authorization is not None:
            return self._enter_by_token(request, authorization)
        detail = f"Send {' or '.join(_header_of(role) for role in self.roles)}."
        raise Told("unauthorized", detail, allowed_roles=list(self.roles))

    def _enter_by_key(self, request: Request, sent: str) -> Storefront:
        if not _KEY.fullmatch(sent):
            detail = "The x-api-key header carries no key."
            raise Told("invalid_api_key_header", detail, authentication_scheme=API_KEY)
        self.key = find_secret(Dialect.ORDINO, sent, self.now)
        limits.charge(request._request, self.key)
        note_use(self.key, self.now)
        self._require_role(ADMIN)
        return storefront_of(self.key)

    def _enter_by_token(self, request: Request, authorization: str) -> Storefront:
        scheme, _, token = authorization.strip().partition(" ")
        if scheme.lower() == "basic":
            detail = "Basic authentication is not enabled."
            raise Told("authentication_not_enabled", detail, authentication_scheme="Basic")
        if scheme.lower() != "bearer" or not _TOKEN.fullmatch(token.strip()):
            detail = "The Authorization header must be: Bearer, a blank, and a token."
            raise Told("invalid_authorization_header", detail, authentication_scheme=BEARER)
        claimant = read_token(dialect=Dialect.ORDINO, token=token.strip())
        asking = request._request
        # Before the signature is looked at, which may cost a request for the issuer's keys.
        limits.charge_visitor(asking, claimant.storefront, address_of(asking))
        self.guest = recognise_guest(claimant, now=self.now)
        self._require_role(GUEST)
        return claimant.storefront

    def _require_role(self, role: str) -> None:
        if role not in self.roles:
            detail = f"This is for {' or '.join(self.roles)} only."
            raise Told("insufficient_permissions", detail, allowed_roles=list(self.roles))


def _header_of(role: str) -> str:
    return "a key in the header x-api-key" if role == ADMIN else "a token as Authorization: Bearer"
