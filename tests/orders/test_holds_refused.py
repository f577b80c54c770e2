"""Orders whose holds have ended, are not theirs, or have become an order before."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from orders import holds
from orders.models import Hold
from tests.conftest import ApiClient
from tests.orders.expected import NOBODY, Clock, assert_problem, line
from tests.orders.held import of, path_of, refused, status
from tests.orders.sessions import counters, show

pytestmark = pytest.mark.usefixtures("clock", "matinee")

Make = Callable[..., Any]


class TestEnded:
    """A hold that has ended cannot become an order any more."""

    @pytest.mark.parametrize("seen", [False, True])
    def test_one_that_has_expired(
        self, api: ApiClient, hold: Make, clock: Clock, seen: bool
    ) -> None:
        made = hold(show(quantity=2))
        clock.forward(minutes=8)
        if seen:
            holds.expire_holds(now=clock.now)
        sent = show(quantity=2, **of(made))
        self.is_refused(api, sent, "Expired")
        holds.expire_holds(now=clock.now)
        assert counters() == {}
        api.create({**sent, "holdId": None})

    def test_one_that_was_released(self, api: ApiClient, hold: Make) -> None:
        made = hold(show())
        api.request("DELETE", path_of(made))
        self.is_refused(api, show(**of(made)), "Released")

    def test_one_that_has_become_an_order(self, api: ApiClient, hold: Make) -> None:
        made = hold(show())
        api.create(show(**of(made)))
        self.is_refused(api, show(**of(made)), "Converted")
        assert api.request("DELETE", path_of(made)).json()["status"] == "Converted"
        assert holds.expire_holds(now=datetime.datetime.now(datetime.UTC)) == 0
        assert counters() == {"cinema 14:00": "0+1"}

    def test_one_that_has_ended_beside_one_that_has_not(self, api: ApiClient, hold: Make) -> None:
        gone, living = hold(show()), hold(show())
        api.request("DELETE", path_of(gone))
        refused(
            api,
            show(**of(living)),
            show(**of(gone)),
            code="hold_ended",
            faults=[("/items/1/holdId", "hold_ended")],
            holdId=gone["holdId"],
            holdStatus="Released",
        )
        assert status(living) == "Held"

    def test_every_line_that_names_one_is_told(
        self, api: ApiClient, hold: Make, clock: Clock
    ) -> None:
        first, second = hold(show()), hold(show())
        api.request("DELETE", path_of(second))
        clock.forward(minutes=8)
        items = [show(**of(first)), line(), show(**of(second)), show(**of(first))]
        body = refused(
            api,
            *items,
            code="hold_ended",
            faults=[(f"/items/{n}/holdId", "hold_ended") for n in (0, 2, 3)],
            holdId=first["holdId"],
            holdStatus="Expired",
        )
        told = [fault["detail"] for fault in body["errors"]]
        assert [text.split(". ")[0].split(" is ")[1] for text in told] == [
            "Expired",
            "Released",
            "Expired",
        ]

    def is_refused(self, api: ApiClient, sent: Any, ended: str) -> None:
        hold_id = sent["holdId"]
        body = refused(
            api,
            sent,
            code="hold_ended",
            faults=[("/items/0/holdId", "hold_ended")],
            holdId=hold_id,
            holdStatus=ended,
        )
        assert body["detail"] == (
            f"The hold {hold_id} is {ended}. Hold the places again, or order them without a hold."
        )


class TestUnknown:
    """A hold that is not the partner's does not exist."""

    UNKNOWN = "unknown_hold"

    def test_it_is_told_where_it_stands(self, api: ApiClient, rival: ApiClient, hold: Make) -> None:
        theirs = hold(show(), by=rival)
        body = refused(
            api,
            show(holdId=NOBODY),
            line(),
            show(**of(theirs)),
            show(holdId=NOBODY),
            code=self.UNKNOWN,
            faults=[(f"/items/{n}/holdId", self.UNKNOWN) for n in (0, 2, 3)],
        )
        assert body["errors"][0]["detail"] == f"You have no hold {NOBODY}."
        assert status(theirs) == "Held"

    @pytest.mark.parametrize("value", ["", "nonsense", 1, True, [], NOBODY.replace("-", "")])
    def test_an_id_of_the_wrong_shape_is_a_fault_of_the_body(
        self, api: ApiClient, value: Any
    ) -> None:
        response = api.post(api.order_body(show(holdId=value)))
        assert response.status_code == 400
        assert [fault["pointer"] for fault in response.json()["errors"]] == ["/items/0/holdId"]
        assert response.json()["code"] == "invalid_request"

    def test_all_other_faults_are_told_along(self, api: ApiClient, rival: ApiClient) -> None:
        numbered = {"externalReferenceNumbers": ["EXT-1"]}
        rival.create(line(wallet=numbered))
        refused(
            api,
            show(holdId=NOBODY),
            line(visit_date="2026-11-19"),
            line(wallet=numbered),
            code="invalid_request",
            faults=[
                ("/items/0/holdId", self.UNKNOWN),
                ("/items/1/visitDate", "visit_in_past"),
                ("/items/2/wallet/externalReferenceNumbers/0", "external_reference_taken"),
            ],
        )


class TestRepeated:
    """A partner repeats its order because it never saw the answer."""

    def test_with_its_key_it_gets_the_first_answer(self, api: ApiClient, hold: Make) -> None:
        body = api.order_body(show(quantity=2, **of(hold(show(quantity=2)))))
        first = api.post(body, idempotency_key="k")
        again = api.post(body, idempotency_key="k")
        assert (again.status_code, again.json()) == (201, first.json())
        assert counters() == {"cinema 14:00": "0+2"}

    @pytest.mark.parametrize("pruned", [False, True])
    def test_without_a_key_it_is_told_of_its_order(
        self, api: ApiClient, hold: Make, pruned: bool
    ) -> None:
        made = hold(show(quantity=2))
        first = api.create(show(quantity=2, **of(made)))
        if pruned:
            Hold.objects.all().delete()
        assert_problem(
            api.post(api.order_body(show(quantity=2, **of(made)))),
            400,
            "duplicate_order",
            orderId=first["orderId"],
            buyFromOrderReference=first["buyFromOrderReference"],
            existingStatus="Submitted",
        )

    def test_the_same_reference_with_a_new_hold_leaves_the_hold(
        self, api: ApiClient, hold: Make
    ) -> None:
        api.create(show())
        made = hold(show())
        again = api.post(api.order_body(show(**of(made))))
        assert again.json()["code"] == "duplicate_order"
        assert (status(made), counters()) == ("Held", {"cinema 14:00": "1+1"})
