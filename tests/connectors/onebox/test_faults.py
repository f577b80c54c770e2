"""What Onebox may answer instead of what was agreed: each ends well, or in its named cause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Connection
from tests.connectors.conftest import unit
from tests.connectors.onebox.conftest import Story
from tests.fakes.faults import ELSEWHERE, Fault, running
from tests.fakes.onebox_system import ADULT, CHILD, SESSION, OneboxSystem
from tests.orders.expected import Clock
from wallets.connectors.base import Cause, ConnectorError, Standing
from wallets.connectors.desk import OutcomeUnknown
from wallets.models import CallEffect

pytestmark = pytest.mark.django_db(transaction=True)
CHANGING = ["orders", "seats-auto", "buyer-data", "pre-confirm", "confirm"]
CAUSES = {
    Fault.TIMEOUT_BEFORE: Cause.TIMED_OUT,
    Fault.TIMEOUT_AFTER: Cause.TIMED_OUT,
    Fault.ERROR_500_BEFORE: Cause.AWAY,
    Fault.ERROR_500_AFTER: Cause.AWAY,
    Fault.BUSY_429: Cause.BUSY,
    Fault.HTML_200: Cause.UNREADABLE,
    Fault.HTML_200_BEFORE: Cause.UNREADABLE,
    Fault.TRUNCATED: Cause.UNREADABLE,
    Fault.NOT_SUCCESS: Cause.UNREADABLE,
    Fault.TOO_LARGE: Cause.TOO_LARGE,
    Fault.RESET: Cause.AWAY,
    Fault.RESET_AFTER: Cause.AWAY,
}
# What takes the seconds of a time-out is not tried with every call.
QUICK = [fault for fault in CAUSES if not fault.name.startswith("TIMEOUT")]


@pytest.mark.parametrize("operation", CHANGING)
@pytest.mark.parametrize("fault", QUICK)
def test_what_goes_wrong_once_ends_well_with_one_order(
    story: Story, onebox: OneboxSystem, fault: Fault, operation: str
) -> None:
    onebox.faults.add(operation, fault)
    standing = story.run()
    (order,) = onebox.confirmed
    assert (standing.outside_reference, len(standing.tickets)) == (order.code, 2)


@pytest.mark.parametrize("operation", CHANGING[:-1])
@pytest.mark.parametrize("fault", QUICK)
def test_what_goes_wrong_for_good_before_the_confirm_is_named_and_nothing_is_in_doubt(
    story: Story, onebox: OneboxSystem, fault: Fault, operation: str
) -> None:
    onebox.faults.add(operation, fault, times=99)
    found = story.fault()
    assert (found.cause, found.effect) == (CAUSES[fault], CallEffect.NONE)
    assert story.desk.may_exist is False
    assert onebox.confirmed == []


@pytest.mark.parametrize("fault", QUICK)
def test_a_confirm_that_goes_wrong_for_good_is_known_or_unknown(
    story: Story, onebox: OneboxSystem, fault: Fault
) -> None:
    onebox.faults.add("confirm", fault, times=99)
    found = story.fault()
    if fault is Fault.BUSY_429:
        assert (found.cause, story.desk.may_exist) == (Cause.BUSY, False)
    else:
        assert isinstance(found, OutcomeUnknown)
        assert story.desk.may_exist is True
    was_made = bool(onebox.confirmed)
    assert story.connector.read_back(story.desk).exists is (
        True if was_made else False if fault is Fault.BUSY_429 else None
    )
    assert len(onebox.asked("confirm")) == 6


@pytest.mark.parametrize("fault", list(CAUSES))
def test_an_order_that_cannot_be_read_is_made_and_in_doubt(
    story: Story, onebox: OneboxSystem, fault: Fault
) -> None:
    onebox.faults.add("details", fault)
    found = story.fault()
    assert (found.cause, found.permanent) == (CAUSES[fault], False)
    assert story.desk.may_exist is True
    assert story.run().exists is True
    assert (len(onebox.asked("confirm")), len(onebox.confirmed)) == (1, 1)


@pytest.mark.parametrize("operation", [*CHANGING, "details"])
def test_a_redirect_is_not_followed(story: Story, onebox: OneboxSystem, operation: str) -> None:
    onebox.faults.add(operation, Fault.REDIRECT, times=2)
    found = story.fault()
    in_doubt = operation == "confirm"
    assert found.cause == (Cause.OUTCOME_UNKNOWN if in_doubt else Cause.REDIRECTED)
    assert "redirect" in found.detail
    assert found.permanent is True
    assert ELSEWHERE not in [one.path for one in onebox.received]


def test_a_certificate_that_nobody_vouches_for_is_refused(
    connect: Callable[..., Connection], clock: Clock
) -> None:
    with running(OneboxSystem(clock), certificate=True) as system:
        found = Story(connect(system.url), clock).fault()
    assert (found.cause, found.permanent, system.received) == (Cause.CERTIFICATE, True, [])


def test_a_host_that_is_not_there_is_named(story: Story, onebox: OneboxSystem) -> None:
    with running(OneboxSystem(story.clock)) as gone:
        pass
    story.connection.base_url = gone.url
    story.connection.second_url = f"{onebox.url}/oauth/token"
    story.connection.save()
    found = story.fault()
    assert (found.cause, story.desk.may_exist) == (Cause.AWAY, False)


@pytest.mark.parametrize("operation", ["orders", "seats-auto", "buyer-data", "pre-confirm"])
def test_another_currency_is_found_before_anything_counts(
    story: Story, onebox: OneboxSystem, operation: str
) -> None:
    onebox.altered[operation] = lambda order: {**order, "currency": "USD"}
    found = story.fault()
    assert (found.cause, found.permanent) == (Cause.CURRENCY, True)
    assert found.detail == "Its amounts are in USD, and ours in EUR."
    assert onebox.confirmed == []


@pytest.mark.parametrize("told", ["USD", "eur", "", 978, ["EUR"]])
def test_another_currency_of_what_was_made_is_left_to_a_person(
    story: Story, onebox: OneboxSystem, told: Any
) -> None:
    onebox.altered["details"] = lambda order: {**order, "currency": told}
    found = story.fault()
    assert (found.cause, found.permanent) == (Cause.CURRENCY, True)
    assert story.desk.may_exist is True
    with pytest.raises(ConnectorError, match="Its amounts are in"):
        story.connector.read_back(story.desk)


def test_more_tickets_than_were_asked_for_are_two_orders(
    story: Story, onebox: OneboxSystem
) -> None:
    onebox.altered["details"] = lambda order: {**order, "items": order["items"] * 2}
    assert story.fault().cause == Cause.TWO_ORDERS


def test_an_order_of_another_code_is_another_order(story: Story, onebox: OneboxSystem) -> None:
    onebox.altered["details"] = lambda order: {**order, "code": "ANOTHER"}
    assert story.fault().cause == Cause.TWO_ORDERS


@pytest.mark.parametrize("operation", ["seats-auto", "buyer-data", "pre-confirm"])
def test_an_answer_about_another_order_is_not_believed(
    story: Story, onebox: OneboxSystem, operation: str
) -> None:
    onebox.altered[operation] = lambda order: {**order, "id": "f" * 32}
    found = story.fault()
    assert (found.cause, found.effect) == (Cause.TWO_ORDERS, CallEffect.NONE)
    assert onebox.confirmed == []


@pytest.mark.parametrize(
    ("items", "cause"),
    [
        (lambda items: items * 2, Cause.TWO_ORDERS),
        (lambda items: items[:1], Cause.REFUSED),
        (lambda items: [{**one, "price_type_id": CHILD} for one in items], Cause.REFUSED),
    ],
)
def test_places_that_were_not_asked_for_are_not_confirmed(
    story: Story, onebox: OneboxSystem, items: Any, cause: Cause
) -> None:
    onebox.altered["pre-confirm"] = lambda order: {**order, "items": items(order["items"])}
    assert story.fault().cause == cause
    assert onebox.confirmed == []


def test_a_session_that_is_not_there_is_named(story: Story, onebox: OneboxSystem) -> None:
    story.wish = story.wishing(unit(str(ADULT), "5"))
    found = story.fault()
    assert (found.cause, found.permanent) == (Cause.NOT_KNOWN, True)
    assert "There is no such session." in found.detail
    assert len(onebox.asked("orders")) == 2


@pytest.mark.parametrize(
    ("session", "item"),
    [("", "311"), ("90210", ""), ("90210", "adult"), ("-1", "311"), ("0", "311"), ("9" * 20, "1")],
)
def test_ids_that_can_be_none_are_named_and_nothing_is_asked(
    story: Story, onebox: OneboxSystem, session: str, item: str
) -> None:
    story.wish = story.wishing(unit(item, session))
    found = story.fault()
    assert (found.cause, found.permanent, onebox.received) == (Cause.NO_OUTSIDE_ID, True, [])


NAMED = (Cause.UNREADABLE, Cause.CURRENCY, Cause.TWO_ORDERS, Cause.OUTCOME_UNKNOWN)
BAD_VALUES = [None, True, -1, 10**30, 1.5, "x" * 5000, "a\x00b", [], {}]


def outcome(story: Story) -> tuple[Standing | None, Cause | None]:
    """Return how an order stands in the end, or the cause why not."""
    try:
        return story.run(), None
    except ConnectorError as error:
        return None, error.cause


@pytest.mark.parametrize("value", BAD_VALUES, ids=lambda value: repr(value)[:12])
@pytest.mark.parametrize(
    ("operation", "member"),
    [
        ("orders", "id"),
        ("orders", "status"),
        ("pre-confirm", "code"),
        ("pre-confirm", "items"),
        ("confirm", "status"),
        ("details", "items"),
        ("details", "currency"),
        ("details", "code"),
    ],
)
def test_members_of_the_wrong_kind_end_in_a_cause(
    story: Story, onebox: OneboxSystem, operation: str, member: str, value: Any
) -> None:
    onebox.altered[operation] = lambda order: {**order, member: value}
    standing, fault = outcome(story)
    if standing is None:
        assert fault in NAMED
    else:  # what may be missing, or what nobody looks at
        assert standing.outside_reference == story.progress["code"]
        assert len(standing.outside_reference) <= 40


@pytest.mark.parametrize("value", BAD_VALUES, ids=lambda value: repr(value)[:12])
@pytest.mark.parametrize(
    "member", ["id", "session_id", "price_type_id", "state", "barcode", "ticket", "tickets", "url"]
)
def test_items_of_the_wrong_kind_end_in_a_cause(
    story: Story, onebox: OneboxSystem, member: str, value: Any
) -> None:
    story.wish = story.wishing(unit(str(ADULT), str(SESSION)))
    onebox.altered["details"] = lambda order: {
        **order,
        "items": [{**order["items"][0], member: value}],
    }
    standing, fault = outcome(story)
    if standing is None:
        assert fault == Cause.UNREADABLE
    else:
        (ticket,) = standing.tickets
        assert len(ticket.number) <= 100
        assert ticket.outside_id.isdigit()


@pytest.mark.parametrize("document", [None, [], "text", 5, [{"status": "CONFIRM"}]])
@pytest.mark.parametrize("operation", [*CHANGING, "details"])
def test_answers_that_are_no_object_end_in_a_cause(
    story: Story, onebox: OneboxSystem, operation: str, document: Any
) -> None:
    onebox.altered[operation] = lambda _: document
    found = story.fault()
    in_doubt = operation == "confirm"
    assert found.cause == (Cause.OUTCOME_UNKNOWN if in_doubt else Cause.UNREADABLE)
