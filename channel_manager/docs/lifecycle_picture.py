"""Where the picture of an order's life draws each status, and each way of `lifecycle.TRANSITIONS`.

A transition that is not drawn is a KeyError; tests hold where each way begins and ends.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from channel_manager.docs.lifecycle import TRANSITIONS

WIDTH, HEIGHT = 404, 500
_BOX_WIDTH, _BOX_HEIGHT = 108, 40


@dataclasses.dataclass(frozen=True)
class Node:
    """A box; `status` is what an order in it says, `look` its class in the style sheet."""

    name: str
    status: str
    look: str
    x: int
    y: int
    width: int = _BOX_WIDTH
    height: int = _BOX_HEIGHT

    @property
    def text_x(self) -> int:
        """Return the middle of the box."""
        return self.x + self.width // 2

    @property
    def text_y(self) -> int:
        """Return the base line of its text."""
        return self.y + 25


@dataclasses.dataclass(frozen=True)
class Way:
    """An arrow. `asked` when a partner's request goes this way; else it happens by itself."""

    path: str
    source: str
    target: str
    asked: bool = False
    label: str = ""
    label_x: int = 0
    label_y: int = 0
    anchor: str = "start"


NODES = (
    Node("Submitted", "Submitted", "flight", 148, 40),
    Node("Scheduled", "Scheduled", "flight", 148, 110),
    Node("Processing", "Processing", "flight", 148, 180),
    Node("Draft", "Draft", "draft", 24, 280),
    Node("Error", "Error", "bad", 272, 280),
    Node("Issued", "Issued", "good", 148, 360),
    Node("Cancelled", "Cancelled", "done", 148, 450),
    Node("removed", "Cancelled", "gone", 24, 450),
    Node("removed ", "Cancelled", "gone", 272, 450),
)
# By the transition's name and the status it leaves.
_WAYS: Mapping[tuple[str, str], Way] = {
    ("", ""): Way("M202 8v31", "", "Submitted", True, "POST", 211, 26),
    ("schedule", "Submitted"): Way("M202 80v29", "Submitted", "Scheduled"),
    ("start", "Scheduled"): Way("M202 150v29", "Scheduled", "Processing"),
    ("recover", "Scheduled"): Way(
        "M256 130h10q12 0 12-12V86q0-12-12-12h-9",
        "Scheduled",
        "Submitted",
        label="stalled",
        label_x=284,
        label_y=107,
    ),
    ("settle_as_issued", "Processing"): Way(
        "M202 220v139", "Processing", "Issued", label="paid", label_x=210, label_y=290
    ),
    ("settle_as_draft", "Processing"): Way(
        "M148 205C104 209 78 230 78 279",
        "Processing",
        "Draft",
        label="not paid",
        label_x=96,
        label_y=252,
    ),
    ("fail", "Processing"): Way(
        "M256 205c44 4 70 25 70 74",
        "Processing",
        "Error",
        label="failed",
        label_x=308,
        label_y=252,
        anchor="end",
    ),
    ("confirm", "Draft"): Way(
        "M104 320v48q0 12 12 12h31", "Draft", "Issued", True, "confirm", 112, 352
    ),
    ("confirm_to_issue", "Draft"): Way(
        "M54 280V60q0-12 12-12h81", "Draft", "Submitted", True, "confirm", 62, 130
    ),
    ("replace", "Draft"): Way(
        "M24 300h-4q-12 0-12-12V73q0-12 12-12h127", "Draft", "Submitted", True, "PUT", 17, 165
    ),
    ("replace", "Error"): Way(
        "M380 300h4q12 0 12-12V73q0-12-12-12H257",
        "Error",
        "Submitted",
        True,
        "PUT",
        388,
        165,
        "end",
    ),
    ("replay", "Error"): Way(
        "M354 280V60q0-12-12-12H257",
        "Error",
        "Submitted",
        label="replay",
        label_x=346,
        label_y=165,
        anchor="end",
    ),
    ("cancel", "Issued"): Way("M202 400v49", "Issued", "Cancelled", True, "DELETE", 211, 429),
    ("remove", "Draft"): Way("M54 320v129", "Draft", "removed", True, "DELETE", 63, 429),
    ("remove", "Error"): Way("M326 320v129", "Error", "removed ", True, "DELETE", 335, 429),
}


def ways() -> list[Way]:
    """Return an arrow for each way of the table, in its order."""
    return [_WAYS[step.name, source] for step in TRANSITIONS for source in (step.sources or ("",))]


def in_words() -> str:
    """Return what the picture shows, for whoever does not see it."""
    return " ".join(
        f"{' or '.join(step.sources) or 'New'} to {step.target}: {step.event.replace('`', '')}"
        for step in TRANSITIONS
    )
