"""The inbox of unmapped numbers: which orders wait, what may be meant, and on to the replay."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from catalog.models import Attraction, Package, PackageMapping
from orders.models import Batch, Order
from tests.conftest import ApiClient
from tests.factories import PackageFactory, PackageMappingFactory, VenueFactory, sellable_package
from tests.orders.expected import NOON, line, stored
from tests.orders.sessions import session
from tests.orders.test_causes import fail, outcomes, run_once
from tests.staff import messages_of, person, signed_in, text_of, viewer

pytestmark = pytest.mark.usefixtures("clock")
Issue = Callable[[str], Order]
INBOX = "/admin/orders/batch/unmapped/"
MAPPINGS = "/admin/catalog/packagemapping/"
PREVIEW = "/admin/orders/order/preview/mapping/"


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody at the order desk."""
    return signed_in(order_desk)


def answers_of(form: Any) -> dict[str, Any]:
    """Return what a mapping's form would send as it is filled in."""
    initial = {name: value for name, value in form.initial.items() if value is not None}
    return {**initial, "is_active": "on"}


def test_each_number_says_what_waits_and_what_may_be_meant(
    api: ApiClient, rival: ApiClient, issue: Issue, desk: Client, venue: Any, day: Package
) -> None:
    family = sellable_package(venue, "FAMILY-TICKET", name="Family day out")
    PackageFactory.create(venue=venue, code="DRAFTS", name="Winter", status="Draft")
    PackageFactory.create(venue=venue, code="FAMILY-OLD", status="Withdrawn")
    sellable_package(VenueFactory.create(), "family-tickets")
    PackageMappingFactory.create(partner=rival.partner, item_number="SKU-9", package=day)
    PackageMappingFactory.create(
        partner=api.partner,
        item_number="SKU-9",
        package=family,
        valid_until=datetime.date(2026, 11, 1),
    )
    type(api.partner).objects.update(sell_by_package_code=False)
    fail(api, issue, "family-ticket", "2026-12-07")
    fail(api, issue, "SKU-9", "2026-12-05")
    fail(api, issue, "SKU-9", "2026-12-06")
    fail(api, issue, "FAMILI-TICK", "2026-12-08")
    fail(api, issue, "???", "2026-12-09")
    fail(api, issue, "drafts", "2026-12-10")
    page = desk.get(INBOX)
    told = {
        one.item_number: [
            (choice.suggestion.code, *choice.suggestion.reasons) for choice in one.choices
        ]
        for one in page.context["inbox"]
    }
    assert told == {
        "SKU-9": [
            ("FAMILY-TICKET", "Version 1 of the number meant it."),
            ("DAY", "Rival Tours means it by the same number."),
        ],
        "family-ticket": [("FAMILY-TICKET", "It is the package’s code.")],
        "FAMILI-TICK": [("FAMILY-TICKET", "Its code is much alike.")],
        "???": [],
        "drafts": [("DRAFTS", "It is the package’s code.", "It is not on sale yet.")],
    }
    first = page.context["inbox"][0]
    assert "Sunny Trips: SKU-9 2 orders wait." in text_of(page)
    assert "2 visits to come, the next on Sat 5 Dec 2026." in text_of(page)
    assert "No package looks like it." in text_of(page)
    asked = parse_qs(urlsplit(first.choices[1].url).query)
    assert asked == {
        "partner": [str(api.partner.pk)],
        "item_number": ["SKU-9"],
        "package": [str(day.pk)],
        "valid_from": ["2026-11-02"],
        "next": [INBOX],
    }


def test_a_click_a_save_and_a_press_issue_the_orders_that_wait(
    api: ApiClient, issue: Issue, desk: Client, day: Package
) -> None:
    orders = [fail(api, issue, "DAY-TICKET") for _ in range(3)]
    (one,) = desk.get(INBOX).context["inbox"]
    form = desk.get(one.choices[0].url).context["adminform"].form
    sent = answers_of(form)
    assert (sent["item_number"], sent["package"]) == ("DAY-TICKET", str(day.pk))
    saved = desk.post(one.choices[0].url, sent, follow=True)
    page = text_of(saved)
    assert "3 orders are submitted again" in page
    assert "Orders that wait 3" in page
    assert all(order.buy_from_order_reference in page for order in orders)
    assert saved.context["confirmation"].back == INBOX
    assert "All 3 would be issued." in page
    pressed = {"replay_id": saved.context["form"]["replay_id"].value(), "reason": ""}
    PackageMapping.objects.update(valid_from=NOON.date() + datetime.timedelta(days=1))
    Order.objects.filter(pk=orders[0].pk).update(
        received_at=NOON + datetime.timedelta(days=1, hours=1)
    )
    late = text_of(desk.get(saved.redirect_chain[-1][0]))
    assert "1 order would be issued, 2 would not as things stand. The list says why." in late
    assert "still cannot be issued (item number not mapped on 20 Nov 2026, its day of rece" in late
    PackageMapping.objects.update(valid_from=None)
    desk.post(saved.redirect_chain[-1][0], pressed)
    run_once(Batch.objects.get())
    assert {issue(str(order.pk)).status for order in orders} == {"Issued"}
    assert "Nothing is unmapped." in text_of(desk.get(INBOX))


