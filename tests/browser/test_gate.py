"""The gate's page in a real browser: green, red, and never green without an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from orders.models import Order
from partners.models import Venue
from tests.browser.appearance import DESKTOP, PHONE
from tests.browser.gatekeeper import SIDEWAYS, SMALL_PHONE, GatePage, open_now
from tests.conftest import TOMORROW, ApiClient
from wallets.devices import create_device, revoke_device
from wallets.models import Asset, GateDevice, Scan

pytestmark = pytest.mark.django_db(transaction=True)

ADMISSIONS = "**/gate/admissions"
# Counts the tones that the page makes, instead of playing them.
SILENT = """
window.tones = [];
OscillatorNode.prototype.start = function () { tones.push(Math.round(this.frequency.value)); };
OscillatorNode.prototype.stop = function () {};
"""
# A camera that sees one ticket.
CAMERA = """
window.BarcodeDetector = class {
    static async getSupportedFormats() { return ["qr_code"]; }
    async detect() { return [{rawValue: window.inView}].filter((code) => code.rawValue); }
};
navigator.mediaDevices.getUserMedia = async () => {
    const canvas = document.createElement("canvas");
    canvas.getContext("2d").fillRect(0, 0, 300, 150);
    setInterval(() => canvas.getContext("2d").fillRect(0, 0, 300, 150), 50);
    return canvas.captureStream(20);
};
"""


@pytest.fixture
def screen(browser: Browser) -> Iterator[Page]:
    """A page whose scripts must not fail; requests may, that is what some tests are about."""
    context = browser.new_context(has_touch=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text)
            if message.type == "error" and "Failed to load resource" not in message.text
            else None
        ),
    )
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def device(venue: Venue) -> tuple[GateDevice, str]:
    """The north entrance with its key."""
    return create_device(venue=venue, name="North entrance", admits_every_item=True)


@pytest.fixture
def gate(screen: Page, live_server: LiveServer, device: tuple[GateDevice, str]) -> GatePage:
    """Somebody at the north entrance."""
    return GatePage(screen, live_server.url, device[1])


@pytest.fixture
def ticket(api: ApiClient, issue: Callable[[str], Order]) -> str:
    """The number of a day ticket that is valid now."""
    line = {"itemNumber": "DAY", "visitDate": TOMORROW.isoformat()}
    return open_now(issue(api.create(line)["orderId"]))[0]


@pytest.fixture
def tickets(api: ApiClient, issue: Callable[[str], Order]) -> list[str]:
    """The numbers of a dozen day tickets that are valid now."""
    line = {"itemNumber": "DAY", "visitDate": TOMORROW.isoformat(), "quantity": 12}
    return open_now(issue(api.create(line, sellToOrderReference="WEB-DOZEN")["orderId"]))


@pytest.fixture
def party(api: ApiClient, issue: Callable[[str], Order]) -> str:
    """The number of a ticket for twelve that is valid now."""
    line = {"itemNumber": "GROUP", "quantity": 12, "visitDate": TOMORROW.isoformat()}
    created = api.create(line, sellToOrderReference="WEB-GROUP")
    return open_now(issue(created["orderId"]))[0]


def admitted() -> int:
    return sum(Asset.objects.values_list("admitted", flat=True))


def losing_the_answer(times: int) -> Callable[[Route], None]:
    """Let scans reach the server and lose so many of its answers."""
    left = iter(range(times))

    def handle(route: Route) -> None:
        if route.request.method != "POST" or next(left, None) is None:
            return route.continue_()
        assert route.fetch().ok
        return route.abort("connectionreset")

    return handle


def test_a_ticket_is_green_once_and_red_after_on_every_screen(
    gate: GatePage, tickets: list[str]
) -> None:
    screens = ((SMALL_PHONE, "light"), (PHONE, "dark"), (SIDEWAYS, "dark"), (DESKTOP, "light"))
    told: list[str] = []
    for ticket, (size, scheme) in zip(tickets, screens, strict=False):
        gate.open(size, scheme)
        gate.scan(ticket)
        gate.sees("yes", "Admitted.", "DAY entry")
        assert gate.colour() == "green", (size, scheme)
        gate.scan(ticket)
        scan = Scan.objects.get(reference_number=ticket, admitted=True)
        at = scan.at.astimezone(Venue.objects.get().zone)
        gate.sees("no", "Not admitted", f"Already used today at {at:%H:%M} at North entrance.")
        assert gate.colour() == "red", (size, scheme)
        gate.scan("nothing")
        gate.sees("no", "Not admitted", "Unknown number. Nothing here has it.")
        gate.page.keyboard.press("Escape")
        gate.is_ready()
        assert gate.colour() == "none", (size, scheme)
        told = [
            "Unknown number. Nothing here has it.",
            f"Already used today at {at:%H:%M} at North entrance.",
            "Admitted.",
            *told,
        ]
        assert gate.last() == told, (size, scheme)


def test_green_goes_by_itself_and_red_stays(gate: GatePage, ticket: str) -> None:
    gate.page.clock.install()
    gate.open()
    gate.scan(ticket)
    gate.sees("yes", "Admitted.")
    gate.page.clock.run_for(4100)
    gate.is_ready()
    gate.scan(ticket)
    gate.sees("no", "Not admitted")
    gate.page.clock.run_for(60_000)
    gate.sees("no", "Not admitted")


def test_without_a_connection_it_says_so_and_nothing_is_green(gate: GatePage, ticket: str) -> None:
    gate.open()
    banner = gate.page.get_by_text("No connection – nothing is admitted")
    expect(banner).to_be_hidden()
    gate.page.context.set_offline(True)
    expect(banner).to_be_visible()
    expect(gate.page.get_by_text("Not ready")).to_be_visible()
    gate.scan(ticket)
    gate.sees("unsure", "Not checked")
    assert gate.colour() == "amber"
    assert "yes" not in gate.states_seen()
    assert admitted() == 0
    gate.page.context.set_offline(False)
    expect(banner).to_be_hidden()
    gate.scan(ticket)
    gate.sees("yes", "Admitted.")
    assert Scan.objects.count() == 1


def test_a_server_that_is_away_is_noticed_without_a_scan(gate: GatePage) -> None:
    gate.page.clock.install()
    gate.open()
    gate.page.route("**/gate/device", lambda route: route.abort())
    gate.page.clock.run_for(15_000)
    expect(gate.page.get_by_text("No connection – nothing is admitted")).to_be_visible()
    gate.page.unroute("**/gate/device")
    gate.page.clock.run_for(15_000)
    expect(gate.page.get_by_text("No connection – nothing is admitted")).to_be_hidden()


def forging(answer: dict[str, Any]) -> Callable[[Route], None]:
    """Give scans another answer; without a body it is the server's own with changes."""

    def forge(route: Route) -> None:
        if route.request.method != "POST":
            return route.continue_()
        body = answer.get("body")
        if body is None:
            body = json.dumps({**route.fetch().json(), **answer.get("changes", {})})
        return route.fulfill(status=answer["status"], body=body, content_type="application/json")

    return forge


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500, "body": "{}"},
        {"status": 503, "body": '{"admitted": true}'},
        {"status": 200, "body": "<html>Sign in to this network</html>"},
        {"status": 200, "body": '{"admitted": true, "requestId": "another"}'},
        {"status": 200, "changes": {"requestId": "another"}},
    ],
)
def test_what_is_no_answer_is_not_green_and_is_asked_for_again(
    gate: GatePage, ticket: str, answer: dict[str, Any]
) -> None:
    gate.open()
    gate.page.route(ADMISSIONS, forging(answer))
    gate.scan(ticket)
    expect(gate.page.locator("#verdict-head")).to_have_text("Checking again …")
    assert "yes" not in gate.states_seen()


