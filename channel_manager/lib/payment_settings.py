"""Who takes the guests' money: read from the environment, complete or refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ImproperlyConfigured

SANDBOX, STRIPE, MOLLIE = "sandbox", "stripe", "mollie"
_PROVIDERS = "orders.payment.providers"
_DEFAULT_METHODS = "ideal:0,bancontact:0,creditcard:1.50"
# Every method that a guest may be offered, by the code that an installation names it by.
METHOD_NAMES: Mapping[str, str] = {
    "ideal": "iDEAL",
    "bancontact": "Bancontact",
    "creditcard": "Credit card",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class PaymentSettings:
    """The provider that live checkouts are paid at ("": none), and all that can be asked.

    costs: what paying by a method adds, by its code, in the venue's currency.
    variants: as django-payments wants them; providers of before are still asked about money.
    """

    provider: str
    costs: Mapping[str, Decimal]
    variants: Mapping[str, tuple[str, dict[str, Any]]]


def read(env: Any, *, in_production: bool) -> PaymentSettings:
    """Return the settings of payments; raises ImproperlyConfigured for what cannot work.

    Live checkouts are never paid at the sandbox in production; those of storefronts in test mode
    always are, wherever they are.
    """
    variants: dict[str, tuple[str, dict[str, Any]]] = {
        SANDBOX: (f"{_PROVIDERS}.sandbox.SandboxProvider", {})
    }
    stripe_key = env.str("STRIPE_API_KEY", default="")
    stripe_secret = env.str("STRIPE_WEBHOOK_SECRET", default="")
    if bool(stripe_key) != bool(stripe_secret):
        raise ImproperlyConfigured("Set both STRIPE_API_KEY and STRIPE_WEBHOOK_SECRET, or neither.")
    if stripe_key:
        given = {"api_key": stripe_key, "endpoint_secret": stripe_secret}
        variants[STRIPE] = (f"{_PROVIDERS}.stripe.StripeProvider", given)
    if mollie_key := env.str("MOLLIE_API_KEY", default=""):
        variants[MOLLIE] = (f"{_PROVIDERS}.mollie.MollieProvider", {"api_key": mollie_key})
    provider = env.str("PAYMENT_PROVIDER", default="" if in_production else SANDBOX)
    if provider not in ("", SANDBOX, STRIPE, MOLLIE):
        raise ImproperlyConfigured(
            f"PAYMENT_PROVIDER is {provider}; it must be sandbox, stripe or mollie."
        )
    if provider == SANDBOX and in_production:
        raise ImproperlyConfigured(
            "PAYMENT_PROVIDER is sandbox: tickets would be given away. Name stripe or mollie."
        )
    if provider and provider not in variants:
        raise ImproperlyConfigured(
            f"PAYMENT_PROVIDER is {provider}, but its secrets are not set (README, Payments)."
        )
    return PaymentSettings(
        provider=provider,
        costs=_costs(env.str("PAYMENT_METHODS", default=_DEFAULT_METHODS)),
        variants=variants,
    )


def _costs(text: str) -> dict[str, Decimal]:
    """Read `ideal:0,creditcard:1.50`."""
    costs: dict[str, Decimal] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        code, _, cost = part.partition(":")
        try:
            costs[code] = Decimal(cost or "0")
        except InvalidOperation:
            costs[code] = Decimal(-1)
        if code not in METHOD_NAMES or not (costs[code].is_finite() and 0 <= costs[code] <= 1000):
            raise ImproperlyConfigured(
                f"PAYMENT_METHODS has {part}; write {_DEFAULT_METHODS}, or some of them."
            )
    if not costs:
        raise ImproperlyConfigured("PAYMENT_METHODS names no method.")
    return costs
