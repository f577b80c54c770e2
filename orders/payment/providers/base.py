"""What every payment provider can do here, on top of what django-payments asks of one."""

from __future__ import annotations

import dataclasses
import enum
from decimal import Decimal
from typing import Any, ClassVar, NoReturn, cast

from django.http import HttpRequest
from payments import RedirectNeeded
from payments.core import BasicProvider, provider_factory

from channel_manager.lib.errors import ErrorCode, Refusal
from orders.models import Payment


class ProviderAway(Exception):
    """The provider did not answer, or not as it should; asking again later may help."""


class ForgedNotification(Refusal):
    """The notification is not signed as the provider signs."""

    code = ErrorCode.UNAUTHENTICATED


class Standing(enum.StrEnum):
    """How a payment stands, whoever the provider is."""

    OPEN = "open"
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """What a provider says of a payment; `paid` is all that has come so far, in `currency`."""

    standing: Standing
    paid: Decimal
    currency: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Notification:
    """What a provider's notification names; without a report the provider is to be asked.

    transaction_id or token: what it names the payment by.
    """

    transaction_id: str = ""
    token: str = ""
    report: Report | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Begun:
    """A payment that a provider has begun: what it calls it, and its page for the guest."""

    transaction_id: str
    url: str


class HostedProvider(BasicProvider):  # type: ignore[misc]  # the library is not typed
    """A provider with a payment page of its own, that notifies us and can be asked."""

    # What a page of ours may lead to by a form, beside our own host.
    form_action: ClassVar[str] = "https:"

    def get_form(self, payment: Payment, data: Any = None) -> NoReturn:
        """Begin the payment; always raises RedirectNeeded, or ProviderAway. No transaction is open."""
        begun = self.begin(payment)
        payment.transaction_id, payment.url = begun.transaction_id, begun.url
        raise RedirectNeeded(begun.url)

    def begin(self, payment: Payment) -> Begun:
        """Begin a payment; the same for a payment that was begun before. Raises ProviderAway."""
        raise NotImplementedError

    def ask(self, payment: Payment) -> Report:
        """Ask how a payment stands; raises ProviderAway."""
        raise NotImplementedError

    def give_up(self, payment: Payment) -> None:
        """Let nobody pay it any more, where the provider can do that; raises ProviderAway."""
        raise NotImplementedError

    def read_notification(self, request: HttpRequest) -> Notification | None:
        """Return what a notification says; None for one that says nothing of a payment.

        Raises ForgedNotification, InvalidRequest.
        """
        raise NotImplementedError


def provider_of(variant: str, payment: Payment | None = None) -> HostedProvider:
    """Return a provider by its name; raises ValueError for one that is not configured."""
    return cast("HostedProvider", provider_factory(variant, payment))