def test_an_answer_that_is_no_yes_is_a_no(gate: GatePage, tickets: list[str]) -> None:
    answer: dict[str, Any] = {}  # the one that is given now
    gate.open()
    gate.page.route(ADMISSIONS, forging(answer))
    answers: tuple[dict[str, Any], ...] = (
        {"status": 201},
        {"status": 400, "body": '{"detail": "No.", "errors": []}'},
        {"status": 200, "changes": {"admitted": "true"}},
        {"status": 200, "changes": {"admitted": 1}},
        {"status": 200, "changes": {"undoneAt": "2026-11-23T10:00:00+01:00"}},
    )
    for ticket, case in zip(tickets, answers, strict=False):
        answer.clear()
        answer.update(case)
        gate.scan(ticket)
        gate.sees("no", "Not admitted")
        assert "yes" not in gate.states_seen(), case
        gate.page.keyboard.press("Escape")
        gate.is_ready()
    assert admitted() == len(answers) - 1  # the server has said yes to all but the refused one


def test_a_scan_whose_answer_was_lost_is_asked_again_and_admits_once(
    gate: GatePage, ticket: str
) -> None:
    gate.open()
    gate.page.route(ADMISSIONS, losing_the_answer(2))
    gate.scan(ticket)
    gate.sees("wait", "Checking again …", "No answer yet. Nobody enters.")
    assert gate.colour() == "amber"
    gate.sees("yes", "Admitted.")
    assert (Scan.objects.count(), admitted()) == (1, 1)


