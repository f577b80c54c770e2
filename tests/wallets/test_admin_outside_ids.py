"""Outside ids in the admin: by hand, picked from a catalogue, and matched with sessions by start."""

from __future__ import annotations

import datetime
import zoneinfo
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from catalog.models import (
    Attraction,
    Component,
    ComponentSource,
    Connection,
    Item,
    OutsidePlaces,
    Session,
)
from channel_manager.history.models import AuditEntry
from partners.models import Venue
from tests.factories import AttractionFactory, VenueFactory, sellable_package
from tests.staff import messages_of, person, signed_in, text_of
from tests.wallets.elsewhere import FakeConnector, connect, put_in
from wallets.admin.connections import catalogue
from wallets.connectors.base import CatalogueEntry, Cause, ConnectorError

AMSTERDAM = zoneinfo.ZoneInfo("Europe/Amsterdam")
SOURCES = "/admin/catalog/componentsource/"
HOURS = (10, 12, 14)
GUID = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeConnector:
    cache.clear()
    put_in(monkeypatch, FakeConnector(catalogue=False), "ordino", "openticket", "voordemensen")
    return put_in(monkeypatch, FakeConnector(), "onebox")


@pytest.fixture
def desk(order_desk: User) -> Client:
    return signed_in(order_desk)


@pytest.fixture
def cinema(venue: Venue) -> Attraction:
    """A cinema with three shows tomorrow."""
    cinema = AttractionFactory.create(venue=venue, code="cinema", name="4D cinema")
    for hour in HOURS:
        Session.objects.create(
            attraction=cinema,
            date=start(hour).date(),
            time=datetime.time(hour),
            starts_at=start(hour),
            ends_at=start(hour) + datetime.timedelta(hours=1),
            capacity=60,
        )
    return cinema


@pytest.fixture
def component(venue: Venue, cinema: Attraction) -> Component:
    """A show of the cinema, in a package of its own."""
    package = sellable_package(venue, "SHOW", dating="timed")
    Item.objects.filter(components__package=package).update(
        attraction=cinema, description="Show of the cinema"
    )
    return Component.objects.select_related("item", "package").get(package=package)


@pytest.fixture
def onebox(venue: Venue) -> Connection:
    return connect(venue)


def start(hour: int) -> datetime.datetime:
    """Return an hour of tomorrow on the venue's clock."""
    tomorrow = timezone.now().astimezone(AMSTERDAM).date() + datetime.timedelta(days=1)
    return datetime.datetime.combine(tomorrow, datetime.time(hour), AMSTERDAM)


def show(session: str, hour: int, label: str = "Adult", item: str = "55") -> CatalogueEntry:
    return CatalogueEntry(
        outside_session=session,
        outside_item=item,
        label=label,
        starts_at=start(hour),
        price=Decimal("12.500"),
    )


def page_of(component: Component) -> str:
    return f"{SOURCES}component/{component.pk}/"


def address(component: Component, connection: Connection, page: str) -> str:
    return f"{page_of(component)}{connection.pk}/{page}/"


def new(component: Component, connection: Connection) -> str:
    return f"{SOURCES}add/?component={component.pk}&connection={connection.pk}"


def rows() -> list[tuple[Any, ...]]:
    columns = ("session__time", "outside_session", "outside_item", "label", "outside_price")
    return list(ComponentSource.objects.order_by("session__time").values_list(*columns))


def test_a_component_is_issued_by_our_own_tickets_until_an_id_is_given_by_hand(
    desk: Client, component: Component, onebox: Connection
) -> None:
    package = f"/admin/catalog/package/{component.package_id}/change/"
    assert "Our own tickets" in text_of(desk.get(package))
    page = desk.get(page_of(component))
    assert "Issued by: Our own tickets" in text_of(page)
    assert "Session id: A number" in text_of(page)
    saved = desk.post(
        new(component, onebox), {"outside_session": "900", "outside_item": "55", "label": "Adult"}
    )
    assert saved.headers["Location"] == page_of(component)
    assert rows() == [(None, "900", "55", "Adult", None)]
    assert "Issued by: Onebox: Adult" in text_of(desk.get(page_of(component)))
    assert "Onebox: Adult" in text_of(desk.get(package))
    assert "Adult (900, 55)" in text_of(desk.get(SOURCES))


