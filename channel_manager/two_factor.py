"""Signing in with a second factor: a code from a phone's app, or one of the recovery codes."""

from __future__ import annotations

import base64
import logging
import math
import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_otp import verify_token
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_hex

from channel_manager.history import audit
from channel_manager.history.models import SealedTOTPDevice
from channel_manager.lib.sealing import seal

RECOVERY_CODES = 10
_DIGITS = 6
_KEY_BYTES = 20
# Each wrong code doubles the time that the next one has to wait, from one second; the ninth and
# all after it make it 256 seconds: whoever guesses does not lock the owner out for long.
_MOST_COUNTED = 9
_log = logging.getLogger(__name__)


class WrongCode(Exception):
    """The code is not right, or was used before."""


class TooSoon(WrongCode):
    """Too many wrong codes were tried: none counts yet, whatever it is."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def is_required() -> bool:
    """Tell whether nobody may do anything in the admin without a second factor."""
    return bool(settings.TWO_FACTOR == "required")


def device_of(user: Any) -> SealedTOTPDevice | None:
    """Return what makes somebody's codes, once it is set up."""
    of_user = SealedTOTPDevice.objects.filter(user=user.pk, confirmed=True)
    found: SealedTOTPDevice | None = of_user.first()
    if found is None and _left_open(user).exists():
        _seal_left_open(user)
        found = of_user.first()
    return found


def unfinished_device_of(user: Any) -> SealedTOTPDevice | None:
    """Return what somebody is about to set up, while its secret can be shown."""
    found = SealedTOTPDevice.objects.filter(user=user.pk, confirmed=False).first()
    return found if found is not None and found.is_readable else None


def recovery_codes_left(user: Any) -> int:
    """Return how many recovery codes somebody has not used."""
    return sum(device.token_set.count() for device in StaticDevice.objects.filter(user=user.pk))


def begin(*, user: User) -> SealedTOTPDevice:
    """Make a new secret for somebody to put into an app; it counts once a code of it was typed."""
    with transaction.atomic():
        _lock(user)
        TOTPDevice.objects.filter(user=user, confirmed=False).delete()
        made: SealedTOTPDevice = SealedTOTPDevice.objects.create(
            user=user,
            name="app",
            confirmed=False,
            key=random_hex(_KEY_BYTES),
            sealed_key=seal(random_hex(_KEY_BYTES)),
        )
        return made


def typed_secret(device: SealedTOTPDevice) -> str:
    """Return the secret as it is typed into an app: groups of four letters."""
    text = base64.b32encode(device.bin_key).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def finish(*, user: User, code: str) -> tuple[SealedTOTPDevice, list[str]]:
    """Switch the second factor on with a first code; return its recovery codes.

    Whatever was set up before stops working. Raises WrongCode, TooSoon.
    """
    device = unfinished_device_of(user)
    if device is None:
        raise WrongCode
    _verify(user, device, _plain(code))
    with transaction.atomic():
        _lock(user)
        TOTPDevice.objects.filter(user=user, confirmed=True).delete()
        if not TOTPDevice.objects.filter(pk=device.pk, confirmed=False).update(confirmed=True):
            raise WrongCode  # in another window, something else was begun
        audit.write_of_oneself(person=user, name="two_factor_set_up")
        return device, _new_recovery_codes(user)


def check(*, user: User, code: str) -> Device:
    """Return the device whose code it is; the code is used up. Raises WrongCode, TooSoon."""
    plain = _plain(code)
    device: Device | None
    if len(plain) == _DIGITS and plain.isdecimal():
        device = device_of(user)
    else:
        device = StaticDevice.objects.filter(user=user).first()
        plain = _kept(user, plain)
    if device is None:
        raise WrongCode
    return _verify(user, device, plain)


def renew_recovery_codes(*, user: User) -> list[str]:
    """Return new recovery codes; the old ones stop working."""
    with transaction.atomic():
        _lock(user)
        audit.write_of_oneself(person=user, name="recovery_codes_renewed")
        return _new_recovery_codes(user)


def remove(*, user: User) -> None:
    """Switch somebody's own second factor off."""
    with transaction.atomic():
        _lock(user)
        _forget(user)
        audit.write_of_oneself(person=user, name="two_factor_removed")


def reset(*, user: User) -> None:
    """Take somebody's second factor away: phone and recovery codes are lost. The caller records."""
    with transaction.atomic():
        _lock(user)
        _forget(user)


def _left_open(user: Any) -> QuerySet[Any]:
    """Keep what a process of the version before has set up after the migration that seals."""
    left: QuerySet[Any] = TOTPDevice.objects.filter(
        user=user.pk, confirmed=True, sealedtotpdevice=None
    )
    return left


def _seal_left_open(user: User) -> None:
    with transaction.atomic():
        _lock(user)
        for row in _left_open(user):
            sealed = SealedTOTPDevice(totpdevice_ptr=row, sealed_key=seal(row.key))
            sealed.save_base(raw=True)  # the library's half of the row is there
            TOTPDevice.objects.filter(pk=row.pk).update(key=random_hex(_KEY_BYTES))


def _verify(user: User, device: Device, plain: str) -> Device:
    """Use a code of a device up; return the device. Raises WrongCode, TooSoon."""
    if isinstance(device, SealedTOTPDevice) and not device.is_readable:
        _log.error("No key of ENCRYPTION_KEYS opens the second factor of %s", user.pk)
        raise WrongCode
    if device.throttling_failure_count > _MOST_COUNTED:
        device.throttling_failure_count = _MOST_COUNTED
        counted = type(device).objects.filter(
            pk=device.pk, throttling_failure_count__gt=_MOST_COUNTED
        )
        counted.update(throttling_failure_count=_MOST_COUNTED)
    is_allowed, why = device.verify_is_allowed()
    if not is_allowed:
        left = why["locked_until"] - timezone.now()
        raise TooSoon(max(1, math.ceil(left.total_seconds())))
    verified: Device | None = verify_token(user, device.persistent_id, plain)
    if verified is None:
        raise WrongCode
    return verified


def _forget(user: User) -> None:
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()


def _lock(user: User) -> None:
    """Have what is done to one person's second factor at once follow one another."""
    list(User.objects.select_for_update(no_key=True).filter(pk=user.pk).values_list("pk"))


def _new_recovery_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery codes", confirmed=True)
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    for code in codes:
        device.token_set.create(token=_kept(user, _plain(code)))
    return codes


def _recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _plain(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower()


def _kept(user: Any, plain: str) -> str:
    """Return what is kept of a recovery code: a keyed hash, as long as its column is."""
    salt = "channel_manager.two_factor"
    return salted_hmac(salt, f"{user.pk}:{plain}", algorithm="sha256").hexdigest()[:16]
