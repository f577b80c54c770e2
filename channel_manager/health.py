"""Whether this installation lives, and whether it is ready to sell."""

import functools
import threading
import time
from collections.abc import Mapping
from typing import NamedTuple

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from channel_manager.lib.database_deadline import answering_within
from channel_manager.workers import read_signs

# The database has so long to answer before it is taken for away.
SECONDS = 2.0
_schema_is_ours = False


class _Found(NamedTuple):
    at: float
    checks: Mapping[str, bool]


_last = _Found(0, {})
_checking = threading.Lock()


@csrf_exempt
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """Answer 200 while the process can answer at all."""
    return JsonResponse({"status": "live"})


@csrf_exempt
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 when database, migrations, demo file and a worker are there, else 503 and why.

    It answers within seconds, whatever the database does. Anybody may ask: each process checks once
    at a time, and whoever asked meanwhile is told the same.
    """
    checks = _checked()
    good = all(checks.values())
    return JsonResponse(
        {"status": "ready" if good else "not ready", "checks": checks},
        status=200 if good else 503,
        headers={"Cache-Control": "no-store"},
    )


def _checked() -> Mapping[str, bool]:
    """Return what was found since we asked, by another request or by this one."""
    global _last  # noqa: PLW0603
    asked = time.monotonic()
    with _checking:
        if _last.at < asked:
            checks = _check()
            _last = _Found(time.monotonic(), checks)
        return _last.checks


def _check() -> Mapping[str, bool]:
    checks = {"database": False}
    known_migrations()
    try:
        with answering_within(SECONDS):
            checks = {
                "database": _database_answers(),
                "migrations": migrations_applied(),
                "demo": not settings.DEMO or (settings.VAR_DIR / "demo.json").exists(),
                "worker": _worker_heard(),
            }
    except (DatabaseError, InterfaceError):
        pass
    return checks


def _database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def migrations_applied() -> bool:
    """Tell whether the schema is this code's; once it is, the process need not look again."""
    global _schema_is_ours  # noqa: PLW0603
    if not _schema_is_ours:
        _schema_is_ours = known_migrations() <= set(
            MigrationRecorder(connection).applied_migrations()
        )
    return _schema_is_ours


@functools.cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """Return this code's migrations. They are files: the database is not asked, nor waited for."""
    return frozenset(MigrationLoader(None).graph.nodes)


def _worker_heard() -> bool:
    heartbeat = read_signs().heartbeat
    return heartbeat is not None and heartbeat < settings.WORKER_SILENCE_SECONDS
