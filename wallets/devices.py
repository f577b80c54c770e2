"""Making, naming and revoking gate devices; a device's key is shown once."""

import datetime
import secrets
from collections.abc import Collection, Iterable

from django.db import transaction

from catalog.models import Connection, Item
from partners.keys import hash_key
from partners.models import Venue
from wallets.models import GateDevice

_SHOWN_CHARACTERS = 11
_LONGEST_NAME = 60


def create_device(
    *, venue: Venue, name: str, items: Iterable[Item] = (), admits_every_item: bool = False
) -> tuple[GateDevice, str]:
    """Make a device that admits these items; return it with its key, which is kept nowhere."""
    key = _new_key()
    with transaction.atomic():
        device = GateDevice.objects.create(
            venue=venue,
            name=name,
            admits_every_item=admits_every_item,
            prefix=key[:_SHOWN_CHARACTERS],
            key_hash=hash_key(key),
        )
        device.items.set(items)
    return device, key


def device_of(connection: Connection, *, now: datetime.datetime) -> GateDevice:
    """Return the device that an outside system's scans are written down under, made when needed.

    Its key was shown to nobody and opens nothing. To be called in a transaction; two calls at once
    make one.
    """
    found = GateDevice.objects.select_related("venue").filter(connection=connection).first()
    if found is not None:
        return found
    name = str(connection)[:_LONGEST_NAME]
    if GateDevice.objects.filter(venue=connection.venue_id, name=name).exists():
        name = f"{name[: _LONGEST_NAME - 9]} {str(connection.pk)[-8:]}"
    key = _new_key()
    made = GateDevice(
        venue=connection.venue,
        name=name,
        connection=connection,
        prefix=key[:_SHOWN_CHARACTERS],
        key_hash=hash_key(key),
        revoked_at=now,
    )
    GateDevice.objects.bulk_create([made], ignore_conflicts=True)
    return GateDevice.objects.select_related("venue").get(connection=connection)


def replace_key(*, device: GateDevice) -> str:
    """Give a device another key and return it; the old one stops working at once.

    A revoked device works again.
    """
    key = _new_key()
    GateDevice.objects.filter(pk=device.pk).update(
        prefix=key[:_SHOWN_CHARACTERS], key_hash=hash_key(key), revoked_at=None
    )
    device.refresh_from_db()
    return key


def revoke_device(*, device: GateDevice, now: datetime.datetime) -> None:
    """Make a device's key useless from now on; one revoked before keeps its moment."""
    GateDevice.objects.filter(pk=device.pk, revoked_at=None).update(revoked_at=now)


def name_devices(keys: Collection[str]) -> dict[str, str]:
    """Return the names of devices by their ids, as the event log shows them."""
    devices = GateDevice.objects.filter(pk__in=keys).only("name", "connection").order_by()
    return {
        str(device.pk): f"{device.name} ({'outside system' if device.connection_id else 'gate'})"
        for device in devices
    }


def _new_key() -> str:
    return f"gate_{secrets.token_urlsafe(32)}"
