"""Reading JSON strictly."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel_manager.lib.strict_json import MalformedJson, loads

_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "The body is empty; a JSON object is expected."),
        (b" \n", "The body is empty; a JSON object is expected."),
        (
            b"{",
            "The body is not valid JSON: Expecting property name enclosed in double quotes (line 1, column 2).",
        ),
        (b"\xff\xfe", "The body is not UTF-8 (byte 0)."),
        (b'{"a":1,"a":2}', "The member 'a' stands twice in one object."),
        (b"[NaN]", "NaN is not a JSON value."),
        (b"[-Infinity]", "-Infinity is not a JSON value."),
        (b"[1e400]", "A number is too large."),
        (b"[" + b"9" * 5000 + b"]", "A number has more than 100 digits."),
        (b"[" * 100_000, "The body nests deeper than 32 levels."),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "The body nests deeper than 32 levels."),
    ],
)
def test_what_is_not_json_is_refused_in_words(body: bytes, said: str) -> None:
    with pytest.raises(MalformedJson) as refusal:
        loads(body)
    assert refusal.value.detail == said


def test_brackets_inside_strings_are_not_nesting() -> None:
    assert loads(json.dumps({"a": '"[[' * 100}).encode()) == {"a": '"[[' * 100}


@given(_VALUES)
def test_every_json_value_comes_back_as_it_was(value: Any) -> None:
    assert loads(json.dumps(value).encode()) == value
