"""What the sandbox notifies us of: any number of times, in any order, late, wrong or forged."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django.live_server_helper import LiveServer
from standardwebhooks import Webhook

from orders import checkouts
from orders.models import Checkout, Order, Payment, SandboxStatus
from orders.payment.providers import sandbox
from orders.queueing import NOTIFY_TASK
from tests.orders.expected import NOON, Clock
from tests.payments.buying import KEPT

Tell = Callable[..., Any]
PATH = "/pay/notify/sandbox"


def signed(body: str, signer: Webhook | None = None) -> dict[str, str]:
    at = datetime.datetime.now(datetime.UTC)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": (signer or sandbox._signer()).sign("msg_1", at, body),
    }


@pytest.fixture
def tell(client: Client, under_way: Payment) -> Tell:
    """Notify us of the payment under way; what is told can be changed member by member."""

    def notify(status: str = "paid", paid: str = "24.00", **members: Any) -> Any:
        said = {"id": under_way.transaction_id, "status": status, "paid": paid, "currency": "EUR"}
        body = json.dumps({**said, **members})
        answer = client.post(PATH, body, content_type="application/json", headers=signed(body))
        return answer.status_code, answer.json().get("effect") or answer.json()["code"]

    return notify


def standing(checkout: Checkout) -> tuple[str, Decimal, int]:
    checkout = Checkout.objects.get(pk=checkout.pk)
    return checkout.status, checkout.paid_amount, Order.objects.count()


def test_a_paid_checkout_becomes_one_order_however_often_it_is_told(
    tell: Tell, checkout: Checkout
) -> None:
    assert tell() == (200, "paid")
    assert [tell(), tell()] == [(200, "unchanged")] * 2
    assert standing(checkout) == ("Ordered", Decimal(24), 1)


@pytest.mark.parametrize("older", ["open", "pending", "failed", "cancelled"])
def test_an_older_word_changes_nothing_of_a_paid_checkout(
    tell: Tell, checkout: Checkout, older: str
) -> None:
    tell()
    assert tell(older, "0") == (200, "unchanged")
    assert standing(checkout) == ("Ordered", Decimal(24), 1)


def test_a_pending_payment_goes_on_waiting(tell: Tell, checkout: Checkout) -> None:
    assert tell("pending", "0") == (200, "unchanged")  # begun, as it was
    assert standing(checkout) == ("AwaitingPayment", Decimal(0), 0)


@pytest.mark.parametrize(("said", "payment_status"), [("failed", "rejected"), ("cancelled",) * 2])
def test_a_payment_that_ends_without_money_gives_the_places_back(
    tell: Tell, checkout: Checkout, said: str, payment_status: str
) -> None:
    assert tell(said, "0") == (200, "ended")
    assert standing(checkout) == ("Cancelled", Decimal(0), 0)
    assert Payment.objects.get().status == payment_status
    assert set(checkout.items.values_list("hold__status", flat=True)) == {"Released"}


def test_money_after_a_failure_is_kept_for_staff(tell: Tell, checkout: Checkout) -> None:
    tell("failed", "0")
    assert tell() == (200, "kept_for_staff")
    assert standing(checkout) == ("PaidLate", Decimal(24), 0)


def test_money_after_the_places_were_given_up_is_kept_for_staff(
    tell: Tell, checkout: Checkout, clock: Clock
) -> None:
    late = clock.forward(minutes=8, seconds=1)
    checkouts.expire_checkouts(now=late)
    assert tell() == (200, "kept_for_staff")
    assert tell() == (200, "unchanged")
    assert standing(checkout) == ("PaidLate", Decimal(24), 0)


def test_money_in_the_last_moment_makes_the_order(
    tell: Tell, checkout: Checkout, clock: Clock
) -> None:
    clock.forward(minutes=7, seconds=59)
    assert tell() == (200, "paid")
    assert standing(checkout) == ("Ordered", Decimal(24), 1)


def test_less_than_is_due_is_a_part_until_the_rest_comes(tell: Tell, checkout: Checkout) -> None:
    assert tell("paid", "10.00") == (200, "partly_paid")
    assert standing(checkout) == ("PartlyPaid", Decimal(10), 0)
    assert tell("pending", "10.00") == (200, "unchanged")
    assert tell("failed", "0") == (200, "unchanged")
    assert tell() == (200, "paid")
    assert standing(checkout) == ("Ordered", Decimal(24), 1)


def test_more_than_is_due_is_paid_and_noted(tell: Tell, checkout: Checkout) -> None:
    assert tell("paid", "25.50") == (200, "paid")
    assert standing(checkout) == ("Ordered", Decimal("25.50"), 1)
    assert Payment.objects.get().message == "1.50 EUR more was paid than was due."


def test_more_that_comes_after_the_order_is_noted(tell: Tell, checkout: Checkout) -> None:
    tell()
    assert tell("paid", "48.00") == (200, "paid")
    assert standing(checkout) == ("Ordered", Decimal(48), 1)


def test_the_rest_of_a_late_payment_is_kept_with_its_part(
    tell: Tell, checkout: Checkout, clock: Clock
) -> None:
    tell("pending", "10.00")
    checkouts.expire_checkouts(now=clock.forward(seconds=KEPT.total_seconds()))
    assert standing(checkout) == ("PaidLate", Decimal(10), 0)
    assert tell() == (200, "kept_for_staff")
    assert standing(checkout) == ("PaidLate", Decimal(24), 0)


def test_money_after_staff_settled_waits_for_them_again(
    tell: Tell, checkout: Checkout, clock: Clock
) -> None:
    tell("pending", "10.00")
    checkouts.expire_checkouts(now=clock.forward(minutes=9))
    checkouts.settle(checkout_id=checkout.pk, reason="Sent back.", now=clock.now, actor="staff:1")
    assert tell() == (200, "kept_for_staff")
    assert standing(checkout) == ("PaidLate", Decimal(24), 0)


def test_another_currency_is_kept_for_staff(tell: Tell, checkout: Checkout) -> None:
    assert tell(currency="USD") == (200, "kept_for_staff")
    assert tell(currency="USD") == (200, "unchanged")
    assert standing(checkout) == ("PaidLate", Decimal(0), 0)
    assert Checkout.objects.get().status_message == "24.00 USD was paid, but 24.00 EUR is due."


@pytest.mark.parametrize(
    "members",
    [
        {"status": "splendid"},
        {"paid": "a lot"},
        {"paid": "NaN"},
        {"paid": "-5"},
        {"paid": "9" * 40},
        {"paid": None},
        {"currency": None, "paid": [1]},
    ],
)
def test_what_cannot_be_read_is_refused(
    tell: Tell, checkout: Checkout, members: dict[str, Any]
) -> None:
    assert tell(**members) == (400, "invalid_request")
    assert standing(checkout) == ("AwaitingPayment", Decimal(0), 0)


@pytest.mark.parametrize("reference", ["sb_unknown", "", "\0", "x" * 5000])
def test_an_unknown_payment_is_not_found(tell: Tell, reference: str) -> None:
    assert tell(id=reference) == (404, "not_found")


def test_a_forged_notification_changes_nothing(
    client: Client, under_way: Payment, checkout: Checkout
) -> None:
    body = json.dumps(
        {"id": under_way.transaction_id, "status": "paid", "paid": "24.00", "currency": "EUR"}
    )
    forged = signed(body, Webhook("Zm9yZ2VkIGZvcmdlZCBmb3JnZWQ="))
    old = {**signed(body), "webhook-timestamp": "1600000000"}
    for headers in (forged, old, {}, {**signed(body), "webhook-signature": "v1,é"}):
        answer = client.post(PATH, body, content_type="application/json", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    for body in ("[]", "1", "{", ""):
        answer = client.post(PATH, body, content_type="application/json", headers=signed(body))
        assert answer.status_code in (400, 401)
    assert standing(checkout) == ("AwaitingPayment", Decimal(0), 0)


def test_only_configured_providers_may_notify(client: Client, db: None) -> None:
    assert client.post("/pay/notify/paypal").status_code == 404
    assert client.post("/pay/notify/mollie", {"id": "tr_1"}).status_code == 404
    assert client.get(PATH).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_the_sandbox_notifies_our_own_address_by_a_job(
    live_server: LiveServer, under_way: Payment, checkout: Checkout, settings: Any
) -> None:
    settings.PUBLIC_URL, settings.OUTBOUND_ALLOW_LOOPBACK = live_server.url, True
    sandbox.choose(reference=under_way.transaction_id, status=SandboxStatus.PAID, paid=Decimal(24))
    # Those of other tests, which commit as this one does, may be there still.
    job = ProcrastinateJob.objects.get(
        task_name=NOTIFY_TASK, args__body__icontains=under_way.transaction_id
    )
    assert standing(checkout) == ("AwaitingPayment", Decimal(0), 0)
    for _ in range(2):
        sandbox.notify(body=job.args["body"], now=datetime.datetime.now(datetime.UTC))
    assert standing(checkout) == ("Ordered", Decimal(24), 1)
    with pytest.raises(sandbox.NotificationRefused, match="answered with 401"):
        sandbox.notify(body=job.args["body"], now=NOON - datetime.timedelta(days=9))
