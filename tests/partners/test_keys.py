"""API keys: two of a mode work at a time, whoever makes them; what became of each is recorded."""

from __future__ import annotations

import datetime
import threading

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channel_manager.history.models import Event
from partners.keys import TooManyKeys, create_key, create_test_key, revoke_key
from partners.models import ApiKey, Partner
from tests.factories import PartnerFactory
from tests.orders.expected import Clock
from tests.staff import messages_of, signed_in, text_of

DAY = datetime.timedelta(days=1)


@pytest.fixture
def shop(db: None) -> Partner:
    """A partner without keys."""
    return PartnerFactory.create(name="Sunny Trips")


def names_of(partner: Partner) -> set[str]:
    return set(ApiKey.objects.filter(partner=partner).values_list("name", flat=True))


def test_two_keys_of_each_mode_work_at_a_time(shop: Partner, clock: Clock) -> None:
    first, _shown = create_key(partner=shop, name="old")
    create_key(partner=shop, name="new")
    for name in ("test", "second test"):
        create_test_key(partner=shop, name=name)
    with pytest.raises(TooManyKeys) as refused:
        create_key(partner=shop, name="third")
    assert refused.value.detail.startswith("Sunny Trips has two live keys that work: ")
    assert f"old ({first})" in refused.value.detail
    with pytest.raises(TooManyKeys):
        create_test_key(partner=shop, name="third test")
    revoke_key(key=first, now=clock.now)
    ends, _shown = create_key(partner=shop, name="third", expires_at=clock.now + DAY)
    with pytest.raises(TooManyKeys):
        create_key(partner=shop, name="fourth")
    clock.forward(hours=24)
    assert not ends.is_usable(clock.now)
    create_key(partner=shop, name="fourth")
    assert names_of(shop) == {"old", "new", "third", "fourth", "test", "second test"}


def test_no_other_way_makes_a_third_one_work(shop: Partner) -> None:
    revoked, _shown = create_key(partner=shop)
    revoke_key(key=revoked, now=timezone.now())
    for _ in range(2):
        create_key(partner=shop)
    tests = create_test_key(partner=shop)[0]
    for change in ({"revoked_at": None}, {"revoked_at": None, "expires_at": timezone.now() + DAY}):
        with (
            pytest.raises(IntegrityError, match="two usable keys"),
            transaction.atomic(),
        ):
            ApiKey.objects.filter(pk=revoked.pk).update(**change)
    with pytest.raises(IntegrityError, match="two usable keys"), transaction.atomic():
        ApiKey.objects.filter(pk=tests.pk).update(test_mode=False)
    ApiKey.objects.filter(pk=tests.pk).update(expires_at=timezone.now() + DAY)


def test_what_becomes_of_a_key_is_in_its_partners_history(shop: Partner, clock: Clock) -> None:
    key, _shown = create_test_key(partner=shop, actor="staff:7")
    clock.forward(hours=1)
    for reason in ("Leaked", "Pressed twice"):
        revoke_key(key=key, now=clock.now, actor="staff:7", reason=reason)
    rows = Event.objects.filter(kind="partner", subject_id=shop.pk).order_by("id")
    told = list(rows.values_list("name", "actor", "reason", "data", "at"))
    data = {"key": str(key), "mode": "test"}
    assert told == [
        ("key_made", "staff:7", "", data, key.created_at),
        ("key_revoked", "staff:7", "Leaked", data, clock.now),
    ]


def test_a_third_key_is_refused_in_its_form(order_desk: User, shop: Partner) -> None:
    for _ in range(2):
        create_key(partner=shop)
    desk = signed_in(order_desk)
    address = reverse("admin:partners_partner_new_key", args=[shop.pk])
    answers = {"mode": "live", "name": "Third", "scopes": ["orders:read"], "expires_on": ""}
    page = desk.post(address, answers)
    assert page.status_code == 422
    assert "Sunny Trips has two live keys that work" in text_of(page)
    assert desk.post(address, {**answers, "mode": "test"}).status_code == 200
    assert len(names_of(shop)) == 2


def test_revoking_tells_first_when_a_key_was_last_used(order_desk: User, shop: Partner) -> None:
    desk = signed_in(order_desk)
    key = create_key(partner=shop, name="Web shop")[0]
    address = reverse("admin:partners_partner_revoke_key", args=[shop.pk, key.pk])
    page = text_of(desk.get(address))
    assert "It was never used." in page
    assert "No other live key of Sunny Trips works" in page
    other = create_key(partner=shop, name="Cash desk")[0]
    used = datetime.datetime(2026, 11, 20, 11, tzinfo=datetime.UTC)
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=used)
    page = text_of(desk.get(address))
    assert "It was last used 20 Nov 2026, 12:00." in page
    assert f"Its other live key goes on working: Cash desk ({other}). It was never used." in page
    revoke_key(key=key, now=used)
    assert messages_of(desk.post(address, {"reason": "X"}, follow=True)) == [
        f"The key {key} is revoked already."
    ]


def test_a_key_in_use_that_will_expire_is_told_of(order_desk: User, shop: Partner) -> None:
    now = timezone.now()
    desk = signed_in(order_desk)

    def notices(**columns: datetime.datetime | None) -> list[str]:
        ApiKey.objects.update(**columns)
        page = desk.get(reverse("admin:partners_partner_change", args=[shop.pk]))
        told = [view.notice for view in page.context["keys"] if view.notice]
        row = ApiKey.objects.get()
        listed = ApiKey.objects.ending_in_use(timezone.now()).exists()
        assert bool(told) == row.ends_in_use(timezone.now()) == listed
        needed = _needs(desk)
        assert bool(told) == any("Key expires" in text for text in needed), needed
        return told

    create_key(partner=shop, name="Web shop")
    assert notices(last_used_at=now) == []
    assert notices(expires_at=now + 15 * DAY) == []
    (notice,) = notices(expires_at=now + 13 * DAY)
    assert notice.startswith("The live key Web shop (cm_live_")
    assert notices(last_used_at=now - 15 * DAY) == []
    assert notices(last_used_at=None) == []
    assert notices(last_used_at=now, revoked_at=now) == []


def _needs(desk: Client) -> list[str]:
    rows = desk.get("/admin/").context["partnerships"].partners
    return [trouble.text for row in rows for trouble in row.troubles]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_make_a_key_at_once_one_is_refused() -> None:
    partner = PartnerFactory.create()
    create_key(partner=partner)
    start, ended = threading.Barrier(2), list[str]()

    def make() -> None:
        start.wait(10)
        try:
            create_key(partner=partner)
            ended.append("made")
        except TooManyKeys:
            ended.append("refused")
        connection.close()

    makers = [threading.Thread(target=make) for _ in range(2)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(10)
    assert sorted(ended) == ["made", "refused"]
    assert ApiKey.objects.filter(partner=partner).count() == 2
