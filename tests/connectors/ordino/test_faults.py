"""A park that answers badly, or not at all: each fault ends in its named cause, or is survived."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from catalog.models import Connection
from tests.connectors.conftest import (
    calls_of,
    desk_of,
    fault_of_steps,
    make_connection,
    make_outside_order,
    run_steps,
    unit,
    wish,
)
from tests.fakes.faults import RETRY_AFTER, Fault, running
from tests.fakes.ordino_system import KEY, ORDER, OrdinoSystem
from tests.orders.expected import NOON, Clock
from wallets.connectors.base import Cause, Wish
from wallets.connectors.desk import OutcomeUnknown
from wallets.connectors.ordino import OrdinoConnector
from wallets.models import OutsideOrder

pytestmark = pytest.mark.django_db(transaction=True)
ordino = OrdinoConnector()
# Whether the work was done cannot be seen from here: (fault, what is written down, orders made).
IN_DOUBT = [
    (Fault.TIMEOUT_BEFORE, "timed_out_there", 0),
    (Fault.TIMEOUT_AFTER, "timed_out_there", 1),
    (Fault.ERROR_500_BEFORE, "system_away", 0),
    (Fault.ERROR_500_AFTER, "system_away", 1),
    (Fault.RESET, "system_away", 0),
    (Fault.RESET_AFTER, "system_away", 1),
    (Fault.HTML_200_BEFORE, "answer_unreadable", 0),
    (Fault.HTML_200, "answer_unreadable", 1),
    (Fault.TRUNCATED, "answer_unreadable", 1),
    (Fault.TOO_LARGE, "answer_too_large", 1),
]


@pytest.mark.parametrize(("fault", "cause", "made"), IN_DOUBT)
def test_a_bad_answer_leaves_the_order_to_a_person_who_reads_why(
    park: OrdinoSystem,
    order: OutsideOrder,
    wanted: Wish,
    clock: Clock,
    fault: Fault,
    cause: str,
    made: int,
) -> None:
    """C5: without the park's word, one POST is all there is."""
    park.faults.add(ORDER, fault)
    ending = fault_of_steps(ordino, order, wanted, clock)
    assert isinstance(ending, OutcomeUnknown)
    assert ending.detail.endswith(
        f"Whether it was done at {order.connection} is not known (order), and asking again could do "
        "it twice."
    )
    assert calls_of(order) == [("order", "", [("unknown", cause)])]
    assert (park.operations(), len(park.orders)) == ([ORDER], made)
    # Nobody begins it anew under another reference.
    assert desk_of(order, clock).may_exist


@pytest.mark.parametrize(("fault", "cause", "made"), IN_DOUBT)
def test_a_bad_answer_is_survived_where_the_park_confirmed_that_repeating_is_safe(
    patient_park: OrdinoSystem,
    order: OutsideOrder,
    wanted: Wish,
    clock: Clock,
    fault: Fault,
    cause: str,
    made: int,
) -> None:
    """C5: however it went wrong, one order is made in the end."""
    patient_park.faults.add(ORDER, fault, times=1 if cause == "timed_out_there" else 3)
    assert run_steps(ordino, order, wanted, clock).exists
    assert len({received.body for received in patient_park.received}) == 1
    assert len(patient_park.orders) == 1
    assert calls_of(order)[0] == ("order", "", [("unknown", cause)])
    assert calls_of(order)[-1] == ("order", "", [("done", "")])


def test_a_park_that_stays_away_is_given_up_after_six_attempts(
    patient_park: OrdinoSystem, order: OutsideOrder, wanted: Wish, clock: Clock
) -> None:
    """C5: within about a minute, and still in doubt."""
    patient_park.faults.add(ORDER, Fault.ERROR_500_BEFORE, times=7)
    assert isinstance(fault_of_steps(ordino, order, wanted, clock), OutcomeUnknown)
    assert len(patient_park.received) == 6
    assert (clock() - NOON).total_seconds() == 62


