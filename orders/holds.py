"""Holds: keeping places for a guest who has not paid yet; making, extending and ending them."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from catalog.mapping import Catalogue
from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from channel_manager.lib.errors import ErrorCode, Fault, NotFound, Refusal
from orders import places
from orders.contents import catalogue_of, plan_contents
from orders.models import Allocation, Hold, HoldStatus
from orders.planning import LinePlan, NoRoom
from orders.requests import LineRequest
from orders.shortages import explain
from partners.account import Account
from partners.models import MAX_HOLD_MINUTES, Partner, UnmappedItems

# What one run ends; the next one follows within seconds.
_BATCH = 200
_KEPT_FOR = datetime.timedelta(days=7)


class HoldEnded(Refusal):
    """The hold has expired, was released, or became an order."""

    code = ErrorCode.HOLD_ENDED


def create_hold(
    *,
    account: Account,
    lines: Sequence[LineRequest],
    now: datetime.datetime,
    lasts: datetime.timedelta | None = None,
) -> Hold:
    """Keep the places of lines for the partner's hold time, or for as long as is said.

    Raises InvalidRequest with all faults, SoldOut, SeatTaken. Lines that cannot be resolved are
    faults here, whatever the partner's setting: there is nothing to keep for them.
    """
    try:
        with places.losses_noticed():
            return _create(account, lines, now, lasts)
    except places.PlacesLost:
        with places.losses_noticed():
            locked = lock_candidates(account, lines, now)
            return _create(account, lines, now, lasts, locked)


def extend_hold(*, held: QuerySet[Hold], hold_id: uuid.UUID, now: datetime.datetime) -> Hold:
    """Let a hold last for the partner's hold time from now on, never for less than it does.

    At most an hour in all since it was made. Raises NotFound, HoldEnded.
    """
    with transaction.atomic():
        hold = _lock(held, hold_id)
        if ending := _ending(hold, now):
            raise ending
        until = max(hold.expires_at, now + _lifetime(hold.partner))
        last = hold.created_at + datetime.timedelta(minutes=MAX_HOLD_MINUTES)
        runner.apply_to([hold], lambda row: row.extend(until=min(until, last)))
        return hold


def keep_holds(
    *, holds: QuerySet[Hold], until: datetime.datetime, now: datetime.datetime
) -> list[Hold]:
    """Let holds last until a moment, never for less than they do; return those that still hold."""
    with transaction.atomic():
        held = [hold for hold in runner.lock(holds) if _ending(hold, now) is None]
        runner.apply_to(held, lambda hold: hold.extend(until=max(hold.expires_at, until)))
        return held


def release_holds(
    *, holds: QuerySet[Hold], actor: str, now: datetime.datetime, reason: str = ""
) -> list[Hold]:
    """Give the places of holds back; those that have ended otherwise are left as they are."""
    with transaction.atomic():
        held = [hold for hold in runner.lock(holds) if hold.status == HoldStatus.HELD]
        _end(held, Hold.release, Change(name="released", actor=actor, now=now, reason=reason))
        return held


def lessen_holds(
    *,
    holds: QuerySet[Hold],
    by: int,
    labels: Collection[str],
    actor: str,
    now: datetime.datetime,
) -> bool:
    """Give back so many units of holds that have one line, those with these seats if any are said.

    The other units stay held, whether or not they are still sold. Holds that have ended are left as
    they are. Return False, with nothing done, where nobody can say which seats are the units'.
    """
    with transaction.atomic():
        held = [hold for hold in runner.lock(holds) if hold.status == HoldStatus.HELD]
        entries = [entry for hold in held for entry in hold.lines[0]["places"]]
        is_told = len(labels) == by and len(entries) == 1
        if any(
            entry["seats"] and not (is_told and set(labels) <= set(entry["seats"]))
            for entry in entries
        ):
            return False
        for hold in held:
            counts = Counter[uuid.UUID]()
            (line,) = hold.lines
            for entry in line["places"]:
                given_up = entry["quantity"] * by // line["quantity"]
                entry["quantity"] -= given_up
                if not entry["seats"]:
                    counts[uuid.UUID(entry["sessionId"])] += given_up
                entry["seats"] = [label for label in entry["seats"] if label not in labels]
            line["quantity"] -= by
            hold.save(update_fields=["lines"])
            places.give_back_some(hold, labels=labels, counts=counts)
            change = Change(name="lessened", actor=actor, now=now, data={"quantity": by})
            runner.note(hold, change=change)
        return True


def release_hold(
    *,
    held: QuerySet[Hold],
    hold_id: uuid.UUID,
    actor: str,
    now: datetime.datetime,
    reason: str = "",
) -> Hold:
    """Give a hold's places back; one that has ended otherwise is returned as it is.

    Raises NotFound.
    """
    with transaction.atomic():
        hold = _lock(held, hold_id)
        if hold.status == HoldStatus.HELD:
            change = Change(name="released", actor=actor, now=now, reason=reason)
            _end([hold], Hold.release, change)
        return hold


def expire_holds(*, now: datetime.datetime) -> int:
    """End the holds whose time is over and give their places back; return how many.

    Holds that somebody is converting at this moment are left to them.
    """
    ended = 0
    while True:
        with transaction.atomic():
            keys = list(Hold.objects.overdue(now).order_by("pk").values_list("pk")[:_BATCH])
            overdue = Hold.objects.overdue(now).filter(pk__in=[key for (key,) in keys])
            holds = runner.lock_if_free(overdue)
            if not holds:
                return ended
            _end(holds, Hold.expire, Change(name="expired", actor=WORKER, now=now))
        ended += len(holds)


def forget_ended(*, now: datetime.datetime) -> None:
    """Remove the holds that ended a week ago."""
    Hold.objects.filter(ended_at__lt=now - _KEPT_FOR).delete()


def find_hold(*, held: QuerySet[Hold], hold_id: uuid.UUID) -> Hold:
    """Return one hold of the set; raises NotFound."""
    hold = _with_venues(held).filter(pk=hold_id).first()
    if hold is None:
        raise no_such_hold()
    return hold


def no_such_hold() -> NotFound:
    """Return the refusal for an id that names none of the caller's holds."""
    return NotFound("You have no hold with this id.")


