"""What is measured of exports: rows a second, and how much memory the worker takes for them."""

from __future__ import annotations

import dataclasses
import datetime
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from tests.bench.desk import Clerk, signed_in
from tests.bench.measuring import cpu
from tests.bench.scenarios import Bench
from tests.process import wait_for
from tests.stack import Stack

ROWS_PER_SECOND = 15_000
EXTRA_MIB = 50
# A workbook takes several times as long as a file of as many rows: some days of it.
_WORKBOOK_DAYS = 35
_SECONDS = 900.0
_PAGE = "/admin/orders/ledgerentry/reports/register/"


@dataclass(frozen=True)
class Exported:
    """One file: its rows, seconds from asking to the last byte, and the worker's extra memory.

    cpu: seconds of the worker and of the database.
    """

    format: str
    rows: int
    seconds: float
    mib: float
    extra_mib: float
    cpu: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Return rows a second."""
        return round(self.rows / self.seconds)

    def as_data(self) -> dict[str, object]:
        """Return it for programs."""
        return {**dataclasses.asdict(self), "rowsPerSecond": self.rate}


def export_register(bench: Bench) -> list[Exported]:
    """Have the register written as each kind of file, as somebody of finance does."""
    bench.fill_up()
    today = datetime.datetime.now(datetime.UTC).date()
    days = {
        "firstDay": (today - datetime.timedelta(days=_WORKBOOK_DAYS)).isoformat(),
        "lastDay": today.isoformat(),
    }
    measured = []
    for file_format, asked in (("csv", {}), ("xlsx", days)):
        bench.say(f"  {file_format}")
        # A connection that is idle for as long as a file takes is closed by the server.
        with signed_in(bench) as clerk:
            measured.append(exported(bench.stack, clerk, file_format, asked))
    return measured


def exported(stack: Stack, clerk: Clerk, file_format: str, asked: Mapping[str, str]) -> Exported:
    """Press the button for the register and wait for the file; asked: days, as the form names them."""
    page = clerk.open(_PAGE)
    token = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token is not None, page.text
    before, cpu_before = forget_peak(stack), cpu(stack)
    form = {"csrfmiddlewaretoken": token[1].decode(), "format": file_format, **asked}
    asked_at = time.time()
    answer = clerk.send(f"{_PAGE}export/", urlencode(form))
    assert answer.status == 302, answer.text

    def is_done() -> bool:
        ((status, message),) = stack.sql(
            "SELECT status, message FROM orders_export ORDER BY started_at DESC LIMIT 1"
        )
        assert status != "Failed", message
        return bool(status == "Done")

    wait_for(f"the {file_format} file is there", is_done, seconds=_SECONDS)
    used = cpu(stack).since(cpu_before)
    ((rows, size, finished_at),) = stack.sql(
        "SELECT row_count, size, finished_at FROM orders_export ORDER BY started_at DESC LIMIT 1"
    )
    pressed = datetime.datetime.fromtimestamp(asked_at, datetime.UTC)
    return Exported(
        format=file_format.upper(),
        rows=rows,
        seconds=round((finished_at - pressed).total_seconds(), 2),
        mib=round(size / 2**20, 1),
        extra_mib=round((peak(stack) - before) / 1024, 1),
        cpu=used.in_background(),
    )


def forget_peak(stack: Stack) -> int:
    """Let the kernel count the worker's peak anew; return its memory now, in KiB."""
    Path(f"/proc/{stack.workers[0].pid}/clear_refs").write_text("5")
    return _status(stack, "VmRSS")


def peak(stack: Stack) -> int:
    """Return the most memory that the worker has had since the peak was forgotten, in KiB."""
    return _status(stack, "VmHWM")


def _status(stack: Stack, name: str) -> int:
    text = Path(f"/proc/{stack.workers[0].pid}/status").read_text()
    found = re.search(rf"{name}:\s+(\d+) kB", text)
    assert found is not None, text
    return int(found[1])
