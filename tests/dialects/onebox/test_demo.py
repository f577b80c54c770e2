"""The demo's channel: what its file says is enough to buy, and stays what it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from orders.demo.loading import load_demo
from partners.models import ApiKey, Partner
from tests.dialects.onebox.channel import ORDERS

pytestmark = pytest.mark.django_db


def load(file: Path) -> dict[str, Any]:
    """Load the demo and return what its file says of Onebox."""
    load_demo(file=file, base_url="http://127.0.0.1:8000")
    return dict(json.loads(file.read_text())["dialects"]["onebox"])


def test_the_file_is_enough_to_buy_and_keeps_its_secret(tmp_path: Path, settings: Any) -> None:
    settings.SESSION_HORIZON_DAYS = 9
    file = tmp_path / "demo.json"
    demo = load(file)
    assert demo == {
        "path": "/onebox",
        "channelId": 1000001,
        "clientId": "seller-channel-client",
        "clientSecret": demo["clientSecret"],
        "sessionId": demo["sessionId"],
        "priceTypeId": demo["priceTypeId"],
        "seatedSessionId": demo["seatedSessionId"],
        "seatIds": demo["seatIds"],
    }
    assert len(set(demo["seatIds"])) == 60
    client = Client()
    form = {
        "grant_type": "client_credentials",
        "channel_id": demo["channelId"],
        "client_id": demo["clientId"],
        "client_secret": demo["clientSecret"],
    }
    answer = client.post(
        "/onebox/oauth/token", urlencode(form), content_type="application/x-www-form-urlencoded"
    )
    headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
    headers["ob-order-id"] = client.generic("POST", ORDERS, headers=headers).json()["id"]
    seat = {"id": demo["seatIds"][0], "session_id": demo["seatedSessionId"]}
    place = {
        "price_type_id": demo["priceTypeId"],
        "session_id": demo["sessionId"],
        "quantity": 1,
    }
    for path, sent in (
        ("seats", {"seats": [seat]}),
        ("seats-auto", place),
        ("buyer-data", {"email": "email@email.com"}),
        ("pre-confirm", {}),
        ("confirm", {}),
    ):
        told = client.post(
            f"{ORDERS}/{path}", json.dumps(sent), content_type="application/json", headers=headers
        )
        assert told.status_code == 200, told.content
    assert (told.json()["status"], len(told.json()["items"])) == ("CONFIRM", 2)
    # At the next start ids and the secret are the same; the seat is not offered again.
    assert load(file) == {**demo, "seatIds": demo["seatIds"][1:]}


def test_a_lost_file_gets_a_secret_that_works_however_often_it_is_lost(
    tmp_path: Path, settings: Any
) -> None:
    settings.SESSION_HORIZON_DAYS = 2
    secrets = {load(tmp_path / f"{number}.json")["clientSecret"] for number in range(3)}
    assert len(secrets) == 3
    partner = Partner.objects.get(name="Sunny Trips")
    keys = ApiKey.objects.filter(partner=partner, dialect="onebox")
    assert keys.filter(revoked_at=None).count() == 1
