"""What a process remembers of keys without a token."""

from __future__ import annotations

import dataclasses

import pytest

from partners import limits
from tests.partners.server_clock import SECOND, ServerClock

EMPTY = limits.Standing(limits.Limit(1, 1), remaining=0, next_in=SECOND, full_in=SECOND)


@pytest.fixture
def clock(db: None, monkeypatch: pytest.MonkeyPatch) -> ServerClock:
    """Make the time of limits stand still."""
    standing = ServerClock()
    monkeypatch.setattr(limits, "time", standing)
    return standing


def test_the_longest_known_key_is_forgotten_first() -> None:
    memory = limits.SpentKeys(3)
    for name in ("a", "b", "c", "a", "d"):
        memory.note(name, 1, EMPTY)
    assert [name for name in "abcd" if memory.standing(name)] == ["a", "c", "d"]


def test_when_a_token_is_due_one_request_asks_for_it_and_the_others_wait_for_the_next(
    clock: ServerClock,
) -> None:
    memory = limits.SpentKeys(3)
    limit = limits.Limit(10, 5)
    memory.note("a", 1, limits.Standing(limit, remaining=0, next_in=70_000, full_in=470_000))
    clock.forward(69_999)
    assert memory.standing("a") == limits.Standing(limit, 0, 1, 400_001)
    clock.forward(11)
    assert [memory.standing("a") for _ in range(3)] == [
        None,
        *[limits.Standing(limit, 0, 99_990, 499_990)] * 2,
    ]
    clock.forward(99_990)
    assert memory.standing("a") is None
    assert memory.standing("a") is not None
    clock.forward(200_000)  # nobody asked for more than a token's time: there may be several
    assert [memory.standing("a") for _ in range(3)] == [None] * 3


def test_a_key_that_has_tokens_again_is_forgotten(clock: ServerClock) -> None:
    memory = limits.SpentKeys(3)
    memory.note("a", 1, EMPTY)
    memory.note("a", 1, dataclasses.replace(EMPTY, remaining=1, next_in=0))
    assert memory.standing("a") is None


def test_a_limit_that_was_read_a_second_ago_is_to_be_read_anew(clock: ServerClock) -> None:
    memory = limits.SpentKeys(3)
    memory.note("a", 7, EMPTY)
    clock.forward(SECOND - 1)
    known = memory.with_limit("a")
    assert known is not None
    assert (known.key_id, known.limit) == (7, limits.Limit(1, 1))
    memory.note("a", 7, EMPTY, known.limit_until)
    clock.forward(1)
    assert memory.with_limit("a") is None