def test_a_refusal_of_the_repetition_does_not_unsay_the_doubt(
    patient_park: OrdinoSystem, order: OutsideOrder, wanted: Wish, clock: Clock
) -> None:
    """C5: a key that is revoked in between says nothing about the first call."""
    patient_park.faults.add(ORDER, Fault.TIMEOUT_AFTER)
    patient_park.faults.add(ORDER, Fault.TOKEN_EXPIRED)
    fault = fault_of_steps(ordino, order, wanted, clock)
    assert isinstance(fault, OutcomeUnknown)
    assert calls_of(order) == [
        ("order", "", [("unknown", "timed_out_there")]),
        ("order", "", [("none", "credentials_refused")]),
    ]
    assert desk_of(order, clock).may_exist


def test_a_busy_park_is_left_alone_for_as_long_as_it_says_and_asked_again(
    park: OrdinoSystem, order: OutsideOrder, wanted: Wish, clock: Clock
) -> None:
    """Section 8: 429 says that nothing was done, so this needs nobody's word."""
    park.faults.add(ORDER, Fault.BUSY_429, times=2)
    assert run_steps(ordino, order, wanted, clock).exists
    assert (clock() - NOON).total_seconds() == 2 * RETRY_AFTER
    assert len(park.orders) == 1
    assert calls_of(order) == [
        ("order", "", [("none", "system_busy")]),
        ("order", "", [("none", "system_busy")]),
        ("order", "", [("done", "")]),
    ]


def test_a_park_that_is_busy_for_too_long_ends_the_order_as_busy(
    park: OrdinoSystem, order: OutsideOrder, wanted: Wish, clock: Clock
) -> None:
    """Section 8: nothing was made, and nobody has to look."""
    park.faults.add(ORDER, Fault.BUSY_429, times=6)
    fault = fault_of_steps(ordino, order, wanted, clock)
    assert (fault.cause, fault.status_code) == (Cause.BUSY, 429)
    assert (len(park.received), park.orders) == (6, [])


def test_a_park_that_cannot_be_reached_is_tried_again(
    order: OutsideOrder, park: OrdinoSystem, wanted: Wish, clock: Clock
) -> None:
    """Section 8: what surely was not sent is sent when it is back."""
    connection = order.connection
    with running(OrdinoSystem()) as gone:
        connection.base_url = gone.url
    connection.save()
    fault = fault_of_steps(ordino, order, wanted, clock)
    assert (fault.cause, fault.effect) == (Cause.AWAY, "none")
    assert [effects for _name, _key, effects in calls_of(order)] == [[("none", "system_away")]] * 6


@pytest.mark.parametrize("code", ["invalid_credentials", "unauthorized"])
def test_a_key_that_is_not_accepted_any_more_is_not_tried_again(
    park: OrdinoSystem, order: OutsideOrder, wanted: Wish, clock: Clock, code: str
) -> None:
    """Section 5: 401 is permanent until a person enters another key."""
    answer = (401, {"success": False, "error_code": code, "detail": f"Not {KEY}."})
    park.token_expired = lambda _operation: answer  # type: ignore[method-assign]
    park.faults.add(ORDER, Fault.TOKEN_EXPIRED)
    fault = fault_of_steps(ordino, order, wanted, clock)
    assert (fault.cause, fault.permanent, fault.detail) == (
        Cause.CREDENTIALS,
        True,
        f"It answered 401: our credentials are not accepted there. It says {code}.",
    )
    assert park.operations() == [ORDER]


def test_a_redirect_is_not_followed(
    park: OrdinoSystem, order: OutsideOrder, wanted: Wish, clock: Clock
) -> None:
    """The key would go wherever it leads."""
    park.faults.add(ORDER, Fault.REDIRECT)
    fault = fault_of_steps(ordino, order, wanted, clock)
    assert fault.cause == Cause.OUTCOME_UNKNOWN
    assert "a redirect, which is not followed" in fault.detail
    assert calls_of(order) == [("order", "", [("unknown", "answer_redirects")])]
    assert park.operations() == [ORDER]


