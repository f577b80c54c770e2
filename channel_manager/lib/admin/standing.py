"""The status of a row above its form, with the buttons that change it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal


@dataclasses.dataclass(frozen=True, kw_only=True)
class StateButton:
    """A way to another status; its page asks before it acts."""

    label: str
    icon: str
    url: str
    look: Literal["primary", "quiet", "quiet-danger"] = "quiet"


@dataclasses.dataclass(frozen=True, kw_only=True)
class StateBar:
    """A status as a badge, what it means in a sentence, and the ways out of it."""

    text: str
    colour: str
    meaning: str
    buttons: Sequence[StateButton] = ()
