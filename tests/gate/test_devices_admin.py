"""Gate devices and scans in the admin: what it takes, shows once, refuses and finds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from catalog.models import Item
from channel_manager.history.models import AuditRecord
from partners.keys import hash_key
from partners.models import Venue
from tests.conftest import ApiClient
from tests.factories import ItemFactory, VenueFactory
from tests.gate.conftest import Gate, Issued, asset_of, wallet_of
from tests.orders.expected import Clock, line
from tests.staff import messages_of, person, signed_in, text_of, viewer
from tests.wallets.scanning import paint, scan
from wallets.devices import name_devices
from wallets.models import GateDevice, Scan

DEVICES = "/admin/wallets/gatedevice/"
SCANS = "/admin/wallets/scan/"


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody who keeps the gates, just signed in: ask for it after `scans`."""
    return signed_in(order_desk)


@pytest.fixture
def entry(venue: Venue) -> Item:
    """An item of our park."""
    return ItemFactory.create(venue=venue, number="ENTRY", description="Park entry")


def answers(venue: Venue, *items: Item, **more: Any) -> dict[str, Any]:
    return {
        "venue": venue.pk,
        "name": "North entrance",
        "items": [item.pk for item in items],
        **more,
    }


def test_a_device_is_made_and_its_key_shown_once(desk: Client, venue: Venue, entry: Item) -> None:
    made = desk.post(f"{DEVICES}add/", answers(venue, entry))
    assert made.status_code == 200
    assert "no-store" in made["Cache-Control"]
    key = made.context["shown"]
    device = GateDevice.objects.get()
    assert (device.name, device.venue, list(device.items.all())) == (
        *("North entrance", venue, [entry]),
    )
    assert (device.key_hash, device.prefix) == (hash_key(key), key[:11])
    assert key.startswith("gate_")
    assert f"{settings.PUBLIC_URL}/gate#key={key}" in text_of(made)
    assert Client().get("/gate/device", headers={"x-api-key": key}).status_code == 200
    for page in (f"{DEVICES}{device.pk}/change/", DEVICES, "/admin/"):
        assert key not in desk.get(page).content.decode()
    kept = str([*AuditRecord.objects.values(), *(s.get_decoded() for s in Session.objects.all())])
    assert key not in kept


def test_the_code_opens_the_gates_page_with_the_key(
    desk: Client, venue: Venue, entry: Item
) -> None:
    made = desk.post(f"{DEVICES}add/", answers(venue, entry))
    code = made.context["code"]
    side = int(code.side)
    assert f'viewBox="0 0 {side} {side}"' in made.content.decode()
    assert scan(paint(side, dark_modules(code.path))) == [made.context["link"]]


def dark_modules(path: str) -> Iterator[tuple[int, int]]:
    """Yield the dark modules that a code's path strokes."""
    x, y = 0, 0
    for name, first, second, length in re.findall(r"([Mm])(-?\d+) ([\d.]+)h(\d+)", path):
        x = int(first) if name == "M" else x + int(first)
        y = int(float(second)) if name == "M" else y
        yield from ((x + step, y) for step in range(int(length)))
        x += int(length)


def test_a_device_that_admits_everything_needs_no_items(desk: Client, venue: Venue) -> None:
    made = desk.post(f"{DEVICES}add/", answers(venue, admits_every_item="on"))
    assert made.context["shown"]
    assert GateDevice.objects.get().admits_every_item


def test_a_device_needs_something_to_admit_at_its_own_venue(
    desk: Client, venue: Venue, entry: Item
) -> None:
    foreign = ItemFactory.create(venue=VenueFactory.create(), number="ELSEWHERE")
    for sent, said in (
        (answers(venue), "Choose what this gate admits, or let it admit every item."),
        (answers(venue, foreign), "belongs to another venue."),
        (answers(venue, entry, name=""), "This field is required."),
        (answers(venue, entry, name="x" * 61), "at most 60 characters"),
    ):
        page = desk.post(f"{DEVICES}add/", sent)
        assert said in text_of(page)
    assert not GateDevice.objects.exists()


