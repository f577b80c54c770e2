"""An interpreter that other users may run: ours, or a copy where ours lies in somebody's home."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.process import ROOT

_NOT_NEEDED = ("site-packages", "test", "tests", "idlelib", "tkinter", "ensurepip", "config-*")


@dataclass(frozen=True)
class Interpreter:
    """The program, and what its environment needs besides. is_for_all: other users may run it."""

    program: str
    environment: Mapping[str, str] = field(default_factory=dict)
    is_for_all: bool = False


def find_interpreter(directory: Path) -> Interpreter:
    """Return one that all users may run, a copy in the directory if need be; ours unless we are root.

    The code and the installed packages have to be readable by all for that.
    """
    packages = Path(sysconfig.get_path("purelib")).resolve()
    if os.geteuid() != 0 or not all(map(_is_open, (ROOT, packages))):
        return Interpreter(sys.executable, {"PYTHONPATH": str(ROOT)})
    paths = {"PYTHONPATH": f"{ROOT}:{packages}"}
    program, home = Path(sys.executable).resolve(), Path(sys.base_prefix)
    if _is_open(program.parent) and _is_open(home):
        return Interpreter(sys.executable, paths, is_for_all=True)
    copy, library = directory / "python", Path(sysconfig.get_path("stdlib"))
    (copy / "bin").mkdir(parents=True)
    shutil.copy(program, copy / "bin" / program.name)
    shutil.copytree(
        library, copy / "lib" / library.name, ignore=shutil.ignore_patterns(*_NOT_NEEDED)
    )
    for shared in (home / "lib").glob("libpython*.so*"):
        shutil.copy(shared, copy / "lib")
    found = {**paths, "PYTHONHOME": str(copy), "LD_LIBRARY_PATH": str(copy / "lib")}
    return Interpreter(str(copy / "bin" / program.name), found, is_for_all=True)


def _is_open(path: Path) -> bool:
    """Tell whether everybody may enter a directory and every one above it."""
    return all(directory.stat().st_mode & 0o001 for directory in (path, *path.parents))
