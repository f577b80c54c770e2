"""What lists may be filtered by: what their filters offer, and nothing that would tell more."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client, RequestFactory

from channel_manager.lib.admin.base import StaffAdmin
from orders.models import Order, OrderEvent
from tests.conftest import ApiClient
from tests.staff import person, signed_in, text_of
from wallets.models import Wallet

pytestmark = pytest.mark.django_db

# Names and addresses of guests, what opens their tickets, and what opens the product.
KEPT_BACK = {
    "sell_to_name",
    "sell_to_email",
    "name",
    "names",
    "token",
    "key_hash",
    "password",
    "secret",
    "body",
}
GUESSES = ("", "__startswith", "__gte", "__iregex", "__regex", "__contains", "__in")


@pytest.fixture
def owner(db: None) -> Client:
    """The browser of somebody who may do everything."""
    return signed_in(User.objects.create_superuser("owner"))


def test_no_list_answers_guesses_at_what_is_kept_back() -> None:
    request = RequestFactory().get("/admin/")
    request.user = person("owner")
    told = [
        f"{model.__name__}.{field.name}{guess}"
        for model, model_admin in admin.site._registry.items()
        if isinstance(model_admin, StaffAdmin)
        for field in model._meta.concrete_fields
        if field.name in KEPT_BACK and model is not OrderEvent  # its name is what happened
        for guess in GUESSES
        if model_admin.lookup_allowed(f"{field.name}{guess}", "a", request)
    ]
    assert told == []


def test_no_column_is_compared_by_its_parts(api: ApiClient) -> None:
    order = Order.objects.get(pk=api.create()["orderId"])
    wallet = Wallet.objects.get()
    browser = signed_in(person("clerk", "orders.view_order", "wallets.view_wallet"))
    for path, query in (
        ("orders/order", f"token__startswith={order.token[0]}"),
        ("orders/order", "sell_to_name__regex=("),
        ("orders/order", "partner__name__startswith=S"),
        ("orders/order", "status__regex=("),
        ("orders/order", f"pk={order.pk}"),
        ("wallets/wallet", f"token__gte={wallet.token}"),
        ("wallets/wallet", f"order__token={order.token}"),
    ):
        answer = browser.get(f"/admin/{path}/?{query}")
        assert (query, answer.status_code) == (query, 400)
    assert (
        browser.get(f"/admin/orders/order/?partner__id__exact={api.partner.pk}").status_code == 200
    )


def test_what_cannot_be_read_is_refused_in_the_admins_own_words(
    api: ApiClient, owner: Client
) -> None:
    api.create()
    for path in (
        "orders/order/?cause=%00",
        "orders/batch/start/?cause=%00",
        "autocomplete/?app_label=catalog&model_name=packagemapping&field_name=package&term=%00",
        "catalog/packagemapping/add/?partner=abc",
        "catalog/allotment/add/?partner=abc",
    ):
        answer = owner.get(f"/admin/{path}")
        assert (path, answer.status_code in {200, 400}) == (path, True)
    chosen = {"action": "cancel_chosen", "_selected_action": "abc"}
    refused = owner.post("/admin/orders/order/", chosen)
    assert refused.status_code in {302, 400}


def test_a_fault_of_ours_is_told_in_the_admins_own_words(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.raise_request_exception = False
    monkeypatch.setattr("orders.admin.orders.find_orders", lambda *_: 1 / 0)
    answer = owner.get("/admin/orders/order/?q=x")
    assert answer.status_code == 500
    assert "Something went wrong" in text_of(answer)
    assert "Sign out" in text_of(answer) or "Log out" in text_of(answer)
