"""The audit log: whatever staff do stands there with before and after, and stays."""

from __future__ import annotations

import datetime
import importlib
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import Package, PackageMapping
from channel_manager.history import audit, roles
from channel_manager.history.models import AuditEntry, AuditRecord, Event
from channel_manager.history.role_matrix import CATALOG, VIEWER
from channel_manager.lib.admin import paging
from orders.models import Order
from orders.replaying import start_replay
from partners.models import Partner, Venue
from tests.conftest import ApiClient
from tests.factories import PartnerFactory
from tests.orders.expected import line
from tests.staff import person, signed_in, text_of

pytestmark = pytest.mark.django_db

LOG = "/admin/history/auditentry/"


@pytest.fixture
def desk(order_desk: User) -> Client:
    """Somebody who may do everything; that they signed in is forgotten here."""
    browser = signed_in(order_desk)
    forget()
    return browser


def test_an_edit_is_kept_with_before_and_after_rows_below_included(
    desk: Client, day: Package, bundle: Package
) -> None:
    parts = list(bundle.components.order_by("position", "pk"))
    form = {
        "code": bundle.code,
        "name": "Rides, lunch",
        "description": "",
        "dating": bundle.dating,
        "cut_off_minutes": bundle.cut_off_minutes or "",
        "validity_days": bundle.validity_days or "",
        "components-TOTAL_FORMS": "3",
        "components-INITIAL_FORMS": "3",
        "prices-TOTAL_FORMS": "1",
        "prices-INITIAL_FORMS": "0",
        "prices-0-amount_incl_vat": "55.00",
        "prices-0-visit_from": "2031-07-01",
        "prices-0-visit_until": "2031-07-31",
    }
    for number, part in enumerate(parts):
        form |= {
            f"components-{number}-id": part.pk,
            f"components-{number}-package": bundle.pk,
            f"components-{number}-item": part.item_id,
            f"components-{number}-quantity": 2 if number == 0 else part.quantity,
            f"components-{number}-price_share": part.price_share,
            f"components-{number}-position": part.position,
            f"components-{number}-is_active": "on",
        }
    address = reverse("admin:catalog_package_change", args=[bundle.pk])
    answer = desk.post(address, form)
    assert answer.status_code == 302, answer.context["errors"]
    kept = AuditRecord.objects.values("kind", "subject_id", "name", "actor", "changes").get()
    changes = {one["field"]: (one["before"], one["after"]) for one in kept.pop("changes")}
    assert kept == {
        "kind": "package",
        "subject_id": str(bundle.pk),
        "name": "changed",
        "actor": f"staff:{User.objects.get().pk}",
    }
    assert changes["Name"] == ("Rides and lunch", "Rides, lunch")
    assert ("1", "2") in changes.values()
    assert ("", "55.00") in changes.values()


def test_what_was_added_and_what_was_deleted_is_kept(desk: Client, venue: Venue) -> None:
    assert desk.post(reverse("admin:auth_group_add"), {"name": "Spring"}).status_code == 302
    added = AuditRecord.objects.get(kind="group", name="added")
    assert added.changes == [{"field": "Name", "before": "", "after": "Spring", "hidden": False}]
    delete = reverse("admin:auth_group_delete", args=[added.subject_id])
    assert desk.post(delete, {"post": "yes"}).status_code == 302
    deleted = AuditRecord.objects.get(kind="group", name="deleted")
    assert [(one["field"], one["before"], one["after"]) for one in deleted.changes] == [
        ("Name", "Spring", "")
    ]
    assert (deleted.subject_id, deleted.subject) == (added.subject_id, added.subject)


def test_a_mapping_is_told_of_once_by_its_number_and_partner_whatever_becomes_of_it(
    desk: Client, day: Package, group: Package, statements: Callable[[], Any]
) -> None:
    partner = a_partner(day)
    answers = {"item_number": "SKU-7", "package": day.pk, "is_active": "on"}
    add = reverse("admin:catalog_packagemapping_add")
    assert desk.post(add, {"partner": partner.pk, **answers}).status_code == 302
    page = reverse("admin:catalog_packagemapping_change", args=[PackageMapping.objects.get().pk])
    assert desk.post(page, {**answers, "package": group.pk}).status_code == 302
    with statements() as count:
        shown = desk.get(LOG)
    assert len(count) <= 12, count.statements
    assert len(shown.context["cl"].result_list) == 2
    assert (
        f'<a class="cm-link cm-thing" href="{page}">Item number SKU-7 of Sunny Trips</a>'
        in shown.content.decode()
    )
    told = text_of(shown)
    changed = "Was: SKU-7 is DAY, always; Becomes: SKU-7 is GROUP, always; Version: 1"
    assert f"Version changed Item number SKU-7 of Sunny Trips {changed}" in told
    history = desk.get(page.replace("change", "history"))
    assert history["Location"] == f"{page}#history"
    delete = page.replace("change", "delete")
    assert desk.post(delete, {"post": "yes"}).status_code == 302
    # As events were written before they named their number.
    Event.objects.create(
        kind="item_number",
        subject_id=uuid.uuid4(),
        name="mapping_removed",
        actor=f"staff:{User.objects.get().pk}",
        data={"mappingId": str(uuid.uuid4()), "version": 1, "meaning": "SKU-1 is DAY, always"},
        at=timezone.now(),
    )
    assert len(desk.get(f"{LOG}?q=SKU-7").context["cl"].result_list) == 3
    told = text_of(desk.get(f"{LOG}?kind=item_number"))
    assert "Version removed Item number SKU-7 of Sunny Trips" in told
    assert "Version removed Item number SKU-1 is DAY, always" in told


