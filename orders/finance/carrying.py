"""What closed periods have carried into a later one: finding it, and deciding on it there."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence

from django.db import transaction

from channel_manager.history import runner
from channel_manager.history.runner import Change
from orders.finance.differences import differences_of
from orders.finance.periods import PeriodConflict, lock_period
from orders.models import Decision, DecisionAction, Period, PeriodStatus


def carried_into(period: Period) -> list[Decision]:
    """Return what closed earlier periods of the partner have carried and nobody has settled since.

    Each is settled once, by a decision of a later period (unique). A decision that no longer held
    when its period was closed carries nothing.
    """
    carried = (
        Decision.objects.filter(
            action=DecisionAction.CARRY,
            settled_by=None,
            period__partner=period.partner_id,
            period__status=PeriodStatus.CLOSED,
            period__last_day__lt=period.first_day,
        )
        .select_related("period", "line", "order")
        .order_by("pk")
    )
    found = list(carried)
    holding: set[int] = {one.pk for one in found if one.settles_id}
    for earlier in {one.period for one in found if not one.settles_id}:
        holding.update(one.decision.pk for one in differences_of(earlier) if one.decision)
    return [one for one in found if one.pk in holding]


def settle_carried(
    *,
    period_id: uuid.UUID,
    decision_ids: Sequence[int],
    action: DecisionAction,
    reason: str,
    actor: str,
    now: datetime.datetime,
) -> list[Decision]:
    """Decide in this period on differences that were carried into it: not by adjusting.

    An adjustment is made by the order's own difference. Raises NotFound, PeriodConflict.
    """
    with transaction.atomic():
        period = lock_period(period_id)
        if period.status != PeriodStatus.IN_REVIEW:
            raise PeriodConflict("Differences are decided on while the period is in review.")
        if action == DecisionAction.ADJUST or not reason.strip():
            raise PeriodConflict("Accept, dispute or carry it on, and say why.")
        chosen = [one for one in carried_into(period) if one.pk in set(decision_ids)]
        if len(chosen) != len(set(decision_ids)) or not chosen:
            raise PeriodConflict("A difference that was chosen is settled already. Look again.")
        settled = Decision.objects.bulk_create(
            Decision(
                period=period,
                settles=one,
                line_id=one.line_id,
                order_id=one.order_id,
                state=one.state,
                difference=one.difference,
                currency=one.currency,
                action=action,
                reason=reason,
                actor=actor,
                at=now,
            )
            for one in chosen
        )
        data = {"action": action.label, "carried": len(settled)}
        runner.note(
            period,
            change=Change(name="carried_decided", actor=actor, now=now, reason=reason, data=data),
        )
        return settled
