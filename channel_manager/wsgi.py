"""The WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channel_manager.settings")

_django = get_wsgi_application()

from channel_manager.turnstile import Turnstile  # noqa: E402  (Django had to be set up before)

application = Turnstile(_django)
