"""Deciding on differences: accept, dispute, carry to the next period, adjust our ledger."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection
from decimal import Decimal

from django.db import transaction

from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.errors import ErrorCode, Refusal
from orders import ledger
from orders.finance.differences import Difference, differences_of
from orders.finance.figures import contract_of
from orders.finance.periods import PeriodConflict, lock_changing
from orders.finance.reconciling import is_current
from orders.finance.states import MatchState
from orders.models import (
    Decision,
    DecisionAction,
    LedgerEntry,
    Period,
    PeriodStatus,
    StatementLine,
    StatementStatus,
)

# So many differences of one decision are named in the history.
_NAMED = 10


class CannotBeDecided(Refusal):
    """A difference is not there any more, or cannot be settled in this way."""

    code = ErrorCode.ORDER_STATE_CONFLICT


def decide(
    *,
    period_id: uuid.UUID,
    keys: Collection[str],
    action: DecisionAction,
    reason: str,
    actor: str,
    now: datetime.datetime,
    seen: int | None = None,
) -> list[Decision]:
    """Decide on differences of a period in review, all or none; return the decisions.

    keys: as Difference has them. seen: the newest decision that was there when somebody looked;
    what was decided on since is refused. Adjusting posts entries for the amounts, and the period is to be
    matched anew. Raises NotFound, PeriodConflict, CannotBeDecided.
    """
    if not reason.strip():
        raise CannotBeDecided("Say why.")
    with transaction.atomic():
        period = lock_changing(period_id)
        if period.status != PeriodStatus.IN_REVIEW:
            raise PeriodConflict("Differences are decided on while the period is in review.")
        if not is_current(period):
            raise PeriodConflict("The figures have changed since the period was matched.")
        differences = differences_of(period, keys=keys)
        if not differences or len(differences) != len(set(keys)):
            raise CannotBeDecided("A difference that was chosen is not there any more. Look again.")
        for one in differences:
            if seen is not None and one.decision is not None and one.decision.pk > seen:
                raise CannotBeDecided(
                    "Somebody else has decided on one of these since you looked. Look again."
                )
            if is_settled_for_good(one):
                raise CannotBeDecided(
                    "A line that was chosen is adjusted already: our ledger has it. Look again."
                )
        decisions = [_decision(period, one, action, reason, actor, now) for one in differences]
        if action == DecisionAction.ADJUST:
            entries = [_entry(period, one, reason, now) for one in differences]
            for decision, entry in zip(
                decisions, LedgerEntry.objects.bulk_create(entries), strict=True
            ):
                decision.posted = entry
        Decision.objects.bulk_create(decisions)
        change = Change(
            name="decided",
            actor=actor,
            now=now,
            reason=reason,
            data={
                "action": action.label,
                "differences": len(decisions),
                "numbers": [_named(one) for one in differences[:_NAMED]],
            },
        )
        runner.note(period, change=change)
        return decisions


def is_settled_for_good(difference: Difference) -> bool:
    """Tell whether a line stands as it is because our ledger was adjusted to it."""
    decision = difference.decision
    is_adjusted = decision is not None and decision.action == DecisionAction.ADJUST
    return difference.position is None and is_adjusted


def link_line(
    *, period_id: uuid.UUID, line_id: int, order_id: uuid.UUID, actor: str, now: datetime.datetime
) -> StatementLine:
    """Say by hand which order a line is of; matching goes by it from now on.

    Only an order that was suggested. Raises NotFound, PeriodConflict, CannotBeDecided.
    """
    with transaction.atomic():
        period = lock_changing(period_id)
        read = StatementLine.objects.filter(
            statement__period=period, statement__status=StatementStatus.READ
        )
        line = read.filter(pk=line_id).first()
        if line is None or order_id not in line.suggestions:
            raise CannotBeDecided("The order is not suggested for this line any more. Look again.")
        line.linked_order = order_id
        line.save(update_fields=["linked_order"])
        change = Change(
            name="linked",
            actor=actor,
            now=now,
            data={"row": line.row, "orderId": str(order_id)},
        )
        runner.note(period, change=change)
        return line


def _decision(
    period: Period,
    difference: Difference,
    action: DecisionAction,
    reason: str,
    actor: str,
    now: datetime.datetime,
) -> Decision:
    is_line = difference.position is None
    return Decision(
        period=period,
        line=difference.lines[0] if is_line else None,
        order_id=None if is_line else difference.order_id,
        state=difference.state,
        difference=difference.amount,
        currency=difference.currency,
        action=action,
        reason=reason,
        actor=actor,
        at=now,
    )


def _entry(
    period: Period, difference: Difference, reason: str, now: datetime.datetime
) -> LedgerEntry:
    """Return the unsaved adjustment that makes our net what the statement has.

    Of an order of the period it counts with that order, of a line alone it stands for itself. Gross
    becomes what is stated, and the commission takes the rest; without a stated gross, gross takes
    all. The VAT is left as it is.
    """
    if difference.state == MatchState.CURRENCY_DIFFERS:
        raise CannotBeDecided("Amounts of two currencies cannot be adjusted to one another.")
    position = difference.position
    gross = _stated_gross(difference) - (position.gross if position else 0)
    if not gross and not difference.amount:
        raise CannotBeDecided("There is no money to adjust. Accept it, or dispute it.")
    return ledger.adjustment(
        period=period,
        position=position,
        contract=contract_of(period),
        gross=gross,
        net=difference.amount,
        currency=difference.currency,
        reason=reason if position else f"{reason} ({_named(difference)})",
        now=now,
    )


def _named(difference: Difference) -> str:
    """Return what tells a difference from others: our number, or the row and what it says."""
    if difference.position is not None:
        return difference.our_reference
    line = difference.lines[0]
    number = line.our_reference or line.their_reference or line.other_reference
    return f"{line.statement.file_name}, row {line.row}{number and ': '}{number}"


def _stated_gross(difference: Difference) -> Decimal:
    """Return the gross that lines state; where one does not, what makes our commission stay."""
    stated = [line.gross for line in difference.lines if line.gross is not None]
    if len(stated) == len(difference.lines):
        return sum(stated, Decimal(0))
    return difference.amount + (difference.position.gross if difference.position else 0)
