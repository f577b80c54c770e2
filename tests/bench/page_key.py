"""The key of a page of a partner's list: `Stack.django` runs it with partner, moment and order.

So that the last page of a million orders is asked for without turning twenty thousand.
"""

from __future__ import annotations

import sys

from channel_manager.lib.canonical import fingerprint
from channel_manager.lib.pagination import sign_key
from orders.models import Order


def main(partner_id: str, moment: str, order_id: str) -> None:
    """Print the key of the page behind an order of a partner's live list without filters."""
    bound_to = fingerprint(Order._meta.label, {"partnerId": partner_id})
    print(sign_key(bound_to, moment, order_id))


if __name__ == "__main__":
    main(*sys.argv[1:])
