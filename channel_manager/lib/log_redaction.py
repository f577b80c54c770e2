"""What must not stand in a log, whoever writes the line: keys, addresses that admit, people's data."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

# What a text must have in it for the pattern to match anything; most lines have none of them.
_Patterns = Sequence[tuple[str, re.Pattern[str], str]]
_SECRETS: _Patterns = [
    (mark, re.compile(pattern), replacement)
    for mark, pattern, replacement in (
        # Keys of partners and gate devices, and webhook secrets; their first characters name them.
        # Names of constraints begin with gate_ too, and are shorter than any key.
        ("_", r"\b((?:cm_(?:live|test)|gate|whsec)_[\w+/=-]{4})[\w+/=-]{28,}", r"\1[redacted]"),
        # Tokens of channels, signed by us.
        ("eyJ", r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+", "eyJ[redacted]"),
        # Whoever has a VoordeMensen cart's id may empty it, and an order's key its tickets.
        ("/cart/", r"(/cart/)[A-Za-z0-9]{32}", r"\1[redacted]"),
        ("/order/", r"(/order/)[A-Za-z0-9]{5}(?:-[A-Za-z0-9]{5}){3}\b", r"\1[redacted]"),
        ("return=", r"(\breturn=)[A-Za-z0-9]{5}(?:-[A-Za-z0-9]{5}){3}\b", r"\1[redacted]"),
        # Whoever has a manifest's address has the tickets; a payment's, that it can be given up.
        ("/", r"(/(?:[mw]|pay|pay/sandbox)/)[\w-]{16,}", r"\1[redacted]"),
        # It leads on to them.
        ("/return/", r"(/return/)[\w-]{16,}", r"\1[redacted]"),
    )
]
_PATTERNS: _Patterns = [
    *_SECRETS,
    *(
        (mark, re.compile(pattern, re.MULTILINE), replacement)
        for mark, pattern, replacement in (
            # Passwords in addresses, as in DATABASE_URL; before e-mail addresses, which look alike.
            ("://", r"(://)[^/\s@]+@", r"\1[redacted]@"),
            ("@", r"[\w.%+-]+@[\w-]+(?:\.[\w-]+)+", "[e-mail]"),
            # PostgreSQL quotes the row or the key it refuses, and the statement it cannot read.
            # A value in the row may have lines of its own.
            (
                "DETAIL:",
                r"^(DETAIL):(?s:.*?)(?=\n(?:CONTEXT:|HINT:|LINE \d|Traceback)|\Z)",
                r"\1: [redacted]",
            ),
            ("LINE ", r"^(LINE \d+):.*$", r"\1: [redacted]"),
        )
    ),
]


def redact(text: str) -> str:
    """Return a text without what must not stand in a log; the rest stays as it is."""
    return _without(_PATTERNS, text)


def redact_secrets(text: str) -> str:
    """Return a text without keys and addresses that admit; what it says of people stays."""
    return _without(_SECRETS, text)


def _without(patterns: _Patterns, text: str) -> str:
    for mark, pattern, replacement in patterns:
        if mark in text:
            text = pattern.sub(replacement, text)
    return text


class RedactingFormatter(logging.Formatter):
    """Redact the whole of a record, its traceback too.

    The last line of defence: what is logged on purpose are ids, codes and paths.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text, redacted."""
        return redact(super().format(record))
