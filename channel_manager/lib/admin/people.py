"""Names and addresses of guests in the admin: masked, unless the reader may see them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest

from channel_manager.lib import personal

# The permission stands on the order's model; every page that names a guest asks for it here.
VIEW = "orders.view_personal_data"


def may_see(request: HttpRequest) -> bool:
    """Tell whether this person may see names and addresses of guests."""
    return bool(request.user.has_perm(VIEW))


def hide(request: HttpRequest, rows: Iterable[Any], *columns: str) -> None:
    """Mask columns of rows that are about to be shown, unless this person may see them.

    The rows are changed, so they must not be saved.
    """
    if may_see(request):
        return
    for row in rows:
        for column in columns:
            setattr(row, column, personal.mask(getattr(row, column)))