def test_an_answer_that_takes_too_long_is_asked_for_again(gate: GatePage, ticket: str) -> None:
    kept: list[Route] = []
    gate.page.clock.install()
    gate.open()
    gate.page.route(ADMISSIONS, lambda route: kept.append(route))  # noqa: PLW0108
    gate.scan(ticket)
    gate.page.clock.run_for(400)
    gate.sees("wait", "Checking …")
    gate.page.clock.run_for(4700)
    gate.sees("wait", "Checking again …")
    gate.page.unroute(ADMISSIONS)
    gate.page.clock.run_for(1600)
    gate.sees("yes", "Admitted.")
    assert (len(kept), Scan.objects.count()) == (1, 1)


def test_a_scan_whose_answer_was_lost_is_asked_again_after_a_reload(
    gate: GatePage, ticket: str
) -> None:
    gate.open()
    gate.page.route(ADMISSIONS, losing_the_answer(1))
    gate.scan(ticket)
    gate.sees("wait", "Checking again …")
    gate.page.reload()
    gate.sees("yes", "Admitted.")
    assert (Scan.objects.count(), admitted()) == (1, 1)


def test_a_scan_that_was_given_up_is_answered_when_it_is_scanned_again(
    gate: GatePage, ticket: str
) -> None:
    gate.open()
    gate.page.route(ADMISSIONS, losing_the_answer(1000))
    gate.scan(ticket)
    gate.sees("wait", "Checking again …")
    gate.press("Stop checking")
    gate.sees("unsure", "Not checked")
    gate.page.unroute(ADMISSIONS)
    gate.scan(ticket)
    gate.sees("yes", "Admitted.")
    assert (Scan.objects.count(), admitted()) == (1, 1)


def test_a_scan_of_which_the_page_has_said_that_nobody_enters_is_not_asked_after_a_reload(
    gate: GatePage, ticket: str
) -> None:
    gate.open()
    gate.page.context.set_offline(True)
    gate.scan(ticket)
    gate.sees("unsure", "Not checked")
    gate.page.context.set_offline(False)
    gate.page.reload()
    gate.is_ready()
    expect(gate.page.locator("#scans li")).to_have_count(0)
    gate.scan(ticket)
    gate.sees("yes", "Admitted.")
    assert (Scan.objects.count(), admitted()) == (1, 1)


