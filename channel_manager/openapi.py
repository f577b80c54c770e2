"""The OpenAPI file: what drf-spectacular cannot see by itself, and the address it is served at.

Extensions describe our strict fields exactly, so that a validator refuses what the API refuses. The
hook at the end adds what holds for every operation: server, scopes, headers, examples.
"""

# mypy: allow-untyped-calls
# (drf-spectacular leaves its own functions unannotated)

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework.request import Request
from rest_framework.views import APIView

from catalog.models import Dating, ItemType
from channel_manager.docs import error_pages, samples
from channel_manager.lib.errors import ErrorCode
from channel_manager.openapi_texts import (
    DESCRIPTION,
    HEADERS,
    LINKS,
    NOT_CHARGED,
    RATE_HEADERS,
    TAGS,
)
from partners.api.serializers import CHOSEN_TYPES
from partners.models import EventType
from wallets.outside_tickets import StateThere

Schema = dict[str, Any]

# Regular expressions that ECMA 262, Python and Rust read alike. Lone surrogates are refused, too,
# but JSON that carries one is not UTF-8 in the first place.
_CONTROL = r"\u0000-\u001f\u007f-\u009f"
_WHITE = r"\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
ANY_TEXT = f"^[^{_CONTROL}]*$"
VISIBLE_TEXT = f"^[^{_CONTROL}]*[^{_CONTROL}{_WHITE}][^{_CONTROL}]*$"
LANGUAGE_TAG = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"
LOCAL_TIME = "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"
_AMOUNT = r"^-?[0-9]+(\.[0-9]{1,3})?$"

# Choices as the serializers name them, for the enums' names in the file.
ITEM_TYPES = [(value, value) for value in ItemType.values]
STATES_THERE = [(state.value, state.value) for state in StateThere]
DATINGS = [(value, value) for value in Dating.values]
EVENT_TYPES = [(value, value) for value in CHOSEN_TYPES]
DELIVERED_TYPES = [(value, value) for value in EventType.values]
ERROR_CODES = [(code.value, code.value) for code in ErrorCode]
# Members of answers whose form the serializers leave open.
_FORMS: dict[str, Schema] = {
    "manifestUrl": {"format": "uri"},
    "nextPageURL": {"format": "uri"},
    "currencyCode": {"pattern": "^[A-Z]{3}$"},
    "visitTime": {"pattern": "^[0-9]{2}:[0-9]{2}:[0-9]{2}$"},
    "buyFromOrderReference": {"maxLength": 20},
    "totalInclVat": {"pattern": _AMOUNT},
    "totalExclVat": {"pattern": _AMOUNT},
    "unitPriceInclVat": {"pattern": _AMOUNT},
    "unitPriceExclVat": {"pattern": _AMOUNT},
    **{
        name: {"pattern": _AMOUNT}
        for name in ("gross", "vat", "commission", "net", "sales", "reversals", "adjustments")
    },
}


_DIALECTS = "orders.dialects."


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """Either header will do."""

    target_class = "partners.authentication.ApiKeyAuthentication"
    name = ["apiKey", "bearer"]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[Schema]:
        return [
            {
                "type": "apiKey",
                "in": "header",
                "name": "x-api-key",
                "description": "The key that the venue gave you. `cm_live_...` sells; "
                "`cm_test_...` is for tests: its orders are marked `testMode`, sell nothing, and do "
                "not exist for live keys, nor live orders for it.",
            },
            {
                "type": "http",
                "scheme": "bearer",
                "description": "The same key as `Authorization: Bearer <key>`.",
            },
        ]

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[Any]]]:
        return [{name: []} for name in self.name]


class DeviceKeyScheme(OpenApiAuthenticationExtension):
    """The same header with a key of another kind."""

    target_class = "orders.gate.authentication.DeviceKeyAuthentication"
    name = "deviceKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> Schema:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "x-api-key",
            "description": "The key of a gate device.",
        }


class StrictObjects(OpenApiSerializerExtension):
    """Objects that refuse unknown members."""

    target_class = "channel_manager.lib.strict_fields.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> Schema:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False}


class _FieldForm(OpenApiSerializerFieldExtension):
    """Give a field the JSON type string and a form."""

    form: Schema = {}

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> Schema:
        return {"type": "string", **self.form}


class TextForm(_FieldForm):
    """Text that is kept as sent."""

    target_class = "channel_manager.lib.strict_fields.TextField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> Schema:
        if self.target.allow_blank:
            return {"type": "string", "pattern": ANY_TEXT}
        return {"type": "string", "minLength": 1, "pattern": VISIBLE_TEXT}


class EmailForm(_FieldForm):
    """An e-mail address."""

    target_class = "channel_manager.lib.strict_fields.EmailAddressField"
    # The format alone would take a domain without a dot.
    form = {"format": "email", "pattern": r"@(localhost|\[[^@]*\]|[^@]*\.[^@]*)$"}


class LanguageForm(_FieldForm):
    """A language tag."""

    target_class = "channel_manager.lib.strict_fields.LanguageField"
    form = {"pattern": LANGUAGE_TAG, "examples": ["nl", "nl-NL"]}


class LocalTimeForm(_FieldForm):
    """A time of the venue's clock; RFC 3339's `time` would want seconds and an offset."""

    target_class = "channel_manager.lib.strict_fields.LocalTimeField"
    form = {"pattern": LOCAL_TIME, "examples": ["14:00", "14:00:00"]}