def test_an_outside_id_is_changed_and_deleted(
    desk: Client, component: Component, onebox: Connection
) -> None:
    desk.post(new(component, onebox), {"outside_item": "55"})
    row = ComponentSource.objects.get()
    desk.post(f"{SOURCES}{row.pk}/change/", {"outside_item": "56", "label": "Child"})
    assert rows() == [(None, "", "56", "Child", None)]
    gone = desk.post(f"{SOURCES}{row.pk}/delete/", {"post": "yes"})
    assert gone.headers["Location"] == page_of(component)
    assert rows() == []


def test_a_second_id_for_the_same_session_is_refused(
    desk: Client, component: Component, onebox: Connection
) -> None:
    session = Session.objects.earliest("starts_at")
    answers = {"outside_item": "55", "session": str(session.pk)}
    desk.post(new(component, onebox), answers)
    again = desk.post(new(component, onebox), answers)
    assert "has an outside id for that session already" in text_of(again)
    assert len(rows()) == 1


def test_what_only_a_guests_payment_could_buy_is_refused_at_the_connection(
    desk: Client, component: Component, venue: Venue
) -> None:
    shop = connect(venue, system="openticket", name="Shop", payment_method="")
    refused = desk.post(new(component, shop), {"outside_item": GUID, "outside_price": "10"})
    assert "has no prepaid payment method" in text_of(refused)
    assert rows() == []
    free = desk.post(new(component, shop), {"outside_item": GUID, "outside_price": "0"})
    assert free.status_code == 302


def test_another_venues_connection_and_another_attractions_session_are_not_there(
    desk: Client, component: Component, onebox: Connection
) -> None:
    foreign = connect(VenueFactory.create(), name="Elsewhere")
    assert desk.get(new(component, foreign)).status_code == 404
    assert desk.post(address(component, foreign, "pick")).status_code == 404
    ride = AttractionFactory.create(venue=component.package.venue, code="ride")
    other = Session.objects.create(
        attraction=ride, date=start(9).date(), starts_at=start(9), ends_at=start(17), capacity=9
    )
    refused = desk.post(new(component, onebox), {"outside_item": "55", "session": str(other.pk)})
    assert "Select a valid choice" in text_of(refused)
    assert rows() == []


def test_an_id_without_a_component_leads_to_the_packages(desk: Client, db: None) -> None:
    for query in ("", "?component=7&connection=x"):
        assert desk.get(f"{SOURCES}add/{query}").headers["Location"] == "/admin/catalog/package/"


def test_the_picker_asks_when_the_button_is_pressed_and_fills_the_form(
    desk: Client, component: Component, onebox: Connection, fake: FakeConnector
) -> None:
    naive = CatalogueEntry(
        outside_session="901",
        outside_item="57",
        label="Child <b>",
        starts_at=start(12).replace(tzinfo=None),
    )
    fake.sells = [show("900", 10), naive]
    pick = address(component, onebox, "pick")
    assert "Show its catalogue" in text_of(desk.get(pick))
    assert fake.asked == 0
    page = desk.post(pick, {"q": ""})
    told = text_of(page)
    assert f"{start(10):%-d %b %Y}, 10:00 EUR 12.50" in told
    assert f"{start(12):%-d %b %Y}, 12:00" in told
    only = desk.post(pick, {"q": "adult 10:00"})
    [(_row, url)] = only.context["rows"]
    assert "Child" not in text_of(only)
    assert fake.asked == 1  # the second answer is not a minute old
    assert parse_qs(urlsplit(url).query) == {
        "component": [str(component.pk)],
        "connection": [str(onebox.pk)],
        "outside_session": ["900"],
        "outside_item": ["55"],
        "label": ["Adult"],
        "outside_price": ["12.5"],
    }
    form = desk.get(url).context["adminform"].form
    assert form.initial["outside_item"] == "55"
    assert "It sells nothing of that name." in text_of(desk.post(pick, {"q": "nothing"}))


