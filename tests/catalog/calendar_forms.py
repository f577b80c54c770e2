"""The calendar's forms as somebody fills them in, and what its previews say."""

from __future__ import annotations

from typing import Any

from django.test import Client

from catalog.models import Attraction, Session
from tests.catalog.calendars import day
from tests.staff import text_of

ADMIN = "/admin/catalog/"
TOMORROW = day(1)
EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]


def rule_answers(**answers: Any) -> dict[str, Any]:
    """Return the answers of a rule's form as it is, but for those given."""
    return {
        "weekdays": EVERY_DAY,
        "valid_from": "",
        "valid_until": "",
        "kind": "slots",
        "first_start": "23:00",
        "last_start": "",
        "every_minutes": "",
        "duration_minutes": 30,
        "seat_plan": "",
        "capacity": 50,
        **answers,
    }


def tomorrows(attraction: Attraction) -> Session:
    return Session.objects.get(attraction=attraction, date=TOMORROW)


def agreed(desk: Client, address: str, answers: dict[str, Any]) -> Any:
    """Send a form, and agree to what its preview shows."""
    page = desk.post(address, answers)
    assert page.templates[0].name == "admin/catalog/preview.html", text_of(page)
    shown = page.context["change"].fingerprint
    return desk.post(address, {**answers, "_agreed": shown}, follow=True)


def titles(page: Any) -> list[str]:
    return [outlook.title for outlook in page.context["outlook"]]


def errors_of(page: Any) -> dict[str, list[str]]:
    assert page.status_code == 200
    return dict(page.context["adminform"].form.errors)