def test_a_scan_is_given_up_in_the_end_and_later_no_longer_asked(
    gate: GatePage, ticket: str
) -> None:
    gate.page.clock.install()
    gate.open()
    gate.page.route(ADMISSIONS, lambda route: route.abort())
    gate.scan(ticket)
    gate.sees("wait", "Checking again …")
    for _ in range(25):
        gate.page.clock.run_for(1500)
        gate.page.wait_for_timeout(30)
    gate.sees("unsure", "Not checked")
    gate.page.unroute(ADMISSIONS)
    gate.page.reload()
    gate.is_ready()
    assert not Scan.objects.exists()


def test_one_ticket_at_a_time(gate: GatePage, ticket: str, party: str) -> None:
    gate.open()
    gate.page.route(ADMISSIONS, losing_the_answer(1))
    gate.scan(ticket)
    gate.sees("wait", "Checking again …")
    gate.scan(party)
    gate.missed(f"Not checked Scan {party} again.")
    gate.sees("yes", "Admitted.", "DAY entry")
    gate.missed(f"Not checked Scan {party} again.")
    expect(gate.page.locator("#toast")).to_be_hidden()
    assert admitted() == 1
    gate.scan(party)
    gate.sees("yes", "Admitted 1. 11 of 12 left.")
    gate.missed()


def test_a_scan_that_came_too_early_is_said_until_the_next_one(
    gate: GatePage, ticket: str, party: str
) -> None:
    kept: list[Route] = []
    gate.page.clock.install()
    gate.page.add_init_script(SILENT)
    gate.open()
    gate.page.route(ADMISSIONS, lambda route: kept.append(route))  # noqa: PLW0108
    gate.scan(ticket)
    gate.page.clock.run_for(400)
    gate.sees("wait", "Checking …")
    gate.page.evaluate("tones.length = 0")
    gate.scan(party)
    gate.scan("x" * 512)
    gate.scan(ticket)
    gate.scan(party)
    gate.scan("")
    said = (
        f"Not checked Scan {party} again.",
        f"Checked once {ticket} was scanned twice.",
        f"Not checked Scan {'x' * 20}… again.",
    )
    gate.missed(*said)
    kept.pop().continue_()
    gate.sees("yes", "Admitted.", "DAY entry")
    gate.missed(*said)
    # No sound of a yes either, that would be heard as the last scan's.
    assert set(gate.page.evaluate("tones")) == {196, 165}
    gate.page.clock.run_for(30_000)
    gate.is_ready()
    gate.missed(*said)
    gate.page.unroute(ADMISSIONS)
    gate.scan("nothing")
    gate.sees("no", "Not admitted")
    gate.missed()
    assert admitted() == 1


def test_no_green_stands_while_an_admission_is_being_undone(
    gate: GatePage, ticket: str, party: str
) -> None:
    kept: list[Route] = []
    gate.open()
    gate.scan(ticket)
    gate.press("Undo")
    gate.page.route(f"{ADMISSIONS}/*", lambda route: kept.append(route))  # noqa: PLW0108
    gate.press("Wrong guest")
    gate.sees("wait", "Undoing …")
    gate.scan(party)
    gate.missed(f"Not checked Scan {party} again.")
    kept.pop().continue_()
    gate.sees("undone", "Undone")
    gate.missed(f"Not checked Scan {party} again.")


def test_a_group_enters_in_parts(gate: GatePage, party: str) -> None:
    gate.open()
    for _ in range(2):
        gate.press("One more")
    gate.scan(party)
    gate.sees("yes", "Admitted 3. 9 of 12 left.")
    expect(gate.page.locator("#quantity")).to_have_text("1")
    gate.page.keyboard.press("PageUp")
    gate.scan(party)
    gate.sees("no", "Not admitted", "Only 9 left of the group of 12.")
    gate.press("Admit the 9 left")
    gate.sees("yes", "Admitted 9. 0 of 12 left.")
    assert admitted() == 12


