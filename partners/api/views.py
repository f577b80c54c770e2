"""What every view of the partner API begins with: the partner and the mode are the key's."""

from __future__ import annotations

from typing import ClassVar

from rest_framework.views import APIView

from partners.account import Account
from partners.authentication import caller_of
from partners.models import Partner


class PartnerView(APIView):
    """A view of one partner's things."""

    scopes: ClassVar[dict[str, str]] = {}
    http_method_names = ("get", "head", "post", "put", "delete")

    @property
    def partner(self) -> Partner:
        """Return the partner that the request speaks for."""
        return caller_of(self.request).partner

    @property
    def account(self) -> Account:
        """Return the partner in the mode of its key."""
        return caller_of(self.request).account
