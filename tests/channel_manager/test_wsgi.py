"""What a process does with itself once it has loaded the application."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from channel_manager.lib.meter_sharing import VARIABLE

ROOT = Path(__file__).resolve().parents[2]
# How granian has each of its workers load the application, whichever way it starts them.
SERVER = """
import gc, json, multiprocessing, sys
from importlib import import_module
def load():
    import_module("channel_manager.wsgi")
    print(json.dumps([gc.get_freeze_count(), "channel_manager.urls" in sys.modules]))
if __name__ == "__main__" and sys.argv[1] == "alone":
    load()
elif __name__ == "__main__":
    worker = multiprocessing.get_context(sys.argv[1]).Process(target=load)
    worker.start()
    worker.join()
    sys.exit(worker.exitcode)
"""


def loaded(started: str, directory: Path) -> tuple[int, bool]:
    """Return how many objects are left alone by the garbage collector, and whether views are there."""
    program = directory / "server.py"
    program.write_text(SERVER)
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    done = subprocess.run(
        [sys.executable, str(program), started],
        env={**environment, "PYTHONPATH": str(ROOT), "VAR_DIR": str(directory)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    frozen, has_views = json.loads(done.stdout)
    return frozen, has_views


@pytest.mark.parametrize("started", ["fork", "spawn"])
def test_a_worker_has_its_views_and_its_garbage_collector_leaves_them_alone(
    started: str, tmp_path: Path
) -> None:
    frozen, has_views = loaded(started, tmp_path)
    assert has_views
    assert frozen > 100_000


def test_who_loads_the_application_without_a_server_freezes_nothing(tmp_path: Path) -> None:
    frozen, _ = loaded("alone", tmp_path)
    assert frozen == 0
