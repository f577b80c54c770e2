"""Ordering what is reserved: one POST, the same bytes until it is known what became of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Connection
from tests.connectors.conftest import buyer, make_connection
from tests.connectors.openticket.cast import CONNECTOR, Run
from tests.fakes.faults import Fault, running
from tests.fakes.openticket_system import FIRST_TOKEN, ON_ACCOUNT, SHOP, OpenTicketSystem
from tests.orders.expected import Clock
from wallets.connectors.base import Cause, ConnectorError, TryLater
from wallets.connectors.desk import OutcomeUnknown, Restart
from wallets.connectors.openticket_answers import fault_of_redirect, words_of
from wallets.connectors.openticket_order import locale_of
from wallets.models import OutsideOrder


def test_an_order_says_who_it_is_for_how_it_is_paid_and_what_is_reserved(run: Run) -> None:
    """C5"""
    run.step()
    (order,) = run.system.asked("order")
    assert (order.method, order.headers["content-type"]) == ("POST", "application/json")
    assert order.json == {
        "receiver": {
            "locale": "nl_NL",
            "email": "guest@example.com",
            "firstname": "Anna",
            "lastname": "de Vries",
        },
        "paymentProvider": ON_ACCOUNT,
        "currency": "EUR",
        "tickets": [one["line"] for one in run.system.reservations.values()],
    }


def test_the_shops_host_never_gets_the_access_token(run: Run) -> None:
    """C5"""
    run.step()
    has_token = {
        (one.path.split("/")[1], "authorization" in one.headers) for one in run.system.received
    }
    assert has_token == {("shop-host", False), ("api-host", True)}
    assert all(FIRST_TOKEN not in one.path and not one.query for one in run.system.received)


def test_what_is_kept_has_no_people_and_no_secrets(run: Run) -> None:
    run.step()
    kept = str(run.desk.progress)
    assert not any(
        word in kept for word in ("guest@example.com", "Anna", "de Vries", FIRST_TOKEN, "a-nonce")
    )


def test_a_hold_with_less_than_a_minute_left_is_not_ordered(run: Run) -> None:
    """C3"""
    desk = run.prepare()
    run.clock.forward(seconds=7 * 60 + 1)
    with pytest.raises(Restart):
        CONNECTOR.commit(desk, run.wish)
    assert run.system.asked("order") == []
    desk.restart()
    assert run.to_the_end().exists
    # All three were reserved anew, and the order has the new ones.
    assert run.system.operations().count("reserve") == 6
    held = list(run.system.reservations.values())
    assert [bool(one["order"]) for one in held] == [False] * 3 + [True] * 3


def test_a_hold_with_a_minute_left_is_ordered(run: Run) -> None:
    """C3"""
    desk = run.prepare()
    run.clock.forward(seconds=7 * 60)
    assert CONNECTOR.commit(desk, run.wish).exists
    assert run.system.operations().count("reserve") == 3


def test_the_oldest_hold_decides(run: Run) -> None:
    """C3"""

    def let_time_pass() -> None:
        run.clock.forward(minutes=6)
        run.system.faults.hooks.clear()

    run.system.faults.hooks["reserve", "answered"] = let_time_pass  # after the first of three
    desk = run.prepare()
    run.clock.forward(seconds=61)
    with pytest.raises(Restart):
        CONNECTOR.commit(desk, run.wish)


def test_errors_in_an_order_of_status_200_are_a_failure(run: Run) -> None:
    """C4"""
    run.system.faults.add("order", Fault.NOT_SUCCESS)
    fault = run.fault()
    assert (fault.cause, fault.permanent, fault.effect) == (Cause.REFUSED, True, "none")
    assert fault.detail == "It says: It was not done for (an e-mail address)"


@pytest.mark.derived
@pytest.mark.parametrize(
    ("envelope", "words"),
    [
        ({"errors": ["No."], "notices": ["Hello."]}, ["No."]),
        ({"fatals": [{"message": "No."}], "errors": ["Nor so."]}, ["No.", "Nor so."]),
        ({"errors": {"message": "No."}}, ["No."]),
        ({"errors": "No."}, ["No."]),
        ({"fatals": [{"code": 7}, 7, None]}, ["(no reason)", "7", "(no reason)"]),
        ({"fatals": [], "errors": None}, []),
        ({}, []),
        ([], []),
    ],
)
def test_fatals_and_errors_count_in_every_form(envelope: Any, words: list[str]) -> None:
    """C4"""
    assert words_of(envelope, "fatals", "errors") == words


def test_an_order_that_names_fatals_is_a_failure(run: Run) -> None:
    """C4"""
    run.system.order_extra = {"fatals": [{"message": "No."}], "order_id": None}
    fault = run.fault()
    assert (fault.cause, fault.permanent) == (Cause.REFUSED, True)
    assert run.system.operations().count("order") == 1


def test_notices_are_no_failure(run: Run) -> None:
    """C4"""
    run.system.order_extra = {"notices": [{"message": "Bring an umbrella."}]}
    assert run.step().exists


def test_a_refused_order_says_why(
    system: OpenTicketSystem, connect: Callable[..., Connection], clock: Clock
) -> None:
    run = Run(system, connect(), clock)
    run.prepare()
    system.currency = "GBP"
    fault = run.fault()
    assert (fault.cause, fault.permanent, fault.effect) == (Cause.REFUSED, True, "none")
    assert fault.detail == "It answered 422. It says: This shop sells in GBP."


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault.TIMEOUT_AFTER, Cause.TIMED_OUT),
        (Fault.TIMEOUT_BEFORE, Cause.TIMED_OUT),
        (Fault.ERROR_500_AFTER, Cause.AWAY),
        (Fault.ERROR_500_BEFORE, Cause.AWAY),
        (Fault.HTML_200, Cause.UNREADABLE),
        (Fault.HTML_200_BEFORE, Cause.UNREADABLE),
        (Fault.TRUNCATED, Cause.UNREADABLE),
        (Fault.TOO_LARGE, Cause.TOO_LARGE),
        (Fault.RESET, Cause.AWAY),
        (Fault.RESET_AFTER, Cause.AWAY),
    ],
)
def test_an_order_without_an_answer_is_sent_again_in_the_same_bytes(
    run: Run, fault: Fault, cause: Cause
) -> None:
    run.system.faults.add("order", fault)
    standing = run.to_the_end()
    first, again = run.system.asked("order")
    assert first.body == again.body
    assert len(run.system.orders) == 1
    assert sorted(one.number for one in standing.tickets) == run.numbers()
    assert run.calls()[-2:] == [
        ("order", "", [("unknown", cause)]),
        ("order", "", [("done", "")]),
    ]


def test_an_order_that_was_asked_to_wait_is_sent_when_it_may_be(run: Run) -> None:
    run.system.faults.add("order", Fault.BUSY_429)
    desk = run.prepare()
    with pytest.raises(TryLater) as later:
        CONNECTOR.commit(desk, run.wish)
    assert later.value.seconds == 3
    assert run.to_the_end().exists
    assert len(run.system.orders) == 1


@pytest.mark.parametrize("fault", [Fault.RESET_AFTER, Fault.ERROR_500_BEFORE])
def test_an_order_whose_answer_never_comes_is_left_to_a_person(run: Run, fault: Fault) -> None:
    run.system.faults.add("order", fault, times=20)
    ended = run.fault()
    assert isinstance(ended, OutcomeUnknown)
    assert ended.cause == Cause.OUTCOME_UNKNOWN
    assert len(run.system.orders) == (1 if fault is Fault.RESET_AFTER else 0)
    assert CONNECTOR.read_back(run.desk).exists is None


def test_an_order_in_doubt_is_not_sent_again_once_a_reservation_has_ended(run: Run) -> None:
    run.system.faults.add("order", Fault.TIMEOUT_AFTER)
    with pytest.raises(TryLater):
        run.step()
    run.clock.forward(minutes=8)
    with pytest.raises(OutcomeUnknown):
        run.step()
    # Nothing is reserved afresh either: that would make a second order.
    assert run.system.operations().count("reserve") == 3
    assert len(run.system.asked("order")) == 1


def test_an_order_in_doubt_stays_so_when_its_repetition_is_refused(run: Run) -> None:
    run.system.faults.add("order", Fault.TIMEOUT_AFTER)
    with pytest.raises(TryLater):
        run.step()
    run.system.faults.add("order", Fault.NOT_SUCCESS)
    with pytest.raises(OutcomeUnknown):
        run.step()
    run.clock.forward(minutes=8)
    with pytest.raises(OutcomeUnknown):  # whoever comes next does not take it for refused
        run.step()
    assert len(run.system.orders) == 1


def test_an_order_in_doubt_does_not_begin_anew_when_its_repetition_has_to_wait(run: Run) -> None:
    run.system.faults.add("order", Fault.TIMEOUT_AFTER)
    run.system.faults.add("order", Fault.BUSY_429)
    for _ in range(2):
        with pytest.raises(TryLater):
            run.step()
    run.clock.forward(seconds=7 * 60 + 30)  # less than a minute is left
    standing = run.step()
    assert [one.outside_reference for one in (standing,)] == list(run.system.orders)


def test_an_order_that_changed_while_it_was_in_doubt_is_not_sent(run: Run) -> None:
    run.system.faults.add("order", Fault.TIMEOUT_AFTER)
    with pytest.raises(TryLater):
        run.step()
    run.members = {"buyer": buyer(last_name="Jansen")}
    with pytest.raises(OutcomeUnknown):
        run.step()
    assert len(run.system.asked("order")) == 1


def test_a_worker_that_ended_before_it_kept_the_answer_finds_the_order(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """What a worker that is gone does no more."""

    def die(*_: object, **__: object) -> None:
        raise Killed

    desk = run.prepare()
    monkeypatch.setattr(desk, "_write_outcome", die)
    with pytest.raises(Killed):
        CONNECTOR.commit(desk, run.wish)
    assert len(run.system.orders) == 1
    assert [one.number for one in run.to_the_end().tickets] == run.numbers()
    assert len(run.system.orders) == 1


@pytest.mark.derived
def test_two_orders_of_one_reservation_are_named(run: Run) -> None:
    run.system.order_extra = {"errors": ["Please wait."]}
    with pytest.raises(TryLater):
        run.step()
    run.system.order_extra = {}
    run.system.makes_anew = True
    fault = run.fault()
    assert (fault.cause, fault.permanent, fault.effect) == (Cause.TWO_ORDERS, True, "unknown")
    assert all(order_id in fault.detail for order_id in run.system.orders)
    assert len(run.system.orders) == 2
    assert run.fault().cause == Cause.TWO_ORDERS  # however often it is gone on with


@pytest.mark.derived
def test_an_order_that_is_named_and_refused_is_made_when_it_is_the_same_afterwards(
    run: Run,
) -> None:
    """C4"""
    run.system.order_extra = {"errors": ["Please wait."]}
    with pytest.raises(TryLater):
        run.step()
    run.system.order_extra = {}
    assert run.to_the_end().outside_reference == next(iter(run.system.orders))


@pytest.mark.parametrize(
    "url",
    [
        "https://pay.example/return/1",
        "https://park.example@pay.example/return/1",
        "https://pay.example\\@park.example/",
        "https://park.example.pay.example/",
        "https://openticket.tech.pay.example/return/1",
        "https://api.openticket.tech/return/1",  # none of this connection's hosts
        "http://park.example/return/1",
        "javascript:alert(1)",
        "//park.example/",
        "https://[::1/",
        "https://park.example/" + "x" * 500,
        {"href": "https://park.example/"},
        7,
    ],
)
def test_an_address_that_is_not_configured_is_a_fault(url: Any) -> None:
    """C6"""
    park = Connection(base_url="https://park.example/a", second_url="https://api.park.example")
    assert fault_of_redirect(park, url)


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://park.example/openticket", "https://park.example/openticket/return/1"),
        ("https://park.example/openticket", "https://park.example?guid=1"),
        ("https://park.example/openticket", "https://api.park.example/3.0.0/return/1"),
        ("https://shop.api.openticket.tech", "https://pay.openticket.tech/return/1"),
        ("https://shop.api.openticket.tech", "https://eventix.io/return/1"),
        ("https://park.example/openticket", None),
    ],
)
def test_an_address_of_a_configured_host_is_none(base_url: str, url: str | None) -> None:
    """C6"""
    park = Connection(base_url=base_url, second_url="https://api.park.example")
    assert fault_of_redirect(park, url) == ""


def test_a_redirect_to_a_host_that_is_not_configured_is_refused(run: Run) -> None:
    """C6"""
    run.system.redirect_url = "https://pay.example/return/1"
    fault = run.fault()
    assert (fault.cause, fault.permanent, fault.effect) == (Cause.REDIRECTED, True, "unknown")
    # The order is there: its id is kept for whoever settles it.
    assert run.desk.progress["order_id"] in fault.detail
    assert list(run.system.orders) == [run.desk.progress["order_id"]]
    with pytest.raises(ConnectorError):  # reading it back does not make it right
        CONNECTOR.read_back(run.desk)
    OutsideOrder.objects.update(status="Made")  # but a person may
    assert len(CONNECTOR.read_back(run.desk).tickets) == 3


def test_an_order_in_another_currency_is_named(run: Run) -> None:
    run.system.order_extra = {"currency": "GBP"}
    fault = run.fault()
    assert (fault.cause, fault.permanent, fault.effect) == (Cause.CURRENCY, True, "unknown")


def test_an_answer_without_an_order_id_is_no_success(run: Run) -> None:
    run.system.order_extra = {"order_id": None}
    assert run.fault().cause == Cause.OUTCOME_UNKNOWN


def test_an_answer_that_is_no_object_is_no_success(run: Run) -> None:
    run.system._made = lambda _order: ["made"]  # type: ignore[method-assign,assignment,return-value]
    assert run.fault().cause == Cause.OUTCOME_UNKNOWN


def test_a_certificate_that_nobody_vouches_for_is_named(
    clock: Clock, transactional_db: None
) -> None:
    with running(OpenTicketSystem(clock), certificate=True) as system:
        connection = make_connection(
            "openticket",
            system.shop_url,
            second_url=system.api_url,
            account=SHOP,
            payment_method=ON_ACCOUNT,
            credentials={"access_token": FIRST_TOKEN},
        )
        with pytest.raises(ConnectorError) as caught:
            Run(system, connection, clock).step()
    assert (caught.value.cause, caught.value.permanent) == (Cause.CERTIFICATE, True)


@pytest.mark.derived
@pytest.mark.parametrize(
    ("language", "locale"),
    [
        ("nl", "nl_NL"),
        ("nl-BE", "nl_BE"),
        ("pt_br", "pt_BR"),
        ("zh-Hant-TW", "zh_TW"),
        ("en", "en_GB"),
        ("da", "da_DK"),
        ("fil", "fil_FI"),
        ("", "en_GB"),
        ("*", "en_GB"),
    ],
)
def test_a_language_is_told_with_a_country(language: str, locale: str) -> None:
    assert locale_of(language) == locale


def test_names_are_cut_to_what_is_taken_there(run: Run) -> None:
    run = dataclasses.replace(run, members={"buyer": buyer(first_name="A" * 300)})
    run.step()
    (order,) = run.system.asked("order")
    assert order.json["receiver"]["firstname"] == "A" * 255