def claim_holds(
    *, account: Account, lines: Sequence[LineRequest], now: datetime.datetime
) -> list[Hold]:
    """Lock the holds that lines name, within the open transaction: from now on they are theirs.

    Those that are not the account's are left out: a test order cannot use a live hold, nor a live
    order a test hold. Raises HoldEnded.
    """
    named = {line.hold_id for line in lines if line.hold_id}
    holds = runner.lock(Hold.objects.of(account).filter(pk__in=named)) if named else []
    ended = {hold.pk: ending for hold in holds if (ending := _ending(hold, now))}
    if ended:
        faults = [
            Fault(f"/items/{n}/holdId", ErrorCode.HOLD_ENDED, ended[line.hold_id].detail)
            for n, line in enumerate(lines)
            if line.hold_id in ended
        ]
        first = next(iter(ended.values()))
        raise HoldEnded(first.detail, faults=faults, members=first.members)
    return holds


def unknown_holds(lines: Sequence[LineRequest], claimed: Iterable[Hold]) -> list[Fault]:
    """Return a fault for every line that names a hold which could not be claimed."""
    known = {hold.pk for hold in claimed}
    return [
        Fault(f"/items/{n}/holdId", ErrorCode.UNKNOWN_HOLD, f"You have no hold {line.hold_id}.")
        for n, line in enumerate(lines)
        if line.hold_id and line.hold_id not in known
    ]


def convert_holds(holds: Sequence[Hold], now: datetime.datetime) -> None:
    """End claimed holds whose places go over to an order."""
    runner.apply_to(holds, lambda hold: hold.convert(now=now))


def places_of(holds: Sequence[Hold]) -> list[Allocation]:
    """Return the places of claimed holds."""
    return list(Allocation.objects.filter(hold__in=holds)) if holds else []


def as_event_data(holds: Sequence[Hold]) -> dict[str, Any]:
    """Return what an order's event says of the holds it took over."""
    return {"holds": [str(hold.pk) for hold in holds]} if holds else {}


