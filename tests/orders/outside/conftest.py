"""What the tests of tickets issued elsewhere share: a system that does as it is told."""

import pytest

from tests.issued_elsewhere import ScriptedConnector
from wallets.connectors import registry


@pytest.fixture
def onebox(monkeypatch: pytest.MonkeyPatch) -> ScriptedConnector:
    """The only system there is: Onebox, as scripted by the test."""
    scripted = ScriptedConnector()
    monkeypatch.setattr(registry, "CONNECTORS", {"onebox": scripted})
    monkeypatch.setattr("orders.outside.availability.CONNECTORS", {"onebox": scripted})
    return scripted
