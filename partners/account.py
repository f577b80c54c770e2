"""The account: a partner in one of its two modes, live or test."""

from __future__ import annotations

import dataclasses

from partners.models import Partner, Venue


@dataclasses.dataclass(frozen=True)
class Account:
    """What a key speaks for, and what orders and holds belong to.

    The two accounts of a partner share its settings and see nothing of each other: each has its own
    orders, holds, references and stored answers. A test account sells nothing.
    """

    partner: Partner
    test_mode: bool = False

    @property
    def venue(self) -> Venue:
        """Return the venue that the partner sells for."""
        return self.partner.venue

    @property
    def actor(self) -> str:
        """Return the name that the partner has in the event log."""
        return self.partner.actor

    def __str__(self) -> str:
        return f"{self.partner}, {'test' if self.test_mode else 'live'} mode"
