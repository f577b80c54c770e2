"""QR codes scan and hold exactly the number."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.wallets.scanning import paint, scan
from wallets import qr

NUMBERS = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=1, max_size=20)


def picture_of(code: qr.QrCode) -> Image.Image:
    dark = (
        (run.x + step + qr.QUIET_ZONE, run.y + qr.QUIET_ZONE)
        for run in code.runs
        for step in range(run.length)
    )
    return paint(code.size + 2 * qr.QUIET_ZONE, dark)


@given(NUMBERS)
def test_every_number_scans(number: str) -> None:
    assert scan(picture_of(qr.encode(number))) == [number]


@pytest.mark.parametrize("number", ["0" * 20, "Z" * 20, "tickets-2026/é", "kleine letters", "1"])
def test_numbers_of_other_systems_scan_too(number: str) -> None:
    assert scan(picture_of(qr.encode(number))) == [number]


@given(NUMBERS)
def test_the_svg_draws_the_same_modules(number: str) -> None:
    code, svg = qr.encode(number), qr.svg(number)
    assert int(svg.side) == code.size + 2 * qr.QUIET_ZONE
    drawn, x, y = [], 0, 0
    for command, across, down, length in re.findall(r"([Mm])(\d+) (\d+)(?:\.5)?h(\d+)", svg.path):
        x, y = (int(across), int(down)) if command == "M" else (x + int(across), y)
        drawn.append(qr.Run(x - qr.QUIET_ZONE, y - qr.QUIET_ZONE, int(length)))
        x += int(length)
    assert drawn == code.runs
