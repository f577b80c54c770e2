"""Closing a day in the admin: what is sold, what becomes of it, how far it is, what failed."""

from __future__ import annotations

import html
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

from catalog.models import Attraction, Session, SessionException
from orders.models import Closure, ClosureOrder, ClosurePlan, LedgerEntry, Order
from partners.models import Venue
from tests.conftest import ApiClient
from tests.factories import CalendarDayFactory, SessionExceptionFactory, VenueFactory
from tests.orders.closures import NEXT, close, outcomes, run_once, work_off
from tests.orders.expected import VISIT, line, settle
from tests.orders.sessions import counters, session, show
from tests.staff import messages_of, person, signed_in, text_of, viewer
from wallets.models import Asset

pytestmark = pytest.mark.usefixtures("clock", "show")
Issue = Callable[[str], Order]
LIST = "/admin/orders/closure/"


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody at the order desk."""
    return signed_in(order_desk)


@pytest.fixture
def shows(cinema: Attraction) -> list[Session]:
    """Shows at 14:00 on the day of the visit and the next, for ten."""
    return [session(cinema, "14:00", day, capacity=10) for day in (VISIT, NEXT)]


@pytest.fixture
def sold(api: ApiClient, rival: ApiClient, issue: Issue, shows: list[Session]) -> list[Any]:
    """Three places of a show in two orders, a draft for two, a failed order and a hold of four."""
    orders = [
        settle(api, issue, show(quantity=2)),
        settle(rival, issue, show()),
        settle(api, issue, line(quantity=2), sellToOrderReference="D", paymentReference=None),
        settle(api, issue, line("SKU-9"), sellToOrderReference="E"),
    ]
    hold = {"partnerId": str(api.partner.pk), "items": [show(quantity=4)]}
    assert api.post(hold, "/channelManager/holds").status_code == 201
    return orders


def address(page: str, venue: Venue, **asked: Any) -> str:
    query = urlencode({"venue": venue.pk, "date": VISIT, **asked})
    return f"{LIST}{page}/?{query}"


def confirm(client: Client, venue: Venue, reason: str = "A storm", **asked: Any) -> Any:
    """Open the last page of the way, give the reason, press the button and follow."""
    at = address("confirm", venue, **asked)
    page = client.get(at)
    assert page.status_code == 200
    key = page.context["form"]["closure_id"].value()
    return client.post(at, {"closure_id": key, "reason": reason}, follow=True)


def page_of(closure: Closure) -> str:
    return reverse("admin:orders_closure_change", args=[closure.pk])


def enter(answer: Any, **which: Any) -> None:
    """Have guests enter with the tickets of an order, or those of one day."""
    rows = Asset.objects.filter(wallet__order=answer["orderId"], **which)
    assert rows.update(status="Used", admitted=1)


def opener(said_by: str) -> Client:
    """The browser of somebody who may open a day again that this row has closed."""
    able = ("orders.view_closure", "catalog.change_session", f"catalog.delete_{said_by}")
    return signed_in(person(f"opener-{said_by}", *able))


def html_of(response: Any) -> str:
    return str(response.content.decode())


class _Part:
    """Part of a page, for text_of."""

    def __init__(self, html: str) -> None:
        self.content = html.encode()


def test_a_day_is_asked_for_and_shown_with_all_that_is_sold(
    desk: Client, venue: Venue, sold: list[Any]
) -> None:
    start = desk.get(f"{LIST}add/")
    assert "Which day is closed?" in text_of(start)
    page = desk.get(address("preview", venue))
    text = text_of(page)
    assert "Mon 23 Nov 2026 Dune Park, the whole venue" in text
    assert "Orders 4 1 Draft, 2 Issued, 1 Error" in text
    assert "Guests 6 at most" in text
    assert "Issued EUR 36.00" in text
    assert "Places 3 sold, and 4 held" in text
    shares = page.content.decode().split("<tbody>")[1].split("</tbody>")[0]
    assert [text_of(_Part(row)) for row in shares.split("<tr>")[1:]] == [
        "Rival Tours Issued 1 1 EUR 12.00",
        "Sunny Trips Draft 1 2 EUR 69.00",
        "Sunny Trips Error 1 1 EUR 0.00",
        "Sunny Trips Issued 1 2 EUR 24.00",
    ]
    sessions = page.content.decode().split("<tbody>")[2].split("</tbody>")[0]
    assert text_of(_Part(sessions)) == "Cinema 14:00 3 of 10 · 4 held"
    assert Closure.objects.count() == 0
    assert counters() == {"cinema 14:00": "4+3"}


def test_the_confirmation_tells_what_moving_does_in_numbers(
    desk: Client, venue: Venue, sold: list[Any], shows: list[Session]
) -> None:
    text = text_of(desk.get(address("confirm", venue, plan="move", to_date=NEXT)))
    for sentence in (
        "Close Dune Park on Mon 23 Nov 2026",
        "Nothing is sold any more on Mon 23 Nov 2026, at once.",
        "1 session of that day goes off sale.",
        "4 held places are released.",
        "4 orders move to Tue 24 Nov 2026, at the same times.",
        "Every visit of the order on that day moves; visits on other days stay.",
        "Close the day and move 4 orders",
    ):
        assert sentence in text
    assert "needed" not in text
    Session.objects.filter(date=NEXT).update(capacity=2)
    text = text_of(desk.get(address("confirm", venue, plan="move", to_date=NEXT)))
    assert "Cinema at 14:00: 3 places needed, and 2 left." in text
    assert "Orders that find no room stay on the closed day" in text
    Session.objects.filter(date=NEXT).update(is_on_sale=False)
    text = text_of(desk.get(address("confirm", venue, plan="move", to_date=NEXT)))
    assert "Cinema at 14:00: 3 places needed, and there is no such session on sale." in text


def test_the_confirmation_tells_what_cancelling_and_keeping_do(
    desk: Client, venue: Venue, sold: list[Any]
) -> None:
    text = text_of(desk.get(address("confirm", venue, plan="cancel")))
    for sentence in (
        "2 issued orders are cancelled: their tickets are destroyed, and EUR 36.00 is taken back",
        "2 draft or failed orders are removed for good.",
        "Close the day and cancel 4 orders",
    ):
        assert sentence in text
    assert "entered" not in text
    assert "other visits" not in text
    text = text_of(desk.get(address("confirm", venue, plan="keep")))
    assert "4 orders stay as they are: their tickets stay valid for that day." in text


def test_orders_that_guests_have_entered_with_are_not_in_the_numbers(
    desk: Client, api: ApiClient, venue: Venue, sold: list[Any]
) -> None:
    enter(sold[1])
    Session.objects.filter(date=NEXT).update(capacity=2)
    number = sold[1]["buyFromOrderReference"]
    text = text_of(desk.get(address("confirm", venue, plan="cancel")))
    for sentence in (
        "1 issued order is cancelled: its tickets are destroyed, and EUR 24.00 is taken back",
        "2 draft or failed orders are removed for good.",
        "1 order that guests have entered with stays as it is.",
        f"Guests have entered with 1 order: {number}.",
        "Close the day and cancel 3 orders",
    ):
        assert sentence in text
    page = desk.get(address("confirm", venue, plan="move", to_date=NEXT))
    text = text_of(page)
    for sentence in (
        "3 orders move to Tue 24 Nov 2026",
        "1 order that guests have entered with stays as it is.",
        "Close the day and move 3 orders",
    ):
        assert sentence in text
    assert "needed" not in text  # two places are left, and the other two orders need none
    text = text_of(desk.get(address("confirm", venue, plan="keep")))
    assert "4 orders stay as they are: their tickets stay valid for that day." in text
    assert "entered" not in text
    enter(sold[0])
    for order in sold[2:]:
        api.delete(order["orderId"])
    text = text_of(desk.get(address("confirm", venue, plan="cancel")))
    assert "2 orders that guests have entered with stay as they are." in text
    assert "taken back" not in text
    assert "cancel 0" not in text


def test_what_the_confirmation_counts_is_what_happens(
    desk: Client, venue: Venue, sold: list[Any]
) -> None:
    enter(sold[1])
    page = confirm(desk, venue, plan="cancel")
    assert page.status_code == 200
    closure = work_off(Closure.objects.get())
    assert sorted(outcome for outcome, _why in outcomes(closure).values()) == [
        "cancelled",
        "failed",
        "removed",
        "removed",
    ]
    reversals = LedgerEntry.objects.filter(kind="reversal")
    assert sum(row.gross for row in reversals) == Decimal("-24.00")


def test_an_order_that_was_entered_with_on_another_day_still_moves(
    desk: Client, venue: Venue, api: ApiClient, issue: Issue, shows: list[Session]
) -> None:
    both = settle(api, issue, show(), line(visit_date=NEXT))
    enter(both, visit_date=NEXT)
    text = text_of(desk.get(address("confirm", venue, plan="cancel")))
    assert "1 order that guests have entered with stays as it is." in text
    other = "2026-11-30"
    session(shows[0].attraction, "14:00", other)
    text = text_of(desk.get(address("confirm", venue, plan="move", to_date=other)))
    assert "1 order moves to Mon 30 Nov 2026" in text
    assert "entered" not in text
    assert set(outcomes(work_off(close(venue, to=other))).values()) == {("moved", "")}


def test_orders_that_hold_other_visits_are_told_before_they_are_cancelled(
    desk: Client,
    venue: Venue,
    api: ApiClient,
    issue: Issue,
    cinema: Attraction,
    shows: list[Session],
) -> None:
    def told(**asked: Any) -> tuple[str, str]:
        preview = text_of(desk.get(address("preview", venue, **asked)))
        return preview, text_of(desk.get(address("confirm", venue, plan="cancel", **asked)))

    def sell(*items: Any) -> Any:
        count = Order.objects.count()
        return settle(api, issue, *items, sellToOrderReference=f"O-{count}")

    cinema_only = {"attraction": cinema.pk}
    sell(show(), line())
    lonely = "This order holds other visits, too: they are cancelled with it."
    assert all(lonely in text for text in told(**cinema_only))
    assert not any("other visits, too" in text for text in told())
    sell(show(quantity=2))
    one = "1 of these orders holds other visits, too: they are cancelled with it."
    assert all(one in text for text in told(**cinema_only))
    sell(show(), show(visitDate=NEXT))
    used = sell(show(), line())
    sell(line(), line(visit_date=NEXT))
    two = "2 of these orders hold other visits, too: they are cancelled with them."
    enter(used)
    assert all(two in text for text in told(**cinema_only))
    # Of the whole day: what is of the next one.
    assert all(two in text for text in told())
    for plan in ("keep", "move"):
        text = text_of(desk.get(address("confirm", venue, plan=plan, to_date=NEXT)))
        assert "other visits, too" not in text


def test_one_of_everything_is_told_as_one(
    desk: Client, venue: Venue, api: ApiClient, issue: Issue, shows: list[Session]
) -> None:
    settle(api, issue, line("SKU-9"))
    text = text_of(desk.get(address("confirm", venue, plan="cancel")))
    assert "1 draft or failed order is removed for good." in text
    text = text_of(desk.get(address("confirm", venue, plan="keep")))
    assert "1 order stays as it is: its tickets stay valid for that day." in text
    api.create(line(), sellToOrderReference="F")
    hold = {"partnerId": str(api.partner.pk), "items": [show()]}
    assert api.post(hold, "/channelManager/holds").status_code == 201
    text = text_of(desk.get(address("confirm", venue, plan="cancel")))
    assert "1 order is being issued at this moment. It follows as soon as it has settled." in text
    assert "1 held place is released." in text


def test_moving_to_a_closed_day_is_not_offered(desk: Client, venue: Venue, sold: list[Any]) -> None:
    CalendarDayFactory.create(venue=venue, date=NEXT)
    at = address("confirm", venue, plan="move", to_date=NEXT)
    page = desk.get(at)
    assert "Dune Park is closed on Tue 24 Nov 2026. Choose another day." in text_of(page)
    assert "Close the day and move" not in text_of(page)
    key = page.context["form"]["closure_id"].value()
    refused = desk.post(at, {"closure_id": key, "reason": "A storm"})
    assert messages_of(refused) == ["Dune Park is closed on Tue 24 Nov 2026."]
    assert Closure.objects.count() == 0


def test_what_the_calendar_said_of_the_day_is_named_before_it_goes(
    desk: Client, venue: Venue, cinema: Attraction, shows: list[Session]
) -> None:
    CalendarDayFactory.create(venue=venue, date=VISIT, opens_at="10:00", closes_at="22:00")
    SessionExceptionFactory.create(attraction=cinema, date=VISIT)
    text = text_of(desk.get(address("confirm", venue, plan="keep")))
    assert "The day's own opening hours, 10:00 to 22:00, are replaced." in text
    assert "Nobody has bought anything for it." in text
    text = text_of(desk.get(address("confirm", venue, plan="keep", attraction=cinema.pk)))
    assert "The exception 'Cinema on 2026-11-23: the whole day' is removed." in text


def test_a_day_is_closed_once_however_often_the_button_is_pressed(
    desk: Client, order_desk: User, venue: Venue, sold: list[Any]
) -> None:
    at = address("confirm", venue, plan="move", to_date=NEXT)
    answers = {
        "closure_id": desk.get(at).context["form"]["closure_id"].value(),
        "reason": "A storm",
    }
    first, second = (desk.post(at, answers) for _ in range(2))
    closure = Closure.objects.get()
    assert first.url == second.url == page_of(closure)
    assert (closure.started_by, closure.reason) == (f"staff:{order_desk.pk}", "A storm")
    assert (str(closure.date), str(closure.to_date), closure.plan) == (VISIT, NEXT, "move")
    assert set(outcomes(closure).values()) == {("waiting", "")}


def test_a_reason_is_needed(desk: Client, venue: Venue) -> None:
    page = confirm(desk, venue, reason=" ", plan="keep")
    assert page.status_code == 422
    assert page.context["form"].errors == {"reason": ["This field is required."]}
    assert Closure.objects.count() == 0


@pytest.mark.parametrize(
    ("page", "asked", "told"),
    [
        ("preview", {"date": "2026-11-19"}, "Thu 19 Nov 2026 has passed."),
        ("preview", {"date": "the 23rd"}, "Enter a valid date."),
        ("confirm", {"plan": "move"}, "Which day do they move to?"),
        ("confirm", {"plan": "move", "to_date": VISIT}, "This is the day that is closed."),
        ("confirm", {"plan": "move", "to_date": "2026-11-19"}, "Thu 19 Nov 2026 has passed."),
        ("confirm", {}, "Choose one of these."),
        ("confirm", {"plan": "burn"}, "Choose one of these."),
    ],
)
def test_what_cannot_be_is_said_beside_what_was_asked(
    desk: Client, venue: Venue, page: str, asked: dict[str, str], told: str
) -> None:
    answer = desk.get(address(page, venue, **asked))
    assert answer.status_code == 422
    assert told in text_of(answer)


def test_an_attraction_of_another_venue_is_refused(
    desk: Client, venue: Venue, cinema: Attraction
) -> None:
    other = VenueFactory.create(name="Fjord Park")
    answer = desk.get(address("preview", other, attraction=cinema.pk))
    assert answer.status_code == 422
    assert "Cinema belongs to Dune Park." in text_of(answer)
    assert "Dune Park: Cinema" in text_of(answer)


def test_the_progress_page_follows_the_work_to_its_end(
    desk: Client, venue: Venue, sold: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.working_off.AT_A_TIME", 2)
    Session.objects.filter(date=NEXT).update(capacity=2)
    confirm(desk, venue, plan="move", to_date=NEXT)
    closure = Closure.objects.get()
    progress = reverse("admin:orders_closure_progress", args=[closure.pk])
    assert "0 of 4 orders done." in text_of(desk.get(progress))
    assert 'http-equiv="refresh"' in desk.get(page_of(closure)).content.decode()
    run_once(closure)
    text = text_of(desk.get(progress))
    assert "2 of 4 orders done." in text
    assert "Failed 1 Waiting 2 Moved 1" in text
    work_off(closure)
    page = desk.get(page_of(closure))
    text = text_of(page)
    assert "Cinema on Tue 24 Nov 2026 at 14:00 has no places left, and 1 is needed." in text
    assert "Done, but 1 of 4 orders needs you." in text
    assert "Failed 1 Moved 3" in text
    assert "A storm" in text
    assert 'http-equiv="refresh"' not in page.content.decode()
    failed = Order.objects.get(sell_to_order_reference="WEB-1", partner__name="Rival Tours")
    assert reverse("admin:orders_order_change", args=[failed.pk]) in page.content.decode()
    moved = text_of(desk.get(f"{page_of(closure)}?outcome=moved"))
    assert sold[0]["buyFromOrderReference"] in moved


def test_failed_orders_say_what_can_be_done_next(
    desk: Client, venue: Venue, cinema: Attraction, sold: list[Any]
) -> None:
    enter(sold[0])
    closure = work_off(close(venue, ClosurePlan.CANCEL, attraction=cinema))
    page = desk.get(page_of(closure))
    assert (
        "Move or cancel them one by one from their pages, or close the day again with another plan."
    ) in text_of(page)
    again = page.context["again_url"]
    assert f'href="{html.escape(again)}"' in html_of(page)
    form = desk.get(again).context["form"]
    asked = {name: str(form[name].value()) for name in ("venue", "date", "attraction")}
    assert asked == {"venue": str(venue.pk), "date": VISIT, "attraction": str(cinema.pk)}
    looker = text_of(signed_in(viewer()).get(page_of(closure)))
    assert "Move or cancel them one by one from their pages." in looker
    Closure.objects.update(date="2026-11-19")
    assert desk.get(page_of(closure)).context["again_url"] == ""


def test_every_failed_order_is_listed_and_the_rest_of_the_others_is_a_click_away(
    desk: Client, venue: Venue, statements: Any
) -> None:
    closure = close(venue, ClosurePlan.KEEP)
    for outcome, count in (("failed", 130), ("moved", 120), ("kept", 1_002)):
        ClosureOrder.objects.bulk_create(
            ClosureOrder(
                closure=closure,
                order_id=uuid.uuid4(),
                buy_from_order_reference=f"{outcome}-{number}",
                outcome=outcome,
                message="It is full." if outcome == "failed" else "",
                settled_at=closure.started_at,
            )
            for number in range(count)
        )
    with statements() as count:
        page = desk.get(page_of(closure))
    assert len(count) < 15
    assert html_of(page).count('id="order-') == 130
    assert "first" not in text_of(page)
    page = desk.get(f"{page_of(closure)}?outcome=moved")
    assert html_of(page).count('id="order-') == 100
    assert "These are the first 100 of 120. Show all 120" in text_of(page)
    page = desk.get(f"{page_of(closure)}?all=moved")
    assert html_of(page).count('id="order-') == 120
    assert 'data-progress-url="' in html_of(page)
    assert page.context["progress_url"].endswith("/progress/?all=moved")
    assert 'id="rest"' not in html_of(page)
    page = desk.get(f"{page_of(closure)}?outcome=kept")
    assert "These are the first 100 of 1,002. Show the first 1,000" in text_of(page)
    page = desk.get(f"{page_of(closure)}?all=kept")
    assert html_of(page).count('id="order-') == 1_000
    assert "These are the first 1,000 of 1,002." in text_of(page)
    assert html_of(desk.get(f"{page_of(closure)}?all=nothing")).count('id="order-') == 130


def test_each_order_is_listed_with_its_partner(desk: Client, venue: Venue, sold: list[Any]) -> None:
    closure = work_off(close(venue, ClosurePlan.CANCEL))
    text = text_of(desk.get(page_of(closure)))
    assert f"{sold[0]['buyFromOrderReference']} Sunny Trips" in text
    assert f"{sold[1]['buyFromOrderReference']} Rival Tours" in text
    text = text_of(desk.get(f"{page_of(closure)}?outcome=removed"))
    assert f"{sold[2]['buyFromOrderReference']} –" in text


@pytest.mark.parametrize(
    ("plan", "stays"),
    [
        (ClosurePlan.MOVE, "Orders that were moved stay on Tue 24 Nov 2026."),
        (ClosurePlan.CANCEL, "Orders that were cancelled or removed stay so."),
        (ClosurePlan.KEEP, "The orders were kept: their tickets are valid that day as before."),
    ],
)
def test_how_to_open_the_day_again_fits_the_plan(
    venue: Venue, shows: list[Session], plan: ClosurePlan, stays: str
) -> None:
    closure = work_off(close(venue, plan))
    assert (
        "To open the day again, delete the closed day under Closed and special days . Then choose "
        "the day's sessions in the list of sessions , and run “Follow the rules again”. " + stays
    ) in text_of(opener("calendarday").get(page_of(closure)))


def test_an_attraction_is_opened_again_by_its_exception(
    venue: Venue, cinema: Attraction, theatre: Attraction, shows: list[Session]
) -> None:
    session(theatre, "14:00", is_on_sale=False)
    closure = work_off(close(venue, ClosurePlan.KEEP, attraction=cinema))
    client = opener("sessionexception")
    page = client.get(page_of(closure))
    assert "delete the exception under Session exceptions" in text_of(page)
    there = client.get(page.context["sessions_url"])
    assert [str(row) for row in there.context["cl"].result_list] == [str(shows[0])]


def test_only_those_who_may_open_the_day_again_are_told_how(
    venue: Venue, cinema: Attraction, shows: list[Session]
) -> None:
    whole = work_off(close(venue, ClosurePlan.KEEP))
    part = work_off(close(venue, ClosurePlan.KEEP, attraction=cinema))
    for client, told in (
        (opener("calendarday"), [True, False]),
        (opener("sessionexception"), [False, True]),
        (signed_in(person("seller", "orders.view_closure", "catalog.change_session")), [False] * 2),
        (signed_in(viewer()), [False] * 2),
    ):
        pages = [text_of(client.get(page_of(closure))) for closure in (whole, part)]
        assert ["To open the day again" in page for page in pages] == told


def test_failed_orders_are_tried_again_and_the_rest_can_be_stopped_and_gone_on_with(
    desk: Client, venue: Venue, sold: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.working_off.AT_A_TIME", 2)
    Session.objects.filter(date=NEXT).update(capacity=2)
    confirm(desk, venue, plan="move", to_date=NEXT)
    closure = run_once(Closure.objects.get())

    def press(name: str) -> str:
        at = reverse(f"admin:orders_closure_{name}", args=[closure.pk])
        assert desk.get(at).status_code == 302  # looking does nothing
        return text_of(desk.post(at, follow=True))

    assert "Stopped after 2 of 4 orders." in press("stop")
    assert Closure.objects.get().status == "Stopped"
    assert 'id="retry"' not in html_of(desk.get(page_of(closure)))
    assert "2 of 4 orders done." in press("resume")
    Session.objects.filter(date=NEXT).update(capacity=10)
    assert "1 of 4 orders done." in press("retry")
    closure = work_off(closure)
    assert set(outcomes(closure).values()) == {("moved", "")}
    assert "Done with all 4 orders." in text_of(desk.get(page_of(closure)))
    stop = reverse("admin:orders_closure_stop", args=[closure.pk])
    refused = desk.post(stop, follow=True)
    assert messages_of(refused) == ["Somebody else was faster: it is Done now."]


def test_the_list_shows_how_far_each_day_is(
    desk: Client, venue: Venue, sold: list[Any], cinema: Attraction, statements: Any
) -> None:
    assert "No closed days yet" in text_of(desk.get(LIST))
    work_off(close(venue, attraction=cinema))
    close(venue, day="2026-11-30")
    with statements() as count:
        text = text_of(desk.get(LIST))
    assert len(count) < 15
    assert "Mon 23 Nov 2026 Cinema Done Orders move to Tue 24 Nov 2026 2 of 2" in text
    assert "Mon 30 Nov 2026 Dune Park Running Orders move to Tue 24 Nov 2026 0 of 0" in text


def test_only_those_who_may_close_days_do(venue: Venue, sold: list[Any]) -> None:
    closure = close(venue)
    looker = signed_in(viewer())
    assert looker.get(LIST).status_code == 200
    page = looker.get(page_of(closure))
    assert page.status_code == 200
    assert 'id="stop"' not in page.content.decode()
    for at in (f"{LIST}add/", address("preview", venue), address("confirm", venue, plan="keep")):
        assert looker.get(at).status_code == 403
    stop = reverse("admin:orders_closure_stop", args=[closure.pk])
    assert looker.post(stop).status_code == 403
    stranger = signed_in(person("stranger", "orders.view_order"))
    assert stranger.get(LIST).status_code == 403
    assert stranger.get(page_of(closure)).status_code == 403


def test_nobody_does_with_all_orders_what_they_may_not_do_with_one(
    venue: Venue, sold: list[Any]
) -> None:
    duty = signed_in(person("duty", "orders.add_closure"))
    text = text_of(duty.get(address("preview", venue)))
    assert "Keep them as they are" in text
    assert "Cancel them" not in text
    assert "Move them" not in text
    assert duty.get(address("confirm", venue, plan="cancel")).status_code == 422
    mover = signed_in(person("mover", "orders.add_closure", "orders.move_order"))
    done = confirm(mover, venue, plan="move", to_date=NEXT)
    assert done.status_code == 200
    assert ClosureOrder.objects.count() == 4


def test_a_day_that_is_being_worked_off_is_named(
    desk: Client, venue: Venue, sold: list[Any]
) -> None:
    closure = close(venue)
    page = desk.get(address("preview", venue))
    assert f"This day is being worked off already: {closure}" in text_of(page)
    assert page_of(closure) in page.content.decode()


def test_a_day_that_was_closed_before_is_named(
    desk: Client, venue: Venue, cinema: Attraction, theatre: Attraction, sold: list[Any]
) -> None:
    whole, part = address("preview", venue), address("preview", venue, attraction=cinema.pk)
    other = address("preview", venue, attraction=theatre.pk)
    already = "This day was closed on Fri 20 Nov 2026 already"
    closure = work_off(close(venue, ClosurePlan.KEEP, attraction=cinema))
    page = desk.get(part)
    assert f"{already}: {closure} ." in text_of(page)
    assert page_of(closure) in html_of(page)
    assert "already" not in text_of(desk.get(whole))
    assert "already" not in text_of(desk.get(other))
    confirmation = address("confirm", venue, attraction=cinema.pk, plan="keep")
    assert f"{already} ({closure})." in text_of(desk.get(confirmation))
    SessionException.objects.all().delete()
    assert f"{already}: {closure} . The calendar shows it open again." in text_of(desk.get(part))
    told = text_of(desk.get(confirmation))
    assert f"{already} ({closure}). The calendar shows it open again." in told
    work_off(close(venue, ClosurePlan.KEEP))
    assert all(already in text_of(desk.get(at)) for at in (whole, part, other))
    assert "open again" not in text_of(desk.get(whole))


def test_a_day_that_the_calendar_has_closed_is_named(
    desk: Client, venue: Venue, cinema: Attraction
) -> None:
    told = "The calendar says already that this day is closed."
    special = CalendarDayFactory.create(
        venue=venue, date=VISIT, opens_at="10:00", closes_at="22:00"
    )
    at = address("preview", venue)
    assert told not in text_of(desk.get(at))
    type(special).objects.update(opens_at=None, closes_at=None)
    assert told in text_of(desk.get(at))
    assert told in text_of(desk.get(address("confirm", venue, plan="keep")))
    assert told in text_of(desk.get(address("preview", venue, attraction=cinema.pk)))


def test_a_closure_that_does_not_exist_leads_to_the_list(desk: Client, venue: Venue) -> None:
    for key in ("nothing", "019aa0d0-0000-7000-8000-00000000dead"):
        page = desk.get(f"{LIST}{key}/change/", follow=True)
        assert messages_of(page) == ["There is no such closed day."]
    missing = f"{LIST}019aa0d0-0000-7000-8000-00000000dead/progress/"
    assert desk.get(missing).status_code == 404
