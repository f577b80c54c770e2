"""The look-up that every request begins with finds what the ORM would find, in one statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.forms.models import model_to_dict

from channel_manager.lib.lookup import Lookup
from partners.models import ApiKey, Venue
from tests.conftest import ApiClient

KEYS = Lookup(ApiKey, "partner", "venue", by="key_hash", without=("logo",))


@pytest.fixture
def key(api: ApiClient) -> ApiKey:
    """A key whose venue has a logo."""
    Venue.objects.update(logo=b"PNG")
    return ApiKey.objects.select_related("partner__venue").get()


def test_the_row_and_those_its_keys_lead_to_are_as_they_are_stored(
    key: ApiKey, statements: Callable[[], Any]
) -> None:
    with statements() as count:
        found = KEYS.find(key.key_hash)
        assert found is not None
        partner, venue = found.partner, found.partner.venue
        shown = venue.name, venue.opens_at, partner.name, found.scopes
    assert len(count) == 1
    expected = key.partner.venue
    assert shown == (expected.name, expected.opens_at, key.partner.name, key.scopes)
    for stored, read in ((key, found), (key.partner, partner), (expected, venue)):
        assert model_to_dict(read) == model_to_dict(stored)
        assert read == stored


def test_what_was_left_out_is_read_when_it_is_needed(key: ApiKey) -> None:
    found = KEYS.find(key.key_hash)
    assert found is not None
    assert found.partner.venue.get_deferred_fields() == {"logo"}
    assert bytes(found.partner.venue.logo) == b"PNG"


def test_what_was_found_can_be_saved(key: ApiKey) -> None:
    found = KEYS.find(key.key_hash)
    assert found is not None
    found.name = "Web shop"
    found.save()
    assert ApiKey.objects.get().name == "Web shop"


def test_nothing_is_found_for_an_unknown_value(key: ApiKey) -> None:
    assert KEYS.find("no such hash") is None