def test_an_admission_is_undone_with_a_ready_made_reason(gate: GatePage, ticket: str) -> None:
    gate.open()
    gate.scan(ticket)
    gate.press("Undo")
    gate.press("Wrong guest")
    gate.sees("undone", "Undone")
    assert Scan.objects.get().undo_reason == "Wrong guest"
    gate.page.keyboard.press("Escape")
    assert gate.last() == ["Undone: Wrong guest"]
    gate.scan(ticket)
    gate.sees("yes", "Admitted.")


def test_an_admission_is_undone_from_the_list_with_a_reason_of_ones_own(
    gate: GatePage, ticket: str
) -> None:
    gate.open()
    gate.scan(ticket)
    gate.sees("yes", "Admitted.")
    gate.page.reload()
    gate.page.get_by_role("button", name="Undo DAY entry").click()
    question = gate.page.get_by_role("dialog")
    question.get_by_role("button", name="Undo").click()
    expect(question.get_by_label("Another reason")).to_be_focused()
    gate.page.keyboard.type("Turned back for the car", delay=80)
    gate.page.keyboard.press("Enter")
    expect(question.get_by_label("Another reason")).to_have_value("Turned back for the car")
    assert Scan.objects.get().undone_at is None
    question.get_by_role("button", name="Undo").click()
    gate.sees("undone", "Undone")
    assert Scan.objects.get().undo_reason == "Turned back for the car"


def test_an_undo_that_is_thought_better_of(gate: GatePage, ticket: str) -> None:
    gate.open()
    gate.scan(ticket)
    for leave in (lambda: gate.press("Keep it"), lambda: gate.page.keyboard.press("Escape")):
        gate.sees("yes", "Admitted.") if gate.page.locator("#undo").is_visible() else None
        gate.page.get_by_role("button", name="Undo").first.click()
        expect(gate.page.get_by_role("dialog")).to_be_visible()
        leave()
        gate.is_ready()
    assert Scan.objects.get().undone_at is None


def test_a_scan_never_answers_the_question_of_an_undo(
    gate: GatePage, tickets: list[str], party: str
) -> None:
    gate.open()
    reason = gate.page.get_by_label("Another reason")
    for entered, focus in enumerate(("heading", "button", "field", "words")):
        gate.scan(tickets[entered])
        gate.sees("yes", "Admitted.", "DAY entry")
        gate.press("Undo")
        expect(gate.page.locator("#undo-head"), focus).to_be_focused()
        gate.page.keyboard.press("Enter")
        if focus == "button":
            gate.page.keyboard.press("Tab")
            expect(gate.page.get_by_role("button", name="Scanned by mistake")).to_be_focused()
        elif focus != "heading":
            reason.click()
            gate.page.keyboard.type("Left" if focus == "words" else "", delay=100)
        gate.scan(party)
        gate.sees("yes", f"Admitted 1. {11 - entered} of 12 left.")
        expect(gate.page.get_by_role("dialog"), focus).to_be_hidden()
        assert not Scan.objects.exclude(undone_at=None).exists(), focus
        assert admitted() == 2 * (entered + 1), focus
        gate.press("Undo")
        expect(reason, focus).to_have_value("")
        gate.page.keyboard.press("Escape")
        gate.is_ready()


def test_a_slow_scanner_answers_no_question_either(
    gate: GatePage, tickets: list[str], party: str
) -> None:
    gate.open()
    for entered, focus in enumerate(("heading", "field")):
        gate.scan(tickets[entered])
        gate.sees("yes", "Admitted.", "DAY entry")
        gate.press("Undo")
        if focus == "field":
            gate.page.get_by_label("Another reason").click()
        gate.page.keyboard.type(party, delay=70)
        gate.page.keyboard.press("Enter")
        gate.sees("yes", f"Admitted 1. {11 - entered} of 12 left.")
        assert not Scan.objects.exclude(undone_at=None).exists(), focus


