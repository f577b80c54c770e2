"""The WSGI entry point, of `manage.py run`, `manage.py web` and runserver alike."""

import gc
import multiprocessing
import os
import signal
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from channel_manager.lib import meter_sharing
from channel_manager.lib.child_process import stop_when_parent_dies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channel_manager.settings")
meter_sharing.share(settings.VAR_DIR / "metrics")

_django = get_wsgi_application()

from channel_manager.turnstile import Turnstile  # noqa: E402  (Django had to be set up before)

application = Turnstile(_django)

# A worker that granian forked (or spawned), and no runserver or test, which load other things later.
_parent = multiprocessing.parent_process()
if _parent is not None and _parent.pid is not None:
    # Granian's workers outlive a killed granian, and would keep the port.
    stop_when_parent_dies(signal.SIGKILL, _parent.pid)
    # Every view is loaded before the first request comes, and what is there by now stays: the garbage
    # collector need not stop all requests to walk through it.
    import_module("channel_manager.urls")
    gc.collect()
    gc.freeze()
