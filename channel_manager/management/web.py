"""The WSGI application as the web workers of `manage.py run` load it."""

import gc
import multiprocessing
import signal
from importlib import import_module

from channel_manager.lib.child_process import stop_when_parent_dies
from channel_manager.wsgi import application

__all__ = ["application"]

# Every view is loaded before the first request comes, and what is there by now stays: the garbage
# collector need not stop all requests to walk through it.
import_module("channel_manager.urls")
gc.collect()
gc.freeze()

# Granian's workers outlive a killed granian, and would keep the port.
_parent = multiprocessing.parent_process()
if _parent is not None and _parent.pid is not None:
    stop_when_parent_dies(signal.SIGKILL, _parent.pid)
