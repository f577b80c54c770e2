"""Reading under settings that end with the block."""

from __future__ import annotations

import pytest
from django.db import connection

from channel_manager.lib.database import TookTooLong, reading, set_for_now


def sleep_under_a_limit() -> None:
    with reading(), connection.cursor() as cursor:
        set_for_now(statement_timeout="5ms", enable_seqscan="off")
        cursor.execute("SELECT pg_sleep(5)")


@pytest.mark.django_db
def test_reading_ends_in_time_and_leaves_no_setting_behind() -> None:
    names = ("statement_timeout", "enable_seqscan")

    def settings() -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting(%s), current_setting(%s)", names)
            return list(cursor.fetchone())

    before = settings()
    with pytest.raises(TookTooLong):
        sleep_under_a_limit()
    assert settings() == before
    with reading():
        set_for_now(statement_timeout="5s", enable_seqscan="off")
        assert settings() == ["5s", "off"]
    assert settings() == before
