"""The magic item numbers: what a test order names to have a certain outcome.

They mean something with test keys only; for a live key they are item numbers like any other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, kw_only=True)
class Magic:
    """One number and what becomes of an order that names it.

    is_known: it can be ordered at all. put_off: seconds until issuing begins. outages: how often
    issuing is broken off by a technical fault and tried again before it succeeds. fails: issuing
    ends in Error. loses_webhooks: nothing is sent to the partner's endpoints; the feed has it all.
    """

    item_number: str
    outcome: str
    is_known: bool = True
    is_sold_out: bool = False
    put_off: int = 0
    outages: int = 0
    fails: bool = False
    loses_webhooks: bool = False


_ROWS = (
    Magic(item_number="TEST-OK", outcome="Is issued at once."),
    Magic(
        item_number="TEST-SOLD-OUT",
        outcome="Is refused with 409 sold_out, as if no place were left.",
        is_sold_out=True,
    ),
    Magic(
        item_number="TEST-SLOW",
        outcome="Stays in flight for 30 seconds, then is issued.",
        put_off=30,
    ),
    Magic(
        item_number="TEST-FAILS-TWICE",
        outcome="Issuing fails technically twice, is tried again, and succeeds after some 6 "
        "seconds.",
        outages=2,
    ),
    Magic(
        item_number="TEST-UNMAPPED",
        outcome="Is not mapped: the order ends in Error, or is refused with 400 unknown_item, as "
        "agreed with the venue.",
        is_known=False,
    ),
    Magic(item_number="TEST-ERROR", outcome="Issuing fails: the order ends in Error.", fails=True),
    Magic(
        item_number="TEST-WEBHOOK-LOST",
        outcome="Is issued at once, but its webhooks are not sent; the feed of events has them.",
        loses_webhooks=True,
    ),
)
MAGIC: Mapping[str, Magic] = {magic.item_number: magic for magic in _ROWS}


def why_not_mapped(item_number: str) -> str:
    """Say why staff may not map an item number; empty where they may.

    The mapping would mean nothing to test orders, and tickets that admit to a live one.
    """
    if item_number not in MAGIC:
        return ""
    return (
        f"{item_number} is a test item number. With a test key it does what the documentation says, "
        "whatever is mapped; with a live key somebody has mistaken the key, and a mapping would "
        "sell real tickets for it."
    )
