"""Mappings as files: what is written is read again, and nothing is done that was not shown."""

from __future__ import annotations

import csv
import datetime
import io
import re
from typing import Any, cast

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st

from catalog import mapping_csv, mapping_import, versions
from catalog.mapping_csv import Row, Unreadable
from catalog.models import Package, PackageMapping
from channel_manager.history.models import Event
from partners.models import Partner, Venue
from tests.conftest import ApiClient
from tests.factories import PackageMappingFactory, PartnerFactory, VenueFactory
from tests.staff import messages_of, person, signed_in, text_of

MAPPINGS = "/admin/catalog/packagemapping/"
JAN_1, NOV_30, DEC_1, DEC_31 = (
    datetime.date(2026, *day) for day in ((1, 1), (11, 30), (12, 1), (12, 31))
)
HEAD = "partner;item_number;version;package;valid_from;valid_until;active"


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody who keeps the catalogue."""
    return signed_in(order_desk)


def mapped(partner: Partner, number: str, package: Package, **values: Any) -> PackageMapping:
    return PackageMappingFactory.create(
        partner=partner, item_number=number, package=package, **values
    )


def upload(desk: Client, *lines: str | bytes, name: str = "spring.csv") -> Any:
    """Choose a file of these lines and return the page that shows what it does."""
    data = b"\r\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    return desk.post(f"{MAPPINGS}import/", {"file": SimpleUploadedFile(name, data)})


def agree(desk: Client, page: Any) -> Any:
    """Press the button of the page that shows what a file does."""
    sent = {"_file": page.context["file"], "_agreed": page.context["plan"].fingerprint}
    return desk.post(f"{MAPPINGS}import/", sent, follow=True)


def effects(page: Any) -> dict[int, tuple[str, str]]:
    return {one.row: (str(one.effect), one.told) for one in page.context["plan"].outcomes}


def stored(number: str) -> list[tuple[Any, ...]]:
    rows = PackageMapping.objects.filter(item_number=number).order_by("version")
    return [
        (row.version, row.package.code, row.valid_from, row.valid_until, row.is_active)
        for row in rows
    ]


def test_what_is_exported_changes_nothing_when_it_is_imported(
    desk: Client, partner: Partner, rival: ApiClient, day: Package, group: Package
) -> None:
    odd = ["=1+1", "+31 6", "-x", "@x", "'=x", "''", "'x", 'a;"b",c', "1E+5", " blank ", "é«1»"]
    for number in odd:
        mapped(partner, number, day)
    mapped(rival.partner, "SKU", group, valid_from=JAN_1, valid_until=DEC_31, is_active=False)
    PartnerFactory.create(venue=VenueFactory.create(), name=partner.name)
    for separator, between in ("", b";"), ("?separator=comma", b","):
        answer = desk.get(f"{MAPPINGS}export/{separator}")
        data = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
        assert data.startswith(b"\xef\xbb\xbfvenue" + between + b"partner" + between)
        cells = {line.split(between)[2] for line in data.splitlines()[1:]}
        assert not any(cell.strip(b'"')[:1] in (b"=", b"+", b"-", b"@") for cell in cells)
        page = upload(desk, data)
        assert {effect for effect, _told in effects(page).values()} == {"unchanged"}
        assert (page.context["count"], page.context["unchanged"]) == (12, ["2–13"])
        assert "This file changes nothing" in text_of(page)
    one = desk.get(f"{MAPPINGS}export/", {"partner": str(rival.partner.pk)})
    assert b"".join(one.streaming_content).count(b"\r\n") == 2  # type: ignore[attr-defined]
    none = desk.get(f"{MAPPINGS}export/", {"partner": "x"})
    assert b"".join(none.streaming_content).count(b"\r\n") == 1  # type: ignore[attr-defined]


@given(st.text(alphabet=""";,|\t\r\n="'+-@a """, min_size=1, max_size=12))
@example("x,=1+1")
@example('x|"=1')
@example("x;'=1,''@y")
def test_no_cell_is_a_formula_wherever_a_spreadsheet_splits_and_all_is_read_as_it_was(
    number: str,
) -> None:
    partner = Partner(name="P", venue=Venue(code="dune"))
    row = PackageMapping(
        partner=partner, item_number=number, package=Package(code="DAY"), version=1
    )
    for separator, others in ((";", ",|\t"), (",", ";|\t")):
        text = "".join(mapping_csv.write([row], cast("Any", separator)))
        assert mapping_csv.read(text.removeprefix(mapping_csv.BOM))[0].item_number == number
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
        for other in others:
            cells = [cell.lstrip(' "') for cell in re.split(f"[{other}\r\n]", text)]
            assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


