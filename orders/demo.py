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

from django.contrib.auth.models import Permission, User
from django.db import transaction

from catalog.models import (
    Component,
    Dating,
    Item,
    ItemType,
    Package,
    PackageMapping,
    Price,
)
from partners.keys import create_key
from partners.models import Partner, Venue

VENUE_CODE = "demo-park"

_ITEMS: tuple[tuple[str, str, ItemType, str], ...] = (
    ("PARK-ENTRY", "Park entry", ItemType.TICKET, "9.00"),
    ("GROUP-ENTRY", "Group entry", ItemType.TICKET, "9.00"),
    ("DINO-RIDE", "Dino ride", ItemType.TICKET, "9.00"),
    ("CINEMA-4D", "4D cinema", ItemType.TICKET, "9.00"),
    ("LUNCH-COUPON", "5 euros off lunch", ItemType.COUPON, "21.00"),
    ("ANYDAY-ENTRY", "Park entry, any day", ItemType.TICKET, "9.00"),
)
_PACKAGES: tuple[tuple[str, str, str, Dating, bool, str, tuple[tuple[str, str], ...]], ...] = (
    ("individual", "DAY", "Day ticket", Dating.DATED, False, "34.50", (("PARK-ENTRY", "1"),)),
    ("group", "GROUP", "Group ticket", Dating.DATED, True, "27.00", (("GROUP-ENTRY", "1"),)),
    (
        "bundle",
        "FAMILY-DAY",
        "Dino and cinema day with lunch coupon",
        Dating.DATED,
        False,
        "49.50",
        (("DINO-RIDE", "24.50"), ("CINEMA-4D", "20.00"), ("LUNCH-COUPON", "5.00")),
    ),
    ("timed", "CINEMA", "4D cinema show", Dating.TIMED, False, "12.00", (("CINEMA-4D", "1"),)),
    (
        "openDated",
        "ANYDAY",
        "Any-day ticket",
        Dating.OPEN,
        False,
        "39.00",
        (("ANYDAY-ENTRY", "1"),),
    ),
)
_BUNDLE_COMPONENTS = ["DINO-RIDE", "CINEMA-4D"]
_PARTNERS = (
    ("Sunny Trips", "Active"),
    ("Ticket Harbour", "Active"),
    ("Paused Tours", "Paused"),
    ("New Horizons", "Onboarding"),
)
_USERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("owner", "owner", ()),
    (
        "orderdesk",
        "orderdesk",
        (
            "view_",
            "confirm_order",
            "cancel_order",
            "replay_order",
            "add_packagemapping",
            "change_packagemapping",
        ),
    ),
    ("viewer", "viewer", ("view_",)),
)
_OUR_APPS = ("partners", "catalog", "wallets", "orders", "history")


def load_demo(*, file: Path, base_url: str) -> bool:
    """Load the demo once and rewrite its file; return whether data was loaded.

    On a database that has the demo already, the file keeps the secrets it has. Where the file was
    lost, new keys and passwords are made, since the old ones are kept nowhere.
    """
    with transaction.atomic():
        venue = Venue.objects.filter(code=VENUE_CODE).first()
        fresh = venue is None
        if venue is None:
            venue = _make_catalogue()
        kept = _read(file)
        contents = {
            "baseUrl": base_url,
            "admin": {"path": "/admin/", "users": kept.get("users") or _make_users()},
            "venue": {
                "code": venue.code,
                "timezone": venue.timezone,
                "currency": venue.currency,
            },
            "partners": kept.get("partners") or _make_partners(venue),
            "packages": {
                **{role: code for role, code, *_ in _PACKAGES},
                "bundleComponents": _BUNDLE_COMPONENTS,
            },
        }
    _write(file, contents)
    return fresh


def _make_catalogue() -> Venue:
    venue = Venue.objects.create(
        code=VENUE_CODE,
        name="Dune Park",
        timezone="Europe/Amsterdam",
        currency="EUR",
        language="en",
        reference_prefix="CM",
        address="Strandweg 1, 1970 AA Duinstad",
        contact_email="guests@example.com",
        contact_phone="+31 20 555 0100",
        brand_color="#0f766e",
    )
    items = {
        number: Item.objects.create(
            venue=venue,
            number=number,
            description=description,
            type=item_type,
            vat_rate=Decimal(vat_rate),
        )
        for number, description, item_type, vat_rate in _ITEMS
    }
    for _role, code, name, dating, is_group, amount, components in _PACKAGES:
        package = Package(venue=venue, code=code, name=name, dating=dating, is_group=is_group)
        package.put_on_sale()
        package.save()
        Price.objects.create(package=package, amount_incl_vat=Decimal(amount))
        Component.objects.bulk_create(
            Component(
                package=package, item=items[number], price_share=Decimal(share), position=position
            )
            for position, (number, share) in enumerate(components)
        )
    return venue


def _make_partners(venue: Venue) -> list[dict[str, Any]]:
    described = []
    for name, state in _PARTNERS:
        partner = Partner.objects.filter(venue=venue, name=name).first()
        if partner is None:
            partner = Partner(venue=venue, name=name, sell_by_package_code=True)
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
        _row, key = create_key(partner=partner, name="demo")
        described.append(
            {
                "name": name,
                "partnerId": str(partner.pk),
                "apiKey": key,
                "state": partner.status,
                "testMode": False,
            }
        )
    return described


def _make_users() -> list[dict[str, str]]:
    described = []
    for username, role, allowed in _USERS:
        password = secrets.token_urlsafe(9)
        user, _made = User.objects.get_or_create(username=username)
        user.is_staff = True
        user.is_superuser = role == "owner"
        user.set_password(password)
        user.save()
        ours = Permission.objects.filter(content_type__app_label__in=_OUR_APPS)
        user.user_permissions.set(
            permission for permission in ours if allowed and permission.codename.startswith(allowed)
        )
        described.append({"username": username, "password": password, "role": role})
    return described


def _read(file: Path) -> dict[str, Any]:
    """Return the users and partners a file of ours lists that are still in the database."""
    try:
        contents: Mapping[str, Any] = json.loads(file.read_text())
        partners = [entry["partnerId"] for entry in contents["partners"]]
        users = [entry["username"] for entry in contents["admin"]["users"]]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    kept: dict[str, Any] = {}
    if Partner.objects.filter(pk__in=partners).count() == len(_PARTNERS):
        kept["partners"] = contents["partners"]
    if User.objects.filter(username__in=users).count() == len(_USERS):
        kept["users"] = contents["admin"]["users"]
    return kept


def _write(file: Path, contents: Mapping[str, Any]) -> None:
    """Write the file in one step, readable by its owner only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".tmp")
    draft.touch(mode=0o600)
    draft.chmod(0o600)
    draft.write_text(json.dumps(contents, indent=2, ensure_ascii=False) + "\n")
    os.replace(draft, file)
