"""Opening storefronts, finding the one that a request names, and whose secret it carries."""

from __future__ import annotations

import datetime
import secrets
import uuid

from django.db import transaction

from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from channel_manager.lib.lookup import Lookup
from partners.account import Account
from partners.authentication import Unauthenticated, note_use
from partners.keys import hash_key
from partners.models import ApiKey, Dialect, Partner, Storefront
from partners.outward import letters

_KEYS = Lookup(ApiKey, "partner", "venue", by="key_hash", without=("logo",))
_KEYS_BY_ID = Lookup(ApiKey, "partner", "venue", by="id", without=("logo",))
_CHANNELS = 1_000_000
# What dialects keep the id of the method on account under (`OutwardId.kind` and `key`).
PAYMENT_METHOD, ON_ACCOUNT = "payment_method", "account"
# Systems that mail the tickets themselves unless that is turned off.
MAILING_DIALECTS = frozenset({Dialect.OPENTICKET})


def open_storefront(
    *,
    partner: Partner,
    dialect: Dialect,
    test_mode: bool = False,
    public_id: str = "",
    actor: str = WORKER,
    now: datetime.datetime,
) -> Storefront:
    """Let a partner's shop sell in a dialect, under a public id of the dialect's own shape."""
    storefront = Storefront(
        partner=partner,
        dialect=dialect,
        test_mode=test_mode,
        public_id=public_id or _new_public_id(dialect),
        mails_tickets=dialect in MAILING_DIALECTS,
    )
    with transaction.atomic():
        storefront.save(force_insert=True)
        data = {"dialect": str(dialect), "publicId": storefront.public_id, "testMode": test_mode}
        change = Change(name="storefront_opened", actor=actor, now=now, data=data)
        runner.note(partner, change=change)
    return storefront


def forget_on_account(storefront: Storefront) -> None:
    """Forget by which id a storefront's shop orders on account: it gets another if it may again.

    Part of the transaction that changes whether it may.
    """
    storefront.outward_ids.filter(kind=PAYMENT_METHOD, key=ON_ACCOUNT).delete()


def find_storefront(dialect: Dialect, public_id: str) -> Storefront | None:
    """Return the storefront that an address names, partner and venue at hand; one statement."""
    if "\0" in public_id:
        return None
    found = Storefront.objects.select_related("partner__venue").defer("partner__venue__logo")
    return found.filter(dialect=dialect, public_id=public_id).first()


def find_secret(dialect: Dialect, secret: str, now: datetime.datetime) -> ApiKey:
    """Return the usable key of a dialect that a secret belongs to; one statement.

    Raises Unauthenticated.
    """
    key = _KEYS.find(hash_key(secret))
    if key is None or key.dialect != dialect or not key.is_usable(now):
        raise Unauthenticated("The credentials are unknown, expired or revoked.")
    return key


def has_secret(storefront: Storefront, secret: str, now: datetime.datetime) -> bool:
    """Tell whether a secret is a usable one of a storefront, and note that it was used."""
    try:
        key = find_secret(Dialect(storefront.dialect), secret, now)
    except Unauthenticated:
        return False
    if (key.partner_id, key.test_mode) != (storefront.partner_id, storefront.test_mode):
        return False
    note_use(key, now)
    return True


def find_key(dialect: Dialect, key_id: int, now: datetime.datetime) -> ApiKey:
    """Return the usable key of a dialect that a token of ours names; one statement.

    Raises Unauthenticated.
    """
    key = _KEYS_BY_ID.find(str(key_id))
    if key is None or key.dialect != dialect or not key.is_usable(now):
        raise Unauthenticated("The credentials are unknown, expired or revoked.")
    return key


def storefront_of(key: ApiKey) -> Storefront:
    """Return the storefront that a dialect's key belongs to; raises Unauthenticated."""
    storefronts = Storefront.objects.filter(
        partner=key.partner_id, dialect=key.dialect, test_mode=key.test_mode
    )
    found = storefronts.first()
    if found is None:
        raise Unauthenticated("The credentials belong to no storefront.")
    found.partner = key.partner
    return found


def account_of(storefront: Storefront) -> Account:
    """Return what a storefront sells as."""
    return Account(storefront.partner, storefront.test_mode)


def _new_public_id(dialect: Dialect) -> str:
    match dialect:
        case Dialect.ONEBOX:
            return str(secrets.randbelow(_CHANNELS * 9) + _CHANNELS)
        case Dialect.OPENTICKET:
            return str(uuid.uuid4())
        case _:
            return letters(12).lower()