def test_every_row_is_shown_and_then_done_just_so(
    desk: Client, partner: Partner, day: Package, group: Package, order_desk: User
) -> None:
    for number in ("NEXT", "DATES", "ENDED", "OFF", "SAME"):
        mapped(partner, number, day)
    mapped(partner, "ON", day, is_active=False)
    lines = [
        HEAD,
        "Sunny Trips;NEW;;DAY;;;",
        "Sunny Trips;NEXT;;GROUP;2026-12-01;;yes",
        "Sunny Trips;DATES;1;DAY;2026-01-01;;",
        "Sunny Trips;ENDED;1;DAY;;31-12-2026;",
        "Sunny Trips;OFF;1,0;DAY;;;no",
        "Sunny Trips;ON;1;DAY;;;TRUE",
        ";;;;;;",
        "Sunny Trips;SAME;1;DAY;;;",
    ]
    page = upload(desk, *lines)
    assert effects(page) == {
        2: ("new", "DAY, always."),
        3: ("next", "GROUP, from 1 Dec 2026. Version 1 (DAY) ends on 30 Nov 2026."),
        4: ("dates", "Version 1 (DAY), always until now, holds from 1 Jan 2026."),
        5: ("ended", "Version 1 (DAY), always until now, ends on 31 Dec 2026."),
        6: ("ended", "Version 1 (DAY), always until now, is switched off."),
        7: ("on", "Version 1 (DAY), always until now, is switched on: always."),
        9: ("unchanged", "Version 1: DAY, always."),
    }
    assert "Nothing has been written yet." in text_of(page)
    assert PackageMapping.objects.count() == 6
    assert messages_of(agree(desk, page)) == ["spring.csv: 2 added, 5 changed."]
    assert stored("NEXT") == [(1, "DAY", None, NOV_30, True), (2, "GROUP", DEC_1, None, True)]
    assert stored("DATES") == [(1, "DAY", JAN_1, None, True)]
    assert stored("ENDED") == [(1, "DAY", None, DEC_31, True)]
    assert stored("OFF") == [(1, "DAY", None, None, False)]
    events = Event.objects.filter(kind=versions.NUMBER_KIND)
    assert set(events.values_list("actor", "reason")) == {
        (f"staff:{order_desk.pk}", "Import of spring.csv")
    }
    assert events.count() == 7
    again = upload(desk, *lines)
    assert {effect for effect, _told in effects(again).values()} == {"unchanged"}


def test_versions_may_exchange_their_dates(
    desk: Client, partner: Partner, day: Package, group: Package
) -> None:
    mapped(partner, "SKU", day, valid_until=NOV_30)
    mapped(partner, "SKU", group, valid_from=DEC_1)
    page = upload(
        desk, HEAD, "Sunny Trips;SKU;1;DAY;2026-12-01;;", "Sunny Trips;SKU;2;GROUP;;30.11.2026;"
    )
    agree(desk, page)
    assert stored("SKU") == [(1, "DAY", DEC_1, None, True), (2, "GROUP", None, NOV_30, True)]