@pytest.fixture
def unproven() -> Iterator[OrdinoSystem]:
    """A park with a certificate that nobody vouches for."""
    with running(OrdinoSystem(), certificate=True) as system:
        yield system


def test_a_certificate_that_nobody_vouches_for_ends_it_before_the_key_is_sent(
    unproven: OrdinoSystem, clock: Clock
) -> None:
    """C1: https is only worth its certificate."""
    order = make_outside_order(
        make_connection("ordino", unproven.url, credentials={"api_key": KEY})
    )
    fault = fault_of_steps(ordino, order, wish(order, unit("pkg_photo")), clock)
    assert (fault.cause, fault.permanent, fault.effect) == (Cause.CERTIFICATE, True, "none")
    assert unproven.received == []


@pytest.mark.derived
def test_another_order_under_our_reference_is_named(
    patient_park: OrdinoSystem, connection: Connection, clock: Clock
) -> None:
    """Section 8: a park that compares bodies refuses the second one."""
    first = make_outside_order(connection, reference="CM-1")
    run_steps(ordino, first, wish(first, unit("pkg_photo")), clock)
    OutsideOrder.objects.filter(pk=first.pk).update(reference="CM-0")
    second = make_outside_order(connection, reference="CM-1")
    fault = fault_of_steps(ordino, second, wish(second, unit("pkg_photo", count=2)), clock)
    assert (fault.cause, fault.permanent, fault.detail) == (
        Cause.TWO_ORDERS,
        True,
        "It has another order under our reference already.",
    )
    assert len(patient_park.orders) == 1


@pytest.mark.derived
def test_a_park_that_does_not_compare_makes_what_it_is_sent(
    park: OrdinoSystem, connection: Connection, clock: Clock
) -> None:
    """Section 8: why nothing in doubt is repeated there."""
    for _ in range(2):
        order = make_outside_order(connection, reference="CM-1")
        run_steps(ordino, order, wish(order, unit("pkg_photo")), clock)
        OutsideOrder.objects.filter(pk=order.pk).update(reference=f"CM-{order.pk}"[:40])
    assert len(park.orders) == 2


@pytest.mark.parametrize(
    ("status", "problem", "cause", "said"),
    [
        (
            400,
            {"error_code": "validation_error", "errors": {"Guest_email": ["x"], "Packages": []}},
            Cause.REFUSED,
            "It answered 400. It does not accept Guest_email, Packages.",
        ),
        (
            400,
            {"error_code": "session_creation_failed", "error": "unknown_error"},
            Cause.REFUSED,
            "It answered 400. It says session_creation_failed.",
        ),
        (
            400,
            {"type": "https://x.example/errors/operation_failed", "detail": "Ask a@b.example."},
            Cause.REFUSED,
            "It answered 400. It says operation_failed: Ask (an e-mail address)",
        ),
        (
            403,
            {"error_code": "insufficient_permissions", "allowed_roles": ["Admin"]},
            Cause.CREDENTIALS,
            "It answered 403: our credentials are not accepted there. "
            "It says insufficient_permissions.",
        ),
        (404, [], Cause.REFUSED, "It answered 404. Is the base URL the park's?"),
        (
            400,
            {"error_code": [], "type": [7], "errors": "none", "detail": {}},
            Cause.REFUSED,
            "It answered 400.",
        ),
    ],
    ids=["fields", "sessions", "by its type", "role", "address", "of any form"],
)
def test_a_refusal_is_told_in_the_parks_own_words(
    park: OrdinoSystem,
    order: OutsideOrder,
    wanted: Wish,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    problem: Any,
    cause: Cause,
    said: str,
) -> None:
    """Section 5: nothing was done, and asking again does not mend it."""
    monkeypatch.setattr(park, "handle", lambda *_: (status, problem))
    fault = fault_of_steps(ordino, order, wanted, clock)
    assert (fault.cause, fault.permanent, fault.detail) == (cause, True, said)
    assert (fault.effect, park.operations()) == ("none", [ORDER])
    assert not desk_of(order, clock).may_exist
