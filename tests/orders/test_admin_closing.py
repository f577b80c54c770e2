"""Closing a day in the admin: what is sold, what becomes of it, how far it is, what failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

from catalog.models import Attraction, Session
from orders.models import Closure, ClosureOrder, Order
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
        "1 session of that day go off sale.",
        "4 held places are released.",
        "4 orders move to Tue 24 Nov 2026, each as a whole and at the same times.",
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
    Asset.objects.filter(wallet__order=sold[1]["orderId"]).update(status="Used", admitted=1)
    text = text_of(desk.get(address("confirm", venue, plan="cancel")))
    for sentence in (
        "2 issued orders are cancelled: their tickets are destroyed, and EUR 36.00 is taken back",
        "2 draft or failed orders are removed for good.",
        f"Guests have entered with 1 order: {sold[1]['buyFromOrderReference']}.",
        "Close the day and cancel 4 orders",
    ):
        assert sentence in text
    text = text_of(desk.get(address("confirm", venue, plan="keep")))
    assert "4 orders stay as they are: their tickets stay valid for that day." in text
    assert "Guests have entered" not in text


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
    monkeypatch.setattr("orders.clearing.BATCH", 2)
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
    assert "Done, but 1 of 4 orders need you." in text
    assert "Failed 1 Moved 3" in text
    assert "To open the day again" in text
    assert "A storm" in text
    assert 'http-equiv="refresh"' not in page.content.decode()
    failed = Order.objects.get(sell_to_order_reference="WEB-1", partner__name="Rival Tours")
    assert reverse("admin:orders_order_change", args=[failed.pk]) in page.content.decode()
    moved = text_of(desk.get(f"{page_of(closure)}?outcome=moved"))
    assert sold[0]["buyFromOrderReference"] in moved


def test_failed_orders_are_tried_again_and_the_rest_can_be_stopped_and_gone_on_with(
    desk: Client, venue: Venue, sold: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.clearing.BATCH", 2)
    Session.objects.filter(date=NEXT).update(capacity=2)
    confirm(desk, venue, plan="move", to_date=NEXT)
    closure = run_once(Closure.objects.get())

    def press(name: str) -> str:
        at = reverse(f"admin:orders_closure_{name}", args=[closure.pk])
        assert desk.get(at).status_code == 302  # looking does nothing
        return text_of(desk.post(at, follow=True))

    assert "Stopped after 2 of 4 orders." in press("stop")
    assert Closure.objects.get().status == "Stopped"
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


def test_a_closure_that_does_not_exist_leads_to_the_list(desk: Client, venue: Venue) -> None:
    for key in ("nothing", "019aa0d0-0000-7000-8000-00000000dead"):
        page = desk.get(f"{LIST}{key}/change/", follow=True)
        assert messages_of(page) == ["There is no such closed day."]
    missing = f"{LIST}019aa0d0-0000-7000-8000-00000000dead/progress/"
    assert desk.get(missing).status_code == 404