def test_a_row_that_cannot_be_done_says_why_and_keeps_the_others_from_being_done(
    desk: Client, partner: Partner, day: Package
) -> None:
    mapped(partner, "SKU", day)
    PartnerFactory.create(venue=VenueFactory.create(code="far"), name="Twin")
    PartnerFactory.create(venue=partner.venue, name="Twin")
    page = upload(
        desk,
        HEAD,
        "Nobody;SKU;;DAY;;;",
        "Twin;SKU;;DAY;;;",
        "Sunny Trips;X;;NONE;;;",
        "Sunny Trips;SKU;9;DAY;;;",
        "Sunny Trips;SKU;1;GROUP;;;",
        "Sunny Trips;SKU;;GROUP;;;",
        "Sunny Trips;Y;;DAY;31/02/2026;;maybe",
        "Sunny Trips;Z;;DAY;01/02/2026;;",
        "Sunny Trips;1,23E+11;;DAY;;;",
        "Sunny Trips; pad;;DAY;;;",
        "Sunny Trips;V;x;DAY;2026-12-02;2026-12-01;;surplus",
        "Sunny Trips;A;;DAY;2026-12-01;;",
        "Sunny Trips;A;;GROUP;2027-01-01;;",
        "Sunny Trips;FINE;;DAY;;;",
        "Sunny Trips;SKU;;DAY;0001-01-01;;",
        "Nobody; 1E+5;;NONE;32-01-2026;;",
        "Sunny Trips;SKU;8;NONE;;;maybe",
        "Sunny Trips;TWO;;DAY;;2026-06-30;",
        "Sunny Trips;TWO;;DAY;2026-12-01;;",
        "Sunny Trips;TWO;;GROUP;2026-05-01;;",
    )
    told = effects(page)
    why = {row: said for row, (effect, said) in told.items() if effect == "refused"}
    assert sorted(set(told) - set(why)) == [15]
    for row, expected in {
        2: "There is no partner “Nobody”.",
        3: "Several venues have this partner: name one of",
        4: "has no package “NONE”.",
        5: "There is no version 9 of this number.",
        6: "Version 1 means DAY. Leave the version empty and name a first day",
        7: "It clashes with version 1 (DAY, always): both would hold always.",
        8: "“31/02/2026” is no day of the calendar. “maybe” says neither yes nor no",
        9: "“01/02/2026” may be one of two days",
        10: "“1,23E+11” looks like a number that a spreadsheet has shortened.",
        11: "The item number has blanks around it.",
        12: "It has more cells than there are columns. “x” is no version",
        13: "It clashes with what row 14 adds (GROUP, from 1 Jan 2027): both would hold from 1 Jan",
        14: "It clashes with what row 13 adds (DAY, from 1 Dec 2026)",
        16: "There is no day before the first one.",
    }.items():
        assert expected in why[row], why[row]
    # All that is wrong with a row is said at once.
    assert why[17] == (
        "“32-01-2026” is no day of the calendar. There is no partner “Nobody”. The item number has "
        "blanks around it. “ 1E+5” looks like a number that a spreadsheet has shortened. Format the "
        "column as text and enter it again."
    )
    assert why[18] == (
        "“maybe” says neither yes nor no in the column active. Dune Park has no package “NONE”. "
        "There is no version 8 of this number. Leave the version empty to add one: it is numbered "
        "then."
    )
    assert why[21] == (
        "It clashes with what row 19 adds (DAY, until 30 Jun 2026): both would hold 1 May 2026 – "
        "30 Jun 2026. It clashes with what row 20 adds (DAY, from 1 Dec 2026): both would hold "
        "from 1 Dec 2026."
    )
    assert "The last day is before the first." in why[12]
    assert "This file cannot be imported" in text_of(page)
    assert b'name="_agreed"' not in page.content
    agree(desk, page)
    assert PackageMapping.objects.count() == 1
    for data, complaint in ((b"", "The submitted file is empty."), (b"a;b", "names no column")):
        refused = upload(desk, data)
        assert (refused.status_code, complaint in text_of(refused)) == (422, True)