def test_an_event_is_called_what_the_page_of_its_subject_calls_it(
    desk: Client, api: ApiClient, issue: Callable[[str], Order]
) -> None:
    failed = issue(api.create(line("SKU-9"))["orderId"])
    start_replay(
        replay_id=uuid.uuid4(),
        fingerprint=failed.failure_fingerprint,
        title="SKU-9 is not mapped",
        reason="",
        actor=f"staff:{User.objects.get().pk}",
        now=timezone.now(),
    )
    assert "desk Started Batch SKU-9 is not mapped" in text_of(desk.get(LOG))


def test_roles_given_are_kept_and_particulars_are_not(desk: Client) -> None:
    someone = person("sara")
    form = {
        "username": "sara",
        "is_active": "on",
        "is_staff": "on",
        "email": "sara@example.com",
        "last_name": "Secretly",
        "groups": [roles.group_of(VIEWER).pk, roles.group_of(CATALOG).pk],
    }
    address = reverse("admin:auth_user_change", args=[someone.pk])
    assert desk.post(address, form).status_code == 302
    password = reverse("admin:auth_user_password_change", args=[someone.pk])
    new = {"usable_password": "true", "password1": "new-word-42", "password2": "new-word-42"}
    assert desk.post(password, new).status_code == 302
    edit, secret = AuditRecord.objects.order_by("id")
    assert {"field": "Groups", "before": "", "after": "catalog, viewer", "hidden": False} in (
        edit.changes
    )
    assert [one["hidden"] for one in edit.changes if one["field"] == "Last name"] == [True]
    assert secret.changes[0]["hidden"]
    everything = str(list(AuditRecord.objects.values()))
    for word in ("Secretly", "example.com", "new-word-42"):
        assert word not in everything


def test_a_form_that_is_refused_or_changes_nothing_leaves_no_trace(
    desk: Client, day: Package
) -> None:
    partner = a_partner(day)
    address = reverse("admin:partners_partner_change", args=[partner.pk])
    page = desk.get(address)
    same = page.context["adminform"].form.initial
    form = {name: value for name, value in same.items() if value not in (None, False)}
    assert desk.post(address, form).status_code == 302
    assert desk.post(address, {**form, "name": ""}).status_code == 200
    assert not AuditRecord.objects.exists()


def test_signing_in_and_out_is_kept(order_desk: User) -> None:
    browser = Client()
    form = {"username": "desk", "password": "desk-password", "next": "/admin/"}
    browser.post("/admin/login/", form)
    browser.post("/admin/logout/")
    assert list(AuditRecord.objects.order_by("id").values_list("name", "actor")) == [
        ("signed_in", f"staff:{order_desk.pk}"),
        ("signed_out", f"staff:{order_desk.pk}"),
    ]


def test_the_log_shows_events_and_edits_filtered_by_who_what_and_when(
    desk: Client, api: ApiClient, statements: Callable[[], Any]
) -> None:
    partner = api.partner
    api.create()  # what a partner does is not staff's
    pause = reverse("admin:partners_partner_pause", args=[partner.pk])
    assert desk.post(pause, {"reason": "They asked for it"}).status_code == 302
    key = reverse("admin:partners_partner_new_key", args=[partner.pk])
    answers = {"mode": "test", "name": "spare", "scopes": ["orders:read"]}
    assert desk.post(key, answers).status_code == 200
    with statements() as count:
        page = desk.get(LOG)
    assert len(count) <= 12, count.statements
    listed = text_of(page)
    assert "desk Paused Partner Sunny Trips Active → Paused; They asked for it" in listed
    assert "API key made Partner Sunny Trips" in listed
    rows = len(page.context["cl"].result_list)
    assert rows == 2
    for query, found in {
        f"kind=partner&object={partner.pk}": 2,
        "kind=package": 0,
        "who=staff:0": 0,
        f"q={partner.pk}": 2,
        "at_from=2020-01-01&at_to=2020-01-02": 0,
        "at_from=0001-01-01&at_to=9999-12-31": 2,
        "who=%00": 2,
    }.items():
        assert len(desk.get(f"{LOG}?{query}").context["cl"].result_list) == found, query
    entry = page.context["cl"].result_list[0]
    assert "Sunny Trips" in text_of(desk.get(f"{LOG}{entry.pk}/change/"))
    for row in page.context["cl"].result_list:
        assert audit.entry_of(row.pk) == row
    for unknown in ("e0", "r0", "x1", "e", "e" + "9" * 18, "e²"):
        assert audit.entry_of(unknown) is None


