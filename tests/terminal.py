"""How bench, chaos and scale behave as programs: what they say, and how they end."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from typing import NoReturn


def say(text: str) -> None:
    """Print it at once, even where standard output is a file."""
    print(text, flush=True)


def saying_when() -> Callable[[str], None]:
    """Return what says a text with the seconds since now before it."""
    started = time.monotonic()
    return lambda text: say(f"{time.monotonic() - started:5.0f} s {text}")


def run(main: Callable[[list[str]], int]) -> NoReturn:
    """End with the exit code of main, or 130 when it was interrupted, by SIGTERM as by Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
