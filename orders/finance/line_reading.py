"""Reading a statement's file into lines, in the background, and matching its period then.

A worker may die or stand still at any moment: whoever is given the job then begins anew.
"""

from __future__ import annotations

import datetime
import io
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from channel_manager.lib import jobs
from channel_manager.lib.database import DATABASE_AWAY, session_lock
from channel_manager.lib.errors import ErrorCode, Refusal
from orders.finance.lines import StatedLine
from orders.finance.reconciling import match_period
from orders.finance.stated_totals import StatedTotals
from orders.finance.statement_terms import net_of
from orders.finance.statements.format import StatementFormat
from orders.finance.statements.reading import read
from orders.finance.statements.rows import RowFault, TotalRow
from orders.models import Statement, StatementFile, StatementLine, StatementStatus
from orders.queueing import enqueue_statement

# What is kept of a reference or a name.
_LONGEST = 200
_AT_ONCE = 2_000
# So many faults are named; a file with one is refused as a whole.
_FAULTS_NAMED = 20
_log = logging.getLogger(__name__)


class FaultyRows(Refusal):
    """Rows of the file cannot be read."""

    code = ErrorCode.INVALID_REQUEST


class Overtaken(Exception):
    """Another worker reads this statement, or has read it."""


def read_statement(*, statement_id: uuid.UUID, clock: Callable[[], datetime.datetime]) -> None:
    """Read a statement's file into lines and match its period; a file with faults is refused whole.

    Raises what the database says when it is not there, and Overtaken, for the job to be tried
    again.
    """
    try:
        with _claim(statement_id):
            statement = _begin(statement_id)
            if statement is not None:
                _read(statement, clock)
    except (*DATABASE_AWAY, Overtaken):
        raise
    except Refusal as refusal:
        refuse_statement(statement_id=statement_id, message=refusal.detail, now=clock())
        return
    except Exception:
        _log.exception("Reading statement %s failed", statement_id)
        message = "Reading it failed for a reason of ours."
        refuse_statement(statement_id=statement_id, message=message, now=clock())
        return
    # Those of a worker, too, that died before it had matched them.
    unmatched = StatementLine.objects.filter(
        statement=statement_id, statement__status=StatementStatus.READ, state=""
    )
    for period_id in unmatched.values_list("statement__period", flat=True)[:1]:
        match_period(period_id=period_id, now=clock())


def refuse_statement(*, statement_id: uuid.UUID, message: str, now: datetime.datetime) -> None:
    """Give up a statement that is being read, and say why; its lines and its file go."""
    with transaction.atomic():
        rows = runner.lock(_being_read(statement_id))
        StatementLine.objects.filter(statement__in=rows).delete()
        StatementFile.objects.filter(statement__in=rows).delete()
        runner.apply_to(
            rows,
            lambda row: row.refuse(message=message),
            change=Change(name="refused", actor=WORKER, now=now, reason=message),
        )


def recover_statements() -> None:
    """Give a job to every statement that is being read and whose job was lost."""
    reading = Statement.objects.filter(status=StatementStatus.READING)
    with transaction.atomic():
        for statement in runner.lock_if_free(reading):
            if not jobs.is_live(statement.job_id):
                statement.job_id = enqueue_statement(statement.pk)
                statement.save(update_fields=["job_id"])


@contextmanager
def _claim(statement_id: uuid.UUID) -> Iterator[None]:
    """Be the only one who reads a statement, or raise Overtaken.

    The lock is of the connection that writes the lines, not of a transaction: it ends with the
    worker, and a worker that has lost it can no longer write.
    """
    key = int.from_bytes(statement_id.bytes[8:], "big", signed=True)
    with session_lock(key) as is_ours:
        if not is_ours:
            raise Overtaken(f"Statement {statement_id} is being read by another worker")
        yield


def _begin(statement_id: uuid.UUID) -> Statement | None:
    """Return a statement that is being read, without what a worker before us has left of it."""
    with transaction.atomic():
        rows = runner.lock(_being_read(statement_id).select_related("period__partner"))
        for row in rows:
            row.lines.all().delete()
            row.rows_read = 0
            row.save(update_fields=["rows_read"])
    return rows[0] if rows else None


