"""By which of its numbers a line is found to be of an order, and when it is not."""

from __future__ import annotations

from typing import Any
from unicodedata import category

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from orders.finance.lines import OurOrder, Standing, StatedLine
from orders.finance.matching import (
    NORMALISED_IN_SQL,
    LineResult,
    References,
    normalised,
    references_of,
)
from tests.finance.stating import a_cancelled_order, a_line, an_order, matched

OURS = "CM26-0000042"
ORDER = an_order(
    our_reference=OURS, their_reference="0017-ab", other_numbers=frozenset({"T-900", "04 5"})
)


def naming(ours: str = "", theirs: str = "", other: str = "", **members: Any) -> StatedLine:
    """Make a line that names these numbers."""
    return a_line(our_reference=ours, their_reference=theirs, other_reference=other, **members)


def found(line: StatedLine, *orders: OurOrder) -> LineResult:
    (result,) = matched([line], list(orders)).lines
    return result


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (naming(linked_order="a"), "by_hand"),
        (naming(f" {OURS} "), "our_number"),
        (naming("no such", theirs=OURS), "our_number"),
        (naming(other=OURS), "our_number"),
        (naming(theirs="0017-ab"), "their_number"),
        (naming("0017-ab"), "their_number"),
        (naming(other="0017-ab"), "their_number"),
        (naming("cm26 0000042"), "normalised"),
        (naming("\uff23M26\u20130000042"), "normalised"),
        (naming(theirs="17AB"), "normalised"),
        (naming(other="#17/ab"), "normalised"),
        (naming(other="T-900"), "ticket_number"),
        (naming("T-900"), "ticket_number"),
        (naming(theirs="04 5"), "ticket_number"),
    ],
)
def test_a_line_is_found_by_any_number_in_any_column(line: StatedLine, rule: str) -> None:
    result = found(line, ORDER)
    assert (result.state, result.rule, result.order_key, result.cause) == ("matched", rule, "a", "")


@pytest.mark.parametrize(
    "line",
    [
        naming("CM26-42"),  # zeros within a number are part of it
        naming("CM26-000004"),
        naming(other="t900"),  # tickets' numbers are compared as they are
        naming("-", "0", "///"),
        naming(linked_order="somebody deleted it"),
    ],
)
def test_what_only_resembles_a_number_finds_nothing(line: StatedLine) -> None:
    assert found(line, ORDER).state == "missing_at_us"


def test_a_number_in_its_own_column_goes_before_one_in_an_odd_column() -> None:
    swapped = an_order("b", our_reference="X-1", their_reference="X-2")
    other = an_order("c", our_reference="X-2", their_reference="X-1")
    assert found(naming(theirs="X-2"), swapped, other).order_key == "b"
    assert found(naming("X-2"), swapped, other).order_key == "c"
    assert found(naming(other="X-2"), swapped, other).order_key == "c"


def test_our_number_goes_before_the_partners_and_the_conflict_is_told() -> None:
    result = found(naming("CM26-b", "WEB-c"), an_order("b"), an_order("c"))
    assert (result.order_key, result.rule, result.state) == ("b", "our_number", "matched")
    assert result.cause == "The line also names CM26-c."


def test_a_link_made_by_hand_goes_before_everything() -> None:
    line = naming("CM26-b", linked_order="c", gross="1.00")
    result = found(line, an_order("b"), an_order("c"))
    assert (result.order_key, result.rule) == ("c", "by_hand")
    assert result.cause == (
        "The partner states 1.00 EUR where we have 36.00 EUR for CM26-c. The line also names CM26-b."
    )


def test_a_normalised_number_that_fits_two_orders_finds_neither() -> None:
    orders = [an_order("b", their_reference="A-1"), an_order("c", their_reference="a1")]
    result = found(naming(theirs="A 1"), *orders)
    assert (result.state, result.order_key) == ("missing_at_us", None)
    assert result.cause == "A 1 fits more than one of our orders."
    assert found(naming(theirs="A-1"), *orders).order_key == "b"


