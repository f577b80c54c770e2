"""Whether a server is a replica that is good enough to be asked."""

from __future__ import annotations

import pytest
from django.db import connections

from channel_manager.lib import replica, replica_settings
from channel_manager.lib.environment import Environment
from channel_manager.lib.replica import Standing


@pytest.mark.parametrize(
    ("standing", "within"),
    [
        (Standing(is_standby=True, has_all=True, age=None), True),
        (Standing(is_standby=True, has_all=True, age=86_400.0), True),  # an idle primary
        (Standing(is_standby=True, has_all=False, age=5.0), True),
        (Standing(is_standby=True, has_all=False, age=5.1), False),
        (Standing(is_standby=True, has_all=False, age=None), False),
        (Standing(is_standby=False, has_all=True, age=0.0), False),
    ],
)
def test_a_replica_is_good_enough_while_it_lacks_nothing_older(
    standing: Standing, within: bool
) -> None:
    assert standing.lags_at_most(5.0) is within


def test_without_a_replica_everything_is_read_where_it_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("REPLICA_DATABASE_URL", raising=False)
    monkeypatch.delitem(connections.settings, "replica", raising=False)

    assert replica_settings.read(Environment(), {"OPTIONS": {"options": ""}}) == {}
    assert replica.read_up_to_date(str) == replica.read_recent(str) == "default"
