"""`manage.py sums`: a database in figures, to be compared with another one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from channel_manager.management.sums import (
    Sums,
    differences,
    parse_sums,
    read_sums,
    standing_still,
)


class Command(BaseCommand):
    help = (
        "Print what the database holds as JSON: rows, amounts and a checksum of every table, the "
        "ledger and the orders summed, sequences, constraints and triggers by name. Everything is "
        "of one moment, and nothing is written. With --against, print what differs from a file of "
        "before and fail if anything does: so a restored database is compared with its backup."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the figures to compare with."""
        parser.add_argument(
            "--against", metavar="FILE", type=Path, help="Figures that this command printed before."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the figures or the differences; raises CommandError where there are any."""
        file = options["against"]
        before = _read(file) if file else None
        with standing_still() as reader:
            now = read_sums(reader)
        if before is None:
            self.stdout.write(json.dumps(now, indent=1))
            return
        found = differences(before, now)
        for sentence in found:
            self.stdout.write(sentence)
        if found:
            raise CommandError(f"{len(found)} figures are not those of {file}.")
        self.stdout.write(f"All is as in {file}.")


def _read(file: Path) -> Sums:
    try:
        return parse_sums(file.read_text())
    except (OSError, ValueError) as fault:
        raise CommandError(f"{file} cannot be read as figures: {fault}") from fault
