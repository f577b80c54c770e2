"""What is measured of matching: a statement of 50,000 lines, read and matched by the worker."""

from __future__ import annotations

import dataclasses
import datetime
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import crowd
from tests.bench.exports import forget_peak, peak
from tests.bench.measuring import cpu
from tests.bench.scenarios import Bench
from tests.process import wait_for
from tests.stack import Stack

LINES = 50_000
SECONDS = 60
MIB = 512
_A_DAY = 86_400 // crowd.SECONDS_APART
_PATIENCE = 600.0


@dataclass(frozen=True)
class Matched:
    """One statement: lines, orders in the period, differences found, and what that took.

    seconds: from agreeing to its format to the last state in the database; mib: the worker's whole
    memory at its peak; cpu: seconds of the worker and of the database.
    """

    lines: int
    orders: int
    differences: int
    seconds: float
    mib: float
    cpu: Mapping[str, float]

    def as_data(self) -> dict[str, object]:
        """Return it for programs."""
        return dataclasses.asdict(self)


def match_statement(bench: Bench) -> Matched:
    """Have a statement of the crowd's last days read and matched; one line in fifty is off."""
    stack = bench.stack
    bench.fill_up()
    lines = max(1_000, round(LINES * bench.scale))
    ((newest,),) = stack.sql(
        "SELECT max(accounting_date) FROM orders_ledgerentry"
        " WHERE buy_from_order_reference LIKE 'CROWD-%%'"
    )
    # Yesterday is growth's.
    last = newest - datetime.timedelta(days=2)
    first = last - datetime.timedelta(days=-(-lines // _A_DAY) - 1)
    bench.say(f"  a statement of {lines:,} lines")
    forget_peak(stack)
    before = cpu(stack)
    statement, period = have_matched(stack, first, last, lines)
    used = cpu(stack).since(before)
    ((seconds, count),) = stack.sql(
        "SELECT extract(epoch FROM p.matched_at - e.at)::float, s.line_count FROM orders_period p"
        " JOIN orders_statement s ON s.period_id = p.id JOIN history_event e"
        " ON e.subject_id = s.id AND e.name = 'format_agreed' WHERE s.id = %s",
        statement,
    )
    ((orders, differences),) = stack.sql(
        "SELECT count(*), count(*) FILTER (WHERE state <> 'matched') FROM orders_position"
        " WHERE period_id = %s",
        period,
    )
    return Matched(
        lines=count,
        orders=orders,
        differences=differences,
        seconds=round(seconds, 1),
        mib=round(peak(stack) / 1024, 1),
        cpu=used.in_background(),
    )


def have_matched(
    stack: Stack, first: datetime.date, last: datetime.date, lines: int
) -> tuple[str, str]:
    """Upload the partner's statement of some days and wait until the worker has matched it.

    lines: as many as it has at most. Returns the ids of the statement and of its period.
    """
    rows = stack.sql(
        "SELECT buy_from_order_reference, accounting_date, gross, commission"
        " FROM orders_ledgerentry WHERE buy_from_order_reference LIKE 'CROWD-%%'"
        " AND accounting_date BETWEEN %s AND %s ORDER BY id LIMIT %s",
        first,
        last,
        lines,
    )
    partner = stack.seller().partner_id
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "statement.csv"
        file.write_text(as_csv(rows), encoding="utf-8")
        said = stack.django(
            "tests.bench.statement", str(file), partner, first.isoformat(), last.isoformat()
        )
    statement, period = said.split()
    _wait(stack, statement, period)
    return statement, period


def as_csv(sales: Iterable[Sequence[Any]]) -> str:
    """Return a statement of sales: our number, day, gross, commission; one in fifty is 1.00 off."""
    text = ["Supplier reference,Date,Gross,Commission,Net"]
    for number, (ours, day, gross, commission) in enumerate(sales):
        stated = gross + (1 if number % 50 == 0 else 0)
        text.append(f"{ours},{day},{stated:.2f},{commission:.2f},{stated - commission:.2f}")
    return "\n".join(text)


def _wait(stack: Stack, statement: str, period: str) -> None:
    def is_done() -> bool:
        ((status, message, matched_at),) = stack.sql(
            "SELECT s.status, s.message, p.matched_at FROM orders_statement s"
            " JOIN orders_period p ON p.id = s.period_id WHERE s.id = %s",
            statement,
        )
        assert status != "Refused", message
        return bool(status == "Read" and matched_at)

    wait_for("the statement is matched", is_done, seconds=_PATIENCE)
