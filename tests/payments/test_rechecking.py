"""Looking after the payments under way: little time, one run, and no provider that is away."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import connection

from catalog.models import Package, Session
from orders import paying
from orders.models import Payment
from orders.payment.providers.base import ProviderAway
from orders.payment.providers.sandbox import SandboxProvider
from partners.models import Storefront
from tests.orders.expected import NOON, Clock
from tests.payments.buying import ask_payment, begun, reserve, start

SECONDS = 4


@pytest.fixture
def five(storefront: Storefront, show: Package, matinee: Session, clock: Clock) -> list[Payment]:
    """Five payments under way, which are due to be asked about."""
    made = [
        begun(start(ask_payment(reserve(storefront, show, matinee, NOON, 1), NOON), NOON), NOON)
        for _ in range(5)
    ]
    clock.forward(seconds=30)
    return made


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> list[str]:
    """A provider that answers after so many seconds; what it was asked about."""
    asked: list[str] = []
    answer = SandboxProvider.ask

    def ask(self: Any, payment: Payment) -> Any:
        asked.append(payment.transaction_id)
        clock.forward(seconds=SECONDS)
        return answer(self, payment)

    monkeypatch.setattr(SandboxProvider, "ask", ask)
    return asked


def test_a_run_ends_after_ten_seconds_and_the_next_one_goes_on(
    five: list[Payment], slow: list[str], clock: Clock
) -> None:
    began = clock.now
    assert paying.recheck_due(clock=clock) == 3
    assert clock.now - began == datetime.timedelta(seconds=3 * SECONDS)
    assert paying.recheck_due(clock=clock) == 2
    assert sorted(slow) == sorted(payment.transaction_id for payment in five)
    assert {payment.checked_at for payment in Payment.objects.all()} == {
        began + datetime.timedelta(seconds=n * SECONDS) for n in range(5)
    }


def test_a_provider_that_is_away_is_asked_once_in_a_run(
    five: list[Payment], monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    asked = []

    def away(self: Any, payment: Payment) -> Any:
        asked.append(payment.pk)
        raise ProviderAway("It hangs.")

    monkeypatch.setattr(SandboxProvider, "ask", away)
    assert [paying.recheck_due(clock=clock) for _ in range(6)] == [1, 1, 1, 1, 1, 0]
    assert sorted(asked) == sorted(payment.pk for payment in five)


def test_a_run_that_is_under_way_is_the_only_one(five: list[Payment], clock: Clock) -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [paying._RUN_LOCK])
            assert paying.recheck_due(clock=clock) == 0
            cursor.execute("SELECT pg_advisory_unlock(%s)", [paying._RUN_LOCK])
    finally:
        other.close()
    assert paying.recheck_due(clock=clock) == 5
    assert paying.recheck_due(clock=clock) == 0
