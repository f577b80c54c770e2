"""Reports and exports on the screen."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channel_manager.history.models import AuditRecord
from orders.admin.finance import reports
from orders.finance import exports
from orders.finance.reports.catalogue import REPORTS
from orders.models import Export, Order
from partners.models import Contract, Partner
from tests.finance.test_left_over import lines, month, stand
from tests.finance.test_register import draw
from tests.finance.test_whereabouts import WHERE
from tests.orders.expected import Clock, line
from tests.staff import messages_of, person, signed_in, text_of

Issued = Callable[..., Order]
NAMES = ["register", "summary", "open-items", "issued-not-admitted"]
LEDGER, PERIODS = "orders.view_ledgerentry", "orders.view_period"
SEE = (LEDGER, PERIODS, "orders.view_export", "orders.view_order")


@pytest.fixture
def accountant(db: None, clock: Clock) -> Client:
    """Somebody of finance, who may export."""
    return signed_in(person("accountant", *SEE, "orders.add_export"))


@pytest.fixture
def order(issued: Issued, partner: Partner, terms: Callable[..., Contract], clock: Clock) -> Order:
    """An order at 20 percent, before it a gap; it is the day after the visit."""
    terms(partner)
    draw(partner.venue)
    order = issued(line(quantity=2))
    clock.forward(days=1)
    return order


def address(name: str, page: str = "report") -> str:
    return reverse(f"admin:orders_ledgerentry_{page}", args=[name])


def test_the_register_shows_orders_gaps_and_a_chart(order: Order, accountant: Client) -> None:
    response = accountant.get(address("register"))

    text = text_of(response)
    assert "dunes Gap CM26-0000001 Drawn and never accepted. dunes Order" in text
    assert (
        "CM26-0000002 GATE-1 Sunny Trips Issued 20 Nov 2026, 12:00 20 Nov 2026, 12:00 23 Nov 2026 "
        "20 Nov 2026 20 Nov 2026 DAY 2 2 EUR 69.00 5.70 13.80 55.20 PAY-1 no –"
    ) in text
    page = response.content.decode()
    assert reverse("admin:orders_order_change", args=[order.pk]) in page
    assert re.search(r'<svg [^>]*role="img" aria-labelledby="chart-1-title chart-1-desc">', page)
    assert "30 bars, from 1 Nov 2026 to 30 Nov 2026; the highest is 1." in text
    assert " style=" not in page[page.index('<div class="cm-report">') :]


@pytest.mark.parametrize("name", NAMES)
def test_every_report_has_a_page_with_this_month_first(
    order: Order, accountant: Client, name: str
) -> None:
    response = accountant.get(address(name))

    assert response.status_code == 200
    assert "69.00" in text_of(response)
    chosen = [preset.title for preset in response.context["presets"] if preset.is_chosen]
    assert chosen == (["All days"] if name == "open-items" else ["This month"])
    empty = accountant.get(address(name), {"lastDay": "2026-01-01"})
    assert "Nothing. Choose other days or fewer filters." in text_of(empty)


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_without_a_row_says_so(accountant: Client, name: str) -> None:
    response = accountant.get(address(name))

    assert response.status_code == 200
    assert "Nothing. Choose other days or fewer filters." in text_of(response)
    assert response.context["charts"] == []


def test_filters_narrow_the_register_and_say_that_gaps_are_left_out(
    order: Order, accountant: Client, partner: Partner
) -> None:
    asked = {"firstDay": "", "partner": str(partner.pk), "state": "Issued"}

    text = text_of(accountant.get(address("register"), asked))

    assert "CM26-0000002" in text
    assert "CM26-0000001" not in text
    assert "Numbers that no order has are told where nothing but days of booking" in text


def test_what_is_no_filter_is_told_beside_the_form(order: Order, accountant: Client) -> None:
    response = accountant.get(address("register"), {"firstDay": "2026-03-02", "lastDay": "x"})

    assert response.status_code == 422
    assert "Must be a date such as 2026-03-31." in text_of(response)
    assert accountant.get("/admin/orders/ledgerentry/reports/guests/").status_code == 404


def test_pages_follow_one_another(
    accountant: Client, issued: Issued, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "PAGE_SIZE", 2)
    for _ in range(5):
        issued()
    accountant.force_login(User.objects.get())
    seen, query = [], "firstDay="
    for _ in range(3):
        response = accountant.get(f"{address('register')}?{query}")
        seen.extend(re.findall(r">(CM26-\d+)</a>", response.content.decode()))
        query = response.context["page"].next_query

    assert query == ""
    assert seen == [f"CM26-000000{number}" for number in range(1, 6)]
    assert "From the beginning" in text_of(response)


def test_a_page_takes_no_statement_per_row(
    accountant: Client, issued: Issued, clock: Clock, statements: Callable[[], Any]
) -> None:
    for name in NAMES:
        counts = []
        for _ in range(2):
            issued()
            clock.forward(days=1)
            accountant.force_login(User.objects.get())
            accountant.get(address(name))
            with statements() as count:
                accountant.get(address(name))
            counts.append(len(count))
        assert counts[0] == counts[1], name
        # Four of them are those of every page: session, user, permissions.
        assert counts[0] - 4 <= 6, name


def test_an_export_is_asked_for_followed_and_downloaded(
    transactional_db: None, order: Order, accountant: Client
) -> None:
    started = accountant.post(
        address("register", "export"),
        {"format": "csv", "firstDay": "2026-11-01", "dateBy": "booked"},
    )
    export = Export.objects.get()
    assert started["Location"] == reverse("admin:orders_export_change", args=[export.pk])
    waiting = accountant.get(started["Location"])
    assert "Waiting" in text_of(waiting)
    assert "It waits for a worker." in text_of(waiting)
    assert 'data-running="yes"' in waiting.content.decode()
    file_url = reverse("admin:orders_export_file", args=[export.pk])
    assert messages_of(accountant.get(file_url, follow=True)) == [
        "The file of this export is not there."
    ]

    exports.write_export(export_id=export.pk, clock=timezone.now)

    export = Export.objects.get()
    progress = accountant.get(reverse("admin:orders_export_progress", args=[export.pk]))
    assert "no-store" in progress["Cache-Control"]
    assert 'data-running="no"' in progress.content.decode()
    assert f"2 rows, {export.size} bytes." in text_of(progress)
    assert f"SHA-256 {export.sha256}" in text_of(progress)
    answer: Any = accountant.get(file_url)
    content = b"".join(answer.streaming_content)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{export.file_name}"'
    assert answer.headers["Content-Length"] == str(len(content))
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert hashlib.sha256(content).hexdigest() == export.sha256
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert [row[2] for row in rows[1:]] == ["CM26-0000001", "CM26-0000002"]
    record = AuditRecord.objects.get(kind="export")
    assert (record.name, record.subject_id) == ("downloaded", str(export.pk))


def test_the_list_says_how_far_each_export_is(
    transactional_db: None, order: Order, accountant: Client
) -> None:
    accountant.post(address("summary", "export"), {"format": "xlsx"})
    exports.write_export(export_id=Export.objects.get().pk, clock=timezone.now)

    text = text_of(accountant.get(reverse("admin:orders_export_changelist")))

    assert "Sales and commission: all days Done Excel (XLSX) 1" in text
    assert "accountant" in text


def test_a_format_that_there_is_not_is_told(accountant: Client) -> None:
    response = accountant.post(address("register", "export"), {"format": "pdf"}, follow=True)

    assert messages_of(response) == ["There is no format 'pdf'."]
    assert not Export.objects.exists()


def test_who_may_not_export_sees_the_report_without_the_buttons(order: Order) -> None:
    viewer = signed_in(person("viewer", *SEE))

    assert "Export as" not in text_of(viewer.get(address("register")))
    assert viewer.post(address("register", "export"), {"format": "csv"}).status_code == 403


@pytest.mark.parametrize(
    ("permission", "seen"),
    [
        (LEDGER, ["register", "summary", "issued-not-admitted"]),
        (PERIODS, ["open-items", "matched"]),
    ],
)
def test_everybody_sees_and_exports_the_reports_whose_permission_they_have(
    order: Order, permission: str, seen: list[str]
) -> None:
    somebody = signed_in(person("somebody", permission, "orders.add_export"))
    for name in REPORTS:
        page = somebody.get(address(name))
        export = somebody.post(address(name, "export"), {"format": "csv"})
        if name in seen:
            assert (page.status_code, export.status_code) == (200, 302), name
            assert [tab for _, _, tab in page.context["reports"]] == seen
        else:
            assert (page.status_code, export.status_code) == (403, 403), name
    assert sorted(Export.objects.values_list("report", flat=True)) == sorted(seen)
    unknown = somebody.get(address("guests"))
    assert unknown.status_code == (404 if permission == LEDGER else 403)


def test_a_file_is_for_those_who_may_export_and_see_its_report(
    transactional_db: None, order: Order, accountant: Client
) -> None:
    accountant.post(address("matched", "export"), {"format": "csv"})
    key = Export.objects.get().pk
    exports.write_export(export_id=key, clock=timezone.now)
    page, file = (reverse(f"admin:orders_export_{name}", args=[key]) for name in ("change", "file"))
    viewer = signed_in(person("viewer", *SEE))
    clerk = signed_in(person("clerk", LEDGER, "orders.view_export", "orders.add_export"))
    for browser, is_handed_out in ((accountant, True), (viewer, False), (clerk, False)):
        assert (file in browser.get(page).content.decode()) == is_handed_out
        assert browser.get(file).status_code == (200 if is_handed_out else 403)
    assert address("matched") in viewer.get(page).content.decode()
    assert address("matched") not in clerk.get(page).content.decode()


def test_numbers_of_periods_lead_to_where_they_are(
    order: Order, accountant: Client, partner: Partner
) -> None:
    november = month(partner, "2026-11-01", "2026-11-30")
    number = order.buy_from_order_reference
    stand(november, order, buy_from_order_reference=number)
    lines(november, "missing_at_us", our_reference="CM26-0009999")

    page = accountant.get(address("matched")).content.decode()

    for told in (number, "CM26-0009999"):
        assert f'<a class="cm-link" href="{WHERE}?q={told}">{told}</a>' in page
    assert "/orders/order/" not in page[page.index('<div class="cm-report">') :]
    # Who may not look a number up is not led there.
    reader = signed_in(person("reader", PERIODS))
    page = reader.get(address("matched")).content.decode()
    assert f"<td>{number}</td>" in page


def test_open_items_lead_to_their_orders(order: Order, accountant: Client) -> None:
    for name in ("open-items", "issued-not-admitted"):
        page = accountant.get(address(name)).content.decode()
        assert reverse("admin:orders_order_change", args=[order.pk]) in page, name


def test_adding_an_export_leads_to_the_reports(accountant: Client) -> None:
    response = accountant.get(reverse("admin:orders_export_add"))

    assert response["Location"] == reverse("admin:orders_ledgerentry_reports")


@pytest.mark.parametrize("name", NAMES)
def test_who_may_not_see_the_ledger_sees_no_report(db: None, name: str) -> None:
    nobody: User = person("nobody", "orders.view_order", "orders.view_export")

    assert signed_in(nobody).get(address(name)).status_code == 403


def test_an_export_that_there_is_not_leads_to_the_list(accountant: Client) -> None:
    key = "019aa0d0-0000-7000-8000-00000000dead"
    page = accountant.get(reverse("admin:orders_export_change", args=[key]), follow=True)
    assert messages_of(page) == ["There is no such export."]
    for name in ("progress", "file"):
        assert accountant.get(reverse(f"admin:orders_export_{name}", args=[key])).status_code == 404
