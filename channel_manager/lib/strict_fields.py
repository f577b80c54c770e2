"""Serializer fields that take a value as it is or refuse it: no cast, no trim, no cut."""

from __future__ import annotations

import datetime
import functools
import itertools
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import EmailValidator
from rest_framework import serializers
from rest_framework.utils.serializer_helpers import BindingDict

# A body of 1 MiB has room for many more faults than anybody reads, and each costs time.
MAX_FAULTS = 1000
# C0 and C1 control characters, and lone surrogates, which UTF-8 cannot carry.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# What BCP 47 tags look like; which of them exist changes with its registry.
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that refuses unknown members, together with all other faults."""

    default_error_messages = {
        "unknown_member": "There is no member of this name here; allowed are {allowed}.",
        "invalid": "Must be a JSON object, not {datatype}.",
    }

    @property
    def fields(self) -> BindingDict:
        """Return the fields of the class: copying them took longer than reading a body does.

        They are shared by all requests: none may read its context or keep anything.
        """
        return _fields_of(type(self))

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is None and not self.allow_null:
            return self.to_internal_value(data)
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError(
                {"non_field_errors": [f"Must be a JSON object, not {json_type(data)}."]},
                code="invalid_type",
            )
        faults: dict[str, Any] = {}
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            faults = dict(error.detail)  # type: ignore[arg-type]
        allowed = ", ".join(self.fields)
        unknown = (name for name in data if name not in self.fields)
        for name in itertools.islice(unknown, MAX_FAULTS):
            message = self.error_messages["unknown_member"].format(allowed=allowed)
            faults[name] = [serializers.ErrorDetail(message, code="unknown_member")]
        if faults:
            raise serializers.ValidationError(faults)
        return value


@functools.cache
def _fields_of(serializer: type[StrictSerializer]) -> BindingDict:
    """Make the fields of a serializer once; they read values and keep nothing of them."""
    fields = BindingDict(serializer())
    for name, field in serializer().get_fields().items():
        fields[name] = field
    return fields


class StrictListField(serializers.ListField):
    """A list that is refused unread when it has more entries than it may.

    Once MAX_FAULTS are found, the rest goes unread.
    """

    default_error_messages = {
        "not_a_list": "Must be an array.",
        "min_length": "Must have {min_length} or more entries.",
        "max_length": "Must have {max_length} or fewer entries.",
    }

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(data)

    def run_child_validation(self, data: Any) -> list[Any]:
        values: list[Any] = []
        faults: dict[Any, Any] = {}
        found = 0
        for index, entry in enumerate(data):
            try:
                values.append(self.child.run_validation(entry))
            except serializers.ValidationError as error:
                faults[index] = error.detail
                found += _count(error.detail)
                if found >= MAX_FAULTS:
                    break
        if faults:
            raise serializers.ValidationError(faults)
        return values


def _count(detail: Any) -> int:
    """Return how many faults an error's nested detail holds."""
    if isinstance(detail, Mapping):
        return sum(map(_count, detail.values()))
    return sum(map(_count, detail)) if isinstance(detail, list) else 1


def is_uuid(text: str) -> bool:
    """Tell whether a text is a UUID in its usual form, in any case."""
    return text.isascii() and _UUID.fullmatch(text) is not None


def uuid_in_path(text: str, missing: Callable[[], Exception]) -> uuid.UUID:
    """Return the UUID in a path; raises what is missing: an id of the wrong shape is an unknown id."""
    if not is_uuid(text):
        raise missing()
    return uuid.UUID(text)


def json_type(value: object) -> str:
    """Return the JSON name of a parsed value's type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"


def _require_string(field: serializers.Field[Any, Any, Any, Any], data: object) -> str:
    if not isinstance(data, str):
        raise serializers.ValidationError(
            f"Must be a string, not {json_type(data)}.", code="invalid_type"
        )
    return data


class TextField(serializers.CharField):
    """A string kept exactly as sent; control characters and lone surrogates are refused."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("trim_whitespace", False)
        super().__init__(**options)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, str):
            if _FORBIDDEN.search(data):
                raise serializers.ValidationError(
                    "Must not contain control characters or lone surrogates.",
                    code="control_character",
                )
            if data and not data.strip() and not self.allow_blank:
                raise serializers.ValidationError(
                    "Must not consist of white space only.", code="blank"
                )
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(_require_string(self, data))


class EmailAddressField(TextField):
    """An e-mail address of at most 254 characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, **options)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            EmailValidator()(text)
        except DjangoValidationError:
            raise serializers.ValidationError(
                "Does not look like an e-mail address.", code="invalid_email"
            ) from None
        return text


class LanguageField(TextField):
    """A BCP 47 language tag such as `nl` or `nl-NL`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=35, **options)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not _LANGUAGE_TAG.fullmatch(text):
            raise serializers.ValidationError(
                "Must be a BCP 47 language tag such as nl or nl-NL.", code="invalid_language"
            )
        return text


class WholeNumberField(serializers.IntegerField):
    """A JSON whole number; neither a string nor a boolean nor a fraction will do."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, float):
            raise serializers.ValidationError(
                "Must be a whole number, written without a fraction.", code="invalid_type"
            )
        if isinstance(data, bool) or not isinstance(data, int):
            raise serializers.ValidationError(
                f"Must be a whole number, not {json_type(data)}.", code="invalid_type"
            )
        return data


class FlagField(serializers.BooleanField):
    """A JSON boolean; neither a string nor a number will do."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError(
                f"Must be a boolean, not {json_type(data)}.", code="invalid_type"
            )
        return data


class IdentifierField(serializers.UUIDField):
    """A UUID in its usual form, in any case."""

    def to_internal_value(self, data: Any) -> Any:
        text = _require_string(self, data)
        if not is_uuid(text):
            self.fail("invalid", value=text)
        return super().to_internal_value(text)


class LocalDateField(serializers.DateField):
    """A date `YYYY-MM-DD` of the venue's calendar."""

    def to_internal_value(self, data: Any) -> datetime.date:
        text = _require_string(self, data)
        if not _DATE.fullmatch(text) or not text.isascii():
            self.fail("invalid", format="YYYY-MM-DD")
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            raise serializers.ValidationError("There is no such day.", code="invalid") from None


class LocalTimeField(serializers.TimeField):
    """A time `HH:mm` or `HH:mm:ss` of the venue's clock."""

    def to_internal_value(self, data: Any) -> datetime.time:
        text = _require_string(self, data)
        if not _TIME.fullmatch(text) or not text.isascii():
            self.fail("invalid", format="HH:mm or HH:mm:ss")
        try:
            return datetime.time.fromisoformat(text)
        except ValueError:
            self.fail("invalid", format="HH:mm or HH:mm:ss")