def test_a_question_that_opens_within_a_scan_does_not_cut_it(
    gate: GatePage, ticket: str, party: str
) -> None:
    gate.open()
    gate.scan(ticket)
    gate.sees("yes", "Admitted.")
    gate.page.keyboard.type(party[:7])
    gate.page.evaluate("document.getElementById('undo').click()")
    gate.page.keyboard.type(f"{party[7:]}\n\n")
    gate.sees("yes", "Admitted 1. 11 of 12 left.")
    expect(gate.page.locator("#number")).to_have_value("")
    assert not Scan.objects.exclude(undone_at=None).exists()


def test_a_scan_never_changes_the_key(gate: GatePage, tickets: list[str]) -> None:
    gate.open()
    for ticket, focus in zip(tickets, ("heading", "button"), strict=False):
        gate.press("Change the device key")
        expect(gate.page.locator("#ask-head"), focus).to_be_focused()
        gate.page.keyboard.press("Enter")
        if focus == "button":
            gate.page.keyboard.press("Tab")
            expect(gate.page.get_by_role("button", name="Change the key")).to_be_focused()
        # A code may hold a space, which on a button presses it.
        gate.scan("any code")
        gate.sees("no", "Not admitted", "Unknown number. Nothing here has it.")
        gate.scan(ticket)
        gate.sees("yes", "Admitted.")
        gate.page.reload()
        gate.is_ready()


def test_an_undo_that_comes_too_late_is_told(gate: GatePage, ticket: str, settings: Any) -> None:
    gate.open()
    gate.scan(ticket)
    gate.press("Undo")
    settings.GATE_UNDO_SECONDS = 0
    gate.press("Wrong guest")
    expect(gate.page.locator("#toast")).to_contain_text("This admission could be undone until")
    assert admitted() == 1


def test_everything_works_by_keyboard_alone(gate: GatePage, ticket: str, party: str) -> None:
    gate.open(DESKTOP)
    keys = gate.page.keyboard
    keys.press("ArrowUp")
    gate.scan(party)
    gate.sees("yes", "Admitted 2. 10 of 12 left.")
    for _ in range(10):
        if gate.page.evaluate("document.activeElement.id") == "undo":
            break
        keys.press("Shift+Tab")
    keys.press("Enter")
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Enter")
    gate.sees("undone", "2 undone")
    assert Scan.objects.get().undo_reason == "Wrong guest"
    keys.press("Escape")
    gate.is_ready()
    # A scanner is heard wherever the focus is.
    keys.press("Tab")
    keys.press("Tab")
    expect(gate.page.locator("#number")).not_to_be_focused()
    gate.scan(ticket)
    gate.sees("yes", "Admitted.")


def test_everything_is_large_enough_and_in_reach_on_every_screen(
    gate: GatePage, tickets: list[str]
) -> None:
    Asset.objects.update(description="D" * 100)
    GateDevice.objects.update(name="North entrance")
    Venue.objects.update(name="V" * 100)
    screens = (SMALL_PHONE, PHONE, SIDEWAYS, DESKTOP)
    for ticket, size in zip(tickets, screens, strict=False):
        gate.open(size)
        for scanned, state in (("", "idle"), (ticket, "yes"), (ticket, "no"), ("x" * 512, "no")):
            if scanned:
                gate.page.locator("#number").fill(scanned)
                gate.page.keyboard.press("Enter")
                expect(gate.page.locator("#verdict")).to_be_visible()
            expect(gate.page.locator("body")).to_have_attribute("data-state", state)
            assert gate.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
            for button in gate.page.locator("button:visible, input:visible").all():
                box = button.bounding_box()
                assert box is not None
                assert min(box["width"], box["height"]) >= 44, (button, size)
                assert box["x"] >= 0, (button, size)
                assert box["x"] + box["width"] <= size["width"], (button, size)
        field = gate.page.locator("#number").bounding_box()
        assert field is not None
        assert field["y"] > size["height"] * 0.6, size