class DocumentView(APIView):
    """`/openapi.json`."""

    authentication_classes = ()
    permission_classes = ()
    schema = None

    def get(self, request: Request) -> HttpResponse:
        """Answer the OpenAPI file."""
        return HttpResponse(
            _document(
                settings.PUBLIC_URL, settings.RATE_LIMIT_PER_SECOND, settings.RATE_LIMIT_BURST
            ),
            content_type="application/json",
            headers={"Cache-Control": "public, max-age=300"},
        )


@functools.lru_cache(maxsize=2)
def _document(*_told: str | int) -> bytes:
    """Return the file; it depends on the code and on these settings, which it tells."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def without_dialects(endpoints: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Keep what is ours: the vendors of other systems describe their APIs themselves."""
    return [endpoint for endpoint in endpoints if not endpoint[3].__module__.startswith(_DIALECTS)]


def complete(
    result: Schema, generator: SchemaGenerator, request: HttpRequest | None, public: bool
) -> Schema:
    """Add to the generated file what holds for all of it (drf-spectacular's post-processing hook)."""
    result["info"] |= _info()
    result["servers"] = [{"url": settings.PUBLIC_URL, "description": "This channel manager"}]
    result["tags"] = TAGS
    result["externalDocs"] = {"description": "Guide", "url": f"{settings.PUBLIC_URL}/docs"}
    components = result["components"]
    components["headers"] = HEADERS
    for name, schema in components["schemas"].items():
        _complete_schema(name, schema)
    result["paths"] = dict(sorted(result["paths"].items()))
    scopes = {
        (method, operation_id): scope for method, operation_id, scope in _scopes(result, generator)
    }
    for path in result["paths"].values():
        for method, operation in path.items():
            scope = scopes.get((method, operation["operationId"]))
            if scope is not None:
                text = operation.get("description", "")
                operation["description"] = f"{text}\n\nNeeds the scope `{scope}`.".strip()
            is_limited = {"apiKey": []} in operation["security"]
            for status, response in operation["responses"].items():
                _complete_response(response, method, int(status), operation["operationId"])
                if is_limited and status not in NOT_CHARGED:
                    response["headers"] |= _references(RATE_HEADERS)
    return result


def _complete_schema(name: str, schema: Schema) -> None:
    members: dict[str, Schema] = schema.get("properties", {})
    if name.endswith("Request"):
        required = schema.get("required", [])
        schema["properties"] = dict(
            sorted(members.items(), key=lambda item: item[0] not in required)
        )
        for array in members.values():
            if "oneOf" in array.get("items", {}):
                # The pattern allows the empty string: as an alternative of its own it would make
                # two alternatives match.
                array["items"] = array["items"]["oneOf"][0]
        return
    for member, form in _FORMS.items():
        if member in members:
            members[member] |= form
    if name == "Article":
        members["sampleOrder"] |= {"$ref": "#/components/schemas/OrderRequest"}


def _scopes(result: Schema, generator: SchemaGenerator) -> Iterator[tuple[str, str, str]]:
    """Yield method, operation id and scope of every operation that needs one."""
    endpoints: Any = generator.endpoints
    for path, _regex, method, callback in endpoints:
        camel = re.sub(r"_([a-z])", lambda found: found[1].upper(), path)
        operation = result["paths"][camel][method.lower()]
        scope = getattr(callback.cls, "scopes", {}).get(method)
        if scope is not None:
            yield method.lower(), operation["operationId"], scope


def _complete_response(response: Schema, method: str, status: int, operation_id: str) -> None:
    names = ["X-Request-Id"]
    if status == 201:
        names.append("Location")
    if status < 300 and method != "get":
        names.append("Idempotent-Replayed")
    if status == 401:
        names.append("WWW-Authenticate")
    if status == 405:
        names.append("Allow")
    if status in (429, 503) or (status == 409 and method != "get"):
        names.append("Retry-After")
    response["headers"] = _references(names)
    if "application/problem+json" in response.get("content", {}):
        _complete_problem(response)
    if operation_id == "createOrder" and status == 201:
        response["links"] = LINKS
    example = samples.ANSWERS.get(operation_id)
    if status < 300 and example is not None:
        response["content"]["application/json"]["example"] = example


def _references(names: Iterable[str]) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


# A code in the description of a refusal (channel_manager.lib.problem_schema).
_CODE = re.compile(r" ?`([a-z_]+)`:")


def _complete_problem(response: Schema) -> None:
    """Give each code of a refusal a line with a link to its page, and an example."""
    codes = [ErrorCode(code) for code in _CODE.findall(response["description"])]
    lines = _CODE.sub(r"\n- [`\1`](/docs/errors/\1):", response["description"])
    response["description"] = lines.strip().removeprefix("- " if len(codes) == 1 else "")
    response["content"]["application/problem+json"]["examples"] = {
        code.value: {"summary": code.text.title, "value": error_pages.example_body(code)}
        for code in codes
    }


def _info() -> Schema:
    base = settings.PUBLIC_URL
    return {
        "summary": "Order tickets and coupons of a park, and hand them to your guests.",
        "description": DESCRIPTION.format(
            base=base,
            burst=settings.RATE_LIMIT_BURST,
            per_second=settings.RATE_LIMIT_PER_SECOND,
        ),
        "contact": {"name": "The venue that gave you your API key"},
    }
