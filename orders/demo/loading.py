"""Demo data: a park with packages and partners, so that a newcomer's first order is issued.

`var/demo.json` lists everything a newcomer or a script needs (design section 8). Secrets are
generated and are kept in that file only.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from catalog import scheduling
from catalog.models import Package, PackageMapping
from channel_manager.history import roles
from channel_manager.history.role_matrix import ROLES
from orders.demo import catalogue
from orders.demo.dialects import describe_dialects
from partners.keys import create_key, create_test_key, hash_key, revoke_key
from partners.models import ApiKey, Contract, DateBasis, Partner, Terms, Venue
from wallets.devices import create_device, replace_key
from wallets.models import GateDevice

_KEY_NAME = "demo"
_PARTNERS = (
    ("Sunny Trips", "Active"),
    ("Ticket Harbour", "Active"),
    ("Paused Tours", "Paused"),
    ("New Horizons", "Onboarding"),
)
# What is agreed with those that sell: the terms with their percentage, and the day that counts.
_CONTRACTS: Mapping[str, tuple[Terms, int, DateBasis]] = {
    "Sunny Trips": (Terms.COMMISSION_OF_GROSS, 20, DateBasis.BOOKED),
    "Ticket Harbour": (Terms.COMMISSION_OF_EXCL_VAT, 15, DateBasis.VISIT),
    "Paused Tours": (Terms.COMMISSION_OF_GROSS, 18, DateBasis.ADMITTED),
}
# Those that have a test key besides.
_TESTERS = ("Sunny Trips", "New Horizons")
_GATE = "Main entrance"


def load_demo(*, file: Path, base_url: str) -> bool:
    """Load the demo once and rewrite its file; return whether data was loaded.

    On a database that has the demo already, the file keeps the secrets it has. Where the file was
    lost, new keys and passwords are made, since the old ones are kept nowhere.
    """
    with transaction.atomic():
        fresh = not Venue.objects.filter(code=catalogue.VENUE_CODE).exists()
        venue = catalogue.make_venue()
        kept = _read(file, venue)
        contents = {
            "baseUrl": base_url,
            "admin": {"path": "/admin/", "users": _with_users(kept.get("users", []))},
            "venue": {
                "code": venue.code,
                "timezone": venue.timezone,
                "currency": venue.currency,
            },
            "partners": _with_test_keys(kept.get("partners") or _make_partners(venue)),
            "packages": {
                **catalogue.ROLES,
                "bundleComponents": catalogue.BUNDLE_COMPONENTS,
            },
            "gate": kept.get("gate") or _make_gate(venue),
        }
    now = timezone.now()
    scheduling.extend_horizon(now=now)
    seller = Partner.objects.select_related("venue").get(venue=venue, name=_PARTNERS[0][0])
    contents["dialects"] = describe_dialects(partner=seller, kept=kept.get("dialects", {}), now=now)
    _write(file, contents)
    return fresh


def _make_partners(venue: Venue) -> list[dict[str, Any]]:
    described = []
    for name, state in _PARTNERS:
        partner = Partner.objects.filter(venue=venue, name=name).first()
        if partner is None:
            partner = Partner(
                venue=venue, name=name, sell_by_package_code=True, mails_manifests=True
            )
            if state != "Onboarding":
                partner.activate()
            if state == "Paused":
                partner.pause()
            partner.save()
            PackageMapping.objects.create(
                partner=partner,
                item_number=f"{name.split()[0].upper()}-001",
                package=Package.objects.get(venue=venue, code="DAY"),
            )
            if name in _CONTRACTS:
                _make_contract(partner)
        _make_room(partner, test_mode=False)
        described.append(_describe(partner, *create_key(partner=partner, name=_KEY_NAME)))
    return described


def _make_contract(partner: Partner) -> None:
    """Agree on terms from the beginning of the year."""
    terms, percent, date_basis = _CONTRACTS[partner.name]
    today = timezone.localdate(timezone=partner.venue.zone)
    Contract.objects.create(
        partner=partner,
        valid_from=today.replace(month=1, day=1),
        terms=terms,
        percent=Decimal(percent),
        currency=partner.venue.currency,
        date_basis=date_basis,
    )


def _make_room(partner: Partner, *, test_mode: bool) -> None:
    """Revoke the demo's own keys, which nobody knows any more, and what leaves no room for one."""
    now = timezone.now()
    usable = ApiKey.objects.usable(now).filter(partner=partner, test_mode=test_mode, dialect="")
    others_first = sorted(usable.order_by("-created_at"), key=lambda key: key.name == _KEY_NAME)
    for position, key in enumerate(others_first):
        if key.name == _KEY_NAME or position > 0:
            revoke_key(key=key, now=now, reason="The demo's file was lost.")


