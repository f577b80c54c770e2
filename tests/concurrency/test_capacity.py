"""A seeded tenth of what `make chaos` does to places: sold once, given back once, never too many."""

from __future__ import annotations

import random

import pytest

from tests.chaos import endings, places
from tests.chaos.stage import Stage
from tests.chaos.storm import Storm

SEED = 20261121


@pytest.mark.parametrize("run", range(2))
def test_two_hundred_clients_buy_exactly_fifty_places(stage: Stage, run: int) -> None:
    assert places.sell_out(stage, clients=200, places=50) == []


def test_packages_that_share_three_sessions_in_different_order_never_block_each_other(
    stage: Stage,
) -> None:
    assert places.tours_in_any_order(stage, calls=30, places=20) == []


@pytest.mark.parametrize(
    ("spare", "told"), [(10, "room for all"), (2, "room for some"), (0, "room for nobody")]
)
def test_orders_that_exchange_days_keep_their_places_or_get_the_others(
    stage: Stage, spare: int, told: str
) -> None:
    assert places.exchange_days(stage, pairs=10, spare=spare) == [], told


def test_sixty_clients_are_given_twenty_different_seats(stage: Stage) -> None:
    assert places.fill_seats(stage, clients=60) == []


def test_seats_that_several_clients_name_go_to_one_of_them(stage: Stage) -> None:
    assert places.name_seats(stage, clients=20, chance=random.Random(SEED)) == []


def test_an_order_that_ends_in_every_way_at_once_gives_its_places_back_once(stage: Stage) -> None:
    assert endings.drafts_ending_in_every_way(stage, drafts=10) == []


def test_orders_that_are_replaced_at_once_move_by_the_difference(stage: Stage) -> None:
    assert endings.orders_changing_size(stage, orders=20) == []


def test_a_capacity_that_is_changed_while_it_is_sold_is_never_exceeded(stage: Stage) -> None:
    chance = random.Random(SEED)
    assert endings.capacity_changed_while_selling(stage, clients=4, changes=40, chance=chance) == []


def test_no_answer_in_a_storm_is_unknown_to_the_contract(stage: Stage) -> None:
    storm = Storm(stage, SEED, clients=12, moves=12)
    assert storm.run() == []
    assert storm.answers["create", (201, "Submitted")]
    assert storm.answers["convert", (201, "Submitted")]
