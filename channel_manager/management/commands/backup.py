"""`manage.py backup`: the database as a file for pg_restore, with its figures beside it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone
from psycopg.conninfo import make_conninfo

from channel_manager.lib.embedded_postgres_place import EmbeddedPostgresError, program
from channel_manager.management.sums import read_sums, standing_still


class Command(BaseCommand):
    help = (
        "Write the whole database into DIRECTORY as a file for pg_restore (custom format), and "
        "beside it what `manage.py sums` says of it; both are of the same moment. The product may "
        "be in use meanwhile. The files hold guests' data: only their owner can read them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take where to write."""
        parser.add_argument("directory", type=Path, help="Where the files go; it has to exist.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write both files or none; raises CommandError when that cannot be done."""
        stem = f"channel_manager-{timezone.now():%Y%m%dT%H%M%SZ}"
        dump: Path = options["directory"] / f"{stem}.dump"
        figures = dump.with_suffix(".sums.json")
        unfinished = dump.with_suffix(".unfinished")
        try:
            # It is never readable by others, not even while it is written.
            os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as fault:
            raise CommandError(f"{unfinished} cannot be written: {fault.strerror}") from fault
        try:
            with standing_still() as reader:
                # Figures first: no snapshot keeps sequences, and the dump must not have older ones.
                sums = read_sums(reader)
                _dump(reader, unfinished)
            figures.touch(mode=0o600)
            figures.write_text(json.dumps(sums, indent=1) + "\n")
            unfinished.rename(dump)  # last: where there is a dump, it is whole
        finally:
            unfinished.unlink(missing_ok=True)
        self.stdout.write(f"Written: {dump}, {figures}")


def _dump(reader: BaseDatabaseWrapper, file: Path) -> None:
    """Have pg_dump write what the reader sees; its version suits every server up to its own."""
    with reader.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        (moment,) = cursor.fetchone()
    info = reader.connection.info
    # Time-outs are for requests; pg_dump sets what it needs itself.
    address = {name: text for name, text in info.get_parameters().items() if name != "options"}
    try:
        done = subprocess.run(
            [
                str(program("pg_dump")),
                *("--format=custom", "--no-owner", "--no-privileges"),
                *(f"--snapshot={moment}", f"--file={file}"),
                f"--dbname={make_conninfo(**address)}",
            ],
            # Not on the command line, which everybody on this machine can read.
            env={**os.environ, "PGPASSWORD": info.password},
            capture_output=True,
            text=True,
            check=False,
        )
    except (OSError, EmbeddedPostgresError) as fault:
        raise CommandError(f"pg_dump cannot be run: {fault}") from fault
    if done.returncode:
        raise CommandError(f"pg_dump failed:\n{done.stderr.strip()}")
