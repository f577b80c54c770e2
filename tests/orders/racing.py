"""Doing things at the same moment, each with a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connections


def at_once(*acts: Callable[[], object]) -> None:
    """Do things at the same moment, each in a thread with a connection of its own."""
    together, faults = threading.Barrier(len(acts)), []

    def enter(act: Callable[[], object]) -> None:
        together.wait()
        try:
            act()
        except BaseException as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=enter, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
