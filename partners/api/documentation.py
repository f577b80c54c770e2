"""What the OpenAPI file says of each operation of webhooks and the feed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from channel_manager.lib.errors import ErrorCode
from channel_manager.lib.problem_schema import problems
from partners.api import serializers as shapes
from partners.idempotency import MAX_KEY_LENGTH
from partners.models import DeliveryStatus

Decorator = Callable[[Any], Any]

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    # Printable ISO 8859-1, which is what a header can carry, and not only blanks.
    {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_KEY_LENGTH,
        "pattern": "^[ -~¡-¬®-ÿ]*[!-~¡-¬®-ÿ][ -~¡-¬®-ÿ]*$",
    },
    OpenApiParameter.HEADER,
    description="1 to 255 characters. The same key with the same request gives the first answer "
    "again, for 24 hours at least, with `Idempotent-Replayed: true`.",
)
BODY = (
    ErrorCode.INVALID_REQUEST,
    ErrorCode.MALFORMED_JSON,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE,
    ErrorCode.PAYLOAD_TOO_LARGE,
)
REPEATED = (ErrorCode.IDEMPOTENCY_IN_PROGRESS, ErrorCode.IDEMPOTENCY_MISMATCH)

_TAG = ["Webhooks"]
_ID = OpenApiParameter(
    "webhook_id",
    OpenApiTypes.UUID,
    OpenApiParameter.PATH,
    description="`webhookId` of one of your endpoints, in any case.",
)
_SIZE = {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
_EXAMPLE = OpenApiExample(
    "All events to one address",
    request_only=True,
    value={"url": "https://shop.example.com/webhooks/tickets", "description": "Web shop"},
)


def _described(
    operation_id: str,
    summary: str,
    description: str,
    responses: dict[Any, Any],
    *codes: ErrorCode,
    request: Any = None,
    parameters: tuple[OpenApiParameter, ...] = (),
    examples: tuple[OpenApiExample, ...] = (),
) -> Decorator:
    return extend_schema(
        operation_id=operation_id,
        tags=_TAG,
        summary=summary,
        description=description,
        parameters=list(parameters),
        request=request,
        examples=list(examples),
        responses={**responses, **problems(*codes)},
    )


list_webhooks = _described(
    "listWebhooks",
    "List webhook endpoints",
    "Those of the key's mode: a live key sees live endpoints, a test key test endpoints.",
    {200: OpenApiResponse(shapes.EndpointListSerializer, description="All of them.")},
)
create_webhook = _described(
    "createWebhook",
    "Create webhook endpoint",
    "Events that happen from now on are sent there, signed by the Standard Webhooks scheme. The "
    "`secret` is shown this once. At most 20 endpoints of each mode.",
    {201: OpenApiResponse(shapes.NewEndpointSerializer, description="The endpoint.")},
    *(*BODY, ErrorCode.TOO_MANY_ENDPOINTS, *REPEATED),
    request=shapes.EndpointRequestSerializer,
    parameters=(IDEMPOTENCY_KEY,),
    examples=(_EXAMPLE,),
)
get_webhook = _described(
    "getWebhook",
    "Get webhook endpoint",
    "Its state, and since when it fails.",
    {200: OpenApiResponse(shapes.EndpointSerializer, description="The endpoint as it is now.")},
    ErrorCode.NOT_FOUND,
    parameters=(_ID,),
)
replace_webhook = _described(
    "replaceWebhook",
    "Replace webhook endpoint",
    "Changes where it is and what it wants; what is left out is cleared. Secret and status stay.",
    {200: OpenApiResponse(shapes.EndpointSerializer, description="The endpoint, changed.")},
    *(*BODY, ErrorCode.NOT_FOUND, *REPEATED),
    request=shapes.EndpointRequestSerializer,
    parameters=(_ID, IDEMPOTENCY_KEY),
    examples=(_EXAMPLE,),
)
delete_webhook = _described(
    "deleteWebhook",
    "Delete webhook endpoint",
    "What waits for it is not sent any more; the events stay in the feed.",
    {200: OpenApiResponse(shapes.EndpointSerializer, description="The endpoint as it was.")},
    *(ErrorCode.INVALID_REQUEST, ErrorCode.NOT_FOUND, *REPEATED),
    parameters=(_ID, IDEMPOTENCY_KEY),
)
test_webhook = _described(
    "testWebhook",
    "Send test event",
    "Sends an `ota_cm_test` event there, whatever its event types. It is in no feed.",
    {202: OpenApiResponse(shapes.TestSentSerializer, description="The event, on its way.")},
    *(*BODY, ErrorCode.NOT_FOUND, ErrorCode.ENDPOINT_STATE_CONFLICT, *REPEATED),
    parameters=(_ID, IDEMPOTENCY_KEY),
)
rotate_webhook = _described(
    "rotateWebhook",
    "Rotate secret",
    "Makes a new secret, shown this once. For 24 hours deliveries carry a signature by each, the "
    "new one first; within them it cannot be rotated again.",
    {200: OpenApiResponse(shapes.NewEndpointSerializer, description="With its new secret.")},
    *(*BODY, ErrorCode.NOT_FOUND, ErrorCode.ENDPOINT_STATE_CONFLICT, *REPEATED),
    parameters=(_ID, IDEMPOTENCY_KEY),
)
pause_webhook = _described(
    "pauseWebhook",
    "Pause webhook endpoint",
    "Nothing is sent there until it is resumed; what happens meanwhile waits.",
    {200: OpenApiResponse(shapes.EndpointSerializer, description="The endpoint, Paused.")},
    *(*BODY, ErrorCode.NOT_FOUND, ErrorCode.ENDPOINT_STATE_CONFLICT, *REPEATED),
    request=shapes.PauseRequestSerializer,
    parameters=(_ID, IDEMPOTENCY_KEY),
)
resume_webhook = _described(
    "resumeWebhook",
    "Resume webhook endpoint",
    "For one that is Paused or Off. What has waited is sent at once, with ten attempts anew. What "
    "happened while it was Off was not kept for it: send it again, from `statusSince` on.",
    {200: OpenApiResponse(shapes.EndpointSerializer, description="The endpoint, Active.")},
    *(*BODY, ErrorCode.NOT_FOUND, ErrorCode.ENDPOINT_STATE_CONFLICT, *REPEATED),
    parameters=(_ID, IDEMPOTENCY_KEY),
)
replay_webhook = _described(
    "replayWebhook",
    "Send events again",
    "One event by its `eventId`, those from `since` to `until`, or with `failed` all that was given "
    "up or waits for another attempt. What is under way already is not counted. "
    "Events from before the endpoint was made can be sent this way too. At most 10,000 at a time.",
    {202: OpenApiResponse(shapes.ReplayedSerializer, description="How many are sent.")},
    *(*BODY, ErrorCode.NOT_FOUND, ErrorCode.ENDPOINT_STATE_CONFLICT, *REPEATED),
    request=shapes.ReplayRequestSerializer,
    parameters=(_ID, IDEMPOTENCY_KEY),
    examples=(OpenApiExample("All that failed", request_only=True, value={"failed": True}),),
)
list_deliveries = _described(
    "listDeliveries",
    "List deliveries",
    "What was sent there, the newest first, with the last attempt of each.",
    {200: OpenApiResponse(shapes.DeliveryPageSerializer, description="A page of deliveries.")},
    *(ErrorCode.INVALID_REQUEST, ErrorCode.NOT_FOUND),
    parameters=(
        _ID,
        OpenApiParameter("status", {"type": "string", "enum": DeliveryStatus.values}),
        OpenApiParameter("pageSize", _SIZE),
        OpenApiParameter("pageKey", str, description="`nextPageKey` of the page before."),
    ),
)
list_events = _described(
    "listEvents",
    "Read the feed of events",
    "All events of your orders in order, none left out: what webhooks carry, for whoever missed "
    "some or wants none. Events are kept for 90 days, unless the venue keeps them longer. Keep the `cursor` of the answer and send it as `after` the next time.",
    {200: OpenApiResponse(shapes.FeedSerializer, description="The events after the cursor.")},
    ErrorCode.INVALID_REQUEST,
    parameters=(
        OpenApiParameter(
            "after",
            {"type": "string", "maxLength": 40},
            description="A `cursor` of an earlier answer; from the beginning when left out.",
        ),
        OpenApiParameter("limit", _SIZE, description="How many events at most."),
    ),
)
