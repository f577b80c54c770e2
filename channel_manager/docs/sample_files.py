"""The programs of `docs/samples` as pages show and serve them: with this installation's address."""

from __future__ import annotations

import functools
from pathlib import Path

from django.conf import settings

FOLDER: Path = settings.BASE_DIR / "docs" / "samples"
# The address that the programs name where nothing else is set.
_WRITTEN_FOR = "http://127.0.0.1:8000"


@functools.cache
def names() -> frozenset[str]:
    """Return the names of the programs, such as `python_client/channel_manager_client.py`."""
    found = (path for path in FOLDER.rglob("*") if path.suffix in (".py", ".mjs", ".sh"))
    return frozenset(path.relative_to(FOLDER).as_posix() for path in found)


def text(name: str) -> str:
    """Return a program as it runs against this installation; raises KeyError for an unknown one."""
    if name not in names():
        raise KeyError(name)
    return (FOLDER / name).read_text().replace(_WRITTEN_FOR, settings.PUBLIC_URL)
