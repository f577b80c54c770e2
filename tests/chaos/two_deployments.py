"""Old code and new code at once on the schema that the new code has migrated; then the old one stops."""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.chaos.load import Load
from tests.chaos.stage import SETTLE_SECONDS, Stage
from tests.chaos.trials import Skipped
from tests.process import ROOT, wait_for
from tests.stack import Stack

# The last commit before this trial was there, unless another one is asked for.
OLD = "54dcf1f"
_ORDERS = 60
_SECONDS = 120.0


def old_and_new(stage: Stage, *, old: str, chance: random.Random) -> list[str]:
    """Order at web processes of both, issue with workers of both; stop the old ones meanwhile."""
    with tempfile.TemporaryDirectory(prefix="old-") as directory, ExitStack() as exits:
        place = Path(directory)
        before = stage.stack.deployment(
            _check_out(old, place / "code"),
            place,
            {"DJANGO_SETTINGS_MODULE": "channel_manager.settings"},
        )
        exits.callback(before.close)
        return _play(stage, before, f"OLDNEW-{chance.getrandbits(32):08x}", chance)


def _play(stage: Stage, before: Stack, mark: str, chance: random.Random) -> list[str]:
    after = stage.stack
    after.stop_workers()
    workers = [before.start_worker(), after.start_worker()]
    before.start_web(workers=1, threads=8)
    loads = {
        "old": Load(before.seller, f"{mark}-old", clients=2),
        "new": Load(after.seller, f"{mark}-new", clients=2),
    }
    with loads["new"]:
        with loads["old"]:
            _wait_for_orders(loads.values(), _ORDERS)
            # An old worker alone issues what the new web accepts, and the other way round.
            after.stop_workers()
            _wait_for_orders([loads["new"]], len(loads["new"].book.accepted) + 20)
            after.start_worker()
            before.stop_workers()
            _wait_for_orders([loads["old"]], len(loads["old"].book.accepted) + 20)
            before.start_worker()
            time.sleep(chance.uniform(0, 1))  # somewhere in the work of both
        before.close()
        _wait_for_orders([loads["new"]], len(loads["new"].book.accepted) + 20)
    after.wait_until_settled(seconds=SETTLE_SECONDS, tended=True)
    assert workers
    wrong = before.faults_logged()
    for name, load in loads.items():
        stage.noted[f"accepted by the {name} code"] = len(load.book.accepted)
        stage.accepted.update(load.book.accepted)
        wrong += load.book.wrong
    return wrong


def _wait_for_orders(loads, count: int) -> None:
    wait_for(
        "orders are accepted",
        lambda: all(len(load.book.accepted) >= count for load in loads),
        seconds=_SECONDS,
    )


def _check_out(revision: str, place: Path) -> Path:
    """Return a directory with the code of a commit; raises Skipped."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        raise Skipped("There is no history here to take the old code from.")
    place.mkdir()
    archive = subprocess.run(
        ["git", "archive", revision], cwd=ROOT, capture_output=True, check=False
    )
    if archive.returncode:
        raise Skipped(f"The history has no commit {revision}.")
    subprocess.run(["tar", "-x", "-C", str(place)], input=archive.stdout, check=True)
    return place
