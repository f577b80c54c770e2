"""When an order at an outside system is read back next: no faster than anybody allows."""

from __future__ import annotations

import datetime

from django.db.models import F, Q, QuerySet

from catalog.models import Connection
from orders.models import Order, OrderStatus
from wallets.connectors.registry import CONNECTORS, connector_of
from wallets.models import Asset, OutsideOrder, OutsideOrderStatus, OutsideTicketStatus, Wallet

# A ticket may be refunded, or its scan told of, for so long after it was valid.
_AFTERWARDS = datetime.timedelta(days=1)
# What nobody knows of, or is left for a person to cancel, is asked about ever more seldom, and then
# left to people alone.
_LONGEST_DOUBT = datetime.timedelta(days=7)
_LONGEST_WAIT = datetime.timedelta(hours=6)
# An order in Error may be replayed, and is to be read soon then.
_LONGEST_PAUSE = datetime.timedelta(hours=1)
_LIVING = (OutsideTicketStatus.VALID, OutsideTicketStatus.USED)
_FOR_A_PERSON = (OutsideOrderStatus.UNKNOWN, OutsideOrderStatus.LEFT)


def interval_of(connection: Connection) -> datetime.timedelta:
    """Return how long a connection's orders are left alone between two polls."""
    seconds = connector_of(connection).capabilities.poll_seconds
    return datetime.timedelta(seconds=max(connection.poll_seconds, seconds))


def pause_of(row: OutsideOrder, now: datetime.datetime) -> datetime.timedelta:
    """Return how long an order is left alone: ever longer where it waits for a person."""
    interval = interval_of(row.connection)
    if row.status in _FOR_A_PERSON:
        return max(interval, min((now - row.status_since) / 4, _LONGEST_WAIT))
    return interval


def is_readable(connection: Connection) -> bool:
    """Tell whether a connection is on, and its system tells how orders stand."""
    return connection.is_active and connection.system in _readable_systems()


def due(now: datetime.datetime) -> QuerySet[OutsideOrder]:
    """Return the orders there that are to be read now, longest due first."""
    is_due = Q(next_poll_at__lte=now)
    made = Q(status=OutsideOrderStatus.MADE) & is_due
    recent = Q(status_since__gt=now - _LONGEST_DOUBT)
    left = Q(status=OutsideOrderStatus.LEFT) & recent & is_due
    unknown = Q(status=OutsideOrderStatus.UNKNOWN) & recent & (is_due | Q(next_poll_at=None))
    rows = OutsideOrder.objects.filter(
        made | left | unknown,
        connection__is_active=True,
        connection__system__in=_readable_systems(),
    )
    return rows.order_by(F("next_poll_at").asc(nulls_first=True), "pk")


def allowed_at(row: OutsideOrder) -> datetime.datetime:
    """Return from when on an order's system allows us to ask about it again."""
    seconds = connector_of(row.connection).capabilities.poll_seconds
    last = max(row.read_at or row.status_since, row.status_since)
    return last + datetime.timedelta(seconds=seconds)


def next_after(row: OutsideOrder, now: datetime.datetime) -> datetime.datetime | None:
    """Return when an order that was just read is read again; None when nothing can change."""
    pause = pause_of(row, now)
    if row.status == OutsideOrderStatus.UNKNOWN:
        return now + pause
    if row.status not in (OutsideOrderStatus.MADE, OutsideOrderStatus.LEFT):
        return None
    if not connector_of(row.connection).can_change(row):
        return None
    wanted = (_next_of_living(row, now), _next_of_left(row, now))
    return min(filter(None, wanted), default=None)


def _next_of_left(row: OutsideOrder, now: datetime.datetime) -> datetime.datetime | None:
    """Return when to look whether somebody has cancelled there what was left for a person."""
    since = now - _LONGEST_DOUBT
    left = row.tickets.filter(status=OutsideTicketStatus.LEFT, status_since__gt=since)
    is_left = row.status == OutsideOrderStatus.LEFT and row.status_since > since
    return now + pause_of(row, now) if is_left or left.exists() else None


def _next_of_living(row: OutsideOrder, now: datetime.datetime) -> datetime.datetime | None:
    """Return when to look whether a ticket of an order was scanned or refunded there."""
    pause = pause_of(row, now)
    living = row.tickets.filter(status__in=_LIVING)
    if row.status != OutsideOrderStatus.MADE or not living.exists():
        return None
    order = Order.objects.filter(pk=row.order_key).only("status").first()
    if order is None:
        return None
    if order.status != OrderStatus.ISSUED:
        return now + max(pause, min((now - row.status_since) / 10, _LONGEST_PAUSE))
    assets = Asset.objects.living().filter(
        wallet__in=Wallet.objects.living().filter(pk__in=living.values("wallet_key")),
        component__in=living.values("component_key"),
    )
    last = assets.order_by("-valid_until").values_list("valid_until", flat=True).first()
    return now + pause if last is not None and last + _AFTERWARDS > now else None


def first_after(row: OutsideOrder, now: datetime.datetime) -> datetime.datetime | None:
    """Return when what was just left for a person is looked at first; None where nobody can tell."""
    can_tell = is_readable(row.connection) and connector_of(row.connection).can_change(row)
    return now + interval_of(row.connection) if can_tell else None


def _readable_systems() -> list[str]:
    return [name for name, one in CONNECTORS.items() if one.capabilities.read_back]
