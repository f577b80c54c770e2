"""Agreeing on contracts with a partner, ending them, and agreeing anew from a day on."""

from __future__ import annotations

import datetime
import uuid

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.database import broken_constraint
from channel_manager.lib.errors import ErrorCode, NotFound, Refusal
from partners.models import Contract, Partner

A_DAY = datetime.timedelta(days=1)
_OVERLAP = "contract_dates_do_not_overlap"


class NotAgreeable(Refusal):
    """The contract does not allow the change: the text says why."""

    code = ErrorCode.ORDER_STATE_CONFLICT


def agree(*, contract: Contract, actor: str, now: datetime.datetime, reason: str = "") -> Contract:
    """Save a new contract as its partner's next version, record it, and return it.

    Raises NotAgreeable when another one covers some of its days.
    """
    try:
        with transaction.atomic():
            _add(contract, actor, now, reason)
    except IntegrityError as clash:
        raise _refusal_of(clash) from clash
    return contract


def end(
    *,
    contract_id: uuid.UUID,
    last_day: datetime.date,
    actor: str,
    now: datetime.datetime,
    reason: str = "",
) -> Contract:
    """Let a contract end on a day, its last one, and return it; a later end than it had, too.

    What was sold keeps its terms. Raises NotFound; NotAgreeable when it begins later, or another
    one holds by then.
    """
    try:
        with transaction.atomic():
            contract = _lock(contract_id)
            _end(contract, last_day, actor, now, reason)
    except IntegrityError as clash:
        raise _refusal_of(clash) from clash
    return contract


def agree_anew(
    *,
    contract_id: uuid.UUID,
    following: Contract,
    actor: str,
    now: datetime.datetime,
    reason: str = "",
) -> Contract:
    """Let a contract end the day before the following one begins, which is added and returned.

    One transaction. Raises NotFound; NotAgreeable when the contract does not hold on both sides of
    that day, or another one covers some of the days.
    """
    try:
        with transaction.atomic():
            current = _lock(contract_id)
            day = following.valid_from
            if current.valid_until is not None and current.valid_until < day - A_DAY:
                raise NotAgreeable(
                    f"Version {current.version} ends on {current.valid_until:%-d %b %Y} already. "
                    "Add a contract instead."
                )
            _end(current, day - A_DAY, actor, now, reason)
            _add(following, actor, now, reason)
    except IntegrityError as clash:
        raise _refusal_of(clash) from clash
    return following


def remove(*, contract: Contract, actor: str, now: datetime.datetime) -> None:
    """Remove a contract that nothing was sold under, and record what it was.

    Raises NotAgreeable when an entry of the ledger carries it.
    """
    try:
        with transaction.atomic():
            _note(contract, "contract_removed", actor, now, "")
            contract.delete()
    except (IntegrityError, ProtectedError) as clash:
        raise NotAgreeable("Something was sold under this contract just now.") from clash


def _lock(contract_id: uuid.UUID) -> Contract:
    rows = Contract.objects.filter(pk=contract_id).select_related("partner")
    for contract in runner.lock(rows):
        return contract
    raise NotFound("This contract was removed meanwhile.")


def _end(
    contract: Contract,
    last_day: datetime.date,
    actor: str,
    now: datetime.datetime,
    reason: str,
) -> None:
    if last_day < contract.valid_from:
        raise NotAgreeable(
            f"Version {contract.version} begins on {contract.valid_from:%-d %b %Y}: it cannot end "
            f"on {last_day:%-d %b %Y}."
        )
    contract.valid_until = last_day
    contract.save(update_fields=["valid_until"])
    _note(contract, "contract_ended", actor, now, reason)


def _add(contract: Contract, actor: str, now: datetime.datetime, reason: str) -> None:
    contract.save(force_insert=True)
    # The database has counted it.
    contract.refresh_from_db(fields=["version"])
    _note(contract, "contract_agreed", actor, now, reason)


def _note(contract: Contract, name: str, actor: str, now: datetime.datetime, reason: str) -> None:
    partner = Partner.objects.only("status").get(pk=contract.partner_id)
    last = contract.valid_until
    runner.note(
        partner,
        change=Change(
            name=name,
            actor=actor,
            now=now,
            reason=reason,
            data={
                "contractId": str(contract.pk),
                "version": contract.version,
                "terms": contract.rate,
                "counts": contract.get_date_basis_display().split(":")[0],
                "from": str(contract.valid_from),
                **({"until": str(last)} if last else {}),
            },
        ),
    )


def _refusal_of(clash: IntegrityError) -> NotAgreeable:
    if broken_constraint(clash) == _OVERLAP:
        return NotAgreeable(
            "Another contract of this partner covers some of these days. End it first."
        )
    return NotAgreeable(
        "Somebody else has just changed this partner's contracts. Look again and repeat it."
    )
