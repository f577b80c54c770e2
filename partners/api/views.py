"""What every view of the partner API begins with: the partner and the mode are the key's."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from partners.account import Account
from partners.authentication import Caller, caller_of
from partners.milestones import note_answer
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

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Note what the answer shows of the partner's integration; its work is committed by now."""
        answered: Response = super().finalize_response(request, response, *args, **kwargs)
        # Asking for the user of a request that was not let in would refuse it once more.
        caller = getattr(request, "_user", None)
        if isinstance(caller, Caller) and isinstance(answered.data, dict):
            note_answer(
                caller.account,
                method=request.method or "",
                status_code=answered.status_code,
                answer=answered.data,
                is_replay="Idempotent-Replayed" in answered.headers,
                now=timezone.now(),
            )
        return answered
