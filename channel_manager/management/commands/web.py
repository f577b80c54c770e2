"""`manage.py web`: the web server of an installation."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from channel_manager.management.processes import WEB_STOP_SECONDS, cores, web_command


class Command(BaseCommand):
    help = (
        "Become the web server: WEB_WORKERS processes (one per core) of WEB_THREADS threads. "
        "SIGTERM lets it finish the requests at hand."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take where to listen."""
        parser.add_argument(
            "--host", default="127.0.0.1", help="The address to listen on; 0.0.0.0 in a container."
        )
        parser.add_argument(
            "--port", type=int, default=settings.PORT, help="The port; PORT, or 8000."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Give way to granian, which takes the signals from then on."""
        command = web_command(
            host=options["host"],
            port=options["port"],
            workers=settings.WEB_WORKERS or cores(),
            stop_seconds=WEB_STOP_SECONDS,
        )
        os.execv(command[0], command)  # noqa: S606
