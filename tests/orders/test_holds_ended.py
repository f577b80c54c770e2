"""Holds: extending and releasing them, and who may."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from orders import holds
from partners.keys import create_key
from partners.models import Partner
from tests.conftest import ApiClient
from tests.orders.expected import NOBODY, NOON, Clock, assert_problem, moment, stored
from tests.orders.held import HOLDS, events_of, path_of
from tests.orders.sessions import counters, show

pytestmark = pytest.mark.usefixtures("clock", "matinee")

Make = Callable[..., Any]


class TestExtend:
    """A hold starts its time anew, up to an hour in all."""

    def extend(self, api: ApiClient, made: Any, **headers: str) -> Any:
        return api.request("POST", path_of(made, "extend"), **headers)

    def test_its_time_starts_anew(self, api: ApiClient, hold: Make, clock: Clock) -> None:
        made = hold(show())
        clock.forward(minutes=7)
        expected = {**made, "expiresAt": moment(NOON + datetime.timedelta(minutes=15))}
        response = self.extend(api, made)
        assert (response.status_code, response.json()) == (200, expected)
        assert api.get(path_of(made)).json() == expected
        assert holds.expire_holds(now=clock.forward(minutes=7)) == 0
        assert holds.expire_holds(now=clock.forward(minutes=1)) == 1

    def test_an_hour_after_it_was_made_it_ends(
        self, api: ApiClient, hold: Make, clock: Clock
    ) -> None:
        made = hold(show())
        for minutes in range(7, 57, 7):
            clock.now = NOON + datetime.timedelta(minutes=minutes)
            until = NOON + datetime.timedelta(minutes=min(minutes + 8, 60))
            assert self.extend(api, made).json()["expiresAt"] == moment(until)
        clock.now = NOON + datetime.timedelta(minutes=59, seconds=59)
        hour = moment(NOON + datetime.timedelta(hours=1))
        assert self.extend(api, made).json()["expiresAt"] == hour
        clock.forward(seconds=1)
        self.is_refused(api, made, "Expired")

    def test_it_is_never_made_shorter(self, api: ApiClient, hold: Make) -> None:
        Partner.objects.update(hold_minutes=30)
        made = hold(show())
        Partner.objects.update(hold_minutes=5)
        assert self.extend(api, made).json() == made

    @pytest.mark.parametrize("seen", [False, True])
    def test_one_that_is_over_stays_over(
        self, api: ApiClient, hold: Make, clock: Clock, seen: bool
    ) -> None:
        made = hold(show())
        clock.forward(minutes=8)
        if seen:
            holds.expire_holds(now=clock.now)
        self.is_refused(api, made, "Expired")

    def test_one_that_was_released_stays_released(self, api: ApiClient, hold: Make) -> None:
        made = hold(show())
        api.request("DELETE", path_of(made))
        self.is_refused(api, made, "Released")

    def is_refused(self, api: ApiClient, made: Any, status: str) -> None:
        body = assert_problem(
            self.extend(api, made), 409, "hold_ended", holdId=made["holdId"], holdStatus=status
        )
        assert body["detail"].startswith(f"The hold {made['holdId']} is {status}. ")

    @pytest.mark.parametrize(
        ("sent", "status"), [({"minutes": 5}, 400), ({}, 200), ([], 200), ("5", 400)]
    )
    def test_a_wish_for_something_else_is_refused(
        self, api: ApiClient, hold: Make, sent: Any, status: int
    ) -> None:
        answer = api.request("POST", f"{path_of(hold(show()))}/extend", sent)
        assert answer.status_code == status

    def test_it_needs_no_body_and_repeats_its_answer(
        self, api: ApiClient, hold: Make, clock: Clock
    ) -> None:
        made = hold(show())
        clock.forward(minutes=1)
        first = self.extend(api, made, idempotency_key="k")
        clock.forward(minutes=5)
        again = self.extend(api, made, idempotency_key="k")
        assert (again.json(), again["Idempotent-Replayed"]) == (first.json(), "true")
        assert self.extend(api, made).json() != first.json()


class TestRelease:
    """A partner gives places back."""

    def test_they_go_back_at_once_and_once(self, api: ApiClient, hold: Make, clock: Clock) -> None:
        made = hold(show(quantity=5))
        ended = {**made, "status": "Released", "endedAt": moment(clock.forward(minutes=1))}
        response = api.request("DELETE", path_of(made))
        assert (response.status_code, response.json(), counters()) == (200, ended, {})
        api.create(show(quantity=5))
        clock.forward(minutes=1)
        assert api.request("DELETE", path_of(made)).json() == ended
        assert counters() == {"cinema 14:00": "0+5"}
        assert events_of(made)[1:] == [
            ("released", "Held", "Released", f"partner:{api.partner.pk}")
        ]

    def test_one_that_has_expired_is_answered_as_it_is(
        self, api: ApiClient, hold: Make, clock: Clock
    ) -> None:
        made = hold(show())
        holds.expire_holds(now=clock.forward(minutes=8))
        assert api.request("DELETE", path_of(made)).json()["status"] == "Expired"

    def test_one_whose_time_is_over_may_still_be_released(
        self, api: ApiClient, hold: Make, clock: Clock
    ) -> None:
        made = hold(show())
        clock.forward(minutes=8)
        assert api.request("DELETE", path_of(made)).json()["status"] == "Released"
        assert counters() == {}

    def test_its_answer_is_repeated(self, api: ApiClient, hold: Make) -> None:
        made = hold(show())
        first = api.request("DELETE", path_of(made), idempotency_key="k")
        again = api.request("DELETE", path_of(made), idempotency_key="k")
        assert (again.json(), again["Idempotent-Replayed"]) == (first.json(), "true")


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
@pytest.mark.parametrize("hold_id", [NOBODY, "nonsense", "0", NOBODY.replace("-", ""), "theirs"])
def test_a_hold_that_is_not_ours_is_not_there(
    api: ApiClient, rival: ApiClient, hold: Make, method: str, hold_id: str
) -> None:
    theirs = hold(show(), by=rival)
    path = path_of(theirs if hold_id == "theirs" else {"holdId": hold_id})
    response = api.request(method, f"{path}/extend" if method == "POST" else path)
    body = assert_problem(response, 404, "not_found")
    assert body["detail"] == "You have no hold with this id."
    assert rival.get(path_of(theirs)).json() == theirs


def test_an_id_is_read_in_any_case(api: ApiClient, hold: Make) -> None:
    made = hold(show())
    assert api.get(f"{HOLDS}/{made['holdId'].upper()}").json() == made


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "", "POST"),
        ("PUT", "", "POST"),
        ("POST", "/id", "GET, DELETE"),
        ("GET", "/id/extend", "POST"),
    ],
)
def test_other_methods_are_not_allowed(
    api: ApiClient, hold: Make, method: str, path: str, allowed: str
) -> None:
    response = api.request(method, HOLDS + path.replace("id", hold(show())["holdId"]))
    assert_problem(response, 405, "method_not_allowed")
    assert set(allowed.split(", ")) <= set(response["Allow"].split(", "))


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        ([], ""),
        (["orders:read"], "read"),
        (["orders:write"], "make extend release"),
        (["catalog:read", "webhooks", "reports"], ""),
    ],
)
def test_a_key_needs_the_scopes_of_orders(
    api: ApiClient, hold: Make, scopes: list[str], allowed: str
) -> None:
    made = hold(show())
    key = create_key(partner=api.partner, scopes=scopes)[1]
    other = ApiClient(key, api.partner)
    answers = {
        "make": other.post({"items": [show()]}, HOLDS),
        "read": other.get(path_of(made)),
        "extend": other.request("POST", path_of(made, "extend")),
        "release": other.request("DELETE", path_of(made)),
    }
    permitted = {name for name, answer in answers.items() if answer.status_code < 400}
    assert permitted == set(allowed.split())
    refusals = [answer for name, answer in answers.items() if name not in permitted]
    assert {answer.json()["code"] for answer in refusals} <= {"missing_scope"}


@pytest.mark.parametrize("status", ["Onboarding", "Paused", "Closed"])
def test_a_partner_that_is_not_active_makes_no_holds_and_may_let_go_of_them(
    api: ApiClient, hold: Make, status: str
) -> None:
    made = hold(show())
    Partner.objects.filter(pk=api.partner.pk).update(status=status)
    before = stored(), counters()
    assert_problem(api.post({"items": [show()]}, HOLDS), 403, "partner_not_active")
    assert (stored(), counters()) == before
    extended = api.request("POST", path_of(made, "extend"))
    assert_problem(extended, 403, "partner_not_active")
    assert api.get(path_of(made)).json() == made
    assert api.request("DELETE", path_of(made)).json()["status"] == "Released"
    assert counters() == {}


def test_nobody_holds_without_a_key(client: Any, db: None, order_desk: User) -> None:
    client.force_login(order_desk)
    for method, path in (("post", HOLDS), ("get", f"{HOLDS}/{NOBODY}")):
        assert getattr(client, method)(path).status_code == 401
