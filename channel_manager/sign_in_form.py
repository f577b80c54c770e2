"""The form of name and password, and how often one may try."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from channel_manager import two_factor
from channel_manager.history import sign_ins
from channel_manager.lib.addresses import address_of
from channel_manager.lib.admin.typed import AuthenticationForm


class SignInForm(AuthenticationForm):
    """User name and password, tried so many times and no more."""

    def clean(self) -> dict[str, Any]:
        """Look at the password; says the same of an unknown name and of a wrong password."""
        name = self.cleaned_data.get("username")
        if not name or not self.cleaned_data.get("password") or self.request is None:
            return dict(super().clean())
        try:
            attempt = sign_ins.begin(
                name=name, address=address_of(self.request), now=timezone.now()
            )
        except sign_ins.TooManyAttempts as refusal:
            unit = "minute" if refusal.minutes == 1 else "minutes"
            raise ValidationError(
                f"Too many attempts with a wrong password. Try again in {refusal.minutes} {unit}; "
                "if you have forgotten it, somebody who manages users can set a new one.",
            ) from None
        cleaned = super().clean()
        # With a second factor it is the code that forgives: guessing codes is no new beginning.
        if two_factor.device_of(self.get_user()) is None:
            sign_ins.succeed(attempt=attempt)
        return dict(cleaned)