def test_a_catalogue_that_cannot_be_had_is_told_in_words(
    desk: Client, component: Component, onebox: Connection, fake: FakeConnector
) -> None:
    fake.fault = ConnectorError(Cause.TIMED_OUT, "No answer in 30 s.", permanent=False)
    for page in ("pick", "match"):
        told = desk.post(address(component, onebox, page))
        assert told.status_code == 422
        assert "It did not answer in time. No answer in 30 s." in text_of(told)


def test_a_system_without_a_catalogue_has_plain_fields_with_help(
    desk: Client, component: Component, venue: Venue
) -> None:
    ordino = connect(venue, system="ordino", name="Ordino")
    park = connect(venue, system="voordemensen", name="Park")
    assert "A text such as q9LmX2" in text_of(desk.get(new(component, park)))
    page = desk.get(page_of(component))
    assert "Package id: Ordino hands it over" in text_of(page)
    assert "Pick from its catalogue" not in text_of(page)
    assert desk.get(address(component, ordino, "pick")).status_code == 404
    assert desk.get(address(component, ordino, "match")).status_code == 404
    assert "Package id" in text_of(desk.get(new(component, ordino)))


def test_sessions_are_matched_by_their_start_and_stored_once_agreed(
    desk: Client, component: Component, onebox: Connection, fake: FakeConnector
) -> None:
    fake.sells = [
        show("900", 10),
        show("901", 12),
        show("902", 13),
        show("900", 10, "Child", "56"),
    ]
    match = address(component, onebox, "match")
    asked = desk.get(match)
    assert fake.asked == 0
    assert "Ask what it sells" in text_of(asked)
    kinds = desk.post(match).context["form"].fields["kind"].choices
    assert kinds == [
        ("", "Choose one"),
        ("label:Adult", "Adult (3 starts)"),
        ("label:Child", "Child (1 start)"),
    ]
    listed = desk.post(match, {"kind": "label:Adult"})
    proposals = listed.context["proposals"]
    shown = [
        (row.session.time.hour, [value for value, _text, is_chosen in choices if is_chosen])
        for row, choices in proposals
    ]
    assert shown == [(10, ["900 55"]), (12, ["901 55"]), (14, [""])]
    assert "nothing starts there then" in text_of(listed)
    assert rows() == []
    answers = {row.field: choices[0][0] for row, choices in proposals if row.there}
    done = desk.post(match, {"kind": "label:Adult", "_agreed": "1", **answers}, follow=True)
    assert messages_of(done) == [f"{component.item} is issued by {onebox} in 2 sessions."]
    assert rows() == [
        (datetime.time(10), "900", "55", "Adult", Decimal("12.500")),
        (datetime.time(12), "901", "55", "Adult", Decimal("12.500")),
    ]
    assert AuditEntry.objects.filter(name="added").count() == 2
    wanted = OutsidePlaces.objects.filter(connection=onebox, asked_at__isnull=False)
    assert sorted(wanted.values_list("outside_session", "outside_item")) == [
        ("900", "55"),
        ("901", "55"),
    ]
    again = desk.post(match, {"kind": "label:Adult"})
    assert "has one: Onebox: Main channel, Adult" in text_of(again)


def test_a_list_is_stored_whole_or_not_at_all(
    desk: Client, component: Component, onebox: Connection, fake: FakeConnector
) -> None:
    fake.sells = [show("900", 10), show("901", 12)]
    match = address(component, onebox, "match")
    listed = desk.post(match, {"kind": "label:Adult"}).context["proposals"]
    answers = {row.field: choices[0][0] for row, choices in listed if row.there}
    # A colleague gives one of them an id meanwhile.
    session = Session.objects.get(starts_at=start(12))
    ComponentSource.objects.create(
        component=component, connection=onebox, session=session, outside_item="99"
    )
    refused = desk.post(match, {"kind": "label:Adult", "_agreed": "1", **answers})
    assert refused.status_code == 422
    assert "has an outside id already" in text_of(refused)
    assert rows() == [(datetime.time(12), "", "99", "", None)]


