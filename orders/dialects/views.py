"""What every view of a dialect begins with: a storefront, found by the dialect's own means."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.views import APIView

from partners.account import Account
from partners.models import Storefront
from partners.permissions import require_active
from partners.storefronts import account_of


class DialectView(APIView):
    """A view of one storefront's things; `enter` finds it, or refuses."""

    authentication_classes = ()
    permission_classes = ()
    # The OpenAPI file is of our own API; the other systems have documentation of theirs.
    schema = None
    storefront: Storefront

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Find the storefront before anything else is done."""
        super().initial(request, *args, **kwargs)
        self.storefront = self.enter(request, **kwargs)

    def enter(self, request: Request, **path: Any) -> Storefront:
        """Return the storefront that a request is for, and charge its limit; raises Refusal."""
        raise NotImplementedError

    @property
    def account(self) -> Account:
        """Return the partner in the storefront's mode."""
        return account_of(self.storefront)

    def require_active(self) -> None:
        """Refuse what sells while the partner may not: raises PartnerNotActive."""
        require_active(self.account)
