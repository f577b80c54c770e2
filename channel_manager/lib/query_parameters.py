"""Reading a query strictly: nothing that the caller sent goes unheard."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from django.http import QueryDict

from channel_manager.lib.errors import Fault


def read_parameters(
    sent: QueryDict, allowed: Collection[str]
) -> tuple[dict[str, str], list[Fault]]:
    """Return the parameters, and the faults of those that are unknown or repeated."""
    params = {name: str(values[-1]) for name, values in sent.lists()}
    return params, [*_unknown(params, allowed), *_repeated(sent)]


def _unknown(params: Mapping[str, str], allowed: Collection[str]) -> Iterator[Fault]:
    """Find parameters we do not know: a misspelt filter must not list everything."""
    for name in params:
        if name not in allowed:
            detail = f"There is no query parameter {name[:64]!r}; allowed are {', '.join(allowed)}."
            yield Fault(f"?{name[:64]}", "unknown_member", detail)


def _repeated(sent: QueryDict) -> Iterator[Fault]:
    """Find parameters sent more than once: all but one of the values would go unheard."""
    for name, values in sent.lists():
        if len(values) > 1:
            yield Fault(f"?{name[:64]}", "repeated_parameter", "May be sent only once.")
