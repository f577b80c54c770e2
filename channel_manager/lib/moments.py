"""Moments as partners read them."""

import datetime


def in_utc(at: datetime.datetime) -> str:
    """Write a moment in UTC, to the millisecond, such as 2026-11-21T09:30:00.000Z."""
    utc = at.astimezone(datetime.UTC)
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
