"""What a manifest says, in each of its languages."""

from __future__ import annotations

import datetime
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallets.manifest import spaced
from wallets.manifest_texts import (
    TEXTS,
    choose_language,
    write_day,
    write_hours,
    write_moment,
    write_time,
)
from wallets.venue_look import legible_ink

MOMENT = datetime.datetime(2026, 3, 7, 14, 5, tzinfo=datetime.UTC)
LATER = datetime.datetime(2026, 3, 7, 20, 0, tzinfo=datetime.UTC)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_the_languages_are_english_dutch_and_german() -> None:
    assert set(TEXTS) == {"en", "nl", "de"}


@pytest.mark.parametrize("language", ["nl", "de"])
def test_every_language_has_the_same_texts_with_the_same_placeholders(language: str) -> None:
    expected = {key: placeholders(text) for key, text in TEXTS["en"].items()}
    assert {key: placeholders(text) for key, text in TEXTS[language].items()} == expected


@pytest.mark.parametrize("language", ["en", "nl", "de"])
def test_no_text_is_empty(language: str) -> None:
    assert [key for key, text in TEXTS[language].items() if not text.strip()] == []


@pytest.mark.parametrize(
    ("tags", "language"),
    [
        (["nl"], "nl"),
        (["nl-NL", "de"], "nl"),
        (["NL-be"], "nl"),
        (["de_AT"], "de"),
        (["de-Latn-CH-1996"], "de"),
        (["fr", "de"], "de"),
        ([None, "nl"], "nl"),
        (["", "nl"], "nl"),
        (["nld", "en"], "en"),
        (["fr"], "en"),
        ([], "en"),
    ],
)
def test_the_first_tag_that_can_be_spoken_decides(tags: list[str | None], language: str) -> None:
    assert choose_language(*tags) == language


@pytest.mark.parametrize(
    ("language", "day", "time", "hours", "moment"),
    [
        (
            "en",
            "Saturday 7 March 2026",
            "14:05",
            "14:05 – 20:00",
            "Saturday 7 March 2026, 14:05",
        ),
        (
            "nl",
            "zaterdag 7 maart 2026",
            "14:05 uur",
            "14:05 – 20:00 uur",
            "zaterdag 7 maart 2026, 14:05 uur",
        ),
        (
            "de",
            "Samstag, 7. März 2026",
            "14:05 Uhr",
            "14:05 – 20:00 Uhr",
            "Samstag, 7. März 2026, 14:05 Uhr",
        ),
    ],
)
def test_days_and_times_are_written_as_the_language_writes_them(
    language: str, day: str, time: str, hours: str, moment: str
) -> None:
    written = (
        write_day(MOMENT.date(), language),
        write_time(MOMENT.time(), language),
        write_hours(MOMENT, LATER, language),
        write_moment(MOMENT, language),
    )
    assert written == (day, time, hours, moment)


@pytest.mark.parametrize(
    ("number", "read_out"),
    [
        ("T0123456789ABCDEF", "T 0123 4567 89AB CDEF"),
        ("123456789012", "1234 5678 9012"),
        ("12345678901", "1234 5678 901"),
        ("ABCDEFGH", "ABCD EFGH"),
        ("SUN-88213-A", "SUN-88213-A"),
        ("123456", "123456"),
    ],
)
def test_a_number_is_written_in_groups_that_can_be_read_out(number: str, read_out: str) -> None:
    assert spaced(number) == read_out


def luminance(color: str) -> float:
    """Return the relative luminance of WCAG 2.2."""

    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@given(st.integers(0, 0xFFFFFF))
def test_text_on_any_brand_colour_is_legible(value: int) -> None:
    color = f"#{value:06x}"
    darker, lighter = sorted([luminance(color), luminance(legible_ink(color))])
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5
