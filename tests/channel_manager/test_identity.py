"""Identities nobody can guess."""

import re
import uuid

from channel_manager.lib.identity import time_ordered_uuid, unguessable_number, url_token


def test_row_ids_are_uuids_version_7_that_sort_by_time() -> None:
    ids = [time_ordered_uuid() for _ in range(100)]
    assert {row_id.version for row_id in ids} == {7}
    assert {row_id.variant for row_id in ids} == {uuid.RFC_4122}
    moments = [row_id.int >> 80 for row_id in ids]
    assert moments == sorted(moments)


def test_numbers_fit_the_compact_mode_of_a_qr_code_and_do_not_repeat() -> None:
    numbers = {unguessable_number("T") for _ in range(1000)}
    assert len(numbers) == 1000
    assert all(re.fullmatch("T[0-9A-HJKMNP-TV-Z]{16}", number) for number in numbers)


def test_tokens_are_url_safe() -> None:
    assert re.fullmatch("[A-Za-z0-9_-]{32}", url_token())
