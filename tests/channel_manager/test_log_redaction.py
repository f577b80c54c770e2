"""What a line of the log leaves out, and what it keeps."""

from __future__ import annotations

import logging

import pytest

from channel_manager.lib.log_redaction import RedactingFormatter, redact

DRAWN = "GMzkGeWOXMSMhBO_dXzh0_3kZICnHpy4_9qG-n7LqzY"


@pytest.mark.parametrize(
    ("said", "written"),
    [
        (f"key cm_live_{DRAWN} sent", f"key cm_live_{DRAWN[:4]}[redacted] sent"),
        (f"cm_test_{DRAWN}", f"cm_test_{DRAWN[:4]}[redacted]"),
        (f"(gate_{DRAWN})", f"(gate_{DRAWN[:4]}[redacted])"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ[redacted]"),
        (
            "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmVkX2J5LXVz refused",
            "Bearer eyJ[redacted] refused",
        ),
        ("GET /w/abcdefghijklmnop_-012345.pdf refused", "GET /w/[redacted].pdf refused"),
        ("https://x.example/m/abcdefghijklmnop0123", "https://x.example/m/[redacted]"),
        (
            "/voordemensen/v1/x/cart/4DSMDACyPo8wLr8vFnTVUR6HzWC5tWGi/hB7",
            "/voordemensen/v1/x/cart/[redacted]/hB7",
        ),
        ("/v1/x/order/XgFca-QmBxG-9WhAj-Osszb/", "/v1/x/order/[redacted]/"),
        (
            "https://x.example/?a=b&return=XgFca-QmBxG-9WhAj-Osszb",
            "https://x.example/?a=b&return=[redacted]",
        ),
        ("GET /pay/abcdefghijklmnop0123/return", "GET /pay/[redacted]/return"),
        ("POST /pay/sandbox/sb_0123456789abcdef", "POST /pay/sandbox/[redacted]"),
        ("POST /pay/notify/mollie", "POST /pay/notify/mollie"),
        ("/openticket/x/return/56fd3b40-611c-11ee-bb11", "/openticket/x/return/[redacted]"),
        ("postgres://cm:s3cret@db/cm", "postgres://[redacted]@db/cm"),
        ("to ann+1@mail.example.com.", "to [e-mail]."),
        ("Failed.\nDETAIL:  Key (name)=(Ann).", "Failed.\nDETAIL: [redacted]"),
        # A name may have lines of its own, and nothing says where it ends.
        (
            "Failed.\nDETAIL:  Failing row contains (1, Ann\nde Boer\n\n, x).\nAfter",
            "Failed.\nDETAIL: [redacted]",
        ),
        ("DETAIL:  (Ann\nde Boer)\nHINT:  Try.", "DETAIL: [redacted]\nHINT:  Try."),
        ("DETAIL:  (Ann\nde Boer)\nCONTEXT:  COPY", "DETAIL: [redacted]\nCONTEXT:  COPY"),
        (
            "DETAIL:  (Ann\nde Boer)\nLINE 1: SELECT 'Ann'\n        ^",
            "DETAIL: [redacted]\nLINE 1: [redacted]\n        ^",
        ),
        (
            "DETAIL:  (Ann\nde Boer)\n\nTraceback (most\nDETAIL:  (Bo\nb)",
            "DETAIL: [redacted]\nTraceback (most\nDETAIL: [redacted]",
        ),
        ("LINE 1: SELECT 'Ann'\n        ^", "LINE 1: [redacted]\n        ^"),
        ("POST /channelManager refused: busy", "POST /channelManager refused: busy"),
        ("gate_device_name_once_per_venue", "gate_device_name_once_per_venue"),
        (
            "order 019aa0d0-0000-7000-8000-000000000001",
            "order 019aa0d0-0000-7000-8000-000000000001",
        ),
    ],
)
def test_a_line_keeps_what_is_no_secret(said: str, written: str) -> None:
    assert redact(said) == written


def test_a_traceback_is_redacted_with_its_record() -> None:
    try:
        raise ValueError(f"cm_live_{DRAWN}")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "", 1, "%s", ("a@b.example",), (ValueError, error, None)
        )
    text = RedactingFormatter("%(message)s").format(record)
    assert text == f"[e-mail]\nValueError: cm_live_{DRAWN[:4]}[redacted]"