def test_what_a_colleague_did_meanwhile_is_shown_before_anything_is_written(
    desk: Client,
    partner: Partner,
    day: Package,
    group: Package,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = upload(desk, HEAD, "Sunny Trips;SKU;;GROUP;2026-12-01;;")
    mapped(partner, "SKU", day)
    shown = agree(desk, page)
    assert "A colleague has changed mappings since you looked." in text_of(shown)
    assert effects(shown) == {
        2: ("next", "GROUP, from 1 Dec 2026. Version 1 (DAY) ends on 30 Nov 2026.")
    }
    assert len(stored("SKU")) == 1
    plan = mapping_import.plan_import

    def plan_and_be_late(rows: Any, **arguments: Any) -> Any:
        planned = plan(rows, **arguments)
        monkeypatch.undo()
        mapped(partner, "SKU", day, valid_from=datetime.date(2027, 1, 1))
        return planned

    PackageMapping.objects.filter(item_number="SKU").update(valid_until=datetime.date(2026, 12, 31))
    shown = upload(desk, HEAD, "Sunny Trips;SKU;;GROUP;2026-12-01;;")
    monkeypatch.setattr(mapping_import, "plan_import", plan_and_be_late)
    assert "A colleague has changed mappings" in text_of(agree(desk, shown))
    assert len(stored("SKU")) == 1
    agree(desk, shown)
    assert len(stored("SKU")) == 2
    assert messages_of(desk.post(f"{MAPPINGS}import/", {"_agreed": "x"}, follow=True)) == [
        "This page was open for too long. Choose the file again."
    ]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"  \r\n", "The file is empty."),
        (b"PK\x03\x04rest", "This is a workbook."),
        (b"partner;item_number;package\nSunny Trips;Caf\xe9;DAY", "Row 2 is not in UTF-8."),
        (b"partner;item_number\nx;y", "names no column package"),
        (b"partner;item_number;package;colour\n", "There is no column “colour”."),
        (b"partner;item_number;package;Partner\n", "The column “partner” is there twice."),
        (b"partner;item_number;package\n\n", "nothing below them"),
        (b'partner;item_number;package\na;"b;c', "Row 2 cannot be read"),
        (b"a\0b", "This is not a text file."),
        (b"partner;item_number;package\n" + b"a;b;c\n" * 10_001, "more than 10,000 rows"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_list_of_mappings_is_refused_in_words(
    data: bytes, complaint: str
) -> None:
    with pytest.raises(Unreadable) as refusal:
        mapping_csv.read(mapping_csv.decode(data))
    assert complaint in refusal.value.detail


def test_spreadsheets_save_in_many_ways() -> None:
    expected = [
        Row(number=2, partner="P", item_number="001", package="DAY", valid_from=DEC_1),
        Row(number=3, partner="P", item_number="é", package="DAY", is_active=False),
    ]
    text = (
        "Partner;Item number;Package;Valid from;Active\r\n"
        "P;001;DAY;2026-12-01 00:00:00;1\r\nP;é;DAY;;n\r\n"
    )
    comma = text.replace(";", ",")
    for data in (
        text.encode(),
        text.encode("utf-8-sig"),
        text.replace("\r\n", "\n").encode(),
        text.replace("2026-12-01", "1.12.2026").encode(),
        comma.encode(),
        text.replace(";", "\t").encode("utf-16"),
    ):
        assert mapping_csv.read(mapping_csv.decode(data)) == expected
    told = mapping_csv.read(f"sep=;\r\n{text}")
    assert [row.number for row in told] == [3, 4]


def test_files_take_the_rights_of_the_forms(partner: Partner) -> None:
    looker = signed_in(person("looker", "catalog.view_packagemapping"))
    assert looker.get(f"{MAPPINGS}export/").status_code == 200
    assert looker.get(f"{MAPPINGS}import/").status_code == 403
    assert looker.post(f"{MAPPINGS}import/", {"_agreed": "x"}).status_code == 403
    assert f"{MAPPINGS}import/" not in looker.get(MAPPINGS).content.decode()
    stranger = signed_in(person("stranger", "orders.view_order"))
    assert stranger.get(f"{MAPPINGS}export/").status_code == 403
