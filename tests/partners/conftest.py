"""What the tests of partners, keys and idempotency share."""

import pytest
from django.utils import timezone

from tests.orders.expected import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make time stand still at NOON."""
    standing = Clock()
    monkeypatch.setattr(timezone, "now", standing)
    return standing
