"""Receiving a partner's statement: its file, the format that is agreed to, reading it, withdrawing it."""

from __future__ import annotations

import datetime
import hashlib
import io
import logging
import uuid
from typing import IO

from django.db import IntegrityError, transaction

from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.database import broken_constraint
from channel_manager.lib.errors import ErrorCode, Refusal
from orders.finance.periods import find_changing, lock_changing
from orders.finance.reconciling import match_soon
from orders.finance.statement_terms import StatementConflict, lock_statement, net_of
from orders.finance.statements.answering import Answers, answer, look
from orders.finance.statements.detection import Detection, detect
from orders.finance.statements.format import StatementFormat
from orders.finance.statements.questions import Question
from orders.finance.statements.refusals import UnreadableStatement
from orders.models import (
    PartnerFormat,
    Period,
    Statement,
    StatementFile,
    StatementStatus,
)
from orders.queueing import enqueue_statement

# Of a file's name, so much of its end is kept.
_LONGEST_NAME = 200
_log = logging.getLogger(__name__)


class AlreadyUploaded(Refusal):
    """The same file was uploaded before."""

    code = ErrorCode.ORDER_STATE_CONFLICT


def receive_statement(
    *, period_id: uuid.UUID, file: IO[bytes], file_name: str, actor: str, now: datetime.datetime
) -> Statement:
    """Keep a partner's file with what was found out about how it is written; read nothing yet.

    Raises NotFound, PeriodConflict, UnreadableStatement, AlreadyUploaded.
    """
    period = find_changing(period_id)
    file.seek(0)
    digest = _hash(file)
    detection = _detect(period, file, file_name)
    file.seek(0)
    try:
        with transaction.atomic():
            statement = Statement.objects.create(
                partner=period.partner,
                period=lock_changing(period_id),
                file_name=file_name[-_LONGEST_NAME:],
                sha256=digest,
                format=detection.format.to_data(),
                questions=_questions_of(detection),
                notes=list(detection.notes),
                uploaded_by=actor,
                uploaded_at=now,
            )
            StatementFile.objects.create(statement=statement, content=file.read())
            runner.note(
                statement,
                change=Change(name="uploaded", actor=actor, now=now, data={"sha256": digest}),
            )
    except IntegrityError as error:
        if broken_constraint(error) != "statement_file_once":
            raise
        raise _uploaded_before(period, digest) from error
    return statement


def preview_statement(*, statement: Statement) -> Detection:
    """Return how an uploaded statement is understood so far, and what is still to be asked.

    Raises UnreadableStatement, StatementConflict.
    """
    return look(
        _file_of(statement),
        form=StatementFormat.from_data(statement.format),
        questions=_open_questions(statement),
        net_of=net_of(statement.period),
    )


def answer_questions(*, statement: Statement, answers: Answers) -> Detection:
    """Return how an uploaded statement is understood with some answers; nothing is kept.

    Raises UnreadableStatement, StatementConflict.
    """
    return answer(
        _file_of(statement),
        form=StatementFormat.from_data(statement.format),
        questions=_open_questions(statement),
        answers=answers,
        net_of=net_of(statement.period),
    )


def agree_to_format(
    *, statement_id: uuid.UUID, form: StatementFormat, actor: str, now: datetime.datetime
) -> Statement:
    """Have a statement read in the background, and keep its format as the partner's.

    Raises NotFound, PeriodConflict, StatementConflict.
    """
    with transaction.atomic():
        statement = lock_statement(statement_id, StatementStatus.UPLOADED)
        lock_changing(statement.period_id)
        statement.format, statement.questions = form.to_data(), []
        statement.save(update_fields=["format", "questions"])
        PartnerFormat.objects.update_or_create(
            partner=statement.partner,
            defaults={"format": form.to_data(), "saved_by": actor, "saved_at": now},
        )
        job_id = enqueue_statement(statement.pk)
        runner.apply_to(
            [statement],
            lambda row: row.begin_reading(job_id=job_id),
            change=Change(name="format_agreed", actor=actor, now=now),
        )
        return statement


def keep_answers(*, statement_id: uuid.UUID, detection: Detection) -> Statement:
    """Keep what somebody has chosen so far of an uploaded statement's format.

    Raises NotFound, StatementConflict.
    """
    with transaction.atomic():
        statement = lock_statement(statement_id, StatementStatus.UPLOADED)
        statement.format = detection.format.to_data()
        statement.questions = _questions_of(detection)
        statement.save(update_fields=["format", "questions"])
        return statement


def withdraw_statement(
    *, statement_id: uuid.UUID, actor: str, now: datetime.datetime, reason: str = ""
) -> Statement:
    """Take a statement out of its period, which is matched without it; its lines stay as evidence.

    Raises NotFound, PeriodConflict, StatementConflict.
    """
    with transaction.atomic():
        statement = lock_statement(statement_id, StatementStatus.UPLOADED, StatementStatus.READ)
        lock_changing(statement.period_id)
        StatementFile.objects.filter(statement=statement).delete()
        runner.apply_to(
            [statement],
            lambda row: row.withdraw(),
            change=Change(name="withdrawn", actor=actor, now=now, reason=reason),
        )
    match_soon(period_id=statement.period_id, now=now)
    return statement


def _hash(file: IO[bytes]) -> str:
    found = hashlib.sha256()
    while piece := file.read(2**20):
        found.update(piece)
    return found.hexdigest()


def _detect(period: Period, file: IO[bytes], file_name: str) -> Detection:
    kept = PartnerFormat.objects.filter(partner=period.partner).first()
    saved = None
    if kept is not None:
        try:
            saved = StatementFormat.from_data(kept.format)
        except UnreadableStatement:
            _log.warning("The format kept of partner %s is not used", period.partner_id)
    file.seek(0)
    return detect(
        file,
        file_name=file_name,
        currency=period.partner.venue.currency,
        saved=saved,
        net_of=net_of(period),
    )


def _file_of(statement: Statement) -> IO[bytes]:
    content = StatementFile.objects.filter(statement=statement).first()
    if content is None:
        raise StatementConflict("Somebody else was faster: its file is read, or gone. Look again.")
    return io.BytesIO(bytes(content.content))


def _open_questions(statement: Statement) -> list[Question]:
    """Return the questions that were kept and are not answered yet."""
    return [
        Question(
            about=one["about"],
            text=one["text"],
            options=tuple((value, words) for value, words in one["options"]),
            examples=tuple(one["examples"]),
        )
        for one in statement.questions
    ]


def _questions_of(detection: Detection) -> list[dict[str, object]]:
    return [
        {
            "about": one.about,
            "text": one.text,
            "options": [list(option) for option in one.options],
            "examples": list(one.examples),
        }
        for one in detection.questions
    ]


def _uploaded_before(period: Period, digest: str) -> AlreadyUploaded:
    gone = (StatementStatus.REFUSED, StatementStatus.WITHDRAWN)
    same = Statement.objects.filter(partner=period.partner, sha256=digest).exclude(status__in=gone)
    first = same.select_related("period").first()
    if first is None:
        return AlreadyUploaded("The same file was uploaded a moment ago. Look again.")
    zone = period.partner.venue.zone
    return AlreadyUploaded(
        f"This very file was uploaded before: {first.file_name}, {first.period.title}, on "
        f"{first.uploaded_at.astimezone(zone):%-d %b %Y at %H:%M}."
    )
