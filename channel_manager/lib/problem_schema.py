"""The problem body in the OpenAPI file."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from channel_manager.lib.errors import ErrorCode

_ALWAYS = (
    ErrorCode.INVALID_REQUEST,  # one that is damaged on its way
    ErrorCode.UNAUTHENTICATED,
    ErrorCode.MISSING_SCOPE,
    ErrorCode.METHOD_NOT_ALLOWED,
    ErrorCode.BUSY,
)


class FaultSerializer(serializers.Serializer[Any]):
    """One thing wrong with a request."""

    pointer = serializers.CharField(
        help_text="JSON pointer (RFC 6901); `?name` for a query parameter, `#name` for a header.",
        allow_blank=True,
    )
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """Why a request was refused (RFC 9457). Some codes add members of their own."""

    type = serializers.URLField(help_text="The documentation page of the code.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.ChoiceField(choices=[code.value for code in ErrorCode])
    errors = FaultSerializer(many=True)  # type: ignore[assignment]  # shadows a property
    requestId = serializers.CharField()
    retryable = serializers.BooleanField()


Responses = dict[tuple[int, str], OpenApiResponse]


def problems(*codes: ErrorCode) -> Responses:
    """Return the OpenAPI responses for refusals with these codes and those any request may get."""
    return unlimited_problems(*codes, ErrorCode.RATE_LIMITED)


def unlimited_problems(*codes: ErrorCode) -> Responses:
    """Return the same for operations of keys without a limit, such as those of gate devices."""
    by_status: dict[int, list[ErrorCode]] = defaultdict(list)
    for code in dict.fromkeys((*codes, *_ALWAYS)):
        by_status[code.text.status].append(code)
    return {
        (status, "application/problem+json"): OpenApiResponse(
            ProblemSerializer,
            description=" ".join(f"`{code}`: {code.text.title}." for code in alike),
        )
        for status, alike in sorted(by_status.items())
    }
