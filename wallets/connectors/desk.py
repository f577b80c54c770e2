"""The desk that a connector works at: each call is written down before it is made, and after.

The intent is committed before anything is sent, the outcome, with what the connector has to
remember, in one transaction afterwards. A worker that dies between the two leaves an intent without
an outcome, which counts as an answer that never came.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction

from catalog.models import Connection
from wallets.connectors.base import Cause, ConnectorError, TryLater
from wallets.connectors.exchange import (
    Refused,
    Reply,
    Request,
    accepted,
    ask,
    masked,
    text_of,
)
from wallets.models import (
    CallEffect,
    ConnectorCall,
    ConnectorOutcome,
    OutsideOrder,
    OutsideOrderStatus,
)

_log = logging.getLogger(__name__)
Clock = Callable[[], datetime.datetime]
# Seconds between the attempts of one call; 62 in all, so that an order fails, with its cause named,
# before the partner would ask.
RETRY_WAITS = (2, 4, 8, 16, 32)
# How often an order is begun anew there because a hold ended or a call was in doubt.
MOST_ROUNDS = 4
_LONGEST_MESSAGE = 300
_ENDED_WITHOUT_US = "The worker ended before an answer was kept."


class WhenUnsure(enum.Enum):
    """What is done about a call whose answer never came."""

    REPEAT = "send the same bytes again: it has one effect"
    RESTART = "begin anew: what it may have done lapses by itself"
    STOP = "stop for a person"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Operation:
    """A call that changes something at the other side. Its retries are decided here, not by its verb.

    commits: once it is done the order exists there. attempts: how often it is sent in all; None:
    once more than there are RETRY_WAITS.
    """

    name: str
    when_unsure: WhenUnsure
    commits: bool = False
    attempts: int | None = None


class OutcomeUnknown(ConnectorError):
    """An answer never came, and the call must not be repeated."""

    def __init__(self, detail: str) -> None:
        super().__init__(Cause.OUTCOME_UNKNOWN, detail, permanent=True, effect=CallEffect.UNKNOWN)


class GivenUp(Exception):
    """The order has ended meanwhile: what would make it exist there is not asked any more."""


class Restart(Exception):
    """What was prepared is given up: everything is to be asked again from the beginning."""


def _as_it_is(refused: Refused) -> ConnectorError:
    return refused


class Desk:
    """What is known of one outside order, and the calls that are made for it.

    Whoever makes one holds the order's session lock (`channel_manager/lib/database.py`): calls that
    have no outcome are then known to be of a worker that is gone. private: the guest's names and
    addresses, which no message keeps though the other side repeats them.
    """

    def __init__(
        self, outside_order: OutsideOrder, clock: Clock, *, private: Sequence[str] = ()
    ) -> None:
        self.outside_order = outside_order
        self.connection: Connection = outside_order.connection
        self.clock = clock
        self._private = private
        self._calls = self._read_calls()

    @property
    def progress(self) -> Mapping[str, Any]:
        """Return what the connector has kept since the order was begun, or begun anew."""
        kept: Mapping[str, Any] = self.outside_order.progress
        return kept

    def call(
        self,
        operation: Operation,
        request: Request,
        *,
        accept: Callable[[Reply], Mapping[str, Any]],
        explain: Callable[[Refused], ConnectorError] = _as_it_is,
        key: str = "",
        until: datetime.datetime | None = None,
    ) -> None:
        """Make a call once, and keep what `accept` returns of its answer in `progress`.

        key: which of several calls of the operation. One that was made is not made again. One that
        is in doubt goes by its operation: repeated with identical bytes until `until`, begun anew,
        or left to a person. accept raises ConnectorError where the answer means that it was not
        done; explain says what a refusal means in that system's words. Raises ConnectorError,
        TryLater, OutcomeUnknown, Restart.
        """
        made = self._made(operation, key)
        effect = self.last_effect(operation, key)
        if effect == CallEffect.DONE:
            return
        if effect == CallEffect.UNKNOWN:
            self._require_repeatable(operation, made, request, until)
        call = self._write_intent(operation, key, request)
        reply: Reply | None = None
        try:
            reply = ask(self.connection, request)
            kept = accepted(accept, reply)
        except ConnectorError as raised:
            error = self.hide(explain(raised) if isinstance(raised, Refused) else raised)
            self._write_fault(call, error, reply or raised)
            is_in_doubt = CallEffect.UNKNOWN in (effect, error.effect)
            self._give_way(operation, len(made) + 1, error, until, is_in_doubt=is_in_doubt)
        else:
            self._write_outcome(
                call,
                effect=CallEffect.DONE,
                kept=kept,
                status_code=reply.status_code,
                milliseconds=reply.milliseconds,
                trace_id=_trace_of(reply),
            )

    def hide(self, error: ConnectorError) -> ConnectorError:
        """Return an error, having taken from its words what names the guest."""
        error.detail = masked(error.detail, self._private)
        error.args = (error.detail,)
        return error

    def last_effect(self, operation: Operation, key: str = "") -> str | None:
        """Return what such calls did as far as we know; None where none was made.

        One in doubt stays so, whatever its repetition is refused for, until one is done or it is
        read back: a system may refuse the second only because it has done the first.
        """
        effects = [call.effect for call in self._made(operation, key)]
        for effect in (CallEffect.DONE, CallEffect.UNKNOWN):
            if effect in effects:
                return effect
        return CallEffect.NONE if effects else None

    def resolve(
        self,
        operation: Operation,
        *,
        key: str = "",
        is_done: bool,
        keep: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down what reading back has shown of a call that was in doubt."""
        made = self._made(operation, key)
        doubted = [call for call in made if call.effect == CallEffect.UNKNOWN]
        for call in doubted or made[-1:]:
            self._write_outcome(
                call,
                effect=CallEffect.DONE if is_done else CallEffect.NONE,
                kept=keep or {},
                message="It was read back.",
            )

    def resolve_commit(self, *, is_done: bool) -> None:
        """Write down what reading back has shown of the calls that commit and were in doubt."""
        for call in self._calls:
            if call.commits and call.effect == CallEffect.UNKNOWN:
                effect = CallEffect.DONE if is_done else CallEffect.NONE
                self._write_outcome(call, effect=effect, message="It was read back.")

    @property
    def may_exist(self) -> bool:
        """Tell whether the order may exist there: a call that commits was done, or is in doubt."""
        return any(call.commits and call.effect != CallEffect.NONE for call in self._calls)

    def put_off(self, error: ConnectorError) -> None:
        """Raise TryLater for a fault that may pass by itself, unless it has stayed for too long."""
        order = self.outside_order
        if error.permanent or order.failures >= len(RETRY_WAITS):
            return
        order.failures += 1
        order.save(update_fields=["failures"])
        raise TryLater(error.wait or RETRY_WAITS[order.failures - 1], error.detail) from error

    def keep(self, values: Mapping[str, Any]) -> None:
        """Remember something that no call of ours has brought."""
        self.outside_order.progress = {**self.progress, **values}
        self.outside_order.save(update_fields=["progress"])

    def restart(self) -> None:
        """Forget what was prepared, for everything to be asked anew. Raises ConnectorError.

        Only what lapses by itself may be given up so: nothing that may exist there.
        """
        order = self.outside_order
        if self.may_exist:
            raise OutcomeUnknown(
                f"What was asked of {self.connection} may exist there, and cannot be begun anew."
            )
        if order.round >= MOST_ROUNDS:
            raise self._never_ended()
        order.round += 1
        order.progress = {}
        order.save(update_fields=["round", "progress"])
        self._calls = self._read_calls()

    def _never_ended(self) -> ConnectorError:
        """Return the fault of an order that was begun too often, with what stopped it last."""
        outcomes = [outcome for call in self._calls for outcome in call.outcomes.all()]
        faults = [outcome for outcome in outcomes if outcome.cause]
        detail = f"It was begun {MOST_ROUNDS} times and never came to an end."
        if not faults:
            return ConnectorError(Cause.AWAY, detail, permanent=True)
        last = faults[-1]
        return ConnectorError(Cause(last.cause), f"{detail} {last.message}", permanent=True)

    def _made(self, operation: Operation, key: str) -> list[ConnectorCall]:
        """Return the calls of an operation in this round, oldest first."""
        return [one for one in self._calls if (one.operation, one.key) == (operation.name, key)]

    def _read_calls(self) -> list[ConnectorCall]:
        """Read the calls of this round; those without an outcome are given one: nobody knows."""
        rows = ConnectorCall.objects.filter(
            outside_order=self.outside_order, round=self.outside_order.round
        )
        calls = list(rows.prefetch_related("outcomes").order_by("at", "id"))
        for call in calls:
            if not call.outcomes.all():
                self._write_outcome(call, effect=CallEffect.UNKNOWN, message=_ENDED_WITHOUT_US)
        return calls

    def _require_repeatable(
        self,
        operation: Operation,
        made: list[ConnectorCall],
        request: Request,
        until: datetime.datetime | None,
    ) -> None:
        """Raise unless a call in doubt may be sent again."""
        if operation.when_unsure is WhenUnsure.RESTART:
            raise Restart
        if operation.when_unsure is WhenUnsure.STOP or _is_over(operation, len(made)):
            raise OutcomeUnknown(self._doubt(operation))
        if until is not None and self.clock() >= until:
            raise OutcomeUnknown(self._doubt(operation))
        if made[-1].request_hash != request.hash:
            raise OutcomeUnknown(
                f"{self._doubt(operation)} It cannot be repeated: what is asked has changed since."
            )

    def _give_way(
        self,
        operation: Operation,
        attempts: int,
        error: ConnectorError,
        until: datetime.datetime | None,
        *,
        is_in_doubt: bool,
    ) -> None:
        """Raise what a failed call leads to: another attempt later, a new beginning, or its end."""
        is_over = error.permanent or _is_over(operation, attempts)
        if is_in_doubt and operation.when_unsure is WhenUnsure.STOP:
            raise OutcomeUnknown(f"{error.detail} {self._doubt(operation)}") from error
        if is_in_doubt and operation.when_unsure is WhenUnsure.REPEAT:
            if is_over or (until is not None and self.clock() >= until):
                raise OutcomeUnknown(f"{error.detail} {self._doubt(operation)}") from error
        elif is_over:
            # It was asked often enough; whoever deals with it waits no longer.
            error.permanent = True
            raise error
        wait = RETRY_WAITS[min(attempts, len(RETRY_WAITS)) - 1]
        raise TryLater(error.wait or wait, error.detail) from error

    def _doubt(self, operation: Operation) -> str:
        return (
            f"Whether it was done at {self.connection} is not known ({operation.name}), and asking "
            "again could do it twice."
        )

    def _write_intent(self, operation: Operation, key: str, request: Request) -> ConnectorCall:
        with transaction.atomic():
            if operation.commits:
                self._require_current()
            call = ConnectorCall.objects.create(
                outside_order=self.outside_order,
                operation=operation.name,
                key=key,
                round=self.outside_order.round,
                commits=operation.commits,
                request_hash=request.hash,
                at=self.clock(),
            )
        self._calls.append(call)
        return call

    def _require_current(self) -> None:
        """Raise GivenUp unless the order is still being made; whoever ends it waits for us."""
        rows = OutsideOrder.objects.current().filter(
            pk=self.outside_order.pk, status=OutsideOrderStatus.OPEN
        )
        if not list(rows.select_for_update(no_key=True).values_list("pk")):
            raise GivenUp

    def _write_fault(
        self, call: ConnectorCall, error: ConnectorError, answer: Reply | ConnectorError
    ) -> None:
        self._write_outcome(
            call,
            effect=error.effect,
            status_code=answer.status_code,
            cause=error.cause,
            message=error.detail,
            trace_id=_trace_of(answer),
        )

    def _write_outcome(
        self,
        call: ConnectorCall,
        *,
        effect: str,
        kept: Mapping[str, Any] | None = None,
        status_code: int | None = None,
        cause: str = "",
        message: str = "",
        trace_id: str = "",
        milliseconds: int | None = None,
    ) -> None:
        with transaction.atomic():
            ConnectorOutcome.objects.create(
                call=call,
                effect=effect,
                status_code=status_code,
                cause=cause,
                message=message[:_LONGEST_MESSAGE],
                trace_id=trace_id,
                milliseconds=milliseconds,
                at=self.clock(),
            )
            if kept:
                self.keep(kept)
        # What was prefetched does not know of it.
        getattr(call, "_prefetched_objects_cache", {}).clear()


def _is_over(operation: Operation, attempts: int) -> bool:
    return attempts >= (operation.attempts or len(RETRY_WAITS) + 1)


def _trace_of(answer: Reply | ConnectorError) -> str:
    """Return the id under which the other side would find the call in its logs."""
    document = answer.document if isinstance(answer, Reply | Refused) else None
    trace = text_of(document, "trace_id") if isinstance(document, dict) else ""
    if not trace and isinstance(answer, Reply):
        trace = text_of(answer.headers, "x-request-id")
    return trace
