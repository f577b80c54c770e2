"""What the demo's file says of the systems that it can be sold through as."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from orders.demo import onebox, openticket, ordino, voordemensen
from partners.models import Dialect, Partner

_DESCRIBED = {
    Dialect.ORDINO: ordino.describe,
    Dialect.ONEBOX: onebox.describe,
    Dialect.OPENTICKET: openticket.describe,
    Dialect.VOORDEMENSEN: voordemensen.describe,
}


def describe_dialects(
    *, partner: Partner, kept: Mapping[str, Any], now: datetime.datetime
) -> dict[str, Any]:
    """Return what is needed to buy from a partner's shop in each dialect that has something to sell.

    Its storefronts are opened where they are not there yet; ids stay what they were, and so do the
    secrets in `kept`, what the file said before, that still work.
    """
    described = {
        str(dialect): describe(partner, kept.get(dialect, {}), now)
        for dialect, describe in _DESCRIBED.items()
    }
    return {dialect: members for dialect, members in described.items() if members}
