"""Who may do what: every address and list action of the admin, asked in every role, GET and POST.

What an address needs stands here; who has it stands in the table of roles. Nothing exists that the
addresses name, and no page is rendered: who may not do something hears so before anything is looked
up.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from channel_manager.history import roles
from channel_manager.history.models import Role
from channel_manager.history.role_matrix import FINANCE, ROLES, deeds, may, permissions_of
from tests.staff import person, signed_in, text_of

pytestmark = pytest.mark.django_db

# What a page needs that is no list, form, deletion or history of Django's kind. A page that does not
# stand here and has a name of Django's needs view, add, change or delete of its model.
NEEDS = {
    "auth_group_matrix": "auth.view_group",
    "auth_user_password_change": "auth.change_user",
    "auth_user_reset_two_factor": "auth.change_user",
    "catalog_componentsource_component": "catalog.view_componentsource",
    "catalog_componentsource_match": "catalog.add_componentsource",
    "catalog_componentsource_pick": "catalog.add_componentsource",
    "catalog_connection_check": "catalog.check_connection",
    "catalog_connection_forget": "catalog.change_connection",
    "catalog_package_put-on-sale": "catalog.change_package",
    "catalog_package_withdraw": "catalog.change_package",
    "catalog_packagemapping_change_from": "catalog.add_packagemapping",
    "catalog_packagemapping_export": "catalog.view_packagemapping",
    "catalog_packagemapping_import": "catalog.add_packagemapping",
    "catalog_session_follow_rules": "catalog.change_session",
    "catalog_session_month": "catalog.view_session",
    "orders_batch_cancel": "orders.cancel_order",
    "orders_batch_causes": "orders.view_order",
    "orders_batch_changelist": "orders.view_order",
    "orders_batch_confirm": "orders.confirm_order",
    "orders_batch_history": "orders.view_order",
    "orders_batch_move": "orders.move_order",
    "orders_batch_progress": "orders.view_order",
    "orders_batch_replay": "orders.replay_order",
    # What somebody may do with one order; all who may do any of it may replay.
    "orders_batch_resume": "orders.replay_order",
    "orders_batch_retry": "orders.replay_order",
    "orders_batch_start": "orders.replay_order",
    "orders_batch_stop": "orders.replay_order",
    "orders_batch_unmapped": "orders.view_order",
    "orders_checkout_order_after_all": "orders.settle_checkout",
    "orders_checkout_settle": "orders.settle_checkout",
    "orders_closure_confirm": "orders.add_closure",
    "orders_closure_preview": "orders.add_closure",
    "orders_closure_progress": "orders.view_closure",
    "orders_closure_resume": "orders.add_closure",
    "orders_closure_retry": "orders.add_closure",
    "orders_closure_stop": "orders.add_closure",
    "orders_export_file": "orders.add_export",
    "orders_export_progress": "orders.view_export",
    "orders_hold_release": "orders.change_hold",
    "orders_ledgerentry_export": "orders.add_export",
    "orders_ledgerentry_report": "orders.view_ledgerentry",
    "orders_ledgerentry_reports": "orders.view_ledgerentry",
    "orders_ledgerentry_late_terms": "orders.decide_difference",
    "orders_ledgerentry_whereabouts": "orders.view_ledgerentry",
    "orders_order_cancel": "orders.cancel_order",
    "orders_order_cancel_used": "orders.cancel_used_order",
    "orders_order_cancel_used_wallets": "orders.cancel_used_order",
    "orders_order_cancel_wallets": "orders.cancel_wallet",
    "orders_order_confirm": "orders.confirm_order",
    "orders_order_erase": "orders.erase_personal_data",
    "orders_order_erase_guest": "orders.erase_personal_data",
    "orders_order_mail": "wallets.resend_manifest",
    "orders_order_move": "orders.move_order",
    "orders_order_overbook": "orders.overbook_order",
    "orders_order_reissue": "orders.reissue_asset",
    "orders_order_replay": "orders.replay_order",
    "orders_order_resend": "wallets.resend_manifest",
    "orders_order_story": "orders.view_order",
    "orders_period_close": "orders.close_period",
    "orders_period_export": "orders.close_period",
    "orders_period_decide": "orders.decide_difference",
    "orders_period_letter_csv": "orders.view_period",
    "orders_period_letter_pdf": "orders.view_period",
    "orders_period_link": "orders.decide_difference",
    "orders_period_match": "orders.decide_difference",
    "orders_period_put_back": "orders.close_period",
    "orders_period_reopen": "orders.reopen_period",
    "orders_period_review": "orders.close_period",
    "orders_period_settle": "orders.decide_difference",
    "orders_period_upload": "orders.add_statement",
    "orders_preview_mapping": "catalog.view_packagemapping",
    "orders_preview_new_mapping": "catalog.view_packagemapping",
    "orders_preview_package": "catalog.view_package",
    "orders_reservation_cancel": "orders.change_reservation",
    "orders_reservation_pause": "orders.change_reservation",
    "orders_reservation_resume": "orders.change_reservation",
    "partners_contract_agree_anew": "partners.add_contract",
    "partners_contract_end": "partners.change_contract",
    "orders_statement_progress": "orders.view_statement",
    "orders_statement_withdraw": "orders.add_statement",
    "partners_partner_activate": "partners.change_partner",
    "partners_partner_close": "partners.change_partner",
    "partners_partner_new_key": "partners.add_apikey",
    "partners_partner_pause": "partners.change_partner",
    "partners_partner_resume": "partners.change_partner",
    "partners_partner_revoke_key": "partners.change_apikey",
    # A storefront is opened from its partner's page.
    "partners_storefront_add": "nobody",
    "partners_storefront_new_secret": "partners.add_apikey",
    "partners_storefront_open": "partners.add_storefront",
    "partners_storefront_revoke_secret": "partners.change_apikey",
    "partners_webhookendpoint_edit": "partners.change_webhookendpoint",
    "partners_webhookendpoint_pause": "partners.change_webhookendpoint",
    "partners_webhookendpoint_replay_event": "partners.replay_webhook",
    "partners_webhookendpoint_replay_failed": "partners.replay_webhook",
    "partners_webhookendpoint_replay_range": "partners.replay_webhook",
    "partners_webhookendpoint_resume": "partners.change_webhookendpoint",
    "partners_webhookendpoint_rotate": "partners.change_webhookendpoint",
    "partners_webhookendpoint_send_test": "partners.change_webhookendpoint",
    "partners_webhookendpoint_switch_off": "partners.change_webhookendpoint",
    "wallets_gatedevice_new_key": "wallets.change_gatedevice",
    "wallets_gatedevice_revoke": "wallets.change_gatedevice",
    "wallets_outsideorder_settle_done": "wallets.settle_outsideorder",
    "wallets_outsideorder_settle_ended": "wallets.settle_outsideorder",
    "wallets_outsideorder_settle_not_done": "wallets.settle_outsideorder",
}
# Pages of one row that are only looked at: a POST does what a GET does.
LOOKED_AT = {
    "orders_batch_change": "orders.view_order",
    "orders_closure_change": "orders.view_closure",
    "orders_export_change": "orders.view_export",
    "orders_order_change": "orders.view_order",
    "orders_period_change": "orders.view_period",
    "orders_statement_change": "orders.view_statement",
    "partners_webhookendpoint_change": "partners.view_webhookendpoint",
}
# Their permission is for buttons: the page itself has no form.
NO_FORM = {"orders_hold_change", "orders_reservation_change"}
# For everybody who may sign in; what they show follows what one may see.
FOR_STAFF = {
    "app_list",
    "index",
    "jsi18n",
    "password_change",
    "password_change_done",
    "search",
    "two_factor",
    "two_factor_code",
    "view_on_site",
}
# Signing in and out are for everybody; what completes a field asks for the field's model.
NOT_ASKED = {"autocomplete", "login", "logout"}
# List actions, by the model's label.
ACTIONS = {
    "catalog.session.follow_rules_again": "catalog.change_session",
    "orders.order.cancel_chosen": "orders.cancel_order",
    "orders.order.confirm_chosen": "orders.confirm_order",
    "orders.order.move_chosen": "orders.move_order",
    "orders.order.replay_chosen": "orders.replay_order",
}

_ADD_IT = (
    "{what} is not known here. Say which permission it needs in {where} of this file, and give the "
    "permission to its roles in channel_manager/history/role_matrix.py."
)
_VERBS = {"changelist": "view", "history": "view", "add": "add", "delete": "delete"}
_SOME_ID = uuid.UUID(int=7)
_SAMPLES = {"uuid": str(_SOME_ID), "int": "7", "path": str(_SOME_ID), "str": str(_SOME_ID)}


@pytest.fixture
def nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare thousands of answers the frame of a page that nobody renders."""
    monkeypatch.setattr(admin.site, "each_context", lambda _request: {})


