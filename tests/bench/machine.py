"""What the figures were measured on."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from tests.process import ROOT
from tests.stack import Stack

LIBRARIES = (
    "django",
    "djangorestframework",
    "django-fsm-2",
    "psycopg",
    "procrastinate",
    "granian",
)


def describe(stack: Stack) -> dict[str, str]:
    """Return the machine, the versions, the date and the commit."""
    server = str(stack.sql("SHOW server_version")[0][0]).split()[0]
    versions = (f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    return {
        "CPU": f"{_cpu_model()}, {len(os.sched_getaffinity(0))} cores for this run",
        "Memory": f"{_memory_gib():.0f} GiB",
        "Disk": f"a write is on disk after {fsync_ms():.1f} ms (median of 200 fsyncs)",
        "OS": f"{_os_name()}, Linux {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
        "PostgreSQL": f"{server}, the embedded one, durable (fsync on)",
        "Libraries": ", ".join(versions),
        "Load before the run": f"{os.getloadavg()[0]:.1f} (1 minute)",
        "Date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "Commit": commit(),
    }


def fsync_ms() -> float:
    """Return how long it takes to have 8 KiB on disk, the median in milliseconds."""
    taken = []
    with tempfile.TemporaryFile() as file:
        for _ in range(200):
            file.write(os.urandom(8192))
            file.flush()
            started = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1000


def commit() -> str:
    """Return the commit, and whether the tree differs from it."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty=, with changes since"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3


def _os_name() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()
