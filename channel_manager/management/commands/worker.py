"""`manage.py worker`: a background worker of an installation."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from channel_manager.management.processes import (
    WORKER_STOP_SECONDS,
    orders_worker,
    webhooks_worker,
)


class Command(BaseCommand):
    help = (
        "Become a worker: one that issues orders, WORKER_CONCURRENCY at a time, and does all other "
        "work but sending webhooks. SIGTERM lets it finish the jobs at hand."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take which kind it is to be."""
        parser.add_argument(
            "--webhooks",
            action="store_true",
            help="Send webhooks instead, WEBHOOK_SENDERS at a time, and do nothing else.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Give way to procrastinate's worker, which takes the signals from then on."""
        kind = webhooks_worker if options["webhooks"] else orders_worker
        command = kind(stop_seconds=WORKER_STOP_SECONDS)
        os.execv(command[0], command)  # noqa: S606