@pytest.mark.usefixtures("nothing_is_shown")
def test_every_address_is_for_those_that_the_table_names() -> None:
    wrong = []
    for role in [None, *ROLES]:
        somebody = in_role(role)
        granted = permissions_of(role) if role else frozenset()
        for name, path in addresses():
            for method in ("get", "post"):
                needed = needed_for(name, method)
                allowed = needed is None or needed in granted
                status = status_of(somebody, path, method)
                if (method, status) == ("get", 405):
                    continue  # there is nothing to look at
                if (status != 403) != allowed:
                    wrong.append(f"{role} {method} {path}: {status}, needs {needed}")
    assert wrong == []


def test_nobody_sees_anything_without_signing_in() -> None:
    for name, path in addresses():
        for method in ("get", "post"):
            assert status_of(AnonymousUser(), path, method) == 302, name


def test_every_list_action_is_for_those_that_the_table_names() -> None:
    for role in [None, *ROLES]:
        request = RequestFactory().get("/admin/")
        request.user = in_role(role)
        granted = permissions_of(role) if role else frozenset()
        for model, model_admin in admin.site._registry.items():
            offered = set(model_admin.get_actions(request))
            label = f"{model._meta.app_label}.{model._meta.model_name}"
            every = {name for _function, name, _text in model_admin._get_base_actions()}
            for name in every - {"delete_selected"}:
                action = f"{label}.{name}"
                assert action in ACTIONS, _ADD_IT.format(what=action, where="ACTIONS")
                assert (name in offered) == (ACTIONS[action] in granted), (role, action)
            assert "delete_selected" not in offered


