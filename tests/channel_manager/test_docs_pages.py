"""The documentation's pages: complete, true to the code, and nothing loaded from elsewhere."""

from __future__ import annotations

import ast
import datetime
import functools
import html
import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from rest_framework import fields as drf_fields

from catalog.models import Item, Seat
from channel_manager.docs import error_pages, lifecycle_picture, samples
from channel_manager.docs.fields import GROUPS, HOLD_GROUPS
from channel_manager.docs.lifecycle import TRANSITIONS
from channel_manager.lib.errors import ErrorCode
from orders.api import serializers as shapes
from orders.demo import catalogue
from orders.models import Order, OrderStatus
from orders.places import PlacesLost
from partners.models import Scope, Venue
from tests.conftest import ApiClient
from tests.factories import AttractionFactory, SessionFactory, sellable_package

ROOT = Path(__file__).resolve().parents[2]
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
CODES = [code.value for code in ErrorCode]
PAGES = [
    "/docs",
    "/docs/reference",
    "/docs/webhooks",
    "/docs/dialects",
    "/docs/gate",
    "/docs/errors",
    "/docs/changelog",
    *(f"/docs/errors/{code}" for code in CODES),
]


class _Reader(HTMLParser):
    """What a page links to, what it loads, its anchors, and whatever a strict CSP would refuse."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.inline: list[str] = []
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._open = tag if tag in ("script", "style") and "src" not in given else ""
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        for name in ("src", "srcset", "data", "poster", "action"):
            if name in given:
                self.loads.append(given[name])
        if tag == "link":
            self.loads.append(given["href"])
        self.inline += [name for name in given if name == "style" or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            self.inline.append(f"{self._open}: {data.strip()[:40]}")


def open_page(path: str, accept: str = BROWSER) -> Any:
    return Client(raise_request_exception=False).get(path, headers={"accept": accept})


@functools.cache
def read(path: str) -> _Reader:
    """Return what a browser finds in a page that must be there."""
    response = open_page(path)
    if response.status_code == 302:
        response = open_page(response["Location"])
    assert response.status_code == 200, path
    return _Reader(response.content.decode())


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_nothing_from_elsewhere_and_nothing_inline(path: str) -> None:
    page = read(path)
    assert page.inline == []
    assert len(page.ids) == len(set(page.ids))
    for address in page.loads:
        assert address.startswith("/static/"), address
        assert finders.find(address.removeprefix("/static/")), address


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_a_page_leads_somewhere(path: str) -> None:
    for link in {urljoin(path, link) for link in read(path).links}:
        address = urlsplit(link)
        assert not address.netloc, link
        target = read(address.path)
        assert not address.fragment or address.fragment in target.ids, link


def test_style_sheets_and_scripts_of_ours_name_no_other_host() -> None:
    for path in (ROOT / "static/docs").iterdir():
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "//" not in re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE), path.name


@pytest.mark.parametrize("code", CODES)
def test_an_error_code_has_a_page_that_tells_cause_and_remedy(code: str) -> None:
    text = ErrorCode(code).text
    page = html.unescape(
        re.sub(r"</?code>", "`", open_page(f"/docs/errors/{code}").content.decode())
    )
    for part in (text.title, text.cause, text.remedy, str(text.status)):
        assert part in page
    assert page.startswith("<!doctype html>")
    assert '<html lang="en">' in page


@pytest.mark.parametrize("code", CODES)
def test_an_error_code_is_explained_as_json_for_whoever_asks(code: str) -> None:
    response = open_page(f"/docs/errors/{code}", "application/json")
    text = ErrorCode(code).text
    assert response["Content-Type"] == "application/json"
    assert "Accept" in response["Vary"]
    assert response.json() == {
        "code": code,
        "title": text.title,
        "status": text.status,
        "cause": text.cause,
        "remedy": text.remedy,
        "retryable": text.retryable,
    }


def test_the_list_of_error_codes_is_complete_as_page_and_as_json() -> None:
    links = read("/docs/errors").links
    assert [link for link in links if link.startswith("/docs/errors/")] == [
        f"/docs/errors/{code}" for code in CODES
    ]
    listed = open_page("/docs/errors", "application/json").json()["data"]
    assert [entry["code"] for entry in listed] == CODES


def test_the_list_tells_which_refusals_are_worth_a_second_try() -> None:
    page = open_page("/docs/errors").content.decode()
    told = dict(re.findall(r'href="/docs/errors/(\w+)".*?<td>([a-z ]+)</td>', page, re.DOTALL))
    assert {code for code, retry in told.items() if retry == "at times"} == {
        "order_state_conflict",
        "sold_out",
    }
    assert (PlacesLost.code, PlacesLost().retryable) == (ErrorCode.SOLD_OUT, True)
    assert (told["busy"], told["duplicate_order"]) == ("yes", "no")


def test_the_page_of_sold_out_tells_the_order_of_the_nearest_sessions() -> None:
    page = open_page("/docs/errors/sold_out").content.decode()
    assert "listed by date" in " ".join(page.split())


def test_an_unknown_error_code_is_not_found() -> None:
    response = open_page("/docs/errors/no_such_code", "application/json")
    assert response.status_code == 404
    assert response.json()["code"] == "not_found"
    assert open_page("/docs/errors/no_such_code").status_code == 404


def test_the_type_of_a_problem_opens_as_a_page(api: ApiClient, settings: Any) -> None:
    answer = api.post({"items": []}).json()
    assert answer["type"] == f"{settings.PUBLIC_URL}/docs/errors/{answer['code']}"
    response = open_page(answer["type"].removeprefix(settings.PUBLIC_URL))
    assert response.status_code == 200
    assert answer["title"] in response.content.decode()


@pytest.mark.parametrize("path", ["/nothing", "/docs/nothing", "/channelManager/x/y/z"])
def test_a_browser_at_an_unknown_path_gets_a_page_that_helps(path: str) -> None:
    response = open_page(path)
    page = _Reader(response.content.decode())
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()
    assert response["X-Request-Id"] in response.content.decode()
    assert {"/docs", "/docs/errors/not_found"} <= set(page.links)
    assert page.inline == []


def test_a_browser_that_meets_a_fault_of_ours_is_told_whose_it_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(code: ErrorCode) -> str:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("channel_manager.docs.error_pages.retry_advice", broken)
    browser = Client(raise_request_exception=False)
    with caplog.at_level("CRITICAL"):
        response = browser.get("/docs/errors/not_found", HTTP_ACCEPT=BROWSER)
    page = response.content.decode()
    assert response.status_code == 500
    assert "This is no fault of yours" in page
    assert response["X-Request-Id"] in page
    assert "followed a link" not in page
    assert "secret" not in page


@pytest.mark.parametrize("accept", ["application/json", "*/*", ""])
def test_anybody_else_at_an_unknown_path_gets_a_problem(accept: str) -> None:
    response = open_page("/nothing", accept)
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not_found"


def test_a_problem_page_shows_hostile_text_as_text() -> None:
    response = open_page("/docs/errors/<script>alert(1)</script>")
    assert response.status_code == 404
    assert b"<script>alert" not in response.content


def test_the_host_itself_leads_a_browser_to_the_documentation() -> None:
    assert open_page("/").headers["Location"] == "/docs"
    assert open_page("/", "application/json").status_code == 404
    assert open_page("/favicon.ico").headers["Location"] == "/static/docs/icon.svg"


@pytest.mark.parametrize("path", ["/", "/docs", "/docs/reference", "/docs/errors/gone"])
def test_a_page_can_only_be_read(path: str) -> None:
    response = Client(enforce_csrf_checks=True).post(path)
    assert response.status_code == 405
    assert response.json()["code"] == "method_not_allowed"
    assert "GET" in response["Allow"]


def test_the_guide_explains_every_field_and_marks_the_required_ones() -> None:
    for group in (*GROUPS, *HOLD_GROUPS):
        serializer = getattr(shapes, group.serializer)()
        assert {field.name for field in group.fields} == set(serializer.fields), group.title
        required = {name for name, field in serializer.fields.items() if field.required}
        assert {field.name for field in group.fields if field.required} == required, group.title


def test_the_guide_tells_how_long_each_text_of_a_list_may_be() -> None:
    for group in (*GROUPS, *HOLD_GROUPS):
        read_by = getattr(shapes, group.serializer)().fields
        for field in group.fields:
            child = getattr(read_by[field.name], "child", None)
            if isinstance(child, drf_fields.CharField):
                assert re.fullmatch(
                    rf"array of text, each (at most|1 to) {child.max_length} characters", field.kind
                ), field.name


@pytest.mark.django_db
def test_the_seats_of_the_guide_are_in_the_demos_hall() -> None:
    catalogue.make_venue()
    found = re.search(r'"seats": (\[.*?\])', html.unescape(_guide()))
    assert found
    seats = json.loads(found[1])
    assert Seat.objects.filter(label__in=seats).count() == len(seats) == 2


@pytest.mark.django_db
def test_a_hold_of_an_open_dated_package_keeps_nothing_as_the_guide_says(
    api: ApiClient, venue: Venue
) -> None:
    sellable_package(venue, "ANYDAY", dating="open")
    made = api.post({"items": [{"itemNumber": "ANYDAY"}]}, f"{api.base}/holds")
    assert made.status_code == 201
    assert made.json()["items"][0]["places"] == []
    assert "nothing is kept for it" in " ".join(_guide().split())


def test_the_guide_tells_every_transition_of_an_order() -> None:
    told = {(step.name, source, step.target) for step in TRANSITIONS for source in step.sources}
    field = Order._meta.get_field("status")
    real = {
        (step.name, str(step.source), str(step.target))
        for step in field.get_all_transitions(Order)  # type: ignore[attr-defined]
    }
    assert told == real


def test_the_picture_draws_every_transition_from_its_status_to_its_target() -> None:
    status = {"": "", **{node.name: node.status for node in lifecycle_picture.NODES}}
    drawn = [(status[way.source], status[way.target]) for way in lifecycle_picture.ways()]
    assert drawn == [
        (source, step.target) for step in TRANSITIONS for source in (step.sources or ("",))
    ]
    assert set(status.values()) == {"", *OrderStatus.values}


def test_the_picture_has_every_way_in_words() -> None:
    page = html.unescape(_guide())
    for step in TRANSITIONS:
        assert f"to {step.target}: {step.event.replace('`', '')}" in page


def test_the_guide_names_the_scopes_that_are_in_use() -> None:
    page = open_page("/docs").content.decode()
    named = {scope for scope in Scope.values if f"<code>{scope}</code>" in page}
    assert named == set(Scope.values)


def test_every_error_code_has_an_example() -> None:
    assert set(error_pages.EXAMPLES) == set(ErrorCode)
    for code in ErrorCode:
        body = error_pages.example_body(code)
        assert body["status"] == code.text.status
        assert {fault["code"] for fault in body["errors"]} <= {*error_pages.FAULT_CODES, *CODES}


@pytest.mark.parametrize("code", CODES)
def test_a_page_explains_the_members_of_its_code_and_says_what_to_do(code: str) -> None:
    text = ErrorCode(code).text
    for sentence in (text.cause, text.remedy):
        assert re.fullmatch(r"[A-Z`].{10,}\.", sentence, re.DOTALL)
    told = text.cause + text.remedy + error_pages.MEMBERS.get(ErrorCode(code), "")
    unexplained = {
        name for name in error_pages.EXAMPLES[ErrorCode(code)].members if f"`{name}`" not in told
    }
    assert unexplained == set()


def test_a_page_says_which_operations_answer_its_code() -> None:
    once = open_page("/docs/errors/duplicate_order").content.decode()
    assert "<li><code>POST /channelManager</code></li>" in once
    assert "GET /channelManager" not in once
    assert "Every operation may answer it." in open_page("/docs/errors/busy").content.decode()


def _fault_codes_in_the_code() -> Iterator[str]:
    """Yield what stands as the code of a fault anywhere in the product."""
    files = [
        *(ROOT / "orders").rglob("*.py"),
        *(ROOT / "catalog").rglob("*.py"),
        *(ROOT / "partners").rglob("*.py"),
        *(ROOT / "channel_manager").glob("*.py"),
        *(ROOT / "channel_manager/lib").glob("*.py"),
    ]
    for path in files:
        if path.name in (
            "selling.py",
            "closing.py",
            "sign_in.py",
        ):  # what staff are told, on their own pages
            continue
        if "dialects" in path.parts:  # told in the words of other systems
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            given = [*node.args[1:2]] if called == "Fault" else []
            if called.endswith(("ValidationError", "ErrorDetail")) and path.parts[-2] != "admin":
                given += [word.value for word in node.keywords if word.arg == "code"]
            yield from (
                one.value
                for one in given
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            )


def test_the_codes_of_single_faults_are_all_explained() -> None:
    used = set(_fault_codes_in_the_code())
    assert used - {*error_pages.FAULT_CODES, *CODES} == set()


def test_no_fault_code_is_explained_that_does_not_exist() -> None:
    source = "".join(
        path.read_text()
        for app in ("orders", "catalog", "partners", "channel_manager/lib", "channel_manager")
        for path in (ROOT / app).rglob("*.py")
        if "docs" not in path.relative_to(ROOT).parts
    )
    built_in = {
        code
        for field in (drf_fields.CharField, drf_fields.IntegerField, drf_fields.ListField)
        for cls in field.__mro__
        for code in getattr(cls, "default_error_messages", {})
    }
    unknown = {
        code
        for code in error_pages.FAULT_CODES
        if f'"{code}"' not in source and code not in built_in
    }
    assert unknown == set()


def shape(value: Any) -> Any:
    """Return the members of a JSON value, with those of the first entry of each list."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else None