def test_what_does_not_fit_the_package_is_told_before_the_mapping_is_saved_and_after(
    api: ApiClient, issue: Issue, desk: Client, show: Package, cinema: Attraction
) -> None:
    session(cinema, "14:00", "2026-12-05", capacity=3)
    at_two: dict[str, Any] = {"visit_date": "2026-12-05", "visitTime": "14:00"}
    asked = {
        "fits": line("SKU-9", **at_two),
        "no time": line("SKU-9", visit_date="2026-12-05"),
        "names": line("SKU-9", **at_two, wallet={"names": ["Ann", "Bo"]}),
        "two more": line("SKU-9", **at_two, quantity=2),
        "too late": line("SKU-9", **at_two),
    }
    waiting = {}
    for name, item in asked.items():
        answer = api.create(item, sellToOrderReference=name, paymentReference=None)
        waiting[name] = issue(answer["orderId"]).buy_from_order_reference
    earlier = fail(api, issue, "SKU-9", "2026-12-06")
    Order.objects.filter(pk=earlier.pk).update(received_at=NOON - datetime.timedelta(days=1))
    before = stored()
    sent = {"partner": api.partner.pk, "item_number": "SKU-9", "package": show.pk}
    sent |= {"valid_from": "2026-11-20", "is_active": "on"}
    shown = desk.post(PREVIEW, sent)
    assert stored() == before
    told = {
        row.order.buy_from_order_reference: (
            list(row.obstacles) or [row.order.status, row.wallets, row.assets]
        )
        for row in shown.context["waiting"].rows
    }
    assert told == {
        waiting["fits"]: ["Draft", 1, 1],
        waiting["no time"]: ["Line 100000: SHOW needs a visitTime."],
        waiting["names"]: ["Line 100000: 1 wallet is expected for this line, and 2 sent in names."],
        waiting["two more"]: ["Draft", 2, 2],
        waiting["too late"]: [
            "Line 100000: No places are left for SHOW entry on 2026-12-05 at 14:00, and 1 is "
            "needed."
        ],
        str(earlier): [
            "Line 100000: SKU-9 still cannot be issued (item number not mapped on 19 Nov 2026, "
            "its day of receipt)."
        ],
    }
    summary = "2 orders would be issued, 4 would not as things stand. The list says why."
    assert f"Once this mapping is saved and they are replayed: {summary}" in text_of(shown)
    saved = desk.post(f"{MAPPINGS}add/", sent, follow=True)
    assert summary in text_of(saved)
    assert f"{waiting['names']} Stays in Error. Line 100000: 1 wallet" in text_of(saved)
    pressed = {"replay_id": saved.context["form"]["replay_id"].value(), "reason": ""}
    desk.post(saved.redirect_chain[-1][0], pressed)
    run_once(Batch.objects.get())
    for number, (outcome, message) in outcomes(Batch.objects.get()).items():
        foretold = told[number]
        assert (outcome, message) == ("replayed", "") or str(foretold[0]).endswith(message), number
        assert (outcome == "failed") == (len(foretold) == 1), number


