"""The colours and icons of finance's states."""

from __future__ import annotations

from collections.abc import Mapping

from orders.finance.states import MatchState
from orders.models import DecisionAction, PeriodStatus, StatementStatus
from partners.timeline import Look

PERIOD_COLOURS: Mapping[str, str] = {
    PeriodStatus.OPEN: "info",
    PeriodStatus.IN_REVIEW: "warning",
    PeriodStatus.CLOSED: "success",
}
PERIOD_MEANINGS: Mapping[str, str] = {
    PeriodStatus.OPEN: "Orders still count in it. Upload the partner's statements, then review it.",
    PeriodStatus.IN_REVIEW: "Differences are decided on. Once all are, it can be closed.",
    PeriodStatus.CLOSED: "Its figures stay as they are. Later cancels count in the next open days.",
}
STATEMENT_COLOURS: Mapping[str, str] = {
    StatementStatus.UPLOADED: "warning",
    StatementStatus.READING: "info",
    StatementStatus.READ: "success",
    StatementStatus.REFUSED: "danger",
    StatementStatus.WITHDRAWN: "",
}
STATE_COLOURS: Mapping[str, str] = {
    **dict.fromkeys(MatchState, "warning"),
    MatchState.MATCHED: "success",
    MatchState.WITHIN_TOLERANCE: "success",
    MatchState.REVERSAL_PAIR: "",
    MatchState.ADJUSTMENT: "info",
    MatchState.CANCELLED_HERE: "danger",
    MatchState.CANCELLED_THERE: "danger",
    MatchState.MISSING_AT_PARTNER: "danger",
    MatchState.MISSING_AT_US: "danger",
    MatchState.WRONG_PARTNER: "danger",
}
DECISION_COLOURS: Mapping[str, str] = {
    DecisionAction.ACCEPT: "success",
    DecisionAction.DISPUTE: "danger",
    DecisionAction.CARRY: "info",
    DecisionAction.ADJUST: "warning",
}
PERIOD_LOOKS: Mapping[str, Look] = {
    "added": Look("Period added", "calendar_add_on"),
    "review_started": Look("Review started", "fact_check"),
    "put_back": Look("Left open again", "undo"),
    "decided": Look("Differences decided on", "gavel"),
    "carried_decided": Look("Carried differences decided on", "gavel"),
    "linked": Look("A line linked to an order", "link"),
    "closed": Look("Closed", "lock", "success"),
    "reopened": Look("Reopened", "lock_open", "warning"),
}
STATEMENT_LOOKS: Mapping[str, Look] = {
    "uploaded": Look("Uploaded", "upload_file"),
    "format_agreed": Look("Format agreed to", "table_view"),
    "read": Look("Read", "task_alt", "success"),
    "refused": Look("Refused", "error", "danger"),
    "withdrawn": Look("Withdrawn", "undo", "warning"),
}