def test_roles_have_what_the_table_says_and_the_table_names_what_there_is() -> None:
    there = {
        f"{app}.{codename}"
        for app, codename in Permission.objects.values_list("content_type__app_label", "codename")
    }
    for role in ROLES:
        granted = roles.group_of(role).permissions.select_related("content_type")
        names = {f"{one.content_type.app_label}.{one.codename}" for one in granted}
        assert names == permissions_of(role), role
    named = {name for deed in deeds() for name in deed.permissions}
    assert named <= there, "The table names permissions that do not exist."
    own = {
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        for codename, _text in model._meta.permissions
        if model.__module__.split(".")[0] in {"catalog", "orders", "partners", "wallets"}
    }
    assert own <= named, "Nobody has them: say who in channel_manager/history/role_matrix.py."


def test_the_documentation_has_the_table() -> None:
    text = (settings.BASE_DIR / "docs" / "security.md").read_text()
    for deed in deeds():
        marks = " | ".join("yes" if may(role, deed) else "" for role in ROLES)
        line = re.sub(" +", " ", f"| {deed.what} | {marks} |")
        assert line in text, "Put this line into the table of docs/security.md."


def test_roles_follow_the_table_and_leave_the_parks_groups_alone() -> None:
    finance = roles.group_of(FINANCE)
    cancel = Permission.objects.get(codename="cancel_order")
    finance.permissions.set([cancel])
    own = Group.objects.create(name="Weekend desk")
    own.permissions.add(cancel)
    roles.follow_table()
    assert finance.permissions.count() == len(permissions_of(FINANCE))
    assert list(own.permissions.all()) == [cancel]
    # A role that is new finds its name taken by a group of the park's.
    Role.objects.filter(name=FINANCE).delete()
    roles.follow_table()
    assert roles.group_of(FINANCE).name == "finance (role)"
    assert Group.objects.get(name="finance").pk == finance.pk


