"""`/metrics`: what this server counted and what the database says, for Prometheus."""

from __future__ import annotations

import hmac
import logging
import platform
import tomllib
from collections.abc import Iterator
from functools import cache
from typing import Any

import django
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from channel_manager import health
from channel_manager.database_meters import METERS, read_families
from channel_manager.lib import meters
from channel_manager.lib.database_deadline import answering_within
from channel_manager.lib.meters import Meter
from partners.authentication import Unauthenticated

# The database has so many seconds for all of its statements.
SECONDS = 4.0
BUILD = Meter(
    "build_info", "Always 1; what runs here.", ("version", "python_version", "django_version")
)
DATABASE_UP = Meter("database_up", "1 while the database answers in time, else 0.")
MIGRATED = Meter(
    "database_migrated", "1 when every migration of this code is applied, else 0: do not sell."
)
# Everything that is told here, in the order of docs/monitoring.md.
ALL = (*meters.METERS, BUILD, DATABASE_UP, MIGRATED, *METERS)
_log = logging.getLogger(__name__)


class Unentitled(Unauthenticated):
    """The request does not carry the token of METRICS_TOKEN."""


@csrf_exempt
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Answer all metrics; without a METRICS_TOKEN there is nothing here."""
    if not settings.METRICS_TOKEN:
        raise Http404
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    given, wanted = token.strip().encode(), settings.METRICS_TOKEN.encode()
    if scheme.lower() != "bearer" or not hmac.compare_digest(given, wanted):
        raise Unentitled("Send the token of METRICS_TOKEN as a bearer token.")
    ours = CollectorRegistry()
    ours.register(_Ours())
    body = generate_latest(meters.registry()) + generate_latest(ours)
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST, headers=headers)


class _Ours(Collector):
    """What is not counted, but looked up when it is asked for."""

    def collect(self) -> Iterator[Any]:
        versions = (_version(), platform.python_version(), django.get_version())
        yield BUILD.family({versions: 1})
        found: list[Any] = []
        health.known_migrations()
        try:
            with answering_within(SECONDS):
                is_migrated = health.migrations_applied()
                # What is read may not be there before; that is not a database that is away.
                found = list(read_families()) if is_migrated else []
        except (DatabaseError, InterfaceError) as error:
            _log.warning("The database could not be asked for metrics: %s", error)
            yield DATABASE_UP.family({(): 0})
            return
        yield DATABASE_UP.family({(): 1})
        yield MIGRATED.family({(): int(is_migrated)})
        yield from found


@cache
def _version() -> str:
    """Return our own version, as pyproject.toml has it where it was installed along."""
    try:
        with (settings.BASE_DIR / "pyproject.toml").open("rb") as file:
            return str(tomllib.load(file)["project"]["version"])
    except FileNotFoundError:
        return "unknown"