def test_two_devices_of_a_venue_have_two_names(desk: Client, venue: Venue, gate: Gate) -> None:
    page = desk.post(f"{DEVICES}add/", answers(venue, admits_every_item="on"))
    assert "The venue has a gate device of this name already." in text_of(page)
    other = VenueFactory.create()
    assert desk.post(f"{DEVICES}add/", answers(other, admits_every_item="on")).context["shown"]
    assert gate.request("GET", "/gate/device").status_code == 200


def test_a_device_is_renamed_and_set_anew_and_keeps_its_key_and_venue(
    desk: Client, gate: Gate, entry: Item
) -> None:
    elsewhere = VenueFactory.create()
    sent = answers(elsewhere, entry, name="South entrance")
    assert desk.post(f"{DEVICES}{gate.device.pk}/change/", sent).status_code == 302
    told = gate.request("GET", "/gate/device").json()
    assert (told["name"], told["venue"]["name"], told["admitsEveryItem"]) == (
        *("South entrance", "Dune Park", False),
    )
    assert [item["itemNumber"] for item in told["items"]] == ["ENTRY"]


def test_a_revoked_device_scans_nothing_until_it_gets_a_new_key(desk: Client, gate: Gate) -> None:
    page = f"{DEVICES}{gate.device.pk}"
    assert desk.post(f"{page}/revoke/", {"reason": " "}).status_code == 422
    done = desk.post(f"{page}/revoke/", {"reason": "Stolen"}, follow=True)
    assert messages_of(done) == ["North entrance is revoked."]
    assert gate.request("GET", "/gate/device").status_code == 401
    assert [button.label for button in done.context["state_bar"].buttons] == ["New key"]
    assert "Revoked: Stolen" in str(list(AuditRecord.objects.values_list("reason")))
    shown = desk.post(f"{page}/key/", {"reason": ""}).context["shown"]
    assert gate.request("GET", "/gate/device").status_code == 401
    assert gate.request("GET", "/gate/device", x_api_key=shown).status_code == 200


def test_a_new_key_replaces_the_old_one_at_once(desk: Client, gate: Gate) -> None:
    asked = desk.get(f"{DEVICES}{gate.device.pk}/key/")
    assert "The old key stops working at once" in text_of(asked)
    assert gate.request("GET", "/gate/device").status_code == 200
    shown = desk.post(f"{DEVICES}{gate.device.pk}/key/", {"reason": ""})
    assert "no-store" in shown["Cache-Control"]
    assert gate.request("GET", "/gate/device").status_code == 401


@pytest.mark.parametrize("name", ["key", "revoke"])
def test_who_may_only_look_changes_nothing(gate: Gate, name: str) -> None:
    browser = signed_in(viewer())
    assert browser.get(f"{DEVICES}{gate.device.pk}/{name}/").status_code == 403
    assert browser.post(f"{DEVICES}{gate.device.pk}/{name}/", {"reason": "x"}).status_code == 403
    page = browser.get(f"{DEVICES}{gate.device.pk}/change/")
    assert page.context["state_bar"].buttons == ()
    assert gate.request("GET", "/gate/device").status_code == 200


def test_a_device_is_never_deleted(desk: Client, gate: Gate) -> None:
    assert desk.post(f"{DEVICES}{gate.device.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_list_tells_what_each_device_admits(
    desk: Client, make_gate: Callable[..., Gate], bundle: Any, statements: Callable[[], Any]
) -> None:
    assert bundle.code == "BUNDLE"
    make_gate("Cinema", "CINEMA", "LUNCH")
    text = text_of(desk.get(DEVICES))
    assert "Description of CINEMA, Description of LUNCH" in text
    with statements() as few:
        desk.get(DEVICES)
    for number in range(10):
        make_gate(f"Ride {number}", "DINO")
    with statements() as many:
        desk.get(DEVICES)
    assert len(many) == len(few)


