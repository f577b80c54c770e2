"""Who takes the money is complete and fit for production, or nothing starts."""

from __future__ import annotations

from decimal import Decimal

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from channel_manager.lib.payment_settings import PaymentSettings, read

STRIPE = {"STRIPE_API_KEY": "sk_live_x", "STRIPE_WEBHOOK_SECRET": "whsec_x"}


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("PAYMENT_PROVIDER", "PAYMENT_METHODS", "MOLLIE_API_KEY", *STRIPE)
    for name in names:
        monkeypatch.delenv(name, raising=False)


def settings_of(
    monkeypatch: pytest.MonkeyPatch, *, in_production: bool = True, **given: str
) -> PaymentSettings:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return read(environ.Env(), in_production=in_production)


def test_a_sandbox_takes_the_place_of_a_provider_but_in_production(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert settings_of(monkeypatch, in_production=False).provider == "sandbox"
    assert settings_of(monkeypatch).provider == ""
    assert set(settings_of(monkeypatch).variants) == {"sandbox"}


def test_a_provider_has_its_secrets_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings_of(monkeypatch, PAYMENT_PROVIDER="stripe", MOLLIE_API_KEY="live_x", **STRIPE)
    assert found.provider == "stripe"
    assert found.variants["stripe"] == (
        "orders.payment.providers.stripe.StripeProvider",
        {"api_key": "sk_live_x", "endpoint_secret": "whsec_x"},
    )
    assert found.variants["mollie"] == (
        "orders.payment.providers.mollie.MollieProvider",
        {"api_key": "live_x"},
    )


def test_what_methods_add_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings_of(monkeypatch, PAYMENT_METHODS=" creditcard:2.25, ideal")
    assert found.costs == {"creditcard": Decimal("2.25"), "ideal": Decimal(0)}


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"PAYMENT_PROVIDER": "sandbox"}, "tickets would be given away"),
        ({"PAYMENT_PROVIDER": "stripe"}, "its secrets are not set"),
        ({"PAYMENT_PROVIDER": "mollie"}, "its secrets are not set"),
        ({"PAYMENT_PROVIDER": "paypal"}, "it must be sandbox, stripe or mollie"),
        ({"STRIPE_API_KEY": "sk_live_x"}, "Set both STRIPE_API_KEY and STRIPE_WEBHOOK_SECRET"),
        ({"PAYMENT_METHODS": "cheque:1"}, "PAYMENT_METHODS has cheque:1"),
        ({"PAYMENT_METHODS": "ideal:-1"}, "PAYMENT_METHODS has ideal:-1"),
        ({"PAYMENT_METHODS": "ideal:nan"}, "PAYMENT_METHODS has ideal:nan"),
        ({"PAYMENT_METHODS": "ideal:free"}, "PAYMENT_METHODS has ideal:free"),
        ({"PAYMENT_METHODS": " , "}, "names no method"),
    ],
)
def test_what_cannot_work_in_production_does_not_start(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], complaint: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=complaint):
        settings_of(monkeypatch, **given)
