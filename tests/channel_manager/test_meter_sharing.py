"""Where web processes count together, and what they do when they cannot."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import URLPattern, get_resolver

from channel_manager.lib import meters
from channel_manager.lib.errors import ErrorCode
from channel_manager.lib.meter_sharing import FILES, VARIABLE, share
from channel_manager.middleware import counted_route

# A process that has ended cannot have this id: the kernel gives none as high.
GONE = 2**22 + 1
# Counts more than there can be. `prometheus_client` decides when it is imported where it counts, so this
# has to be a process of its own.
COUNT = """
import json, multiprocessing, os, sys
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace
from channel_manager.lib import meter_sharing
multiprocessing.parent_process = lambda: SimpleNamespace(pid=os.getppid())
meter_sharing.share(Path(sys.argv[1]))
from channel_manager.lib import meters
routes, codes = json.load(sys.stdin)
for route in routes:
    meters.count_request(route, "GET", 200, 0.1)
for route in routes:  # the longest first, and more than can be told apart
    for status in HTTPStatus:
        for method in ("OPTIONS", "DELETE", "BREW"):
            meters.count_request(route, method, status.value, 0.1)
for code in codes:
    meters.count_refusal(code)
"""


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


def routes_below(resolver: Any, before: str = "/") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from routes_below(pattern, route)


def test_whatever_is_asked_for_is_counted_in_the_room_that_was_taken(tmp_path: Path) -> None:
    outside = {meters.STATIC, meters.UNMATCHED, meters.TURNSTILE}
    routes = outside | {counted_route(route) for route in routes_below(get_resolver())}
    # Nobody who is let in nowhere gets far: refused at each route, sent to log in by each method.
    assert len(routes) * (len(meters._REFUSED) + 1) + 50 * len(meters.METHODS) < meters.MOST / 2
    given = json.dumps([sorted(routes, key=len, reverse=True), [str(code) for code in ErrorCode]])
    environ = {name: value for name, value in os.environ.items() if name != VARIABLE}
    for _ in range(2):  # the second one takes over the files of the first
        subprocess.run(
            [sys.executable, "-c", COUNT, str(tmp_path)],
            input=given,
            text=True,
            env=environ,
            check=True,
            timeout=60,
        )
        (own,) = tmp_path.iterdir()
        sizes = {path.name.partition("_")[0]: path.stat().st_size for path in own.iterdir()}
        assert sizes == FILES