def test_orders_that_wait_are_tried_in_few_statements_however_many_there_are(
    api: ApiClient,
    issue: Issue,
    desk: Client,
    day: Package,
    statements: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("orders.admin.waiting._TRIED", 4)
    sent = {"partner": api.partner.pk, "item_number": "SKU-9", "package": day.pk}
    sent |= {"valid_from": "", "is_active": "on"}
    taken = []
    for more in (1, 4):
        for number in range(more):
            item = line("SKU-9", wallet={"externalReferenceNumbers": [f"{more}-{number}"]})
            issue(api.create(item, sellToOrderReference=f"{more}-{number}")["orderId"])
        with statements() as count:
            page = desk.post(PREVIEW, sent)
        taken.append(len(count))
    # One more to count those that are not tried.
    assert taken[1] == taken[0] + 1
    assert (page.context["waiting"].count, page.context["waiting"].more) == (5, 1)
    assert "All of the 4 with the earliest visits would be issued." in text_of(page)
    monkeypatch.setattr("orders.admin.waiting._MOST_UNITS", 1)
    large = text_of(desk.post(PREVIEW, sent))
    assert "The one with the earliest visit would be issued." in large
    assert "and 4 more" in large
    blind = signed_in(person("blind", "catalog.view_packagemapping"))
    assert "waiting" not in blind.post(PREVIEW, sent).context


def test_a_change_of_dates_and_a_file_lead_to_what_waits_too(
    api: ApiClient, issue: Issue, desk: Client, day: Package
) -> None:
    mapping = PackageMappingFactory.create(
        partner=api.partner, item_number="SKU-1", package=day, is_active=False
    )
    fail(api, issue, "SKU-1")
    on = {"item_number": "SKU-1", "package": day.pk, "is_active": "on"}
    changed = desk.post(f"{MAPPINGS}{mapping.pk}/change/", on)
    assert changed["Location"].startswith("/admin/orders/batch/start/?cause=unmapped_item")
    for number in ("SKU-2", "SKU-4", "SKU-5"):
        fail(api, issue, number)
    for numbers, lead in (
        (("SKU-2", "SKU-3"), "/admin/orders/batch/start/?cause=unmapped_item"),
        (("SKU-4", "SKU-5"), "/admin/orders/batch/causes/"),
    ):
        lines = "\n".join(
            ["partner,item_number,package", *(f"Sunny Trips,{n},DAY" for n in numbers)]
        )
        shown = desk.post(
            f"{MAPPINGS}import/", {"file": SimpleUploadedFile("a.csv", lines.encode())}
        )
        sent = {"_file": shown.context["file"], "_agreed": shown.context["plan"].fingerprint}
        assert desk.post(f"{MAPPINGS}import/", sent)["Location"].startswith(lead)


def test_who_may_not_replay_is_told_what_waits_and_stays(
    api: ApiClient, issue: Issue, day: Package
) -> None:
    fail(api, issue, "SKU-9")
    rights = ("catalog.add_packagemapping", "catalog.view_packagemapping")
    answers = {"partner": api.partner.pk, "item_number": "SKU-9", "package": day.pk}
    keeper = signed_in(person("keeper", *rights, "orders.view_order"))
    saved = keeper.post(f"{MAPPINGS}add/", {**answers, "is_active": "on"}, follow=True)
    assert "1 order waits for this." in " ".join(messages_of(saved))
    blind = signed_in(person("blind", *rights))
    saved = blind.post(f"{MAPPINGS}add/", {**answers, "item_number": "SKU-8"}, follow=True)
    assert len(messages_of(saved)) == 1
    assert blind.get(INBOX).status_code == 403
    looker = signed_in(viewer())
    fail(api, issue, "DAYS")
    page = looker.get(INBOX)
    assert "DAY Name of DAY" in text_of(page)
    assert f"{MAPPINGS}add/" not in page.content.decode()


def test_the_home_page_says_which_visit_is_at_risk_first(
    api: ApiClient, issue: Issue, desk: Client
) -> None:
    fail(api, issue, "SKU-1", "2026-12-06")
    fail(api, issue, "SKU-2", "2026-12-05")
    fail(api, issue, "SKU-2", "2026-12-09")
    tile = next(one for one in desk.get("/admin/").context["tiles"] if one.title == "Unmapped")
    assert (tile.number, tile.worse, tile.worse_url) == (
        3,
        "2 numbers, next visit Sat 5 Dec",
        INBOX,
    )


def test_the_inbox_takes_as_many_statements_for_many_numbers(
    api: ApiClient, issue: Issue, desk: Client, statements: Callable[[], Any]
) -> None:
    taken = []
    for numbers in (1, 5):
        for number in range(numbers):
            fail(api, issue, f"SKU-{numbers}-{number}")
        with statements() as count:
            desk.get(INBOX)
        taken.append(len(count))
    assert taken[0] == taken[1] <= 10
