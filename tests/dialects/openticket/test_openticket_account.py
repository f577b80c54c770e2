"""On account: the shop's partner is billed by statement, and nobody pays at our page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from orders.models import Checkout, LedgerEntry, Order, Payment
from partners.models import Dialect, Storefront
from tests.dialects.openticket.shop import GUID, Shop, checkout_of, entry, told
from tests.orders.expected import Like
from tests.orders.sessions import counters

pytestmark = pytest.mark.usefixtures("clock")
RETURN = Like(r"http\S+/openticket/[0-9a-f-]{36}/return/[0-9a-f-]{36}")


@pytest.fixture
def on_account(shop: Shop) -> Shop:
    """Our partner's shop, which sells on account."""
    Storefront.objects.filter(pk=shop.storefront.pk).update(sells_on_account=True)
    return shop


def bought(shop: Shop) -> Any:
    ticket = shop.ticket("Show")
    made = shop.reserve(ticket), shop.reserve(ticket)
    return shop.order(shop.body(*made, paymentProvider=shop.method("On account")))


def test_a_shop_that_sells_on_account_lists_nothing_else(
    on_account: Shop, rival_shop: Shop
) -> None:
    names = [one["name"] for one in on_account.methods_answer().json()]
    assert names == ["On account"]
    names = [one["name"] for one in rival_shop.methods_answer().json()]
    assert names == ["iDEAL", "Bancontact", "Credit card"]


def test_an_order_on_account_is_complete_at_once(
    on_account: Shop, issue: Callable[[str], Order]
) -> None:
    answer = bought(on_account)
    assert answer == {
        **told(),
        "redirectUrl": RETURN,
        "amount": 4900,
        "order_id": GUID,
    }
    checkout = checkout_of(answer)
    order = checkout.order
    assert order is not None
    assert (
        checkout.status,
        checkout.paid_amount,
        order.status,
        order.payment_reference,
        Payment.objects.count(),
    ) == ("Ordered", 49, "Submitted", f"account:{answer['order_id']}", 0)
    assert counters() == {"cinema 14:00": "0+2"}
    issued = issue(str(order.pk))
    page = on_account.client.get(answer["redirectUrl"])
    assert (page.status_code, page["Location"]) == (
        *(302, f"{settings.PUBLIC_URL}/m/{issued.token}"),
    )


def test_its_tickets_are_told_to_who_has_the_access_token(
    on_account: Shop, issue: Callable[[str], Order]
) -> None:
    answer = bought(on_account)
    issued = issue(str(checkout_of(answer).order_id))
    assets = issued.wallets.values_list("assets__reference_number", flat=True)
    sold = on_account.sold(answer["order_id"]).json()
    assert (sold["guid"], sold["status"]) == (answer["order_id"], "paid")
    assert [(one["ticket_guid"], one["status"]) for one in sold["tickets"]] == [
        (on_account.ticket("Show"), "valid"),
        (on_account.ticket("Show"), "valid"),
    ]
    assert sorted(one["ticket_number"] for one in sold["tickets"]) == sorted(assets)


def test_the_same_order_again_is_the_first_one(on_account: Shop) -> None:
    ticket = on_account.ticket("Show")
    body = on_account.body(
        on_account.reserve(ticket), paymentProvider=on_account.method("On account")
    )
    first = on_account.order(body)
    assert on_account.order(body) == first
    assert Order.objects.count() == 1


def test_the_ledger_has_the_sale_as_any_other(
    on_account: Shop, issue: Callable[[str], Order]
) -> None:
    order = issue(str(checkout_of(bought(on_account)).order_id))
    entries = LedgerEntry.objects.filter(order=order).values_list("kind", "gross", "quantity")
    assert list(entries) == [("sale", 24.5, 1), ("sale", 24.5, 1)]


def test_a_shop_that_does_not_sell_on_account_any_more_refuses_the_method(
    on_account: Shop,
) -> None:
    body = on_account.body(
        on_account.reserve(on_account.ticket("Show")),
        paymentProvider=on_account.method("On account"),
    )
    Storefront.objects.update(sells_on_account=False)
    response = on_account.order_answer(body)
    assert (response.status_code, response.json()) == (
        *(422, told(errors=[entry("unknown_payment_method", "/paymentProvider")])),
    )
    assert (Order.objects.count(), Checkout.objects.count()) == (0, 0)


def test_the_method_of_one_shop_means_nothing_to_another(
    on_account: Shop, rival_shop: Shop
) -> None:
    Storefront.objects.update(sells_on_account=True)
    body = rival_shop.body(
        rival_shop.reserve(rival_shop.ticket("Show")),
        paymentProvider=on_account.method("On account"),
    )
    assert rival_shop.order_answer(body).status_code == 422


@pytest.mark.parametrize("dialect", [Dialect.ORDINO, Dialect.ONEBOX])
def test_nothing_is_sold_on_account_where_no_guest_pays_at_our_page(
    shop: Shop, dialect: Dialect
) -> None:
    with pytest.raises(IntegrityError, match="on_account_where"), transaction.atomic():
        Storefront.objects.update(dialect=dialect, sells_on_account=True)
