"""Where the web processes of one server count together. Knows nothing of what is counted."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import shutil
import socket
from pathlib import Path

# prometheus_client reads it once, when it is imported.
VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
# What all there can be to count takes, as the tests compute it from our addresses. It is taken on the
# disk at once: a file in memory that finds the disk full later would end the process.
FILES = {"counter": 1024 * 1024, "histogram": 2048 * 1024}
_log = logging.getLogger(__name__)


def share(directory: Path) -> None:
    """Have this process count in files below a directory, beside the others of its server.

    Call it before prometheus_client is imported. Without a parent that made several of us, or
    without room, the process counts alone. Who takes the place of a process that died counts on in
    its files, so that there are never more than processes at a time. What servers of this host have
    left that are gone is removed.
    """
    parent = multiprocessing.parent_process()
    if parent is None or parent.pid is None or VARIABLE in os.environ:
        return
    host = socket.gethostname()
    own = directory / f"{host}-{parent.pid}"
    try:
        own.mkdir(parents=True, exist_ok=True)
        for kind, size in FILES.items():
            file_path = own / f"{kind}_{os.getpid()}.db"
            _inherit(file_path, kind)
            with file_path.open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        _log.warning("Each web process counts alone: %s cannot be used (%s)", own, error.strerror)
        return
    os.environ[VARIABLE] = str(own)
    for other in directory.glob(f"{host}-*"):
        if not _lives(other.name.removeprefix(f"{host}-")):
            shutil.rmtree(other, ignore_errors=True)


def _inherit(file_path: Path, kind: str) -> None:
    """Take over the file of a process that has died, if there is one; each is taken by one."""
    for left in file_path.parent.glob(f"{kind}_*.db"):
        if not _lives(left.stem.removeprefix(f"{kind}_")):
            with contextlib.suppress(FileNotFoundError):  # another was faster
                left.rename(file_path)
                return


def _lives(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (ValueError, OSError):
        return True
    return True
