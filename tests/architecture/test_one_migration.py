"""A run of the suite migrates once, however many workers and stacks it has."""

from __future__ import annotations

import os

import pytest
from django.db import connection

from tests.migrated import VARIABLE


@pytest.mark.django_db
def test_the_database_is_a_copy_of_the_one_that_was_migrated() -> None:
    if VARIABLE not in os.environ:
        pytest.skip(
            "nobody has migrated a database for all: TEST_DATABASE_URL, or pytest by itself"
        )
    assert connection.settings_dict["TEST"]["TEMPLATE"] == "channel_manager"
