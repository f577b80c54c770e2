"""Processes that issue at another system and are killed at each step there: a tenth of `make chaos`."""

from __future__ import annotations

import json

import pytest

from tests.chaos.system_names import SYSTEMS
from tests.stack import Stack

RUNS = 2


@pytest.mark.parametrize("system", SYSTEMS)
def test_nothing_is_lost_or_issued_twice_and_what_is_uncertain_is_named(
    idle_stack: Stack, system: str
) -> None:
    told = json.loads(idle_stack.django("tests.chaos.connector_kills", system, str(RUNS), "forked"))
    assert told["wrong"] == []
    assert told["kills"] == told["orders"] > 0
    if "repeating safely" in system:
        assert told["ended"] == {"Issued": told["orders"]}
