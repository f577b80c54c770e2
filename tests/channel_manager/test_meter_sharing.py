"""Where web processes count together, and what they do when they cannot."""

from __future__ import annotations

import multiprocessing
import os
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from channel_manager.lib.meter_sharing import VARIABLE, share

# A process that has ended cannot have this id: the kernel gives none as high.
GONE = 2**22 + 1


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> str:
    """Be a process of a server; return how its directory is called."""
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.delenv(VARIABLE)
    parent = SimpleNamespace(pid=os.getppid())
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: parent)
    return f"{socket.gethostname()}-{os.getppid()}"


def test_a_process_of_a_server_counts_in_files_that_have_their_room(
    server: str, tmp_path: Path
) -> None:
    share(tmp_path)
    assert os.environ[VARIABLE] == str(tmp_path / server)
    blocks = {path.name: path.stat().st_blocks for path in (tmp_path / server).iterdir()}
    assert set(blocks) == {f"counter_{os.getpid()}.db", f"histogram_{os.getpid()}.db"}
    assert min(blocks.values()) * 512 >= 512 * 1024


def test_who_takes_the_place_of_a_dead_process_counts_on_in_its_files(
    server: str, tmp_path: Path
) -> None:
    own = tmp_path / server
    own.mkdir()
    for kind in ("counter", "histogram"):
        for pid in (GONE, os.getppid()):
            (own / f"{kind}_{pid}.db").write_text(f"{kind} of {pid}")
    share(tmp_path)
    for kind in ("counter", "histogram"):
        files = {path.name for path in own.glob(f"{kind}_*")}
        assert files == {f"{kind}_{pid}.db" for pid in (os.getpid(), os.getppid())}
        assert (
            (own / f"{kind}_{os.getpid()}.db").read_bytes().startswith(f"{kind} of {GONE}".encode())
        )


def test_what_a_server_of_this_host_has_left_is_removed(server: str, tmp_path: Path) -> None:
    left, elsewhere = tmp_path / f"{socket.gethostname()}-{GONE}", tmp_path / f"other-{GONE}"
    for directory in (left, elsewhere):
        directory.mkdir()
    share(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {server, elsewhere.name}


def test_without_room_a_process_counts_alone(
    server: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / server).write_text("in the way")
    share(tmp_path)
    assert VARIABLE not in os.environ
    assert "counts alone" in caplog.text


def test_a_process_without_a_server_counts_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    share(tmp_path)
    assert VARIABLE not in os.environ
    assert list(tmp_path.iterdir()) == []
