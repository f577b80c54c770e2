"""A throw-away PostgreSQL: not durable unless asked for, gone afterwards."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from channel_manager.lib import embedded_postgres
from channel_manager.lib.embedded_postgres import EmbeddedPostgres

# Nobody reads the data after a crash, so nothing waits for the disk. No statistics are gathered in
# the background: a plan that a test looks at must not depend on when that was done last.
NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}


@contextmanager
def throw_away_server(settings: Mapping[str, str] = NOT_DURABLE) -> Iterator[EmbeddedPostgres]:
    """Start a server in a directory of its own, yield it, stop it and remove everything.

    `settings` are PostgreSQL's, over those of the embedded server.
    """
    var_dir = Path(tempfile.mkdtemp(prefix="channel_manager-tests-"))
    # Root runs PostgreSQL as another user, who has to pass through here to a directory of its own.
    var_dir.chmod(0o711)
    try:
        server = embedded_postgres.start(var_dir, settings)
        try:
            yield server
        finally:
            server.destroy()
    finally:
        shutil.rmtree(var_dir, ignore_errors=True)


@contextmanager
def throw_away_postgres(settings: Mapping[str, str] = NOT_DURABLE) -> Iterator[str]:
    """Yield the URL of such a server."""
    with throw_away_server(settings) as server:
        yield server.url