@pytest.fixture
def scans(gate: Gate, make_gate: Callable[..., Gate], issued: Issued, clock: Clock) -> Any:
    """Two days of scans at two gates; returns the order of the first ticket."""
    order = issued(line(wallet={"externalReferenceNumbers": ["SUN-1"]}))
    number = asset_of(order).reference_number
    gate.scan(number)
    make_gate("South").scan(number)
    undone = gate.scan(asset_of(issued()).reference_number)
    gate.undo(undone["admissionId"], "Wrong guest")
    clock.forward(hours=13, minutes=30)
    gate.scan("nothing")
    return order


def listed(desk: Client, **query: str) -> list[tuple[str, str]]:
    """Return gate and code of the scans that a list shows, the last first."""
    page = desk.get(SCANS, query)
    assert page.status_code == 200
    return [(scan.device.name, scan.code) for scan in page.context["cl"].result_list]


@pytest.mark.usefixtures("scans")
def test_scans_are_listed_newest_first_and_filtered(desk: Client) -> None:
    north, south = "North entrance", "South"
    every = [
        *((north, "unknown"), (north, "admitted"), (south, "already_used"), (north, "admitted")),
    ]
    assert listed(desk) == every
    assert listed(desk, result="admitted") == [(north, "admitted")]
    assert listed(desk, result="undone") == [(north, "admitted")]
    assert listed(desk, result="refused") == [(north, "unknown"), (south, "already_used")]
    assert listed(desk, result="already_used") == [(south, "already_used")]
    assert listed(desk, result="nonsense") == []
    key = str(GateDevice.objects.get(name=south).pk)
    assert listed(desk, device=key) == [(south, "already_used")]
    # The last scan was after midnight in UTC's eyes only: 23:30 in Amsterdam.
    day = {"at_from": "2026-11-23", "at_to": "2026-11-23"}
    assert listed(desk, **day) == every
    assert listed(desk, at_from="2026-11-24") == []


def test_scans_are_found_by_any_number_of_the_ticket(scans: Any, desk: Client) -> None:
    asset, wallet = asset_of(scans), wallet_of(scans)
    for typed in (asset.reference_number.lower(), wallet.reference_number, "SUN-1"):
        assert [code for _, code in listed(desk, q=typed)] == ["already_used", "admitted"]
    assert listed(desk, q="nothing") == [("North entrance", "unknown")]
    assert listed(desk, q="never scanned") == []


def test_scans_of_a_cancelled_order_are_found_by_the_partners_number(
    issued: Issued, gate: Gate, api: ApiClient, order_desk: User
) -> None:
    order = issued(line(wallet={"externalReferenceNumbers": ["SUN-1"]}))
    gate.undo(gate.scan("SUN-1")["admissionId"])
    api.delete(str(order.pk))
    assert [code for _, code in listed(signed_in(order_desk), q="SUN-1")] == ["admitted"]


@pytest.mark.usefixtures("scans")
def test_a_scan_tells_who_undid_it_and_why(desk: Client) -> None:
    scan = Scan.objects.get(undone_at__isnull=False)
    text = text_of(desk.get(f"{SCANS}{scan.pk}/change/"))
    for part in ("Undone", "North entrance (gate)", "Wrong guest", "23 Nov 2026, 10:00"):
        assert part in text


def test_a_tickets_page_lists_its_scans(scans: Any, desk: Client) -> None:
    text = text_of(desk.get(f"/admin/wallets/asset/{asset_of(scans).pk}/change/"))
    for part in ("1 of 1", "23 Nov 2026, 10:00:00", "South", "Already used today at 10:00"):
        assert part in text


def test_the_sidebar_leads_to_the_gate(desk: Client) -> None:
    text = text_of(desk.get("/admin/"))
    assert "Gate devices" in text
    assert "Scans" in text
    alone = signed_in(person("guard", "wallets.view_scan"))
    assert "Gate devices" not in text_of(alone.get("/admin/"))


def test_an_empty_list_of_scans_says_so(desk: Client) -> None:
    assert "No scans yet" in text_of(desk.get(SCANS))


def test_a_device_is_named_in_the_history(gate: Gate) -> None:
    key = str(gate.device.pk)
    assert name_devices([key]) == {key: "North entrance (gate)"}
