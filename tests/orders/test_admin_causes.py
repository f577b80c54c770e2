"""Failures by cause in the admin: the list, the way to a replay, how far it is."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from catalog.models import Component, Package
from orders.models import Batch, Order
from tests.conftest import ApiClient
from tests.factories import (
    ComponentFactory,
    PackageFactory,
    PackageMappingFactory,
    PartnerFactory,
    PriceFactory,
)
from tests.orders.test_causes import fail, run_once, start
from tests.staff import messages_of, person, signed_in, text_of, viewer

pytestmark = pytest.mark.usefixtures("clock")
Issue = Callable[[str], Order]
CAUSES = "/admin/orders/batch/causes/"
VISIT = datetime.date(2026, 12, 5)
START = "/admin/orders/batch/start/"


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody at the order desk."""
    return signed_in(order_desk)


def test_each_cause_is_told_once_with_what_mends_it(
    api: ApiClient, issue: Issue, desk: Client, venue: Any
) -> None:
    package = PackageFactory.create(venue=venue, code="EMPTY", status="OnSale")
    orders = [fail(api, issue, "SKU-9"), fail(api, issue, "SKU-9"), fail(api, issue, "EMPTY")]
    answer = desk.get(CAUSES)
    told = text_of(answer)
    assert "Failures Live orders in Error, by what has to be mended." in told  # its own header
    assert "2 orders : Sunny Trips: item number SKU-9 is not mapped" in told
    assert "1 order : Package EMPTY has no active component" in told
    assert "2 visits to come, the next on Sat 5 Dec 2026." in told
    causes = answer.context["causes"]
    assert [cause.link_text for cause in causes] == ["Map SKU-9", "Open EMPTY"]
    assert causes[1].link == reverse("admin:catalog_package_change", args=[package.pk])
    for cause in causes:
        listed = desk.get(cause.list_url).context["cl"]
        assert {row.pk for row in listed.result_list} == {
            order.pk for order in orders if order.failure_fingerprint == cause.group.fingerprint
        }
        assert listed.result_count == cause.group.orders


def first_choices(client: Client) -> list[tuple[str, str]]:
    """Return the title of each cause, and what its prominent button says."""
    page = client.get(CAUSES)
    pressed = re.findall(r'cm-button-primary".*?</span>(.*?)</a>', page.content.decode())
    return [
        (cause.title, label) for cause, label in zip(page.context["causes"], pressed, strict=True)
    ]


def test_what_mends_a_cause_comes_first_until_it_is_mended(
    api: ApiClient, issue: Issue, desk: Client, venue: Any, day: Package
) -> None:
    empty = PackageFactory.create(venue=venue, code="EMPTY", status="OnSale")
    ComponentFactory.create(package=empty)
    fail(api, issue, "EMPTY")
    Component.objects.update(is_active=False)
    fail(api, issue, "SKU-9")
    fail(api, issue, "EMPTY")
    PriceFactory.create(package=empty, partner=PartnerFactory.create(venue=venue))  # not for all
    assert first_choices(desk) == [
        ("Package EMPTY has no active component", "Open EMPTY"),
        ("Package EMPTY has no price for the visit date", "Open EMPTY"),
        ("Sunny Trips: item number SKU-9 is not mapped", "Map SKU-9"),
    ]
    Component.objects.update(is_active=True)
    PriceFactory.create(package=empty, visit_from=VISIT, visit_until=VISIT)
    PackageMappingFactory.create(partner=api.partner, item_number="SKU-9", package=day)
    assert first_choices(desk) == [
        ("Package EMPTY has an active component now", "Replay all"),
        ("Package EMPTY has a price now", "Replay all"),
        ("Sunny Trips: item number SKU-9 means DAY now", "Replay all"),
    ]


def test_the_page_takes_as_many_statements_for_many_causes(
    api: ApiClient, issue: Issue, desk: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        fail(api, issue, f"SKU-{number}")
    with django_assert_max_num_queries(9):
        desk.get(CAUSES)


def test_a_morning_without_failures_is_told(desk: Client) -> None:
    assert "Nothing has failed." in text_of(desk.get(CAUSES))


def test_a_cause_is_mapped_and_all_of_it_replayed(
    api: ApiClient, issue: Issue, desk: Client, day: Package
) -> None:
    orders = [fail(api, issue, "SKU-9") for _ in range(3)]
    (cause,) = desk.get(CAUSES).context["causes"]
    assert "None would be issued as things stand." in text_of(desk.get(cause.replay_url))
    PackageMappingFactory.create(partner=api.partner, item_number="SKU-9", package=day)
    page = desk.get(cause.replay_url)
    assert "3 orders are submitted again" in text_of(page)
    assert "as things stand" not in text_of(page)
    sent = {"replay_id": page.context["form"]["replay_id"].value(), "reason": "Mapped"}
    started = desk.post(cause.replay_url, sent)
    replay = Batch.objects.get()
    assert started["Location"] == f"/admin/orders/batch/{replay.pk}/change/"
    assert "0 of 3 orders done." in text_of(desk.get(started["Location"]))
    again = desk.post(cause.replay_url, sent)  # the button pressed twice
    assert (again["Location"], Batch.objects.count()) == (started["Location"], 1)
    run_once(replay)
    progress = text_of(desk.get(f"/admin/orders/batch/{replay.pk}/progress/"))
    assert "Done with all 3 orders." in progress
    assert "Submitted again 3" in progress
    assert f"{orders[0].buy_from_order_reference} Sunny Trips Submitted" in progress
    assert "Done 3 of 3" in text_of(desk.get("/admin/orders/batch/"))
    after = desk.post(cause.replay_url, sent)
    assert after["Location"] == started["Location"]
    assert "No order stands in Error for this cause any more." in text_of(
        desk.get(cause.replay_url)
    )


def test_a_second_person_is_told_that_it_runs_already(
    api: ApiClient, issue: Issue, desk: Client
) -> None:
    order = fail(api, issue, "SKU-9")
    (cause,) = desk.get(CAUSES).context["causes"]
    page = desk.get(cause.replay_url)
    start(order.failure_fingerprint)
    sent = {"replay_id": page.context["form"]["replay_id"].value(), "reason": ""}
    answer = desk.post(cause.replay_url, sent, follow=True)
    assert messages_of(answer) == ["These orders are being replayed already."]
    assert "Being replayed now: SKU-9 is not mapped" in text_of(answer)


def test_somebody_who_may_only_look_is_offered_nothing(api: ApiClient, issue: Issue) -> None:
    fail(api, issue, "SKU-9")
    looker = signed_in(viewer())
    (cause,) = looker.get(CAUSES).context["causes"]
    assert (cause.link, cause.replay_url) == ("", "")
    assert "Replay all" not in text_of(looker.get(CAUSES))
    assert looker.get(START).status_code == 403
    assert looker.post(START, {}).status_code == 403


def test_nobody_looks_who_may_not_see_orders(api: ApiClient, issue: Issue) -> None:
    replay = start(fail(api, issue, "SKU-9").failure_fingerprint)
    stranger = signed_in(person("buyer", "catalog.view_package"))
    for path in (CAUSES, START, "", f"{replay.pk}/change/", f"{replay.pk}/progress/"):
        address = path if path.startswith("/") else f"/admin/orders/batch/{path}"
        assert stranger.get(address).status_code == 403, address


def test_an_unknown_batch_leads_to_the_list(desk: Client) -> None:
    answer = desk.get("/admin/orders/batch/nothing/change/", follow=True)
    assert messages_of(answer) == ["There is no such batch."]
