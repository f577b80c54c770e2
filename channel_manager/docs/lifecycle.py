"""The order's life cycle as the guide tells it; a test holds it against the models' transitions."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Transition:
    """One way from a status to another; `name` is the model's transition, empty for a creation."""

    name: str
    sources: tuple[str, ...]
    target: str
    event: str


TRANSITIONS = (
    Transition("", (), "Submitted", "`POST /channelManager` takes the order in."),
    Transition("schedule", ("Submitted",), "Scheduled", "A worker picks the order up."),
    Transition("start", ("Scheduled",), "Processing", "Issuing starts."),
    Transition(
        "settle_as_issued",
        ("Processing",),
        "Issued",
        "Issuing is done and the order has a `paymentReference`.",
    ),
    Transition(
        "settle_as_draft",
        ("Processing",),
        "Draft",
        "Issuing is done and the order has no `paymentReference`.",
    ),
    Transition(
        "fail",
        ("Processing",),
        "Error",
        "Issuing failed, or made no progress for an hour. `statusMessage` says why.",
    ),
    Transition(
        "recover",
        ("Scheduled",),
        "Submitted",
        "The order stood still for 5 minutes and is given to another worker.",
    ),
    Transition(
        "confirm", ("Draft",), "Issued", "`POST /channelManager/{orderId}/confirm`: it is paid."
    ),
    Transition(
        "confirm_to_issue",
        ("Draft",),
        "Submitted",
        "`POST /channelManager/{orderId}/confirm` of an order that another ticket system issues: it "
        "is paid, and is issued there now.",
    ),
    Transition(
        "replace",
        ("Draft", "Error"),
        "Submitted",
        "`PUT /channelManager/{orderId}` gives the order new contents.",
    ),
    Transition(
        "replay", ("Error",), "Submitted", "The venue's staff mended the cause and try again."
    ),
    Transition(
        "cancel",
        ("Issued",),
        "Cancelled",
        "`DELETE /channelManager/{orderId}` destroys the wallets and keeps the order.",
    ),
    Transition(
        "remove",
        ("Draft", "Error"),
        "Cancelled",
        "`DELETE /channelManager/{orderId}`, or a Draft's lifetime has passed: the order is "
        "removed. You see `Cancelled` once, then 404.",
    ),
)