def test_of_orders_with_one_number_the_one_in_scope_is_meant() -> None:
    card = frozenset({"CARD-7"})
    march = an_order("b", other_numbers=card)
    april = an_order("c", other_numbers=card, standing=Standing.OTHER_PERIOD)
    assert found(naming(other="CARD-7"), april, march).order_key == "b"
    gone = a_cancelled_order("e", other_numbers=card)
    assert found(naming(other="CARD-7"), april, march, gone).order_key == "b"
    result = found(naming(other="CARD-7"), march, an_order("d", other_numbers=card))
    assert result.cause == "CARD-7 fits more than one of our orders."


def test_another_partners_order_is_found_by_our_number_only() -> None:
    theirs = an_order(
        our_reference=OURS,
        their_reference="WEB-1",
        other_numbers=frozenset({"T-1"}),
        standing=Standing.OTHER_PARTNER,
    )
    assert found(naming(OURS), theirs).state == "wrong_partner"
    assert found(naming("cm26/0000042"), theirs).state == "wrong_partner"
    for line in (naming(theirs="WEB-1"), naming(theirs="web1"), naming(other="T-1")):
        assert found(line, theirs).state == "missing_at_us"


@pytest.mark.parametrize("text", ["1.23E+11", "1,23e+11", "1E+5", "-2.5E10"])
def test_a_number_that_a_spreadsheet_spoilt_finds_nothing_and_is_named(text: str) -> None:
    order = an_order(their_reference=text, other_numbers=frozenset({text, normalised(text)}))
    result = found(naming(theirs=text), order)
    assert result.state == "missing_at_us"
    assert result.cause == (
        f"The partner states 36.00 EUR for {text}, and we have no such order. "
        f"The number {text} was spoilt by a spreadsheet."
    )


def test_what_was_said_of_the_damage_is_repeated_when_nothing_is_found() -> None:
    damage = ("The voucher 1.23E+11 has lost digits.",)
    result = found(naming(other="1.23E+11", damage=damage), ORDER)
    assert result.cause.endswith("we have no such order. The voucher 1.23E+11 has lost digits.")
    assert found(naming(OURS, other="1.23E+11", damage=damage), ORDER).cause == ""


def test_a_long_number_that_was_rounded_finds_nothing_once_somebody_has_said_so() -> None:
    order = an_order(their_reference="1234567890123450")
    line = naming(theirs="1234567890123450")
    assert found(line, order).state == "matched"
    rounded = naming(
        theirs="1234567890123450", damage=("1234567890123450 may have lost its last digit.",)
    )
    assert found(rounded, order).state == "missing_at_us"


def test_a_number_that_lost_its_zeros_in_front_is_found() -> None:
    order = an_order(their_reference="000123")
    assert found(naming(theirs="123", damage=("123 has lost zeros.",)), order).rule == "normalised"


def test_a_number_with_an_e_in_it_is_a_number() -> None:
    assert found(naming(theirs="12E4"), an_order(their_reference="12E4")).state == "matched"


def test_the_callers_look_up_what_the_lines_name() -> None:
    lines = [
        naming(" CM26-1 ", "1.23E+11", "007 b"),
        naming("CM26-1", linked_order="key", theirs="///"),
    ]
    assert references_of(lines) == References(
        keys=frozenset({"key"}),
        exact=frozenset({"CM26-1", "007 b", "///"}),
        normalised=frozenset({"CM261", "7B"}),
    )


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalised(text)
    assert normalised(once) == once
    assert not once or (once.isascii() and once.isalnum() and once[0] != "0")


@pytest.mark.django_db
def test_the_database_normalises_alike() -> None:
    # Surrogates are no text, and of unassigned characters the database may know more by now.
    every = [char for char in map(chr, range(1, 0x3_0000)) if category(char) not in ("Cs", "Cn")]
    texts = [f"0{character}a0Z9" for character in every] + ["", "000", " 00-\u0660\uff10b"]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {NORMALISED_IN_SQL % {'expressions': 't.text'}}"
            " FROM unnest(%s::text[]) WITH ORDINALITY AS t (text, place) ORDER BY t.place",
            [texts],
        )
        assert [row[0] for row in cursor.fetchall()] == [normalised(text) for text in texts]