def lock_candidates(
    account: Account,
    lines: Sequence[LineRequest],
    now: datetime.datetime,
    own: Iterable[Allocation] = (),
) -> Catalogue:
    """Lock every session that lines may take places of, after somebody else was faster.

    Planned under these locks, by the catalogue returned, the same lines cannot be beaten a second
    time. `own` are places that are given up for them; those of the holds they name are locked along.
    """
    catalogue = catalogue_of(account, lines, now)
    held = Allocation.objects.filter(
        hold__partner=account.partner, hold__in=[line.hold_id for line in lines if line.hold_id]
    )
    candidates = {session.pk for offer in catalogue.offers.values() for session in offer.sessions}
    given_up = {allocation.session_id for allocation in (*own, *held)}
    places.lock_sessions(candidates | given_up)
    return catalogue


def _create(
    account: Account,
    lines: Sequence[LineRequest],
    now: datetime.datetime,
    lasts: datetime.timedelta | None,
    locked: Catalogue | None = None,
) -> Hold:
    partner, strict = account.partner, copy.copy(account.partner)
    strict.unmapped_items = UnmappedItems.REFUSE
    try:
        account = dataclasses.replace(account, partner=strict)
        plans = plan_contents(account, lines, now, locked=locked)
    except NoRoom as no_room:
        raise explain(no_room, partner=partner, now=now) from no_room
    hold = Hold(
        partner=partner,
        test_mode=account.test_mode,
        lines=[_kept(plan) for plan in plans],
        created_at=now,
        expires_at=now + (lasts or _lifetime(partner)),
    )
    hold.save(force_insert=True)
    places.take(
        [
            allocation
            for plan in plans
            if plan.expansion and plan.offer
            for allocation in places.for_hold(
                hold, plan.expansion.components, plan.wallet_count, plan.offer.allotment
            )
        ]
    )
    change = Change(name="held", actor=partner.actor, now=now)
    runner.record([hold], change=change, before=[None])
    return hold


def _kept(plan: LinePlan) -> dict[str, Any]:
    """Return a line as the hold remembers it."""
    request, expansion = plan.request, plan.expansion
    return {
        "itemNumber": request.item_number,
        "quantity": request.quantity,
        "visitDate": request.visit_date and request.visit_date.isoformat(),
        "visitTime": request.visit_time and request.visit_time.isoformat(),
        "places": [
            {
                "itemNumber": component.item_number,
                "sessionId": str(component.session_id),
                "visitDate": component.visit_date and component.visit_date.isoformat(),
                "visitTime": component.visit_time and component.visit_time.isoformat(),
                "startsAt": component.valid_from.isoformat(),
                "endsAt": component.valid_until.isoformat(),
                "quantity": component.places(expansion.wallet_count),
                "seats": [seat.label for seat in component.taken_seats],
            }
            for component in expansion.components
            if component.session_id
        ]
        if expansion
        else [],
    }


def _lifetime(partner: Partner) -> datetime.timedelta:
    return datetime.timedelta(minutes=partner.hold_minutes)


def _lock(held: QuerySet[Hold], hold_id: uuid.UUID) -> Hold:
    locked = runner.lock(_with_venues(held).filter(pk=hold_id))
    if not locked:
        raise no_such_hold()
    return locked[0]


def _with_venues(held: QuerySet[Hold]) -> QuerySet[Hold]:
    return held.select_related("partner__venue").defer("partner__venue__logo")


def _ending(hold: Hold, now: datetime.datetime) -> HoldEnded | None:
    """Return why a hold keeps nothing any more; None while it does."""
    status = hold.status
    if status == HoldStatus.HELD and hold.expires_at <= now:
        status = HoldStatus.EXPIRED
    if status == HoldStatus.HELD:
        return None
    return HoldEnded(
        f"The hold {hold.pk} is {status}. Hold the places again, or order them without a hold.",
        members={"holdId": str(hold.pk), "holdStatus": status},
    )


def _end(holds: Sequence[Hold], transition: Callable[..., None], change: Change) -> None:
    """End locked holds: their places go back with the one statement that removes the rows."""
    places.give_back(Allocation.objects.filter(hold__in=holds))
    runner.apply_to(holds, lambda hold: transition(hold, now=change.now), change=change)
