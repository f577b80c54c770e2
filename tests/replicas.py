"""A streaming replica of an embedded PostgreSQL: a copy of its data that replays what it writes."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from channel_manager.lib import embedded_postgres
from channel_manager.lib.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError
from channel_manager.lib.embedded_postgres_place import make_private, place_of

# What is read there for minutes is not cancelled for what the primary has tidied up meanwhile.
_SETTINGS = {"hot_standby_feedback": "on"}


class NoReplica(Exception):
    """The primary cannot be copied from here."""


@contextmanager
def streaming_replica(
    primary_url: str, settings: Mapping[str, str] | None = None
) -> Iterator[EmbeddedPostgres]:
    """Start a replica of the server in a directory of its own; stop it and remove everything.

    `settings` are PostgreSQL's, over those of the embedded server. Raises NoReplica.
    """
    var_dir = Path(tempfile.mkdtemp(prefix="channel_manager-replica-"))
    # Root runs PostgreSQL as another user, who has to pass through here to a directory of its own.
    var_dir.chmod(0o711)
    place = place_of(var_dir)
    server: EmbeddedPostgres | None = None
    try:
        make_private(place.home, place.account)
        place.install()
        copied = subprocess.run(
            [
                str(place.binaries / "pg_basebackup"),
                *("--pgdata", str(place.data), "--dbname", primary_url, "--no-sync"),
                *("--checkpoint", "fast", "--wal-method", "stream", "--write-recovery-conf"),
            ],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            user=place.account.uid if place.account else None,
            group=place.account.gid if place.account else None,
            extra_groups=[] if place.account else None,
        )
        if copied.returncode:
            raise NoReplica(copied.stderr.strip())
        try:
            server = embedded_postgres.start(var_dir, {**_SETTINGS, **(settings or {})})
        except EmbeddedPostgresError as error:  # of another version, for one
            raise NoReplica(str(error)) from error
        yield server
    finally:
        if server is not None:
            server.destroy()
        for directory in (place.home, place.socket_dir, var_dir):
            shutil.rmtree(directory, ignore_errors=True)