def _read(statement: Statement, clock: Callable[[], datetime.datetime]) -> None:
    file = io.BytesIO(bytes(statement.file.content))
    form = StatementFormat.from_data(statement.format)
    totals = StatedTotals()
    faults: list[str] = []
    batch: list[StatementLine] = []
    for reading in read(file, statement_format=form, net_of=net_of(statement.period)):
        if isinstance(reading, RowFault):
            faults += [f"{fault[:1].upper()}{fault[1:]}." for fault in reading.faults]
        elif isinstance(reading, TotalRow):
            totals.compare(reading)
        elif isinstance(reading, StatedLine):
            totals.add(reading)
            faults += _too_long(reading)
            batch.append(_line(statement, reading))
        if len(faults) >= _FAULTS_NAMED:
            break
        if len(batch) >= _AT_ONCE:
            _keep(statement, batch)
    if faults:
        raise FaultyRows("\n".join(faults[:_FAULTS_NAMED]))
    _keep(statement, batch)
    if not statement.rows_read:
        raise FaultyRows("The file has no line with a reference and an amount.")
    _finish(statement, totals, clock())


def _finish(statement: Statement, totals: StatedTotals, now: datetime.datetime) -> None:
    """Have all lines, and no others: a worker that had stood still may have added to them."""
    count = statement.rows_read
    with transaction.atomic():
        rows = runner.lock(_being_read(statement.pk).filter(job_id=statement.job_id))
        if not rows or StatementLine.objects.filter(statement=statement).count() != count:
            raise Overtaken(f"The lines of statement {statement.pk} are not those that were read")
        (locked,) = rows
        locked.line_count = locked.rows_read = count
        locked.stated_totals = totals.off()
        locked.notes = [*locked.notes, *totals.notes]
        locked.save(update_fields=["line_count", "rows_read", "stated_totals", "notes"])
        StatementFile.objects.filter(statement=locked).delete()
        runner.apply_to(
            [locked],
            lambda row: row.finish_reading(now=now),
            change=Change(name="read", actor=WORKER, now=now, data={"lines": count}),
        )


def _line(statement: Statement, line: StatedLine) -> StatementLine:
    return StatementLine(
        statement=statement,
        row=line.row,
        our_reference=line.our_reference,
        their_reference=line.their_reference,
        other_reference=line.other_reference,
        guest_name=line.guest_name,
        date=line.date,
        quantity=line.quantity,
        gross=line.gross,
        commission=line.commission,
        net=line.net,
        currency=line.currency,
        kind=line.kind,
        net_is_worked_out=line.net_is_worked_out,
        damage=[text[:300] for text in line.damage],
    )


def _too_long(line: StatedLine) -> Iterator[str]:
    for what, text in (
        ("our reference", line.our_reference),
        ("the partner's reference", line.their_reference),
        ("a reference", line.other_reference),
        ("the guest's name", line.guest_name),
    ):
        if len(text) > _LONGEST:
            yield f"Row {line.row}: {what} has more than {_LONGEST} characters."


def _keep(statement: Statement, batch: list[StatementLine]) -> None:
    """Write lines, and how far reading is; the list is empty afterwards. Raises Overtaken."""
    count = statement.rows_read + len(batch)
    mine = _being_read(statement.pk).filter(job_id=statement.job_id, rows_read=statement.rows_read)
    try:
        with transaction.atomic():
            if not mine.update(rows_read=count):
                raise Overtaken(f"Statement {statement.pk} is not this worker's any more")
            StatementLine.objects.bulk_create(batch)
    except IntegrityError as clash:
        raise Overtaken(f"Rows up to {count} of statement {statement.pk}") from clash
    statement.rows_read = count
    batch.clear()


def _being_read(statement_id: uuid.UUID) -> QuerySet[Statement]:
    return Statement.objects.filter(pk=statement_id, status=StatementStatus.READING)
