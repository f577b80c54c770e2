"""Components that an outside system issues, as the catalogue reads them for an order. Pure."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Mapping
from typing import Any

# What was told holds this long beyond its time: until the answer that replaces it is there.
GRACE = datetime.timedelta(seconds=15)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """What a component is at an outside system, in one session of ours or in any.

    asks_guests_for_money: an order for it would need a guest's payment there. left: what that
    system said is left, None where it does not count or has not said; told_at: when it said so,
    which holds for so many seconds.
    """

    session_id: uuid.UUID | None
    asks_guests_for_money: bool
    connection: str
    left: int | None
    told_at: datetime.datetime | None
    seconds: int

    def left_at(self, now: datetime.datetime) -> int | None:
        """Return what is left as far as is known at a moment; None: nobody knows.

        What was told later than the moment, as when an order is replayed, is not known then.
        """
        if self.left is None or self.told_at is None:
            return None
        age = now - self.told_at
        longest = datetime.timedelta(seconds=self.seconds) + GRACE
        return self.left if datetime.timedelta(0) <= age <= longest else None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Elsewhere:
        """Return what a row of the catalogue's statement says."""
        session_id, told_at = row["session"], row["toldAt"]
        return cls(
            session_id=uuid.UUID(session_id) if session_id else None,
            asks_guests_for_money=row["guestPays"],
            connection=row["connection"],
            left=row["left"],
            told_at=datetime.datetime.fromisoformat(told_at) if told_at else None,
            seconds=row["seconds"],
        )


def in_session(elsewhere: tuple[Elsewhere, ...], session_id: uuid.UUID | None) -> Elsewhere | None:
    """Return what a component is elsewhere in a session of ours: named for it, else for any."""
    exact = [one for one in elsewhere if one.session_id and one.session_id == session_id]
    general = [one for one in elsewhere if one.session_id is None]
    return next(iter([*exact, *general]), None)