def test_the_sample_answers_have_theshape_of_real_ones(
    api: ApiClient, issue: Callable[[str], Order]
) -> None:
    body = api.order_body(
        {"itemNumber": "BUNDLE", "visitDate": api.order_body()["items"][0]["visitDate"]}
    )
    created = api.post(body).json()
    assert shape(samples.SUBMITTED_ORDER) == shape(created)
    issue(created["orderId"])
    assert shape(samples.ISSUED_ORDER) == shape(api.get(f"{api.base}/{created['orderId']}").json())
    page = api.get(f"{api.base}/orders/{api.partner.pk}").json()
    assert shape(samples.ORDER_PAGE) == shape(page)
    packages = api.get(f"{api.base}/packages").json()
    day = next(one for one in packages["data"] if one["itemNumber"] == "DAY")
    assert shape(samples.PACKAGES) == shape({"data": [day]})
    available = api.get(f"{api.base}/availability?itemNumber=DAY").json()
    assert shape(samples.AVAILABILITY) == shape(available)
    assert api.delete(created["orderId"]).json()["status"] == samples.CANCELLED_ORDER["status"]


def test_the_sample_hold_has_theshape_of_a_real_one(api: ApiClient, venue: Venue) -> None:
    sell_cinema(venue, datetime.date(2027, 5, 4))
    made = api.post(samples.HOLD_REQUEST, f"{api.base}/holds")
    assert made.status_code == 201
    assert shape(samples.HOLD) == shape(made.json())
    released = api.request("DELETE", f"{api.base}/holds/{made.json()['holdId']}").json()
    assert shape(samples.ANSWERS["releaseHold"]) == shape(released)


def sell_cinema(venue: Venue, day: datetime.date) -> None:
    """Sell what the samples and the guide order: a show at 14:00, as the demo has it."""
    package = sellable_package(venue, "CINEMA", dating="timed")
    attraction = AttractionFactory.create(venue=venue)
    Item.objects.filter(components__package=package).update(attraction=attraction)
    SessionFactory.create(attraction=attraction, date=day, time=datetime.time(14))


def _guide() -> str:
    return str(open_page("/docs").content.decode())
