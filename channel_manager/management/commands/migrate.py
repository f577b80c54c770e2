"""`manage.py migrate`, one at a time: several machines or containers may all begin with it."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.commands import migrate
from django.db import connection

from channel_manager.lib.database import session_lock

# Any number does; it is this installation's database that the lock is of.
KEY = 0x6D69677261746573
_PATIENCE_SECONDS = 1.0


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate once no other migrate does; what that one did is not done again."""
        told = False
        while True:
            # Asked for again and again, not waited for: who waits within a statement would keep an
            # index from being built CONCURRENTLY by who has the lock.
            with session_lock(KEY) as is_ours:
                if is_ours:
                    # Between two statements Django thinks for a while: that is nobody frozen.
                    with connection.cursor() as cursor:
                        cursor.execute("SET idle_in_transaction_session_timeout = 0")
                    super().handle(*args, **options)
                    with connection.cursor() as cursor:
                        cursor.execute("RESET idle_in_transaction_session_timeout")
                    return
            if not told and options["verbosity"] > 0:
                self.stderr.write("Another migrate is at work; waiting for it ...")
                told = True
            time.sleep(_PATIENCE_SECONDS)
