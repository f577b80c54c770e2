"""What `manage.py check --deploy` asks of an installation, beyond what Django asks itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Tags, register
from django.core.checks import Warning as Complaint
from django.http.request import validate_host


@register(Tags.security, deploy=True)
def check_installation(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[CheckMessage]:
    """Return what keeps these settings from being fit for production."""
    return [
        Complaint(text, hint=hint, id=f"channel_manager.W{n}") for n, text, hint in _complaints()
    ]


def _complaints() -> Iterator[tuple[str, str, str]]:
    address = urlsplit(settings.PUBLIC_URL)
    if address.scheme != "https":
        yield (
            "001",
            f"PUBLIC_URL is {settings.PUBLIC_URL}: API keys and log-ins would travel in clear.",
            "Name the address that partners reach by https.",
        )
    if settings.DEMO:
        yield (
            "002",
            "DEMO is on: the demo park's log-ins and keys stand in a file.",
            "Unset DEMO, and begin with an empty database.",
        )
    if "*" in settings.ALLOWED_HOSTS:
        yield (
            "003",
            "ALLOWED_HOSTS takes every host name.",
            "Name the hosts that this installation is reached by.",
        )
    if settings.EMAIL_HOST and not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL):
        yield (
            "005",
            "EMAIL_URL names a mail server without TLS: guests' tickets would travel in clear.",
            "Use smtp+tls:// or smtp+ssl://.",
        )
    sender = settings.DEFAULT_FROM_EMAIL
    if settings.EMAIL_HOST and ("@" not in sender or sender.endswith("@localhost")):
        yield (
            "006",
            f"Guests would be mailed from {sender}.",
            "Set MAIL_FROM to an address of a domain that may send by this server.",
        )
    if not validate_host(address.hostname or "", settings.ALLOWED_HOSTS):
        yield (
            "004",
            f"The host of PUBLIC_URL, {address.hostname}, is not among ALLOWED_HOSTS.",
            "Add it: every address that is given out begins with PUBLIC_URL.",
        )
    yield from _about_what_is_kept()
    if settings.OUTBOUND_ALLOW_LOOPBACK or settings.REDIRECT_ALLOW_LOOPBACK:
        yield (
            "009",
            "OUTBOUND_ALLOW_LOOPBACK or REDIRECT_ALLOW_LOOPBACK is on: partners reach this machine itself.",
            "Unset both.",
        )


def _about_what_is_kept() -> Iterator[tuple[str, str, str]]:
    """Complain of where data are, and of what seals the secrets among them."""
    if settings.DATABASE_IS_OUR_OWN:
        yield (
            "007",
            "DATABASE_URL is not set: the PostgreSQL that make run has is used.",
            "Name the database of this installation.",
        )
    if not settings.ENCRYPTION_KEYS or any(len(key) < 20 for key in settings.ENCRYPTION_KEYS):
        yield (
            "008",
            "ENCRYPTION_KEYS is not set, or has one of less than 20 characters.",
            "Set it to 32 random bytes before there are secrets; "
            "docs/deploy/new_environment.py makes some. SECRET_KEY opens what was sealed until then.",
        )
