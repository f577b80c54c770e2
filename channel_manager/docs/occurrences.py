"""Which operations may answer an error code, as the OpenAPI file says."""

from __future__ import annotations

import dataclasses
import functools
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from drf_spectacular.generators import SchemaGenerator


@dataclasses.dataclass(frozen=True)
class Operation:
    """One operation: `POST`, its path, and what it is for."""

    method: str
    path: str
    summary: str


@dataclasses.dataclass(frozen=True)
class Occurrences:
    """The operations of a code; `everywhere` when all of them may answer it."""

    operations: tuple[Operation, ...]
    everywhere: bool


@functools.cache
def by_code() -> Mapping[str, Occurrences]:
    """Return for each code where it occurs; codes that no operation names are left out."""
    document: dict[str, Any] = SchemaGenerator().get_schema(  # type: ignore[no-untyped-call]
        request=None, public=True
    )
    found: dict[str, list[Operation]] = defaultdict(list)
    count = 0
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            count += 1
            operation = Operation(method.upper(), path, described.get("summary", ""))
            for code in sorted(_codes(described)):
                found[code].append(operation)
    return {
        code: Occurrences(tuple(operations), len(operations) == count)
        for code, operations in found.items()
    }


def _codes(operation: dict[str, Any]) -> set[str]:
    return {
        code
        for response in operation["responses"].values()
        for code in response.get("content", {})
        .get("application/problem+json", {})
        .get("examples", {})
    }
