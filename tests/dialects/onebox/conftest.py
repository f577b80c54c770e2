"""What the tests of the Onebox dialect share."""

from tests.dialects.onebox.channel import channel, other_channel
from tests.orders.conftest import cinema, clock, hall, matinee, play, show, theatre

__all__ = [
    "channel",
    "cinema",
    "clock",
    "hall",
    "matinee",
    "other_channel",
    "play",
    "show",
    "theatre",
]