def test_the_key_leaves_the_address_and_is_remembered(
    gate: GatePage, device: tuple[GateDevice, str]
) -> None:
    gate.open()
    assert gate.page.url == f"{gate.base}/gate"
    gate.page.reload()
    gate.is_ready()
    gate.press("Change the device key")
    gate.page.get_by_role("dialog").get_by_role("button", name="Change the key").click()
    expect(gate.page.get_by_role("heading", name="Set up this gate")).to_be_visible()
    for typed, said in (("gate_wrong", True), (f"{gate.base}/gate#key={device[1]}", False)):
        gate.page.get_by_role("textbox", name="Device key").fill(typed)
        gate.press("Start")
        refused = gate.page.get_by_text("This key is unknown, or it was revoked.")
        expect(refused).to_be_visible() if said else gate.is_ready()


def test_a_gate_whose_key_was_revoked_asks_for_another(
    gate: GatePage, device: tuple[GateDevice, str], ticket: str
) -> None:
    gate.open()
    revoke_device(device=device[0], now=timezone.now())
    gate.scan(ticket)
    expect(gate.page.get_by_role("heading", name="Set up this gate")).to_be_visible()
    expect(gate.page.get_by_text("key no longer works")).to_be_visible()
    assert "yes" not in gate.states_seen()


def test_yes_and_no_sound_different_and_can_be_muted(gate: GatePage, ticket: str) -> None:
    gate.page.add_init_script(SILENT)
    gate.open()
    tones = []
    for expected in ("yes", "no", "no"):
        gate.page.evaluate("tones.length = 0")
        gate.scan(ticket)
        expect(gate.page.locator("body")).to_have_attribute("data-state", expected)
        tones.append(gate.page.evaluate("tones"))
        if len(tones) == 2:
            gate.press("Mute the sounds")
    assert tones[0] != tones[1]
    assert [] not in tones[:2]
    assert tones[2] == []


def test_a_browser_without_a_reader_says_why(gate: GatePage) -> None:
    gate.page.add_init_script("delete window.BarcodeDetector")
    gate.open()
    gate.press("Scan with the camera")
    expect(gate.page.get_by_text("This browser cannot read codes with the camera.")).to_be_visible()
    gate.press("OK")
    gate.is_ready()


def test_the_camera_admits_what_it_sees_once(gate: GatePage, ticket: str) -> None:
    gate.page.add_init_script(CAMERA)
    gate.open()
    gate.press("Scan with the camera")
    expect(gate.page.locator("#viewfinder")).to_be_visible()
    gate.page.evaluate("(number) => { window.inView = number; }", ticket)
    gate.sees("yes", "Admitted.")
    gate.page.wait_for_timeout(1000)
    gate.sees("yes", "Admitted.")
    assert Scan.objects.count() == 1
    gate.page.keyboard.press("Escape")
    gate.press("Scan with the camera")
    expect(gate.page.locator("#viewfinder")).to_be_hidden()


def test_a_scanned_code_is_never_read_as_html(gate: GatePage) -> None:
    gate.open()
    gate.scan("<img src=x onerror=alert(1)>")
    gate.sees("no", "Not admitted")
    assert gate.page.locator("#gate img").count() == 0
    expect(gate.page.locator("#verdict-detail")).to_have_text("<img src=x onerror=alert(1)>")


def test_nothing_is_loaded_from_elsewhere(gate: GatePage, ticket: str) -> None:
    asked: list[str] = []
    gate.page.on("request", lambda request: asked.append(request.url))
    gate.open()
    gate.scan(ticket)
    gate.sees("yes", "Admitted.")
    assert {url for url in asked if not url.startswith(f"{gate.base}/")} == set()
