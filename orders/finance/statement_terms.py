"""What reading a statement asks of our own side: its contract, and the row that only one may move."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal

from channel_manager.history import runner
from channel_manager.lib.errors import ErrorCode, NotFound, Refusal
from orders.finance.figures import contract_of
from orders.models import Period, Statement, StatementStatus
from partners.models import Terms


class StatementConflict(Refusal):
    """The statement is not in a state for what was asked."""

    code = ErrorCode.ORDER_STATE_CONFLICT


def net_of(period: Period) -> Callable[[Decimal, int | None], Decimal | None]:
    """Return what works out a net from gross and quantity by the contract; None where it cannot."""
    contract = contract_of(period)

    def work_out(gross: Decimal, quantity: int | None) -> Decimal | None:
        if contract is None or contract.terms == Terms.NET_RATE:
            return gross
        if contract.terms == Terms.COMMISSION_OF_EXCL_VAT:
            return None
        if contract.terms == Terms.FEE_PER_UNIT and quantity is None:
            return None
        units = quantity or 0
        return gross - contract.commission_on(gross=gross, excl_vat=gross, units=units)

    return work_out


def lock_statement(statement_id: uuid.UUID, *statuses: StatementStatus) -> Statement:
    """Lock a statement in one of the statuses. Raises NotFound, StatementConflict."""
    statements_of = Statement.objects.select_related("partner", "period")
    locked = runner.lock(statements_of.filter(pk=statement_id))
    if not locked:
        raise NotFound("There is no such statement.")
    if locked[0].status not in statuses:
        raise StatementConflict(
            f"Somebody else was faster: the statement is {locked[0].status} now."
        )
    return locked[0]
