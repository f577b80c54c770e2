"""Refusals in the words of the dialect that an address belongs to: rendered last, never as HTML."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest

from channel_manager.lib.errors import Refusal


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rendered:
    """A refusal as a dialect tells it."""

    status: int
    body: Any
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    content_type: str = "application/json"


Render = Callable[[Refusal, HttpRequest], Rendered]
_RENDERERS: dict[str, Render] = {}


def speaks(prefix: str) -> Callable[[Render], Render]:
    """Let a function tell the refusals of every address below a prefix."""

    def register(render: Render) -> Render:
        _RENDERERS[prefix] = render
        return render

    return register


def renderer_of(request: HttpRequest) -> Render | None:
    """Return what tells the refusals of a request; None outside of the dialects."""
    for prefix, render in _RENDERERS.items():
        if request.path == prefix or request.path.startswith(f"{prefix}/"):
            return render
    return None
