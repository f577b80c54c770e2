"""What staff cannot do with tickets that another system has issued, and what they are told."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from catalog.closing import Day
from orders.choosing import ELSEWHERE, Seen, judge
from orders.closing_preview import preview_closing
from orders.models import BatchAction, ClosurePlan, Order
from orders.moving import move_order
from orders.outside.refusing import IssuedElsewhere
from orders.reissuing import reissue_asset
from partners.models import Venue
from tests.conftest import ApiClient
from tests.issued_elsewhere import issue_elsewhere
from tests.orders.expected import VISIT, Clock, line
from tests.staff import signed_in, text_of
from wallets.models import Asset

Issue = Callable[[str], Order]
DAY = datetime.date.fromisoformat(VISIT)
NEXT = DAY + datetime.timedelta(days=1)


@pytest.fixture
def issued(api: ApiClient, clock: Clock, issue: Issue) -> Order:
    """An Issued order of one day ticket."""
    return issue(api.create(line(), paymentReference="PAY-1")["orderId"])


def move(order: Order, clock: Clock) -> Order:
    return move_order(
        orders=Order.objects.all(),
        order_id=order.pk,
        from_date=DAY,
        to_date=NEXT,
        actor="staff:1",
        now=clock(),
    )


def test_what_another_system_has_issued_is_not_moved(issued: Order, clock: Clock) -> None:
    issue_elsewhere(Asset.objects.get(), "OB-1")
    with pytest.raises(IssuedElsewhere) as refused:
        move(issued, clock)
    assert str(refused.value) == (
        f"Order {issued} is issued by Onebox. Its visit cannot be moved at Onebox from here: cancel "
        "the order and have the partner order the other day."
    )
    assert Asset.objects.get().visit_date == DAY


@pytest.mark.parametrize("state", ["Open", "Unknown"])
def test_what_may_stand_there_is_not_moved_either(issued: Order, clock: Clock, state: str) -> None:
    issue_elsewhere(Asset.objects.get(), "OB-1", order_status=state)
    with pytest.raises(IssuedElsewhere):
        move(issued, clock)


def test_a_planned_ticket_that_nobody_has_issued_yet_moves(issued: Order, clock: Clock) -> None:
    row = issue_elsewhere(Asset.objects.get(), "OB-1")
    row.tickets.all().delete()
    row.delete()
    assert move(issued, clock).visit_date == NEXT


def test_a_ticket_of_another_system_is_not_reissued(issued: Order, clock: Clock) -> None:
    asset = Asset.objects.get()
    issue_elsewhere(asset, "OB-1")
    with pytest.raises(IssuedElsewhere) as refused:
        reissue_asset(
            orders=Order.objects.all(),
            order_id=issued.pk,
            asset_id=asset.pk,
            actor="staff:1",
            now=clock(),
            reason="Lost",
        )
    assert str(refused.value) == (
        "OB-1 is issued by Onebox. Its number is that of Onebox: have it replaced there, or cancel "
        "its wallet and have the partner order anew."
    )
    assert Asset.objects.get().status == "Valid"


@pytest.mark.parametrize("from_date", [None, DAY])
def test_a_batch_that_moves_leaves_it_out(
    issued: Order, clock: Clock, from_date: datetime.date | None
) -> None:
    issue_elsewhere(Asset.objects.get(), "OB-1")
    seen = [Seen(issued.pk, issued.updated_at)]
    choice = judge(seen=seen, action=BatchAction.MOVE, from_date=from_date)
    assert (choice.acted, choice.left_out) == ([], {ELSEWHERE: [issued]})
    assert judge(seen=seen, action=BatchAction.CANCEL).acted == [issued]


def test_closing_a_day_counts_it_as_what_cannot_be_moved(
    issued: Order, clock: Clock, venue: Venue
) -> None:
    issue_elsewhere(Asset.objects.get(), "OB-1")
    preview = preview_closing(
        day=Day(venue=venue, date=DAY, attraction=None), now=clock(), to_date=NEXT
    )
    assert list(preview.elsewhere) == [issued.pk]
    assert preview.touched(ClosurePlan.MOVE) == 0
    assert preview.touched(ClosurePlan.CANCEL) == 1


@pytest.mark.parametrize("page", ["move", "reissue"])
def test_the_pages_say_so_before_the_button(issued: Order, order_desk: User, page: str) -> None:
    asset = Asset.objects.get()
    issue_elsewhere(asset, "OB-1")
    asked = f"?of={asset}" if page == "reissue" else ""
    answer = signed_in(order_desk).get(f"/admin/orders/order/{issued.pk}/{page}/{asked}")
    assert "issued by Onebox" in text_of(answer)
    assert answer.context["confirmation"].is_blocked
