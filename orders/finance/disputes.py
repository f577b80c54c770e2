"""What is disputed of a period: the differences whose decision says so, as the lines of a letter."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence

from django.db.models import QuerySet

from orders.finance.differences import Difference, differences_of
from orders.finance.letters import Letter, LetterLine
from orders.models import Decision, DecisionAction, Order, Period


def read_letter(*, period: Period, now: datetime.datetime) -> Letter:
    """Return the letter on all that is disputed of a period; its lines may be none.

    Its partner and venue must be at hand. No guest is named: neither side's names are read.
    """
    venue = period.partner.venue
    disputed = [
        one
        for one in differences_of(period)
        if one.decision is not None and one.decision.action == DecisionAction.DISPUTE
    ]
    booked = _booked(disputed, period)
    lines = [_line(one, booked) for one in disputed]
    lines += [_carried(one) for one in _carried_disputes(period)]
    return Letter(
        venue_name=venue.name,
        venue_address=venue.address,
        venue_contact=" · ".join(filter(None, (venue.contact_phone, venue.contact_email))),
        brand_color=venue.brand_color,
        partner_name=period.partner.name,
        period_title=period.title,
        written_on=now.astimezone(venue.zone).date(),
        lines=sorted(lines, key=lambda line: (line.our_reference, line.their_reference)),
    )


def _line(difference: Difference, booked: Mapping[uuid.UUID, datetime.date]) -> LetterLine:
    stated_on = next((line.date for line in difference.lines if line.date), None)
    return LetterLine(
        our_reference=difference.our_reference,
        their_reference=difference.their_reference,
        date=stated_on or booked.get(difference.order_id or uuid.UUID(int=0)),
        stated=difference.stated,
        ours=difference.ours,
        difference=difference.amount,
        currency=difference.currency,
        cause=_to_partner(difference.cause),
        reason=difference.decision.reason if difference.decision else "",
    )


def _carried_disputes(period: Period) -> QuerySet[Decision]:
    """Return what was carried into a period and is disputed in it."""
    disputed = Decision.objects.filter(period=period, action=DecisionAction.DISPUTE)
    return disputed.filter(settles__isnull=False).select_related("settles__period", "line", "order")


def _to_partner(cause: str) -> str:
    """Say to the partner what is said of it elsewhere."""
    return cause.replace("The partner states", "You state").replace("the partner's", "your")


def _carried(decision: Decision) -> LetterLine:
    carried, line, order = decision.settles, decision.line, decision.order
    since = carried.period.title if carried else ""
    return LetterLine(
        our_reference=order.buy_from_order_reference
        if order
        else line.our_reference
        if line
        else "",
        their_reference=order.sell_to_order_reference
        if order
        else line.their_reference
        if line
        else "",
        date=line.date if line else None,
        stated=line.net if line else None,
        ours=None,
        difference=decision.difference,
        currency=decision.currency,
        cause=f"{decision.get_state_display()}, carried from {since}.",
        reason=decision.reason,
    )


def _booked(differences: Sequence[Difference], period: Period) -> Mapping[uuid.UUID, datetime.date]:
    """Return the days on which the partner's orders were received, on the venue's clock."""
    keys = [one.order_id for one in differences if one.position is not None and one.order_id]
    orders = Order.objects.filter(pk__in=keys, partner=period.partner_id)
    zone = period.partner.venue.zone
    return {
        key: received.astimezone(zone).date()
        for key, received in orders.values_list("pk", "received_at")
    }
