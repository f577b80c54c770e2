"""The application that granian serves, with the product's guard against a killed granian."""

import multiprocessing
import os
import signal

from django.core.wsgi import get_wsgi_application

from channel_manager.lib.child_process import stop_when_parent_dies

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.minimal.settings"
application = get_wsgi_application()

_parent = multiprocessing.parent_process()
if _parent is not None and _parent.pid is not None:
    stop_when_parent_dies(signal.SIGKILL, _parent.pid)
