"""What happened to an order at an outside system: each call, what came of it, and each status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from channel_manager.history.models import Event
from partners.timeline import Happening, Look, tell
from wallets.admin.connections.words import name_cause
from wallets.models import CallEffect, ConnectorCall, ConnectorOutcome, OutsideOrder

LOOKS: Mapping[str, Look] = {
    "begun": Look("Begun", "play_arrow"),
    "made": Look("Made there", "task_alt", "success"),
    "doubted": Look("Left to a person: its outcome is not known", "help", "danger"),
    "failed": Look("Not made there", "error", "danger"),
    "outlived": Look("Its order has gone on without it", "call_split", "warning"),
    "ending": Look("To be cancelled there", "undo"),
    "tickets_ending": Look("Tickets to be cancelled there", "undo"),
    "ended": Look("Cancelled there", "cancel", "success"),
    "left": Look("Left there, for a person", "error", "danger"),
    "found_ended": Look("Seen cancelled there", "done_all", "success"),
    "partly_refunded": Look("Part of it was refunded there", "error", "warning"),
    "changes_missed": Look("Changes there were not read", "error", "warning"),
    "settled_as_done": Look("Settled: done there", "done_all", "success"),
    "settled_as_not_done": Look("Settled: not done there", "done_all", "success"),
    "settled_as_ended": Look("Settled: cancelled there by hand", "done_all", "success"),
}
_OUTCOMES: Mapping[str, Look] = {
    CallEffect.DONE: Look("Done", "check", "success"),
    CallEffect.NONE: Look("Nothing was done", "close", "warning"),
    CallEffect.UNKNOWN: Look("Nobody knows what it did", "help", "danger"),
}
_MOST = 200


def read_story(row: OutsideOrder) -> list[Happening]:
    """Return calls, outcomes and changes of status, the newest first: five statements at most."""
    events = tell(
        Event.objects.filter(kind="outsideorder", subject_id=row.pk).order_by("id"), LOOKS
    )
    calls = ConnectorCall.objects.filter(outside_order=row).prefetch_related("outcomes")
    latest = sorted(calls.order_by("-at", "-id")[:_MOST], key=lambda call: (call.at, call.pk))
    # What happened at one moment stays in the order it was written in.
    found = [*_of_calls(latest), *events]
    return sorted(found, key=lambda one: one.at)[::-1]


def _of_calls(calls: list[ConnectorCall]) -> Iterator[Happening]:
    for call in calls:
        name = call.operation.replace("_", " ")
        which = f" {call.key}" if call.key else ""
        yield Happening(
            look=Look(f"Asked there: {name}{which}", "outbound"),
            at=call.at,
            who="Worker",
            data={"Begun for the": f"{call.round}. time"} if call.round > 1 else {},
        )
        for outcome in call.outcomes.all():
            yield _of_outcome(outcome, name)


def _of_outcome(outcome: ConnectorOutcome, name: str) -> Happening:
    look = _OUTCOMES[outcome.effect]
    told = (name_cause(outcome.cause) if outcome.cause else "", outcome.message)
    data = {
        "HTTP status": str(outcome.status_code or ""),
        "Took": f"{outcome.milliseconds} ms" if outcome.milliseconds is not None else "",
        "Its log has it as": outcome.trace_id,
    }
    return Happening(
        look=look._replace(title=f"{look.title}: {name}"),
        at=outcome.at,
        who="Worker",
        reason=". ".join(filter(None, told)),
        data={label: text for label, text in data.items() if text},
    )