def test_the_history_of_a_row_tells_events_and_edits_and_leads_to_the_log(
    desk: Client, day: Package
) -> None:
    partner = a_partner(day)
    pause = reverse("admin:partners_partner_pause", args=[partner.pk])
    desk.post(pause, {"reason": "They asked for it"})
    page = desk.get(reverse("admin:partners_partner_history", args=[partner.pk]))
    assert "Paused Active → Paused" in text_of(page)
    assert "They asked for it" in text_of(page)
    log = f"{LOG}?kind=partner&amp;object={partner.pk}"
    assert log in page.content.decode()
    looker = signed_in(person("looker", "partners.view_partner"))
    page = looker.get(reverse("admin:partners_partner_history", args=[partner.pk]))
    assert LOG not in page.content.decode()


def test_edits_from_before_there_was_a_log_are_copied_into_it_once(desk: Client) -> None:
    staff = User.objects.get()
    edit = LogEntry.objects.create(
        user=staff,
        content_type=ContentType.objects.get_for_model(Package),
        object_id="17",
        object_repr="Day ticket",
        action_flag=CHANGE,
        change_message='[{"changed": {"fields": ["Name", "Description"]}}]',
    )
    migration = importlib.import_module(
        "channel_manager.history.migrations.0008_earlier_edits_are_kept"
    )
    for _ in range(2):
        migration.copy(apps, None)
    assert AuditRecord.objects.values(
        "kind", "subject_id", "subject", "name", "actor", "reason", "changes", "at"
    ).get() == {
        "kind": "package",
        "subject_id": "17",
        "subject": "Day ticket",
        "name": "changed",
        "actor": f"staff:{staff.pk}",
        "reason": "Changed Name and Description.",
        "changes": [],
        "at": edit.action_time,
    }


def test_an_export_is_kept(desk: Client) -> None:
    assert desk.get(reverse("admin:catalog_packagemapping_export")).status_code == 200
    kept = AuditRecord.objects.values_list("kind", "subject_id", "subject", "name").get()
    assert kept == ("packagemapping", "", "package mappings", "exported")
    assert "desk Exported Package mappings" in text_of(desk.get(LOG))


def test_nobody_changes_or_removes_what_the_log_says(desk: Client) -> None:
    desk.post(reverse("admin:auth_group_add"), {"name": "A"})
    for sql in ("UPDATE history_auditrecord SET reason = 'x'", "DELETE FROM history_auditrecord"):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)


def test_the_log_is_for_those_who_may_see_it() -> None:
    may = Permission.objects.get(codename="view_auditentry")
    looker = person("looker")
    assert signed_in(looker).get(LOG).status_code == 403
    looker.user_permissions.add(may)
    assert signed_in(User.objects.get(pk=looker.pk)).get(LOG).status_code == 200


def test_nothing_of_a_long_log_is_out_of_reach(
    desk: Client, day: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    for back in (3, 2, 2, 2, 1):  # several at one moment
        moment = now - datetime.timedelta(minutes=back)
        audit.write(row=day, name="changed", actor="staff:1", now=moment)
    wanted = list(AuditEntry.objects.order_by("-at", "-pk").values_list("pk", flat=True))
    monkeypatch.setattr(paging, "LIMIT", 2)
    found, lists, page = [], [], desk.get(f"{LOG}?kind=package")
    while True:
        shown = page.context["cl"]
        lists.append(shown)
        found += [row.pk for row in shown.queryset[: paging.LIMIT]]
        if not shown.next_url:
            break
        assert "go on behind them" in text_of(page)
        page = desk.get(LOG + shown.next_url)
    assert found == wanted
    assert [(one.result_count, one.start_url) for one in lists] == [
        (2, ""),
        (2, "?kind=package"),
        (1, "?kind=package"),
    ]
    # A key is good for the list that it was given out for, and for no other.
    for other in (lists[0].next_url.replace("package", "order"), "?kind=package&behind=x"):
        page = desk.get(LOG + other)
        assert (page.status_code, page.context["cl"].start_url) == (200, "")


def a_partner(day: Package) -> Partner:
    partner: Partner = PartnerFactory.create(venue=day.venue, name="Sunny Trips")
    return partner


def forget() -> None:
    """Empty the audit log, as only the owner of the database can."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE history_auditrecord")
