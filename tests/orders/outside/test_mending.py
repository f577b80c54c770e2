"""Failures at outside systems on the page of causes: their names, what mends them, and when they are."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from catalog.models import Connection, Package
from orders.admin.bulk_effects import of_many
from orders.admin.causes import Cause
from orders.admin.mending_elsewhere import is_told
from orders.admin.waiting import unsettled_in_words
from orders.causes import OUTSIDE_CAUSES, Parts, parts_of
from orders.choosing import Seen, judge
from orders.models import BatchAction, FailureCode, Order
from partners.models import Venue
from tests.conftest import ApiClient
from tests.issued_elsewhere import ScriptedConnector, connection_of, issue_elsewhere, source_of
from tests.orders.expected import Clock, line
from tests.staff import signed_in, text_of
from wallets.models import Asset, OutsideOrder

CAUSES = "/admin/orders/batch/causes/"
OUTSIDE_ORDERS = "/admin/wallets/outsideorder/"
Issue = Callable[[str], Order]
Told = Callable[[], Cause]


@pytest.fixture
def failed(api: ApiClient, clock: Clock, issue: Issue) -> Callable[[str, object], Order]:
    """Have an order stand in Error for what an outside system said."""

    def make(code: str, about: object) -> Order:
        order = issue(api.create(line(), paymentReference="PAY-1")["orderId"])
        Order.objects.update(
            status="Error",
            failure_code=code,
            failure_fingerprint=f"{code}:{about}",
            status_message="It said no.",
        )
        return order

    return make


@pytest.fixture
def told(order_desk: User) -> Told:
    """Read the only cause as the order desk sees it."""

    def read() -> Cause:
        answer = signed_in(order_desk).get(CAUSES)
        (cause,) = answer.context["causes"]
        assert cause.title in text_of(answer)
        return cause

    return read


def test_every_way_to_say_no_has_words_of_its_own() -> None:
    with_words = {code for code in FailureCode if is_told(code)}
    assert with_words | {FailureCode.NO_OUTSIDE_ID} == OUTSIDE_CAUSES


def test_a_fingerprint_names_the_connection_or_the_component(venue: Venue) -> None:
    key = connection_of(venue).pk
    assert parts_of(f"system_away:{key}") == Parts(connection_id=key)
    assert parts_of(f"no_outside_id:{key}") == Parts(component_id=key)
    assert parts_of("system_away:x") == parts_of("system_away") == Parts()


@pytest.mark.parametrize("code", sorted(OUTSIDE_CAUSES - {FailureCode.NO_OUTSIDE_ID}))
def test_a_cause_names_the_system_and_says_what_mends_it(
    failed: Callable[..., Order], told: Told, venue: Venue, onebox: ScriptedConnector, code: str
) -> None:
    connection = connection_of(venue, payment_method="", is_active=False)
    failed(code, connection.pk)
    OutsideOrder.objects.create(
        connection=connection,
        order_key=Order.objects.get().pk,
        buy_from_order_reference="CM26-0000001",
        reference="CM26-0000001",
        status="Unknown",
        status_since=timezone.now(),
        created_at=timezone.now(),
    )
    cause = told()
    assert cause.title.startswith("Onebox: The onebox ")
    if code != FailureCode.GUEST_PAYMENT_NEEDED:  # it asks no guest for money
        assert not cause.is_mended
        assert cause.advice.endswith((".",))
        assert "replay" in cause.advice or "replace" in cause.advice


def test_a_connection_that_is_on_again_is_mended(
    failed: Callable[..., Order], told: Told, venue: Venue
) -> None:
    connection = connection_of(venue, is_active=False)
    failed("connection_off", connection.pk)
    assert (told().title, told().is_mended) == ("Onebox: The onebox is switched off", False)
    Connection.objects.update(is_active=True)
    assert (told().advice, told().is_mended) == ("That is mended. Replay them.", True)


def test_a_test_that_went_well_since_mends_what_was_away(
    failed: Callable[..., Order], told: Told, venue: Venue, clock: Clock
) -> None:
    connection = connection_of(venue)
    failed("system_away", connection.pk)
    assert not told().is_mended
    later = clock() + datetime.timedelta(hours=1)
    Connection.objects.update(checked_at=later, check_message="It is away.")
    assert not told().is_mended
    Connection.objects.update(check_message="")
    assert told().is_mended


def test_a_prepaid_payment_method_mends_what_a_guest_would_have_to_pay(
    failed: Callable[..., Order], told: Told, venue: Venue
) -> None:
    connection = connection_of(venue, "openticket")
    failed("guest_payment_needed", connection.pk)
    assert not told().is_mended
    Connection.objects.update(payment_method="account")
    assert told().is_mended


def test_what_nobody_knows_is_mended_once_it_is_settled(
    failed: Callable[..., Order], told: Told, venue: Venue
) -> None:
    failed("outcome_unknown", connection_of(venue).pk)
    row = issue_elsewhere(Asset.objects.get(), "OB-1", order_status="Unknown")
    assert not told().is_mended
    OutsideOrder.objects.filter(pk=row.pk).update(status="Made")
    assert told().is_mended


def test_a_cause_says_how_many_orders_wait_to_be_settled_first(
    failed: Callable[..., Order], told: Told, venue: Venue, order_desk: User
) -> None:
    order = failed("system_away", connection_of(venue).pk)
    row = issue_elsewhere(Asset.objects.get(), order_status="Unknown")
    desk, settle = signed_in(order_desk), f"{OUTSIDE_ORDERS}?status__exact=Unknown"
    cause = told()
    assert (cause.to_settle, cause.settle_url) == ("It waits to be settled first.", settle)
    page = desk.get(cause.replay_url)
    assert "Nobody knows whether Onebox: The onebox made it: settle that first." in text_of(page)
    assert settle in page.content.decode()
    (tried,) = page.context["waiting"].rows
    assert (tried.is_unsettled, tried.wallets) == (True, 0)
    OutsideOrder.objects.filter(pk=row.pk).update(status="Failed")
    assert told().to_settle == ""
    (tried,) = desk.get(cause.replay_url).context["waiting"].rows
    assert (tried.order.pk, tried.is_unsettled, tried.obstacles) == (order.pk, False, ())


def test_a_batch_says_how_many_orders_wait_to_be_settled_first(
    failed: Callable[..., Order], venue: Venue
) -> None:
    order = failed("system_away", connection_of(venue).pk)
    issue_elsewhere(Asset.objects.get(), order_status="Unknown")
    order.refresh_from_db()
    seen = [Seen(order.pk, order.updated_at)]
    shown = of_many(judge(seen=seen, action=BatchAction.REPLAY), back="/", post_to="/")
    assert shown.warnings == [
        "It waits to be settled first. Nobody knows whether another system made it: see Outside "
        "orders."
    ]


def test_counts_of_what_is_to_be_settled_are_in_words() -> None:
    told = [unsettled_in_words(number, 3) for number in (1, 2)]
    assert told == ["1 of 3 waits to be settled first.", "2 of 3 wait to be settled first."]


def test_a_component_without_an_outside_id_is_named(
    failed: Callable[..., Order], told: Told, day: Package
) -> None:
    component = day.components.get()
    failed("no_outside_id", component.pk)
    assert told().title == "DAY-ENTRY of package DAY has no outside id any more"
    source_of(component)
    assert told().title == "DAY-ENTRY of package DAY has outside ids, but none for the visit"


def test_a_connection_that_is_gone_is_told_without_a_link(
    failed: Callable[..., Order], told: Told, clock: Clock
) -> None:
    failed("system_away", clock.now.timestamp())
    cause = told()
    assert (cause.title, cause.link) == ("Outside system is away or failed", "")
    assert not cause.is_mended
