"""What is checked of the settings before anything starts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from partners.models import MAX_BURST, MAX_PER_SECOND

_BOUNDS = {"RATE_LIMIT_PER_SECOND": MAX_PER_SECOND, "RATE_LIMIT_BURST": MAX_BURST}


@register
def check_limits(**_: Any) -> list[CheckMessage]:
    """Refuse limits that no partner could have of its own either."""
    return [
        Error(f"{name} is a number from 1 to {most}, not {getattr(settings, name)}.")
        for name, most in _BOUNDS.items()
        if not 1 <= getattr(settings, name) <= most
    ]
