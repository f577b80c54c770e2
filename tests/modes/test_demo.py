"""The demo's file lists a log-in for each role, and test keys after the live ones."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from orders.demo.loading import load_demo
from partners.keys import create_key
from partners.models import ApiKey, Contract, Partner
from tests.conftest import ApiClient


@pytest.mark.django_db
def test_the_file_lists_a_log_in_for_each_role_and_keeps_those_it_has(
    tmp_path: Path, settings: Any
) -> None:
    settings.SESSION_HORIZON_DAYS = 1
    file = tmp_path / "demo.json"
    load_demo(file=file, base_url="http://127.0.0.1:8000")
    users = json.loads(file.read_text())["admin"]["users"]
    roles = ["owner", "orderdesk", "catalog", "partners", "finance", "viewer"]
    assert [(one["username"], one["role"]) for one in users] == [(role, role) for role in roles]
    for one in users:
        browser = Client()
        form = {"username": one["username"], "password": one["password"], "next": "/admin/"}
        assert browser.post("/admin/login/", form).status_code == 302
        assert browser.get("/admin/orders/order/").status_code == 200
        is_owner = one["role"] == "owner"
        assert browser.get("/admin/auth/user/").status_code == (200 if is_owner else 403)
    assert not User.objects.filter(is_superuser=True).exists()
    # A file from before there were roles gets the missing ones, and keeps its passwords.
    older = json.loads(file.read_text())
    older["admin"]["users"] = [one for one in users if one["role"] in ("owner", "viewer")]
    file.write_text(json.dumps(older))
    User.objects.exclude(username__in=("owner", "viewer")).delete()
    User.objects.get(username="owner").groups.clear()
    load_demo(file=file, base_url="http://127.0.0.1:8000")
    again = json.loads(file.read_text())["admin"]["users"]
    assert [one["role"] for one in again] == roles
    assert (again[0], again[-1]) == (users[0], users[-1])
    assert User.objects.get(username="owner").groups.get().name == "owner"


@pytest.mark.django_db
def test_partners_that_sell_have_contracts(tmp_path: Path, settings: Any) -> None:
    settings.SESSION_HORIZON_DAYS = 1
    for _ in range(2):
        load_demo(file=tmp_path / "demo.json", base_url="http://127.0.0.1:8000")
        agreed = Contract.objects.holding_on(timezone.localdate()).order_by("partner__name")
        assert [(one.partner.name, one.rate, one.date_basis) for one in agreed] == [
            ("Paused Tours", "18 % of gross", "admitted"),
            ("Sunny Trips", "20 % of gross", "booked"),
            ("Ticket Harbour", "15 % of gross without VAT", "visit"),
        ]


@pytest.mark.django_db
def test_the_file_lists_test_keys_after_the_live_ones_and_keeps_them(
    tmp_path: Path, settings: Any
) -> None:
    settings.SESSION_HORIZON_DAYS = 1
    file = tmp_path / "demo.json"
    load_demo(file=file, base_url="http://127.0.0.1:8000")
    partners = json.loads(file.read_text())["partners"]
    assert [(one["name"], one["state"], one["testMode"]) for one in partners] == [
        ("Sunny Trips", "Active", False),
        ("Ticket Harbour", "Active", False),
        ("Paused Tours", "Paused", False),
        ("New Horizons", "Onboarding", False),
        ("Sunny Trips", "Active", True),
        ("New Horizons", "Onboarding", True),
    ]
    for one in partners[4:]:
        assert one["apiKey"].startswith("cm_test_")
        key = ApiKey.objects.select_related("partner").get(prefix=one["apiKey"][:14])
        tester = ApiClient(one["apiKey"], key.partner)
        assert tester.create({"itemNumber": "TEST-OK"})["testMode"] is True
    load_demo(file=file, base_url="http://127.0.0.1:8000")
    assert json.loads(file.read_text())["partners"] == partners
    # A file from before there were test keys gets them.
    older = json.loads(file.read_text())
    older["partners"] = partners[:4]
    file.write_text(json.dumps(older))
    load_demo(file=file, base_url="http://127.0.0.1:8000")
    again = json.loads(file.read_text())["partners"]
    assert again[:4] == partners[:4]
    assert [one["name"] for one in again[4:]] == ["Sunny Trips", "New Horizons"]


@pytest.mark.django_db
def test_a_lost_file_gets_keys_that_work_however_often_it_is_lost(
    tmp_path: Path, settings: Any
) -> None:
    settings.SESSION_HORIZON_DAYS = 1
    settings.DIALECT_WAIT_SECONDS = 0
    for number in range(3):
        file = tmp_path / f"{number}.json"
        load_demo(file=file, base_url="http://127.0.0.1:8000")
        if number == 0:
            create_key(partner=Partner.objects.get(name="Sunny Trips"), name="Mine")
    first = json.loads(file.read_text())["partners"][0]
    client = ApiClient(first["apiKey"], Partner.objects.get(pk=first["partnerId"]))
    assert client.get(f"/channelManager/orders/{first['partnerId']}").status_code == 200
    ordino = json.loads(file.read_text())["dialects"]["ordino"]
    packages = [{"package_id": number} for number in ordino["packageIds"]]
    body = {"guest_email": ordino["guest"], "packages": packages}
    sold = client.post(body, "/ordino/api/orders", x_api_key=ordino["apiKey"])
    assert sold.status_code == 200, sold.content
    bearer = {"x_api_key": "", "authorization": f"Bearer {ordino['guestToken']}"}
    assert client.get("/ordino/api/entitlements", **bearer).status_code == 200
    usable = ApiKey.objects.usable(timezone.now()).filter(partner=client.partner, test_mode=False)
    names = usable.order_by("dialect", "name").values_list("dialect", "name")
    assert list(names) == [
        ("", "Mine"),
        ("", "demo"),
        ("onebox", "demo"),
        ("openticket", "demo"),
        ("ordino", "demo"),
    ]


@pytest.mark.django_db
def test_the_file_has_what_a_shop_that_speaks_openticket_needs_and_keeps_it(
    tmp_path: Path, settings: Any
) -> None:
    settings.SESSION_HORIZON_DAYS = 1
    file = tmp_path / "demo.json"
    load_demo(file=file, base_url="http://127.0.0.1:8000")
    told = json.loads(file.read_text())["dialects"]["openticket"]
    shop, client = f"{told['path']}/{told['shopGuid']}", Client()
    tickets = client.get(f"{shop}/data").json()["tickets"]
    for guid, price in ((told["ticketGuid"], 3450), (told["freeTicketGuid"], 0)):
        assert (tickets[guid]["event_date_id"], tickets[guid]["min_price"]) == (
            *(told["eventDateGuid"], price),
        )
        made = client.get(f"{shop}/reserve/ticket/{guid}").json()
        assert [one["guid"] for one in made["products"]] == [guid, told["eventDateGuid"]]
    path = f"{told['path']}/shop/{told['shopGuid']}/payment_methods"
    token = {"authorization": f"Bearer {told['accessToken']}"}
    assert len(client.get(path, headers=token).json()) == 3
    load_demo(file=file, base_url="http://127.0.0.1:8000")
    assert json.loads(file.read_text())["dialects"]["openticket"] == told
    file.unlink()
    load_demo(file=file, base_url="http://127.0.0.1:8000")
    again = json.loads(file.read_text())["dialects"]["openticket"]
    assert again == {**told, "accessToken": again["accessToken"]}
    assert client.get(path, headers=token).status_code == 401
