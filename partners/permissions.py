"""What a key may do, and whether its partner may sell (contract section 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from channel_manager.lib.errors import ErrorCode, Refusal
from partners.account import Account
from partners.authentication import caller_of
from partners.models import PartnerStatus

if TYPE_CHECKING:
    # REST framework imports this module while it makes APIView.
    from rest_framework.views import APIView


class MissingScope(Refusal):
    """The key lacks the scope the operation needs."""

    code = ErrorCode.MISSING_SCOPE


class PartnerNotActive(Refusal):
    """The partnership does not sell at the moment."""

    code = ErrorCode.PARTNER_NOT_ACTIVE


class HasScope(BasePermission):
    """Require the scope that the view names for the method: `scopes = {"POST": Scope...}`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell that the key has the scope; raises MissingScope. Other methods end in a 405."""
        method = "GET" if request.method == "HEAD" else request.method
        needed = getattr(view, "scopes", {}).get(method)
        if needed is not None and needed not in caller_of(request).key.scopes:
            raise MissingScope(
                f"The API key lacks the scope {needed}.", members={"requiredScope": needed}
            )
        return True


def require_active(account: Account) -> None:
    """Raise PartnerNotActive unless the account may create, replace and confirm orders.

    A partner that is still onboarding may do so with its test keys.
    """
    allowed = {PartnerStatus.ACTIVE}
    if account.test_mode:
        allowed.add(PartnerStatus.ONBOARDING)
    if account.partner.status not in allowed:
        raise PartnerNotActive(f"The partnership is {account.partner.status}.")
