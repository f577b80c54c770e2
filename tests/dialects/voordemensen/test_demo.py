"""The demo's file names a client, an event and a ticket type that can be bought."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orders.demo.loading import load_demo
from tests.dialects.voordemensen.shop import DISCOUNT_ID, Number, Shop


@pytest.mark.django_db
def test_what_the_demos_file_names_can_be_bought(tmp_path: Path, settings: Any) -> None:
    settings.SESSION_HORIZON_DAYS = 8
    file = tmp_path / "demo.json"
    load_demo(file=file, base_url="http://127.0.0.1:8000")
    named = json.loads(file.read_text())["dialects"]["voordemensen"]
    assert named == {
        "path": "/voordemensen",
        "clientName": "sunnytrips",
        "eventId": Number(),
        "subEventId": Number(),
        "discountId": DISCOUNT_ID,
        "paymentId": Number(),
    }
    shop = Shop(named["clientName"])
    (main,) = shop.ok(shop.get(f"events/{named['subEventId']}"))
    assert main["event_id"] == named["eventId"]
    wish = {
        "event_id": named["subEventId"],
        "numberoftickets": 2,
        "discount_id": named["discountId"],
    }
    made = shop.order(shop.cart(wish), payment_id=named["paymentId"])
    assert shop.status(made["order_key"])["order_payment_status"] == "none"
    load_demo(file=file, base_url="http://127.0.0.1:8000")
    assert json.loads(file.read_text())["dialects"]["voordemensen"] == named