@pytest.mark.parametrize("answer", ["902 55", "900 77", "x", " ", "900 55 1"])
def test_what_does_not_start_then_is_not_stored(
    answer: str, desk: Client, component: Component, onebox: Connection, fake: FakeConnector
) -> None:
    fake.sells = [show("900", 10), show("902", 14)]
    session = Session.objects.get(starts_at=start(10))
    refused = desk.post(
        address(component, onebox, "match"),
        {
            "kind": "label:Adult",
            "_agreed": "1",
            f"s-{session.pk}": answer,
            "s-no": "900 55",
            f"s-{onebox.pk}": "",
        },
    )
    assert refused.status_code == 422
    assert rows() == []


def test_a_component_that_is_elsewhere_in_some_sessions_only_says_so(
    desk: Client, component: Component, onebox: Connection
) -> None:
    session = Session.objects.earliest("starts_at")
    desk.post(new(component, onebox), {"outside_item": "55", "session": str(session.pk)})
    told = text_of(desk.get(page_of(component)))
    assert "Orders for any other session stop in Error" in told
    assert "Our own tickets" not in told
    package = f"/admin/catalog/package/{component.package_id}/change/"
    assert "1 session elsewhere" in text_of(desk.get(package))


def test_names_that_differ_are_matched_by_their_id(
    desk: Client, component: Component, onebox: Connection, fake: FakeConnector
) -> None:
    fake.sells = [show("900", 10, "Adult, first show"), show("901", 12, "Adult, second show")]
    kinds = dict(
        desk.post(address(component, onebox, "match")).context["form"].fields["kind"].choices
    )
    assert kinds["item:55"] == "55: Adult, first show and others (2 starts)"
    listed = desk.post(address(component, onebox, "match"), {"kind": "item:55"})
    assert [len(row.there) for row, _choices in listed.context["proposals"]] == [1, 1, 0]
    unknown = desk.post(address(component, onebox, "match"), {"kind": "item:9"})
    assert unknown.status_code == 422


@pytest.mark.parametrize(
    ("labels", "guess"),
    [
        (("Adult", "Child"), ""),
        (("Adult", "Show of the cinema", "Late show of the cinema"), "label:Show of the cinema"),
        (("Adult", "Late show of the cinema"), "label:Late show of the cinema"),
        (("Early show of the cinema", "Late show of the cinema"), ""),
    ],
)
def test_a_kind_is_chosen_beforehand_only_where_one_has_the_item_s_name(
    desk: Client,
    component: Component,
    onebox: Connection,
    fake: FakeConnector,
    labels: tuple[str, ...],
    guess: str,
) -> None:
    fake.sells = [show("900", 10, label, label[:3]) for label in labels]
    match = address(component, onebox, "match")
    assert desk.post(match).context["form"]["kind"].value() == guess
    unsaid = desk.post(match, {"kind": ""})
    assert unsaid.status_code == 422
    assert "Say what the component is there." in text_of(unsaid)


def test_a_kind_that_earlier_ids_use_is_chosen_beforehand(
    desk: Client, component: Component, onebox: Connection, fake: FakeConnector
) -> None:
    ComponentSource.objects.create(
        component=component,
        connection=onebox,
        session=Session.objects.earliest("starts_at"),
        outside_item="56",
        label="Child",
    )
    fake.sells = [show("900", 10, "Show of the cinema"), show("901", 12, "Child", "56")]
    match = address(component, onebox, "match")
    assert desk.post(match).context["form"]["kind"].value() == "label:Child"


