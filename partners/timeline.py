"""Events as a story: what happened, when, by whom and why."""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from channel_manager.history.models import Event
from partners.actors import name_actors

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class Look(NamedTuple):
    """How one kind of event is shown; colour is success, warning, danger or none."""

    title: str
    icon: str
    colour: str = ""


class Fold(NamedTuple):
    """What is shown once it is opened: its title, and a text as somebody wrote it."""

    title: str
    text: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Happening:
    """One event, ready to be shown. data: labels with their values, lists joined."""

    look: Look
    at: datetime.datetime
    who: str
    from_state: str = ""
    to_state: str = ""
    reason: str = ""
    data: Mapping[str, str] = dataclasses.field(default_factory=dict)
    fold: Fold | None = None


def tell(events: Iterable[Event], looks: Mapping[str, Look]) -> list[Happening]:
    """Return events in the order given; two statements at most, to name the actors."""
    rows = list(events)
    names = name_actors({event.actor for event in rows})
    return [
        Happening(
            look=look_of(event.name, looks),
            at=event.at,
            who=names[event.actor],
            from_state=event.from_state,
            to_state=event.to_state,
            reason=event.reason,
            data=label_data(event.data),
        )
        for event in rows
    ]


def look_of(name: str, looks: Mapping[str, Look]) -> Look:
    """Return how an event is shown; one nobody has described keeps its name."""
    return looks.get(name, Look(name.replace("_", " ").capitalize(), "radio_button_checked"))


def label_data(data: Mapping[str, Any]) -> dict[str, str]:
    """Return an event's data under readable labels, without what is empty and without our ids."""
    return {
        _label(key): _text(value)
        for key, value in data.items()
        if value not in ("", [], None) and not key.endswith(("Id", "Ids"))
    }


def _label(key: str) -> str:
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in key)
    return words.replace("_", " ").strip().capitalize()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, str) and _DAY.fullmatch(value):
        return f"{datetime.date.fromisoformat(value):%a %-d %b %Y}"
    return str(value)
