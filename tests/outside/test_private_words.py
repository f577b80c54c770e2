"""What names a guest is not kept or logged, though another system repeats it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from channel_manager.history.models import Event
from orders.models import Order
from orders.outside.reading_back import read_due
from orders.outside.wishes import private_words
from tests.conftest import ApiClient
from tests.orders.expected import Clock
from tests.outside.playhouse import PlayhouseConnector
from wallets.connectors.base import Cause, ConnectorError
from wallets.connectors.exchange import masked, quote
from wallets.models import ConnectorOutcome, OutsideOrder

Work = Callable[[Any], Order]
SHOW = {"itemNumber": "SHOW", "visitDate": "2026-11-23"}
GUEST = {"sellToName": "Annelies de Vries-Bo", "sellToEmail": "annelies@example.org"}
SAID = "It knows ANNELIES DE VRIES-BO (de Vries-Bo, Annelies; Annelies@example.org) already."
HIDDEN = "It knows (the guest) ((the guest), (the guest); (the guest)) already."


def refuse(*_: Any) -> Any:
    raise ConnectorError(Cause.REFUSED, SAID, permanent=True)


def written_down() -> str:
    """Return all that is kept of what was said, but for the order itself."""
    rows: list[Any] = [
        *ConnectorOutcome.objects.values_list("message", flat=True),
        *OutsideOrder.objects.values_list("message", "progress"),
        *Order.objects.values_list("status_message", flat=True),
        *Event.objects.values_list("reason", "data"),
    ]
    return json.dumps(rows, default=str)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("show")
def test_a_refusal_that_repeats_the_guest_is_kept_without_the_name(
    api: ApiClient,
    work: Work,
    connector: PlayhouseConnector,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(connector, "_accept", refuse)
    order = work(api.create(SHOW, **GUEST))
    assert order.status_message == f"Onebox: Playhouse: {HIDDEN}"
    assert OutsideOrder.objects.get().message == HIDDEN
    assert ConnectorOutcome.objects.get(call__operation="order").message == HIDDEN
    for told in (written_down(), caplog.text):
        assert HIDDEN in told
        assert "nnelies" not in told.lower()
        assert "vries" not in told.lower()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("show")
def test_what_is_said_when_an_order_is_read_back_is_logged_without_the_name(
    api: ApiClient,
    work: Work,
    connector: PlayhouseConnector,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    work(api.create(SHOW, **GUEST))
    monkeypatch.setattr(connector, "read_back", refuse)
    clock.forward(seconds=3600)
    with caplog.at_level(logging.WARNING):
        assert read_due(clock=clock) == 1
    assert HIDDEN in caplog.text
    assert "nnelies" not in caplog.text.lower()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("show")
def test_why_an_order_could_not_be_cancelled_is_kept_without_the_name(
    api: ApiClient,
    work: Work,
    connector: PlayhouseConnector,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = api.create(SHOW, **GUEST)
    work(made)
    monkeypatch.setattr(connector, "cancel", refuse)
    api.delete(made["orderId"])
    work(made)
    row = OutsideOrder.objects.get()
    assert (row.status, row.message) == ("Left", HIDDEN)
    assert "nnelies" not in caplog.text.lower()


@pytest.mark.parametrize(
    ("name", "said", "kept"),
    [
        ("Bo Li", "Bo Li is known; Bo, Li.", "(the guest) is known; Bo, Li."),
        ("Jan van Dam", "Dam, Jan; van Dam", "(the guest), (the guest); (the guest)"),
        ("Jan van Dam", "Betaling van Jansen", "Betaling van Jansen"),
        ("A+B (C)", "a+b (c)!", "(the guest)!"),
        ("", "Guest_email", "Guest_email"),
    ],
)
def test_whole_words_of_three_letters_and_more_are_hidden(name: str, said: str, kept: str) -> None:
    assert masked(said, private_words(Order(sell_to_name=name))) == kept


def test_a_name_that_a_quote_was_cut_off_in_is_hidden() -> None:
    said = quote(f"{'x' * 191} de Vries is known.")
    assert said.endswith(" de Vrie…")
    assert masked(said, private_words(Order(sell_to_name="Anna de Vries"))).endswith(
        "x (the guest)…"
    )


def test_an_order_that_is_gone_names_nobody() -> None:
    assert private_words(None) == []
