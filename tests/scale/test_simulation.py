"""The simulation keeps to what can be worked out without it."""

from __future__ import annotations

import dataclasses

import pytest

from tests.scale.predictions import FULL, highest_rate
from tests.scale.simulation import ServiceTimes, Setup, simulate

TIMES = ServiceTimes(
    web=8.0,
    accept_database=5.0,
    worker=10.0,
    issue_database=7.0,
    list_web=4.0,
    list_database=2.0,
    client=1.0,
    commit=0.3,
)


def test_the_same_seed_brings_the_same() -> None:
    setup = Setup(webs=2, workers=3, database_cores=4, clients=8, seconds=2.0)

    assert simulate(setup, TIMES, seed=7) == simulate(setup, TIMES, seed=7)
    assert simulate(setup, TIMES, seed=7) != simulate(setup, TIMES, seed=8)


def test_a_web_process_computes_one_thing_at_a_time() -> None:
    one = simulate(Setup(1, 16, database_cores=64, clients=32, seconds=4.0), TIMES)
    four = simulate(Setup(4, 16, database_cores=64, clients=128, seconds=4.0), TIMES)

    assert one.accepted_per_second == pytest.approx(1000 / TIMES.web, rel=0.1)
    assert four.accepted_per_second == pytest.approx(4 * one.accepted_per_second, rel=0.1)


def test_the_cores_of_the_database_are_the_limit_however_many_ask() -> None:
    found = simulate(Setup(16, 24, database_cores=2, clients=64, seconds=4.0), TIMES)

    both = TIMES.accept_database + TIMES.issue_database
    assert found.settled_per_second == pytest.approx(2 * 1000 / both, rel=0.1)
    assert found.utilisation == pytest.approx(1.0, abs=0.05)


def test_all_on_the_same_cores_take_them_from_each_other() -> None:
    setup = Setup(webs=2, workers=4, cores=2, clients=8, seconds=4.0)
    each = TIMES.web + TIMES.worker + TIMES.client + TIMES.accept_database + TIMES.issue_database

    shared = simulate(setup, TIMES)
    disturbed = simulate(dataclasses.replace(setup, idle=0.5), TIMES)

    assert shared.settled_per_second == pytest.approx(2 * 1000 / each, rel=0.1)
    assert disturbed.settled_per_second == pytest.approx(1.5 * 1000 / each, rel=0.1)


def test_orders_that_wait_are_issued_together_for_less() -> None:
    times = dataclasses.replace(TIMES, worker=40.0, worker_more=1.0, database_more=1.0)
    setup = Setup(4, 1, database_cores=8, rate=50.0, seconds=20.0)

    alone = simulate(setup, times)
    together = simulate(dataclasses.replace(setup, together=50), times)

    assert alone.settled_per_second == pytest.approx(1000 / 40, rel=0.1)
    assert together.settled_per_second == pytest.approx(50, rel=0.1)


def test_orders_at_random_wait_as_a_queue_of_one_place_does() -> None:
    only_accepting = dataclasses.replace(TIMES, accept_database=0.001, commit=0.0)
    setup = Setup(1, 1, database_cores=64, rate=10.0, seconds=60.0)

    idle = simulate(setup, only_accepting)
    busy = simulate(dataclasses.replace(setup, rate=100.0), only_accepting)

    assert idle.accept_p50 == pytest.approx(TIMES.web, rel=0.1)
    # At 80 % of its time, waiting is longer than being served.
    assert busy.accept_p50 > 2 * idle.accept_p50
    assert idle.settle_p50 == pytest.approx(
        TIMES.web + TIMES.worker + TIMES.issue_database, rel=0.1
    )


def test_what_clients_compute_is_part_of_the_wait_where_they_share_the_cores() -> None:
    setup = Setup(1, 1, cores=8, rate=5.0, seconds=60.0)
    slow = dataclasses.replace(TIMES, client=21.0)

    longer = simulate(setup, slow).accept_p50 - simulate(setup, TIMES).accept_p50

    assert longer == pytest.approx(20.0, rel=0.1)


def test_a_slow_system_elsewhere_holds_the_slots_of_a_worker() -> None:
    setup = Setup(2, 1, database_cores=8, clients=64, slots=6, connector=1.0, seconds=2.0)

    assert simulate(setup, TIMES).settled_per_second == pytest.approx(6 / 1.0, rel=0.1)


def test_the_rate_at_which_the_database_is_full_keeps_it_so_busy() -> None:
    setup = Setup(webs=8, workers=10, database_cores=8, seconds=6.0)

    rate, held = highest_rate(setup, TIMES, FULL)

    assert rate == pytest.approx(FULL * 8 * 1000 / 12)
    assert held.utilisation == pytest.approx(FULL, rel=0.1)
    assert held.accepted_per_second == pytest.approx(rate, rel=0.1)