def test_more_sessions_than_a_form_holds_are_matched_in_turns(
    desk: Client,
    component: Component,
    onebox: Connection,
    fake: FakeConnector,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogue, "MOST_SESSIONS", 2)
    fake.sells = [show("900", 10), show("901", 12), show("902", 14)]
    match = address(component, onebox, "match")
    first = desk.post(match, {"kind": "label:Adult"})
    assert "The first 2 of 3 sessions that something fits" in text_of(first)
    answers = {row.field: choices[0][0] for row, choices in first.context["proposals"]}
    desk.post(match, {"kind": "label:Adult", "_agreed": "1", **answers})
    second = desk.post(match, {"kind": "label:Adult"})
    fitting = [
        row.session.time.hour for row, _choices in second.context["proposals"] if not row.has
    ]
    assert fitting == [14]
    assert "1 more session has an id already, or nothing fits." in text_of(second)


def test_a_component_without_sessions_has_nothing_to_match(
    desk: Client, component: Component, onebox: Connection, fake: FakeConnector
) -> None:
    Item.objects.filter(pk=component.item_id).update(attraction=None)
    led = desk.get(address(component, onebox, "match"), follow=True)
    (told,) = messages_of(led)
    assert told.endswith("has no sessions to match. Give it an id that always holds.")
    assert led.redirect_chain == [(page_of(component), 302)]


def test_a_list_that_was_cut_claims_no_absence(
    desk: Client, component: Component, onebox: Connection, fake: FakeConnector
) -> None:
    fake.sells, fake.is_cut = [show("900", 10)], True
    cut = "It sells more than could be read"
    missing = text_of(desk.post(address(component, onebox, "pick"), {"q": "nothing"}))
    assert cut in missing
    assert "Nothing of that name is among what was read." in missing
    assert "It sells nothing of that name." not in missing
    listed = text_of(desk.post(address(component, onebox, "match"), {"kind": "label:Adult"}))
    assert cut in listed
    assert "nothing that was read starts there then" in listed
    assert "nothing starts there then" not in listed


@pytest.mark.parametrize(
    ("system", "answers", "faults"),
    [
        (
            "onebox",
            {"outside_session": "s-1", "outside_item": "0"},
            {
                "outside_session": ["Onebox's ids are whole numbers, such as 90210."],
                "outside_item": ["Onebox's ids are whole numbers, such as 90210."],
            },
        ),
        (
            "openticket",
            {"outside_session": GUID, "outside_item": GUID[:-1]},
            {"outside_item": [f"Give a GUID, such as {GUID}."]},
        ),
        (
            "voordemensen",
            {"outside_session": "q9LmX2", "outside_item": "a/b"},
            {
                "outside_session": ["VoordeMensen's event ids are whole numbers, such as 4711."],
                "outside_item": ["It has letters, digits, hyphens and dots only."],
            },
        ),
    ],
)
def test_an_id_by_hand_looks_as_that_system_s_do(
    desk: Client,
    component: Component,
    venue: Venue,
    system: str,
    answers: dict[str, str],
    faults: dict[str, list[str]],
) -> None:
    there = connect(venue, system=system, payment_method="7")
    refused = desk.post(new(component, there), answers)
    assert refused.context["adminform"].form.errors == faults
    assert rows() == []


def test_who_may_only_look_sees_no_way_to_change(component: Component, onebox: Connection) -> None:
    ComponentSource.objects.create(component=component, connection=onebox, outside_item="55")
    page = signed_in(person("looker", "catalog.view_componentsource")).get(page_of(component))
    assert "Issued by: Onebox: 55" in text_of(page)
    for way in ("componentsource/add/", "/delete/", "/pick/", "/match/"):
        assert way not in page.content.decode()


def test_a_component_or_connection_that_is_not_there_is_a_404(
    desk: Client, component: Component, onebox: Connection
) -> None:
    missing = "00000000-0000-0000-0000-000000000007"
    for path in (
        f"{SOURCES}component/{missing}/",
        f"{SOURCES}component/{component.pk}/{missing}/pick/",
        f"{SOURCES}add/?component={missing}&connection={onebox.pk}",
    ):
        assert desk.get(path).status_code == 404, path
