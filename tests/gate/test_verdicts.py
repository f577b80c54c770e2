"""The verdict as a pure function: whatever the ticket, gate and moment."""

from __future__ import annotations

import datetime
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.gate import words
from orders.gate.verdict import Candidate, Question, choose, judge
from orders.models import Order, OrderStatus
from wallets.models import Asset, AssetStatus, ScanCode, Wallet

ZONES = [
    zoneinfo.ZoneInfo(name) for name in ("Europe/Amsterdam", "America/New_York", "Pacific/Apia")
]
NOW = datetime.datetime(2026, 11, 23, 9, tzinfo=datetime.UTC)
HOURS = st.integers(-60, 60).map(lambda hours: datetime.timedelta(hours=hours))
AROUND = HOURS.map(lambda delta: NOW + delta)


@st.composite
def candidates(draw: st.DrawFn) -> Candidate:
    """A ticket or coupon that the database would hold."""
    status = draw(st.sampled_from(AssetStatus))
    admissions = draw(st.integers(1, 5))
    admitted = {
        AssetStatus.MINTED: st.just(0),
        AssetStatus.USED: st.just(admissions),
        AssetStatus.DESTROYED: st.integers(0, admissions),
    }.get(status, st.integers(0, admissions - 1))
    start = draw(AROUND)
    is_dated = draw(st.booleans())
    order = Order(status=draw(st.sampled_from(OrderStatus)), test_mode=draw(st.booleans()))
    asset = Asset(
        type=draw(st.sampled_from(["ticket", "coupon"])),
        status=status,
        description="Entry",
        admissions=admissions,
        admitted=draw(admitted),
        position=draw(st.integers(0, 3)),
        unit=draw(st.integers(1, 3)),
        visit_date=start.date() if is_dated else None,
        visit_time=start.time() if is_dated else None,
        valid_from=start,
        valid_until=start + datetime.timedelta(hours=draw(st.integers(1, 50))),
    )
    return Candidate(asset=asset, wallet=Wallet(), order=order, is_for_gate=draw(st.booleans()))


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """So many, now, somewhere."""
    return Question(
        quantity=draw(st.integers(1, 6)), now=draw(AROUND), zone=draw(st.sampled_from(ZONES))
    )


@given(candidates(), questions())
def test_what_is_admitted_is_valid_now_for_this_gate_with_enough_left(
    candidate: Candidate, question: Question
) -> None:
    asset = candidate.asset
    admissible = (
        asset.status == AssetStatus.VALID
        and candidate.is_for_gate
        and not candidate.order.test_mode
        and asset.valid_from <= question.now < asset.valid_until
        and asset.admissions - asset.admitted >= question.quantity
    )
    assert (judge(candidate, question) == ScanCode.ADMITTED) == admissible


@given(candidates(), questions())
def test_every_verdict_has_words_that_end_as_a_sentence(
    candidate: Candidate, question: Question
) -> None:
    code = judge(candidate, question)
    said = words.say_ticket(code, candidate, question, words.Background())
    assert said[0].isupper()
    assert said.endswith(".")
    assert "None" not in said


@given(st.lists(candidates(), min_size=1, max_size=6), questions())
def test_a_wallets_number_admits_whenever_one_of_its_tickets_is_admitted_by_its_own(
    inside: list[Candidate], question: Question
) -> None:
    code, chosen = choose(inside, question)
    tickets = [one for one in inside if not one.is_coupon]
    admitted = [one for one in tickets if judge(one, question) == ScanCode.ADMITTED]
    assert (code == ScanCode.ADMITTED) == bool(admitted)
    assert chosen in inside
    if admitted:
        assert chosen.asset.valid_until == min(one.asset.valid_until for one in admitted)
    if chosen.is_coupon:
        assert not any(ticket.is_for_gate for ticket in tickets)


@given(st.lists(candidates(), min_size=1, max_size=6), questions(), st.randoms())
def test_the_order_of_the_tickets_does_not_decide(
    inside: list[Candidate], question: Question, random: object
) -> None:
    shuffled = sorted(inside, key=lambda _: random.random())  # type: ignore[attr-defined]
    tickets = [one for one in inside if not one.is_coupon]
    if tickets:
        assert choose(inside, question)[0] == choose(shuffled, question)[0] or _tied(inside)


def _tied(inside: list[Candidate]) -> bool:
    """Tell whether two candidates cannot be told apart by where they stand in the wallet."""
    places = {(one.asset.position, one.asset.unit) for one in inside}
    return len(places) < len(inside)


def ticket(start: int, hours: int = 2, **members: object) -> Candidate:
    """A dated ticket whose window begins so many hours from NOW."""
    begins = NOW + datetime.timedelta(hours=start)
    values = {
        "type": "ticket",
        "status": AssetStatus.VALID,
        "description": "Entry",
        "position": 0,
        "unit": 1,
        "visit_date": begins.date(),
        "valid_from": begins,
        "valid_until": begins + datetime.timedelta(hours=hours),
    }
    return Candidate(
        asset=Asset(**{**values, **members}),
        wallet=Wallet(),
        order=Order(status=OrderStatus.ISSUED),
        is_for_gate=True,
    )


HERE = Question(quantity=1, now=NOW, zone=ZONES[0])


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (ticket(-48), ticket(1), "not_valid_yet"),
        (ticket(-3), ticket(48), "wrong_time"),
        (ticket(-1, status=AssetStatus.USED, admitted=1), ticket(30), "already_used"),
        (
            ticket(-1, status=AssetStatus.USED, admitted=1),
            ticket(-1, status=AssetStatus.DESTROYED),
            "already_used",
        ),
        (ticket(-1, status=AssetStatus.DESTROYED), ticket(30), "wrong_day"),
    ],
)
def test_the_refusal_of_the_nearest_ticket_is_told(
    first: Candidate, second: Candidate, code: str
) -> None:
    for inside in ([first, second], [second, first]):
        assert choose(inside, HERE)[0] == code


def test_of_two_that_are_valid_the_one_that_ends_first_is_admitted() -> None:
    long, short = ticket(-1, 9), ticket(-1, 2)
    assert choose([long, short], HERE) == (ScanCode.ADMITTED, short)
