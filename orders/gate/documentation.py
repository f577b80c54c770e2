"""What the OpenAPI file says of the gate's operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from channel_manager.lib.errors import ErrorCode
from channel_manager.lib.problem_schema import unlimited_problems
from orders.gate import serializers as shapes

Decorator = Callable[[Any], Any]

_TAG = ["Gate"]
_BODY = (
    ErrorCode.INVALID_REQUEST,
    ErrorCode.MALFORMED_JSON,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE,
    ErrorCode.PAYLOAD_TOO_LARGE,
)

admit: Decorator = extend_schema(
    operation_id="admit",
    tags=_TAG,
    summary="Scan a ticket",
    description="Admits the ticket or redeems the coupon, or refuses it in words: a refusal is an "
    "answer like any other, 200 with `admitted` false. Open the gate on `admitted` true and "
    "`undoneAt` null only. When no answer arrives, repeat the request with the same `requestId`: "
    "nothing is admitted twice.",
    request=shapes.ScanRequestSerializer,
    responses={
        200: OpenApiResponse(shapes.AdmissionSerializer, description="The gate's verdict."),
        **unlimited_problems(*_BODY, ErrorCode.IDEMPOTENCY_MISMATCH),
    },
)
list_admissions: Decorator = extend_schema(
    operation_id="listAdmissions",
    tags=_TAG,
    summary="List the last scans",
    description="The scans of this device, admitted and refused, newest first.",
    parameters=[
        OpenApiParameter(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": shapes.MAX_LIMIT, "default": 20},
        )
    ],
    responses={
        200: OpenApiResponse(shapes.AdmissionListSerializer, description="The last scans."),
        **unlimited_problems(ErrorCode.INVALID_REQUEST),
    },
)
undo_admission: Decorator = extend_schema(
    operation_id="undoAdmission",
    tags=_TAG,
    summary="Undo an admission",
    description="Takes back an admission that this device made, until `undoUntil`: the ticket may "
    "be used again. The reason is sent as a body or, where a client cannot send one with DELETE, "
    "as the query parameter `reason`. Undoing twice is answered alike.",
    parameters=[
        OpenApiParameter(
            "admission_id",
            OpenApiTypes.UUID,
            OpenApiParameter.PATH,
            description="`admissionId` of an admission of this device.",
        ),
        OpenApiParameter("reason", str, description="Instead of a body."),
    ],
    request={"application/json": shapes.UndoRequestSerializer},
    responses={
        200: OpenApiResponse(shapes.AdmissionSerializer, description="The admission, undone."),
        **unlimited_problems(*_BODY, ErrorCode.NOT_FOUND, ErrorCode.UNDO_TOO_LATE),
    },
)
get_device: Decorator = extend_schema(
    operation_id="getGateDevice",
    tags=_TAG,
    summary="Get this device",
    description="Which gate the key belongs to, and what it is set to admit.",
    responses={
        200: OpenApiResponse(shapes.GateDeviceSerializer, description="The device."),
        **unlimited_problems(),
    },
)
