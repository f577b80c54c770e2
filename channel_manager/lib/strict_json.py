"""JSON in and out of the API: nothing is guessed, nothing is lost silently."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import IO, Any, NoReturn

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from channel_manager.lib.errors import ErrorCode, Refusal

# An order is five levels deep; whatever nests deeper is an attack or a mistake.
MAX_DEPTH = 32
# The longest whole number a field takes has 19 digits.
_MAX_DIGITS = 100


class MalformedJson(Refusal):
    """The body cannot be read as JSON."""

    code = ErrorCode.MALFORMED_JSON


def loads(body: bytes) -> Any:
    """Read a body as strict JSON (RFC 8259).

    Raises MalformedJson for anything else: wrong encoding, duplicate members, NaN, nesting deeper
    than MAX_DEPTH, numbers of more than 100 digits.
    """
    if not body.strip():
        raise MalformedJson("The body is empty; a JSON object is expected.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise MalformedJson(f"The body is not UTF-8 (byte {fault.start}).") from None
    if _depth(text) > MAX_DEPTH:
        raise MalformedJson(f"The body nests deeper than {MAX_DEPTH} levels.")
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique_members,
            parse_constant=_refuse_constant,
            parse_int=_parse_int,
            parse_float=_parse_float,
        )
    except json.JSONDecodeError as fault:
        raise MalformedJson(
            f"The body is not valid JSON: {fault.msg} (line {fault.lineno}, column {fault.colno})."
        ) from None


def _depth(text: str) -> int:
    """Return the deepest nesting of brackets, those inside strings not counted."""
    depth = deepest = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise MalformedJson(f"The member {twice[:64]!r} stands twice in one object.")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedJson(f"{name} is not a JSON value.")


def _parse_int(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise MalformedJson("A number has more than 100 digits.")
    return int(digits)


def _parse_float(digits: str) -> float:
    value = float(digits[: _MAX_DIGITS + 1]) if len(digits) <= _MAX_DIGITS else float("inf")
    if value in (float("inf"), float("-inf")):
        raise MalformedJson("A number is too large.")
    return value


class StrictJsonParser(BaseParser):
    """Parse a request body with `loads`."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the JSON value of the stream."""
        return loads(stream.read())


class Utf8JsonRenderer(JSONRenderer):
    """Write JSON as UTF-8, without escapes, whatever the Accept header asks for."""

    charset = None


class AlwaysJson(BaseContentNegotiation):
    """Answer JSON to everybody: a client that forgot its Accept header still gets its order."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """Return the parser for the request's content type, or None (415)."""
        essence = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == essence), None)

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Return the first renderer."""
        first = next(iter(renderers))
        return first, first.media_type
