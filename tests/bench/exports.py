"""What is measured of exports: rows a second, and how much memory the worker takes for them."""

from __future__ import annotations

import dataclasses
import datetime
import re
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from tests.bench import crowd
from tests.bench.desk import ORDERS, Clerk
from tests.bench.scenarios import Bench
from tests.stack import Stack, wait_for

ROWS_PER_SECOND = 15_000
EXTRA_MIB = 50
_LEAST_ORDERS = 5_000
_SECONDS = 900.0
_PAGE = "/admin/orders/ledgerentry/reports/register/"


@dataclass(frozen=True)
class Exported:
    """One file: its rows, seconds from asking to the last byte, and the worker's extra memory."""

    format: str
    rows: int
    seconds: float
    mib: float
    extra_mib: float

    @property
    def rate(self) -> float:
        """Return rows a second."""
        return round(self.rows / self.seconds)

    def as_data(self) -> dict[str, object]:
        """Return it for programs."""
        return {**dataclasses.asdict(self), "rowsPerSecond": self.rate}


def export_register(bench: Bench) -> list[Exported]:
    """Have the whole register written as each kind of file, as somebody of finance does."""
    orders = max(_LEAST_ORDERS, round(ORDERS * bench.scale))
    bench.say(f"  posting the money of {orders:,} orders")
    crowd.fill_up(bench.stack, orders=orders)
    crowd.post(bench.stack, orders=orders)
    owner = bench.stack.demo["admin"]["users"][0]
    measured = []
    for file_format in ("csv", "xlsx"):
        bench.say(f"  {file_format}")
        # A connection that is idle for as long as a file takes is closed by the server.
        with Clerk(bench.stack.port) as clerk:
            clerk.sign_in(owner["username"], owner["password"])
            measured.append(_exported(bench.stack, clerk, file_format))
    return measured


def _exported(stack: Stack, clerk: Clerk, file_format: str) -> Exported:
    page = clerk.open(_PAGE)
    token = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token is not None, page.text
    before = forget_peak(stack)
    form = {"csrfmiddlewaretoken": token[1].decode(), "format": file_format}
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
    ((rows, size, finished_at),) = stack.sql(
        "SELECT row_count, size, finished_at FROM orders_export ORDER BY started_at DESC LIMIT 1"
    )
    asked = datetime.datetime.fromtimestamp(asked_at, datetime.UTC)
    return Exported(
        format=file_format.upper(),
        rows=rows,
        seconds=round((finished_at - asked).total_seconds(), 2),
        mib=round(size / 2**20, 1),
        extra_mib=round((peak(stack) - before) / 1024, 1),
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