def test_somebody_without_a_role_is_welcomed_and_told_whom_to_ask() -> None:
    page = signed_in(person("newcomer")).get("/admin/")
    assert "have no role yet, so there is nothing here for you. Ask somebody" in text_of(page)
    assert [len(group["items"]) for group in page.context["sidebar_navigation"]] == [1]


def test_a_viewer_finds_no_button_on_the_pages_of_rows() -> None:
    browser = signed_in(in_role("viewer"))
    for address in ("catalog/package", "partners/partner", "orders/order", "orders/closure"):
        page = browser.get(f"/admin/{address}/")
        assert "addlink" not in page.content.decode()
        assert "/add/" not in page.content.decode(), address


def in_role(role: str | None) -> User:
    user = User.objects.create_user(role or "without role", is_staff=True)
    if role is not None:
        user.groups.add(roles.group_of(role))
    return user


def addresses() -> Iterator[tuple[str, str]]:
    """Go through the addresses of the admin, each with its name, all of them filled in."""
    for pattern in get_resolver().url_patterns:
        if str(pattern.pattern).startswith("admin"):
            yield from _addresses_in(pattern, "/")


def _addresses_in(pattern: URLPattern | URLResolver, above: str) -> Iterator[tuple[str, str]]:
    route = above + str(pattern.pattern)
    if isinstance(pattern, URLResolver):
        for inner in pattern.url_patterns:
            yield from _addresses_in(inner, route)
        return
    if pattern.name is None or pattern.name in NOT_ASKED:
        return  # leads to another address, or to none
    filled = re.sub(r"<(?:(\w+):)?\w+>", lambda found: _SAMPLES[found[1] or "str"], route)
    if pattern.name == "app_list":
        filled = "/admin/orders/"
    yield pattern.name, filled


def needed_for(name: str, method: str) -> str | None:
    """Return the permission that an address needs, None for everybody who may sign in."""
    if name in FOR_STAFF:
        return None
    if needed := NEEDS.get(name) or LOOKED_AT.get(name):
        return needed
    app, _, rest = name.partition("_")
    model, _, page = rest.partition("_")
    known = (app, model) in {
        (one._meta.app_label, one._meta.model_name) for one in admin.site._registry
    }
    if name in NO_FORM and method == "post":
        return "nobody"
    if known and page == "change":
        return f"{app}.{'view' if method == 'get' else 'change'}_{model}"
    is_stock = known and page in _VERBS
    assert is_stock, _ADD_IT.format(what=name, where="NEEDS")
    return f"{app}.{_VERBS[page]}_{model}"


def status_of(user: Any, path: str, method: str) -> int:
    """Return the status that a view answers with; whatever it has done is undone."""
    request = getattr(RequestFactory(), method)(path)
    request.user, request.session = user, {}
    request._messages = FallbackStorage(request)
    request._dont_enforce_csrf_checks = True
    match = request.resolver_match = resolve(path)
    try:
        with transaction.atomic() if method == "post" else nullcontext():
            response = match.func(request, *match.args, **match.kwargs)
            if method == "post":
                transaction.set_rollback(True)
    except PermissionDenied:
        return 403
    except Http404:
        return 404
    return int(response.status_code)
