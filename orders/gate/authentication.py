"""From the device key in a request to the gate device it belongs to."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any, cast

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from channel_manager.lib import logs
from channel_manager.lib.lookup import Lookup
from partners.authentication import Unauthenticated, key_sent
from partners.keys import hash_key
from wallets.models import GateDevice

# How stale "last used" may be; noting every scan would cost a write each.
_LAST_USED_PRECISION = datetime.timedelta(minutes=1)
_DEVICES = Lookup(GateDevice, "venue", by="key_hash", without=("logo",))


@dataclasses.dataclass(frozen=True)
class GateCaller:
    """The gate device a request speaks for."""

    device: GateDevice
    is_authenticated: bool = True


def device_of(request: Request) -> GateDevice:
    """Return the device an authenticated request speaks for, its venue at hand."""
    return cast("GateCaller", request.user).device


class DeviceKeyAuthentication(BaseAuthentication):
    """Authenticate a gate device by its key, in one statement. A partner's key is none."""

    def authenticate(self, request: Request) -> tuple[Any, None]:
        """Return the caller; raises Unauthenticated. No key at all is refused here, too."""
        now = timezone.now()
        device = _DEVICES.find(hash_key(key_sent(request)))
        if device is None or device.revoked_at is not None:
            raise Unauthenticated("The device key is unknown or revoked.")
        logs.note(deviceId=device.pk)
        if device.last_used_at is None or now - device.last_used_at > _LAST_USED_PRECISION:
            GateDevice.objects.filter(pk=device.pk).update(last_used_at=now)
        return GateCaller(device), None
