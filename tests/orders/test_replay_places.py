"""Replay: what an order in Error misses is taken, or staff are told what is not there any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Prefetch, prefetch_related_objects

from catalog.models import AllotmentUse, Package, Session
from channel_manager.lib.errors import Refusal
from orders import lifecycle, recovery, resolution
from orders.models import Order, OrderEvent, OrderLine
from orders.replay_preview import ReplayPreview, preview_replays
from tests.conftest import ApiClient
from tests.factories import AllotmentFactory, PackageMappingFactory
from tests.orders.expected import Clock, line, settle, stored
from tests.orders.sessions import counters, show

pytestmark = pytest.mark.usefixtures("clock", "matinee")

Issue = Callable[[str], Order]


@pytest.fixture
def failed(api: ApiClient, issue: Issue, clock: Clock, matinee: Session) -> Order:
    """An order in Error: two places of the show, and two more behind a number nobody knows."""
    numbered = {"externalReferenceNumbers": ["EXT-1", "EXT-2"]}
    settle(api, issue, show(quantity=2), sku(wallet=numbered))
    found = Order.objects.get()
    assert (found.status, counters()) == ("Error", {"cinema 14:00": "0+2"})
    return found


def sku(**members: Any) -> Any:
    return line("SKU", quantity=2, visitTime="14:00", **members)


def map_sku(api: ApiClient, package: str = "SHOW") -> None:
    PackageMappingFactory.create(
        partner=api.partner, item_number="SKU", package=Package.objects.get(code=package)
    )


def replay(failed: Order, clock: Clock) -> Order:
    return lifecycle.replay_order(
        orders=Order.objects.all(), order_id=failed.pk, actor="staff:1", now=clock.now, reason="Y"
    )


def refused(failed: Order, clock: Clock) -> Refusal:
    """Expect that a replay is refused and changes nothing; return the refusal."""
    before = stored(), counters()
    with pytest.raises(Refusal) as refusal:
        replay(failed, clock)
    assert (stored(), counters()) == before
    assert Order.objects.get(pk=failed.pk).status == "Error"
    return refusal.value


def test_a_line_that_was_mapped_since_takes_its_places(
    api: ApiClient, issue: Issue, failed: Order, clock: Clock
) -> None:
    map_sku(api)
    assert replay(failed, clock).status == "Submitted"
    assert counters() == {"cinema 14:00": "0+4"}
    assert issue(str(failed.pk)).status == "Issued"
    assert counters() == {"cinema 14:00": "0+4"}


def test_a_line_that_is_still_not_mapped_takes_none(failed: Order, clock: Clock) -> None:
    assert [fault.pointer for fault in refused(failed, clock).faults] == ["/items/200000"]


def test_a_line_whose_session_is_full_by_now_says_sold_out(
    api: ApiClient, rival: ApiClient, failed: Order, clock: Clock
) -> None:
    rival.create(show(quantity=2))
    map_sku(api)
    refusal = refused(failed, clock)
    told = "1 place is left for SHOW entry on 2026-11-23 at 14:00, and 2 are needed."
    assert (refusal.error_code, refusal.detail) == ("sold_out", told)
    assert refusal.members["placesLeft"] == 1
    foretold = resolution.faults_of(order=failed, lines=list(failed.lines.all()))
    assert [fault.detail for fault in foretold[200_000]] == [f"Line 200000: {told}"]


def test_a_line_whose_time_is_no_session_says_so(
    api: ApiClient, failed: Order, clock: Clock, matinee: Session
) -> None:
    map_sku(api)
    Session.objects.filter(pk=matinee.pk).update(is_on_sale=False)
    refusal = refused(failed, clock)
    assert refusal.error_code == "unknown_session"
    assert "SHOW has no session on 2026-11-23 at 14:00." in refusal.detail


def test_an_order_that_lacks_nothing_keeps_exactly_its_places(
    api: ApiClient, issue: Issue, clock: Clock
) -> None:
    settle(api, issue, show(quantity=5), line("SKU"))
    map_sku(api, "DAY")
    replay(Order.objects.get(), clock)
    assert counters() == {"cinema 14:00": "0+5"}


class TestAfterThePlacesWentBack:
    """The order has stood in Error for longer than a draft lives."""

    @pytest.fixture(autouse=True)
    def returned(self, api: ApiClient, failed: Order, clock: Clock) -> None:
        """Give its places back; the clock stands before the show again."""
        recovery.recover_orders(now=clock.forward(days=7))
        clock.forward(days=-7)
        assert counters() == {}
        map_sku(api)

    def test_they_are_taken_again_once(self, issue: Issue, failed: Order, clock: Clock) -> None:
        replay(failed, clock)
        assert counters() == {"cinema 14:00": "0+4"}
        assert issue(str(failed.pk)).status == "Issued"
        assert counters() == {"cinema 14:00": "0+4"}
        names = OrderEvent.objects.filter(subject_id=failed.pk).values_list("name", flat=True)
        assert list(names.order_by("id"))[-5:] == [
            "places_returned",
            "replayed",
            "scheduled",
            "started",
            "issued",
        ]

    def test_they_may_be_sold_by_now(self, rival: ApiClient, failed: Order, clock: Clock) -> None:
        rival.create(show(quantity=4))
        refusal = refused(failed, clock)
        assert refusal.error_code == "sold_out"
        assert refusal.detail == (
            "Cinema on Mon 23 Nov 2026 at 14:00 has 1 place left, and 2 are needed."
        )
        assert refusal.members == {"placesLeft": 1}

    def test_what_lacks_is_foretold(self, rival: ApiClient, failed: Order, clock: Clock) -> None:
        def foretold() -> ReplayPreview:
            order = Order.objects.select_related("partner__venue").get(pk=failed.pk)
            prefetch_related_objects(
                [order], Prefetch("lines", OrderLine.objects.order_by("line_no"))
            )
            (found,) = preview_replays(orders=[order], now=clock.now)
            return found

        fits = foretold()
        assert (fits.obstacles, fits.wallets, fits.assets) == ((), 4, 4)
        for sold in range(2):
            rival.create(show(quantity=2), sellToOrderReference=f"R-{sold}")
            (told,) = foretold().obstacles
            assert told.removeprefix("Line 200000: ") == refused(failed, clock).detail

    @pytest.mark.parametrize(("limit", "counted"), [(2, 2), (1, 0)])
    def test_they_count_against_the_allotment_where_it_has_room(
        self, api: ApiClient, failed: Order, clock: Clock, limit: int, counted: int
    ) -> None:
        show_package = Package.objects.get(code="SHOW")
        AllotmentFactory.create(partner=api.partner, package=show_package, places=limit)
        failed.lines.filter(item_number="SKU").update(item_number="DAY", visit_time=None)
        replay(failed, clock)
        assert counters() == {"cinema 14:00": "0+2"}
        assert sum(AllotmentUse.objects.values_list("taken", flat=True)) == counted

    def test_there_may_be_room_for_one_half_only(
        self, rival: ApiClient, failed: Order, clock: Clock
    ) -> None:
        rival.create(show(quantity=2))
        refusal = refused(failed, clock)
        assert (refusal.error_code, refusal.members["placesLeft"]) == ("sold_out", 1)
        assert not refusal.retryable

    def test_their_session_may_be_off_sale(
        self, failed: Order, clock: Clock, matinee: Session
    ) -> None:
        Session.objects.filter(pk=matinee.pk).update(is_on_sale=False)
        assert refused(failed, clock).detail == (
            "A session of this order is no longer on sale; move or cancel the order."
        )

    def test_they_go_back_again_when_the_order_ends(
        self, api: ApiClient, failed: Order, issue: Issue, clock: Clock
    ) -> None:
        replay(failed, clock)
        issue(str(failed.pk))
        assert api.delete(str(failed.pk)).json()["status"] == "Cancelled"
        assert counters() == {}

    def test_they_go_back_again_when_the_order_fails_again(
        self, failed: Order, clock: Clock
    ) -> None:
        replay(failed, clock)
        Order.objects.update(
            status="Error", failure_code="internal", status_since=clock.forward(days=1)
        )
        recovery.recover_orders(now=clock.forward(days=7))
        assert counters() == {}


def test_a_replay_within_a_lifetime_needs_no_room(
    rival: ApiClient, failed: Order, clock: Clock, api: ApiClient
) -> None:
    rival.create(show(quantity=3))
    map_sku(api, "DAY")
    failed.lines.filter(item_number="SKU").update(visit_time="10:00")
    replay(failed, clock)
    assert counters() == {"cinema 14:00": "0+5"}


class TestOverCapacity:
    """Staff with the right let an order in although its sessions are full."""

    def over(self, failed: Order, clock: Clock) -> Order:
        return lifecycle.replay_over_capacity(
            orders=Order.objects.all(),
            order_id=failed.pk,
            actor="staff:1",
            now=clock.now,
            reason="Sold before",
        )

    def test_the_session_gets_as_many_places_more_as_are_missing(
        self, api: ApiClient, rival: ApiClient, failed: Order, clock: Clock, matinee: Session
    ) -> None:
        rival.create(show(quantity=2))
        map_sku(api)
        assert self.over(failed, clock).status == "Submitted"
        matinee.refresh_from_db()
        assert (matinee.capacity, counters()) == (6, {"cinema 14:00": "0+6"})

    def test_lines_that_share_a_session_get_room_for_all_of_them(
        self, api: ApiClient, issue: Issue, clock: Clock, matinee: Session
    ) -> None:
        api.create(show(quantity=4), sellToOrderReference="WEB-0")
        settle(api, issue, sku(), sku(), sku())
        map_sku(api)
        assert self.over(Order.objects.get(status="Error"), clock).status == "Submitted"
        matinee.refresh_from_db()
        assert (matinee.capacity, counters()) == (10, {"cinema 14:00": "0+10"})

    def test_an_allotment_stays_what_it_is(
        self, api: ApiClient, failed: Order, clock: Clock, matinee: Session
    ) -> None:
        map_sku(api)
        show_package = Package.objects.get(code="SHOW")
        AllotmentFactory.create(partner=api.partner, package=show_package, places=3)
        with pytest.raises(Refusal, match="1 place is left"):
            self.over(failed, clock)
        matinee.refresh_from_db()
        assert (matinee.capacity, counters()) == (5, {"cinema 14:00": "0+2"})

    def test_places_that_went_back_get_room_as_well(
        self, api: ApiClient, rival: ApiClient, failed: Order, clock: Clock, matinee: Session
    ) -> None:
        recovery.recover_orders(now=clock.forward(days=7))
        clock.forward(days=-7)
        map_sku(api)
        rival.create(show(quantity=5))
        assert self.over(failed, clock).status == "Submitted"
        matinee.refresh_from_db()
        assert (matinee.capacity, counters()) == (9, {"cinema 14:00": "0+9"})

    def test_a_session_with_room_is_left_as_it_is(
        self, api: ApiClient, failed: Order, clock: Clock, matinee: Session
    ) -> None:
        map_sku(api)
        self.over(failed, clock)
        matinee.refresh_from_db()
        assert (matinee.capacity, counters()) == (5, {"cinema 14:00": "0+4"})
