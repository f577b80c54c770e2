"""The WSGI entry point."""

import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channel_manager.settings")

# A request that waits for the database has little left to do when its answer comes: it need not wait
# five milliseconds for each one that computes.
sys.setswitchinterval(0.0005)

application = get_wsgi_application()
