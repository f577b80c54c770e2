"""Nobody raises himself or others above what he may do, and the last owner stays."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from channel_manager.history import roles
from channel_manager.history.role_matrix import OWNER, VIEWER
from tests.staff import messages_of, person, signed_in, text_of

pytestmark = pytest.mark.django_db

MANAGING = ("auth.view_user", "auth.add_user", "auth.change_user", "auth.delete_user")
GROUPS = ("auth.view_group", "auth.add_group", "auth.change_group", "auth.delete_group")
LAST = "Nothing was saved: this is the last owner. Make somebody else an owner first."


@pytest.fixture
def owner() -> User:
    """Somebody who runs the place."""
    return in_group("olga", OWNER)


@pytest.fixture
def manager() -> Client:
    """Somebody who manages people and groups, and may replay orders beside."""
    return signed_in(person("max", *MANAGING, *GROUPS, "orders.replay_order"))


def test_a_manager_gives_what_he_has_and_no_more(manager: Client) -> None:
    someone = person("sara")
    replay, cancel = permission("replay_order"), permission("cancel_order")
    page = change(manager, someone, user_permissions=[cancel.pk], groups=[])
    assert "Select a valid choice" in text_of(page)
    assert change(manager, someone, user_permissions=[replay.pk]).status_code == 302
    assert list(someone.user_permissions.all()) == [replay]
    owners = roles.group_of(OWNER)
    assert "Select a valid choice" in text_of(change(manager, someone, groups=[owners.pk]))
    change(manager, someone, is_superuser="on")
    someone.refresh_from_db()
    assert not someone.is_superuser


def test_an_owner_gives_every_role_but_makes_no_superuser(owner: User) -> None:
    someone, browser = person("sara"), signed_in(owner)
    everything = list(Group.objects.values_list("pk", flat=True))
    answer = change(browser, someone, groups=everything, is_superuser="on")
    assert answer.status_code == 302
    someone.refresh_from_db()
    assert (someone.groups.count(), someone.is_superuser) == (len(everything), False)


@pytest.mark.parametrize("mighty", ["superuser", "owner", "inactive owner"])
def test_who_may_do_more_is_not_changed_deleted_or_given_a_password(
    manager: Client, mighty: str
) -> None:
    person_above = in_group("mighty", OWNER)
    person_above.is_superuser = mighty == "superuser"
    person_above.is_active = mighty != "inactive owner"
    person_above.save()
    page = manager.get(reverse("admin:auth_user_change", args=[person_above.pk]))
    assert "may do more than you, and so can be changed only by others" in text_of(page)
    assert change(manager, person_above, is_active="on").status_code == 403
    for name in ("auth_user_delete", "auth_user_password_change"):
        address = reverse(f"admin:{name}", args=[person_above.pk])
        assert manager.get(address).status_code == 403
        assert manager.post(address, {"post": "yes"}).status_code == 403


def test_the_own_password_and_second_factor_are_changed_where_the_old_ones_are_asked_for(
    owner: User,
) -> None:
    browser = signed_in(owner)
    for name, leads_to in {
        "auth_user_password_change": "/admin/password_change/",
        "auth_user_reset_two_factor": "/admin/two-factor/",
    }.items():
        address = reverse(f"admin:{name}", args=[owner.pk])
        answers = {"reason": "x", "password1": "Quite-new-1", "password2": "Quite-new-1"}
        assert browser.post(address, answers).headers["Location"] == leads_to
    before = owner.password
    owner.refresh_from_db()
    assert owner.password == before


def test_a_group_is_made_of_what_its_maker_has_and_roles_are_fixed(
    manager: Client, owner: User
) -> None:
    replay, cancel = permission("replay_order"), permission("cancel_order")
    add = reverse("admin:auth_group_add")
    assert "valid choice" in text_of(manager.post(add, {"name": "A", "permissions": cancel.pk}))
    assert manager.post(add, {"name": "A", "permissions": replay.pk}).status_code == 302
    mighty = Group.objects.create(name="Mighty")
    mighty.permissions.add(cancel)
    for browser, group in ((manager, mighty), (signed_in(owner), roles.group_of(VIEWER))):
        address = reverse("admin:auth_group_change", args=[group.pk])
        assert browser.get(address).status_code == 200
        assert browser.post(address, {"name": "B"}).status_code == 403
        delete = reverse("admin:auth_group_delete", args=[group.pk])
        assert browser.post(delete, {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    "change_to",
    [{"groups": []}, {"is_active": ""}, {"is_staff": ""}],
    ids=["no owner", "inactive", "no staff"],
)
def test_the_last_owner_stays_one(owner: User, change_to: dict[str, Any]) -> None:
    browser, same = signed_in(owner), {"groups": [roles.group_of(OWNER).pk]}
    asked = {"is_active": "on", "is_staff": "on", **same, **change_to}
    assert LAST in messages_of(change(browser, owner, follow=True, **asked))
    owner.refresh_from_db()
    assert (owner.is_active, owner.is_staff) == (True, True)
    assert owner.groups.get().role.name == OWNER
    second = in_group("otto", OWNER)
    assert change(browser, second, **asked).status_code == 302


def test_the_last_owner_is_not_deleted(owner: User) -> None:
    browser, second = signed_in(owner), in_group("otto", OWNER)
    for someone in (second, owner):
        address = reverse("admin:auth_user_delete", args=[someone.pk])
        answer = browser.post(address, {"post": "yes"}, follow=True)
    assert LAST in messages_of(answer)
    assert list(User.objects.all()) == [owner]


def test_the_roles_page_shows_who_may_do_what(owner: User) -> None:
    page = text_of(signed_in(owner).get(reverse("admin:auth_group_matrix")))
    assert "Cancel what was used check yes no no no no no" in page
    listed = text_of(signed_in(owner).get(reverse("admin:auth_group_changelist")))
    assert "Looks at everything in daily use and changes nothing." in listed


def in_group(name: str, role: str) -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(roles.group_of(role))
    return user


def permission(codename: str) -> Permission:
    return Permission.objects.get(codename=codename)


def change(browser: Client, user: User, *, follow: bool = False, **answers: Any) -> Any:
    """Send the form of somebody as it is, but for the answers given."""
    form = {
        "username": user.username,
        "is_active": "on" if user.is_active else "",
        "is_staff": "on" if user.is_staff else "",
        **answers,
    }
    address = reverse("admin:auth_user_change", args=[user.pk])
    return browser.post(address, {k: v for k, v in form.items() if v != ""}, follow=follow)
