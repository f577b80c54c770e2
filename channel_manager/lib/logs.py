"""Lines of the log: one JSON object each, or a text; what a line is about goes along with it.

A request or a job begins with what it is known by. Whatever is logged until it ends carries that,
whoever logs it, and what was noted on the way.
"""

from __future__ import annotations

import datetime
import json
import logging
from collections.abc import Mapping
from contextvars import ContextVar, Token
from typing import Any

from channel_manager.lib.log_redaction import RedactingFormatter, redact
from channel_manager.lib.moments import in_utc

FORMATS = ("json", "text")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_Noted = dict[str, Any]
_noted: ContextVar[_Noted | None] = ContextVar("noted", default=None)


def begin(members: _Noted) -> Token[_Noted | None]:
    """Have every line carry these members until `end`; returns what `end` asks for."""
    return _noted.set(members)


def note(**members: Any) -> None:
    """Add what the request or job turned out to be about: ids, never keys or people."""
    noted = _noted.get()
    if noted is not None:
        noted.update(members)


def end(token: Token[_Noted | None]) -> None:
    """End what began with the token."""
    _noted.reset(token)


class JsonFormatter(logging.Formatter):
    """Write a record as one line of JSON, redacted."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON; texts are redacted before they are escaped."""
        line = {
            "time": in_utc(datetime.datetime.fromtimestamp(record.created, datetime.UTC)),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        for name, value in _members_of(record).items():
            line[name] = redact(value) if isinstance(value, str) else value
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack"] = redact(record.stack_info)
        return json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=str)


class TextFormatter(RedactingFormatter):
    """Write a record for somebody at a terminal, with its members behind the message."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """Return the first line of a record."""
        members = " ".join(f"{name}={value}" for name, value in _members_of(record).items())
        text = super().formatMessage(record)
        return f"{text} [{members}]" if members else text


def _members_of(record: logging.LogRecord) -> Mapping[str, Any]:
    """Return what a record carries beside its message."""
    own = getattr(record, "members", None) or _of_procrastinate(record)
    noted = _noted.get()
    return {**(noted or {}), **own} if own else (noted or {})


def _of_procrastinate(record: logging.LogRecord) -> Mapping[str, Any]:
    """Return what procrastinate tells of a job beside its own words; without its arguments."""
    job = getattr(record, "job", None)
    if not isinstance(job, dict):
        return {}
    return {"jobId": job.get("id"), "task": job.get("task_name"), "queue": job.get("queue")}


def configuration(*, form: str, level: str) -> dict[str, Any]:
    """Return Django's LOGGING: one handler for all, to standard error; form: one of FORMATS."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": f"{__name__}.JsonFormatter"},
            "text": {
                "()": f"{__name__}.TextFormatter",
                "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
            },
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": form}},
        "loggers": {
            # Refusals are logged by the error handler, with their code and request id.
            "django.request": {"level": "ERROR"},
            # So are hosts and forms that Django itself refuses: callers' faults, and no error of ours.
            "django.security": {"level": "CRITICAL"},
            "django.security.csrf": {"level": "WARNING"},
            # It tells of each job three times; job_log tells of it once, with its ids.
            "procrastinate": {"level": "WARNING"},
            # Granian gives it a handler of its own before it loads us.
            "_granian": {"handlers": [], "propagate": True},
        },
        "root": {"handlers": ["console"], "level": level},
    }