def _with_test_keys(described: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add the test keys that are not there yet, after the live ones."""
    there = {entry["partnerId"] for entry in described if entry["testMode"]}
    partners = Partner.objects.in_bulk(
        [
            entry["partnerId"]
            for entry in described
            if entry["name"] in _TESTERS and entry["partnerId"] not in there
        ]
    )
    made = []
    for partner in partners.values():
        _make_room(partner, test_mode=True)
        made.append(_describe(partner, *create_test_key(partner=partner, name=_KEY_NAME)))
    return [*described, *sorted(made, key=lambda entry: _TESTERS.index(entry["name"]))]


def _describe(partner: Partner, row: ApiKey, key: str) -> dict[str, Any]:
    return {
        "name": partner.name,
        "partnerId": str(partner.pk),
        "apiKey": key,
        "state": partner.status,
        "testMode": row.test_mode,
    }


def _make_gate(venue: Venue) -> dict[str, str]:
    """Make the demo's gate device, or give it another key."""
    device = GateDevice.objects.filter(venue=venue, name=_GATE).first()
    if device is not None:
        return {"deviceKey": replace_key(device=device)}
    _row, key = create_device(venue=venue, name=_GATE, admits_every_item=True)
    return {"deviceKey": key}


def _with_users(described: list[dict[str, str]]) -> list[dict[str, str]]:
    """Add a log-in for each role that has none yet; those that are there keep their passwords."""
    there = {entry["username"] for entry in described}
    made = [_make_user(role) for role in ROLES if role not in there]
    for user in User.objects.filter(username__in=ROLES, groups=None):
        user.is_staff, user.is_superuser = True, False
        user.save()
        user.groups.set([roles.group_of(user.username)])
        user.user_permissions.clear()
    order = list(ROLES)
    return sorted([*described, *made], key=lambda entry: order.index(entry["role"]))


def _make_user(role: str) -> dict[str, str]:
    password = secrets.token_urlsafe(9)
    user, _made = User.objects.get_or_create(username=role)
    user.set_password(password)
    user.save()
    return {"username": role, "password": password, "role": role}


def _read(file: Path, venue: Venue) -> dict[str, Any]:
    """Return what a file of ours lists that is still in the database: users, partners, the gate.

    And the dialects as they were.
    """
    try:
        contents: Mapping[str, Any] = json.loads(file.read_text())
        partners = [entry["partnerId"] for entry in contents["partners"]]
        users = [entry["username"] for entry in contents["admin"]["users"]]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    kept: dict[str, Any] = {"dialects": contents.get("dialects", {})}
    if Partner.objects.filter(pk__in=partners).count() == len(_PARTNERS):
        kept["partners"] = contents["partners"]
    if User.objects.filter(username__in=users).count() == len(users):
        kept["users"] = contents["admin"]["users"]
    kept["dialects"] = contents.get("dialects", {})
    gate = contents.get("gate", {})
    hashed = hash_key(str(gate.get("deviceKey", "")))
    if GateDevice.objects.filter(venue=venue, key_hash=hashed, revoked_at=None).exists():
        kept["gate"] = gate
    dialects = contents.get("dialects")
    if isinstance(dialects, dict):
        kept["dialects"] = {name: of for name, of in dialects.items() if isinstance(of, dict)}
    return kept


def _write(file: Path, contents: Mapping[str, Any]) -> None:
    """Write the file in one step, readable by its owner only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".tmp")
    draft.touch(mode=0o600)
    draft.chmod(0o600)
    draft.write_text(json.dumps(contents, indent=2, ensure_ascii=False) + "\n")
    os.replace(draft, file)
