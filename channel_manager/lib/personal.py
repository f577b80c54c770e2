"""What is said of people in what partners send and are answered: hidden, or taken out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

# Members of requests and answers that name a person or an address of one.
MEMBERS = frozenset({"sellToEmail", "sellToName", "names", "name", "guest_email"})
_HIDDEN = "•••"


def mask(value: Any) -> Any:
    """Return a name or an address as its first letter and dots; each of a list; None as it is."""
    if isinstance(value, list | tuple):
        return [mask(entry) for entry in value]
    if not isinstance(value, str) or not value:
        return value
    return f"{value[0]}{_HIDDEN}{'@' + _HIDDEN if '@' in value else ''}"


def masked(document: Any) -> Any:
    """Return a parsed request or answer with everything that it says of people masked."""
    return _with_people(document, mask)


def blanked(text: str) -> str:
    """Return a JSON text without anything that it says of people: null in its place."""
    return json.dumps(
        _with_people(json.loads(text), lambda _value: None),
        ensure_ascii=False,
    )


def _with_people(document: Any, put: Callable[[Any], Any]) -> Any:
    if isinstance(document, list):
        return [_with_people(entry, put) for entry in document]
    if not isinstance(document, dict):
        return document
    return {
        name: put(value) if name in MEMBERS else _with_people(value, put)
        for name, value in document.items()
    }
