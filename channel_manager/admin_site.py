"""The admin's site: who is let in. Imports no admin pages: they register themselves with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from channel_manager import sign_in
from channel_manager.history import audit

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
else:
    from unfold.sites import UnfoldAdminSite as AdminSite


class StaffSite(AdminSite):
    """The admin, for staff who have signed in with all that is asked of them."""

    index_title = "Home"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let nobody in whose second factor is due."""
        return self.knows(request) and sign_in.standing_of(request) == sign_in.SIGNED_IN

    def knows(self, request: HttpRequest) -> bool:
        """Tell whether somebody of staff has given the right password, whatever else is due."""
        return super().has_permission(request)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Let out, too, who has given the password and whose second factor is due."""
        if view == self.logout:
            return self._sign_out
        return super().admin_view(view, cacheable)

    def _sign_out(self, request: HttpRequest) -> HttpResponse:
        if self.knows(request):
            return self.logout(request)
        return redirect("admin:index")

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Sign in; who has given the password already goes on to the second factor."""
        if request.method == "GET" and self.knows(request):
            wanted = urlencode({"next": request.GET.get("next", "")})
            match sign_in.standing_of(request):
                case sign_in.CODE_DUE:
                    return redirect(f"{reverse('two_factor_code')}?{wanted}")
                case sign_in.DEVICE_DUE:
                    return redirect("two_factor")
        return super().login(request, extra_context)

    def password_change(  # type: ignore[override]  # it redirects once the password is changed
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Change the own password, and write that down."""
        with transaction.atomic():
            response = super().password_change(request, extra_context)
            if isinstance(response, HttpResponseRedirect):
                audit.write_of_oneself(person=cast("User", request.user), name="password_changed")
        return response
