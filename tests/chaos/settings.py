"""The product's settings with what `make chaos` does to its processes from within."""

import os

from channel_manager.settings import *  # noqa: F403
from channel_manager.settings import MIDDLEWARE as _MIDDLEWARE
from tests.chaos import tampering

MIDDLEWARE = ["tests.chaos.tampering.DyingMiddleware", *_MIDDLEWARE]
tampering.install(os.environ)
