"""The WSGI entry point."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from channel_manager.lib import meter_sharing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channel_manager.settings")
meter_sharing.share(settings.VAR_DIR / "metrics")

_django = get_wsgi_application()

from channel_manager.turnstile import Turnstile  # noqa: E402  (Django had to be set up before)

application = Turnstile(_django)
