"""Stored secrets outlive a change of the keys they are sealed with."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from channel_manager.lib.sealing import Unsealable, seal, unseal
from partners.models import IdempotencyRecord, Partner, WebhookEndpoint
from tests.conftest import ApiClient
from tests.orders.expected import assert_problem
from tests.webhooks.conftest import make_endpoint
from tests.webhooks.test_endpoints_api import HOOKS


def test_what_was_sealed_before_there_were_keys_of_their_own_can_be_opened(settings: Any) -> None:
    sealed = seal("a secret")
    settings.ENCRYPTION_KEYS = ["the first"]
    assert unseal(sealed) == "a secret"
    newer = seal("a secret")
    settings.ENCRYPTION_KEYS = ["the second", "the first"]
    assert unseal(newer) == "a secret"
    settings.ENCRYPTION_KEYS = ["the second"]
    with pytest.raises(Unsealable):
        unseal(newer)


def test_a_key_can_be_taken_out_once_everything_is_sealed_anew(
    partner: Partner, settings: Any
) -> None:
    settings.ENCRYPTION_KEYS = ["old"]
    secret = make_endpoint(partner, "https://a.example/").secrets_at(timezone.now())
    settings.ENCRYPTION_KEYS = ["new", "old"]
    call_command("reseal", stdout=io.StringIO())
    settings.ENCRYPTION_KEYS = ["new"]
    assert WebhookEndpoint.objects.get().secrets_at(timezone.now()) == secret


def test_a_stored_answer_that_can_no_longer_be_opened_is_gone(
    api: ApiClient, settings: Any
) -> None:
    body = {"url": "https://shop.example.com/"}
    assert api.post(body, HOOKS, idempotency_key="K").status_code == 201
    IdempotencyRecord.objects.update(body="sealed with a key that is lost")
    assert_problem(api.post(body, HOOKS, idempotency_key="K"), 410, "gone")
    assert WebhookEndpoint.objects.count() == 1
