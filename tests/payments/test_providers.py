"""Mollie and Stripe by configuration: begun, notified, asked about and given up over real HTTP."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from payments.core import PROVIDER_CACHE

from channel_manager.lib.payment_settings import PaymentSettings
from orders import paying
from orders.models import Checkout, Payment
from orders.payment.providers.base import ProviderAway
from partners.models import Venue
from tests.fakes.payment_apis import PaymentApi, running_payment_api
from tests.orders.expected import NOON, Clock
from tests.payments.buying import begun, start

SECRET = "whsec_test"
State = Callable[[Checkout], str]


@pytest.fixture
def api_of(settings: Any) -> Iterator[Callable[[str], PaymentApi]]:
    """Have live checkouts paid at a provider, whose API is a fake."""
    with running_payment_api() as api:

        def configure(provider: str) -> PaymentApi:
            given = {"api_key": "key_live", "base": api.url}
            if provider == "stripe":
                given["endpoint_secret"] = SECRET
            path = f"orders.payment.providers.{provider}.{provider.title()}Provider"
            settings.PAYMENT_VARIANTS = {**settings.PAYMENT_VARIANTS, provider: (path, given)}
            settings.PAYMENTS = PaymentSettings(
                provider=provider,
                costs={"ideal": Decimal(0)},
                variants=settings.PAYMENT_VARIANTS,
            )
            settings.OUTBOUND_ALLOW_LOOPBACK = True
            return api

        yield configure
        for name in ("mollie", "stripe"):
            PROVIDER_CACHE.pop(name, None)


@pytest.fixture(params=["mollie", "stripe"])
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def api(api_of: Callable[[str], PaymentApi], provider: str) -> PaymentApi:
    return api_of(provider)


@pytest.fixture
def payment(api: PaymentApi, checkout: Checkout) -> Payment:
    checkout.payment_method = "ideal"
    checkout.save(update_fields=["payment_method"])
    return begun(start(checkout, NOON), NOON)


def pay(api: PaymentApi, payment: Payment) -> None:
    """Have the guest pay at the provider."""
    api.payments[payment.transaction_id].update(
        {"status": "paid"}
        if payment.variant == "mollie"
        else {"status": "complete", "payment_status": "paid"}
    )


def stripe_event(api: PaymentApi, payment: Payment, kind: str = "completed") -> bytes:
    session = api.payments[payment.transaction_id]
    event = {"object": "event", "type": f"checkout.session.{kind}", "data": {"object": session}}
    return json.dumps(event).encode()


def stripe_signature(body: bytes, secret: str = SECRET, at: float | None = None) -> str:
    stamp = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


def notify(client: Client, api: PaymentApi, payment: Payment) -> Any:
    if payment.variant == "mollie":
        return client.post("/pay/notify/mollie", {"id": payment.transaction_id})
    body = stripe_event(api, payment)
    headers = {"stripe-signature": stripe_signature(body)}
    path = "/pay/notify/stripe"
    return client.post(path, body, content_type="application/json", headers=headers)


@pytest.mark.parametrize(
    ("provider", "spoken", "locale"), [("mollie", "de-AT", "de_DE"), ("stripe", "", "nl")]
)
def test_a_provider_speaks_the_guests_language_else_the_venues(
    api_of: Callable[[str], PaymentApi],
    checkout: Checkout,
    provider: str,
    spoken: str,
    locale: str,
) -> None:
    api = api_of(provider)
    Venue.objects.update(language="nl")
    Checkout.objects.update(buyer_language=spoken)
    begun(start(Checkout.objects.get(pk=checkout.pk), NOON), NOON)
    ((_, _, asked),) = api.asked
    assert asked["locale"] == locale


def test_mollie_is_asked_for_a_payment_page(
    api_of: Callable[[str], PaymentApi], checkout: Checkout
) -> None:
    api = api_of("mollie")
    checkout.payment_method = "ideal"
    checkout.save(update_fields=["payment_method"])
    payment = begun(start(checkout, NOON), NOON)
    assert payment.url == f"https://pay.example/{payment.transaction_id}"
    page = f"http://127.0.0.1:8000/pay/{payment.token}"
    assert api.asked == [
        (
            "POST",
            "/v2/payments",
            {
                "amount": {"currency": "EUR", "value": "24.00"},
                "description": checkout.code,
                "redirectUrl": f"{page}/return",
                "webhookUrl": "http://127.0.0.1:8000/pay/notify/mollie",
                "locale": "nl_NL",
                "metadata": {"token": payment.token},
                "method": "ideal",
            },
        )
    ]
    assert api.headers[0]["authorization"] == "Bearer key_live"
    assert api.headers[0]["idempotency-key"] == payment.token


def test_stripe_is_asked_for_a_payment_page(
    api_of: Callable[[str], PaymentApi], checkout: Checkout
) -> None:
    api = api_of("stripe")
    checkout.payment_method = "creditcard"
    checkout.save(update_fields=["payment_method"])
    payment = begun(start(checkout, NOON), NOON)
    assert payment.url == f"https://pay.example/{payment.transaction_id}"
    page = f"http://127.0.0.1:8000/pay/{payment.token}"
    assert api.asked == [
        (
            "POST",
            "/v1/checkout/sessions",
            {
                "mode": "payment",
                "client_reference_id": payment.token,
                "success_url": f"{page}/return",
                "cancel_url": f"{page}/return",
                "locale": "nl",
                "line_items[0][quantity]": "1",
                "line_items[0][price_data][currency]": "eur",
                "line_items[0][price_data][unit_amount]": "2400",
                "line_items[0][price_data][product_data][name]": checkout.code,
                "payment_method_types[0]": "card",
            },
        )
    ]


def test_a_payment_is_begun_once(api: PaymentApi, payment: Payment) -> None:
    assert paying.begin(payment_id=payment.pk, now=NOON) == payment.url
    assert len(api.asked) == 1


def test_a_notification_makes_the_order_once(
    client: Client, api: PaymentApi, payment: Payment, checkout: Checkout, state: State
) -> None:
    pay(api, payment)
    assert notify(client, api, payment).json() == {"effect": "paid"}
    assert notify(client, api, payment).json() == {"effect": "unchanged"}
    assert state(checkout) == "Ordered"
    checkout.refresh_from_db()
    assert checkout.paid_amount == 24
    assert checkout.order is not None
    assert checkout.order.payment_reference == payment.transaction_id


def test_what_nobody_told_us_is_found_by_asking(
    api: PaymentApi, payment: Payment, checkout: Checkout, state: State, clock: Clock
) -> None:
    pay(api, payment)
    paying.recheck(checkout_id=checkout.pk, now=clock.forward(seconds=20))
    assert state(checkout) == "Ordered"


def test_a_session_whose_payment_failed_later_is_found_by_asking(
    api_of: Callable[[str], PaymentApi], checkout: Checkout, state: State
) -> None:
    api = api_of("stripe")
    payment = begun(start(checkout, NOON), NOON)
    api.payments[payment.transaction_id] |= {
        "status": "complete",
        "payment_intent": {"status": "requires_payment_method"},
    }
    paying.recheck(checkout_id=checkout.pk, now=NOON)
    assert state(checkout) == "Cancelled"


@pytest.mark.parametrize(
    ("kind", "changed", "effect"),
    [
        ("completed", {"status": "complete"}, "unchanged"),
        ("async_payment_failed", {"status": "complete"}, "ended"),
        ("expired", {"status": "expired"}, "ended"),
        ("completed", {"payment_status": "paid", "amount_total": 1000}, "partly_paid"),
        ("completed", {"payment_status": "paid", "currency": "usd"}, "kept_for_staff"),
        ("created", {}, "ignored"),
    ],
)
def test_stripe_says_more_than_paid(
    client: Client,
    api_of: Callable[[str], PaymentApi],
    checkout: Checkout,
    kind: str,
    changed: dict[str, Any],
    effect: str,
) -> None:
    api = api_of("stripe")
    payment = begun(start(checkout, NOON), NOON)
    api.payments[payment.transaction_id] |= changed
    body = stripe_event(api, payment, kind)
    headers = {"stripe-signature": stripe_signature(body)}
    answer = client.post(
        "/pay/notify/stripe", body, content_type="application/json", headers=headers
    )
    assert answer.json() == {"effect": effect}


def test_stripe_events_that_stripe_did_not_sign_are_refused(
    client: Client, api_of: Callable[[str], PaymentApi], checkout: Checkout, state: State
) -> None:
    api = api_of("stripe")
    payment = begun(start(checkout, NOON), NOON)
    pay(api, payment)
    body = stripe_event(api, payment)
    old = stripe_signature(body, at=time.time() - 400)
    for signature in ("", "t=,v1=", old, stripe_signature(body, "whsec_other"), "é", "t=1,v1=é"):
        answer = client.post(
            "/pay/notify/stripe",
            body,
            content_type="application/json",
            headers={"stripe-signature": signature},
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    for body in (b"{}", b"[]", b"1", b"\xff", b'{"type": "checkout.session.completed"}'):
        headers = {"stripe-signature": stripe_signature(body)}
        answer = client.post(
            "/pay/notify/stripe", body, content_type="application/json", headers=headers
        )
        assert answer.status_code in (400, 401)
    assert state(checkout) == "AwaitingPayment"


def test_mollie_is_asked_and_not_believed(
    client: Client, api_of: Callable[[str], PaymentApi], checkout: Checkout, state: State
) -> None:
    api = api_of("mollie")
    payment = begun(start(checkout, NOON), NOON)
    assert notify(client, api, payment).json() == {"effect": "unchanged"}
    assert state(checkout) == "AwaitingPayment"
    assert client.post("/pay/notify/mollie", {"id": "tr_other"}).status_code == 404
    assert client.post("/pay/notify/mollie", {}).status_code == 400
    assert client.post("/pay/notify/mollie", {"id": "\0"}).status_code == 400


def test_a_provider_that_is_away_is_asked_again_later(
    client: Client,
    api: PaymentApi,
    payment: Payment,
    checkout: Checkout,
    state: State,
    clock: Clock,
    provider: str,
) -> None:
    pay(api, payment)
    api.status = 503
    paying.recheck(checkout_id=checkout.pk, now=NOON)
    if provider == "mollie":
        assert notify(client, api, payment).json() == {"effect": "asked_again_later"}
    clock.forward(seconds=30)
    assert paying.recheck_due(clock=clock) == 1
    assert state(checkout) == "AwaitingPayment"
    api.status = 200
    clock.forward(seconds=30)
    assert paying.recheck_due(clock=clock) == 1
    assert state(checkout) == "Ordered"
    clock.forward(hours=2)
    assert paying.recheck_due(clock=clock) == 0


def test_a_payment_that_cannot_be_begun_tells_the_guest(
    client: Client, api: PaymentApi, checkout: Checkout
) -> None:
    api.status = 500
    payment = start(checkout, NOON)
    answer = client.post(f"/pay/{payment.token}")
    assert answer.status_code == 200
    assert "De betaaldienst antwoordt op dit moment niet." in answer.content.decode()
    with pytest.raises(ProviderAway):
        paying.begin(payment_id=payment.pk, now=NOON)
    api.status = 200
    assert client.post(f"/pay/{payment.token}").headers["Location"].startswith("https://pay.ex")


def test_a_checkout_that_ended_can_be_paid_no_more_and_late_money_is_seen(
    api: PaymentApi, payment: Payment, checkout: Checkout, state: State, clock: Clock
) -> None:
    paying.checkouts.expire_checkouts(now=clock.forward(minutes=9))
    assert paying.recheck_due(clock=clock) == 1
    assert api.payments[payment.transaction_id]["status"] in ("canceled", "expired")
    assert Payment.objects.get().status == "cancelled"
    assert state(checkout) == "Expired"


def test_money_that_came_when_the_checkout_had_ended_is_kept_for_staff(
    api: PaymentApi, payment: Payment, checkout: Checkout, state: State, clock: Clock
) -> None:
    pay(api, payment)
    paying.checkouts.expire_checkouts(now=clock.forward(minutes=9))
    assert paying.recheck_due(clock=clock) == 1
    assert state(checkout) == "PaidLate"


def test_nobody_is_asked_about_a_payment_for_ever(
    api: PaymentApi, payment: Payment, clock: Clock
) -> None:
    api.payments[payment.transaction_id]["status"] = "complete"  # neither open nor paid
    if payment.variant == "mollie":
        api.payments[payment.transaction_id]["status"] = "pending"
    looks = 0
    for _ in range(200):
        clock.forward(hours=1)
        looks += paying.recheck_due(clock=clock)
    assert 60 < looks < 80
    assert Payment.objects.get().next_check_at is None


def test_the_last_look_is_just_before_the_places_go(
    api: PaymentApi, payment: Payment, clock: Clock
) -> None:
    clock.forward(minutes=7, seconds=20)
    paying.recheck_due(clock=clock)
    assert Payment.objects.get().next_check_at == NOON + datetime.timedelta(minutes=7, seconds=48)
