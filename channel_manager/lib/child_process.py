"""Children that step back for others, and that cannot outlive the process that started them."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

# Stands before the command of a worker: where there is not CPU for all, callers are answered first.
IN_THE_BACKGROUND = ("nice", "-n", "5")

_PR_SET_PDEATHSIG = 1


def die_with_parent(signum: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn` that has the kernel send `signum` to the child when this process dies.

    Start the child from the main thread: the kernel watches the thread that forked. It must be a
    `preexec_fn`, because changing the user (which happens before it) forgets the setting.
    Elsewhere than on Linux it does nothing.
    """
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None).prctl  # looked up here: after the fork nothing may be imported
    parent = os.getpid()

    def arm() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0)
        if os.getppid() != parent:  # it died between the fork and the line above
            os._exit(1)

    return arm


def stop_when_parent_dies(signum: signal.Signals, parent: int) -> None:
    """Have the kernel send `signum` to this very process when its parent dies (Linux only).

    `parent` is whom this process takes for its parent: gone already, the signal comes now.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signum)
