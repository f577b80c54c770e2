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
# A large table takes its time, and between two statements Django thinks for a while: that is nobody
# frozen. How long a lock is waited for stays as it is: others wait behind it.
_TAKE_TIME = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET idle_in_transaction_session_timeout"


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate once no other migrate does; what that one did is not done again."""
        told = False
        while True:
            # Asked for again and again, not waited for: who waits within a statement would keep an
            # index from being built CONCURRENTLY by who has the lock.
            with session_lock(KEY) as is_ours:
                if is_ours:
                    _execute(_TAKE_TIME)
                    super().handle(*args, **options)
                    _execute(_NO_MORE)
                    return
            if not told and options["verbosity"] > 0:
                self.stderr.write("Another migrate is at work; waiting for it ...")
                told = True
            time.sleep(_PATIENCE_SECONDS)

    def migration_progress_callback(self, action: str, *args: Any, **options: Any) -> None:
        """Let each migration take its time: the one before may have set the limits back."""
        if action in ("apply_start", "unapply_start"):
            _execute(_TAKE_TIME)
        super().migration_progress_callback(action, *args, **options)


def _execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
