"""Orders at other systems, made by hand as the engine would leave them."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils import timezone

from catalog.models import Connection
from orders.models import Order
from wallets.models import (
    Asset,
    CallEffect,
    ConnectorCall,
    ConnectorOutcome,
    OutsideOrder,
    OutsideTicket,
)


def begun(order: Order, connection: Connection, **columns: Any) -> OutsideOrder:
    """Return an order that is being made at a connection."""
    now = timezone.now()
    return OutsideOrder.objects.create(
        **{
            "connection": connection,
            "order": order,
            "order_key": order.pk,
            "buy_from_order_reference": order.buy_from_order_reference,
            "reference": order.buy_from_order_reference,
            "status_since": now,
            "created_at": now,
            **columns,
        }
    )


def doubted(order: Order, connection: Connection, **columns: Any) -> OutsideOrder:
    """Return an order whose last call was never answered."""
    row = begun(order, connection, **columns)
    called(row, "create_order", CallEffect.NONE, cause="system_busy", status_code=429)
    called(row, "create_order", CallEffect.UNKNOWN, cause="timed_out_there")
    row.doubt(now=timezone.now(), cause="outcome_unknown", message="No answer came in time.")
    row.save()
    return row


def left(order: Order, connection: Connection, **columns: Any) -> OutsideOrder:
    """Return an order that was made and could not be cancelled."""
    now = timezone.now()
    row = begun(order, connection, **columns)
    called(row, "create_order", CallEffect.DONE, status_code=200)
    row.make(now=now, outside_reference="OB-77")
    row.save()
    row.begin_end(now=now)
    row.save()
    row.leave(now=now, cause="unsupported", message="Onebox has no way to cancel.")
    row.save()
    return row


def called(
    row: OutsideOrder,
    operation: str,
    effect: str,
    *,
    cause: str = "",
    status_code: int | None = None,
) -> None:
    """Write a call down with what came of it."""
    now = timezone.now()
    call = ConnectorCall.objects.create(
        outside_order=row,
        operation=operation,
        round=row.round,
        commits=True,
        request_hash="0" * 64,
        at=now,
    )
    ConnectorOutcome.objects.create(
        call=call,
        effect=effect,
        status_code=status_code,
        cause=cause,
        message="It answered nothing." if cause else "",
        milliseconds=1200,
        trace_id="tr-1",
        at=now + datetime.timedelta(milliseconds=1200),
    )


def ticket(row: OutsideOrder, asset: Asset, position: int = 1, **columns: Any) -> OutsideTicket:
    """Return a ticket of an order there that stands behind an asset of ours."""
    return OutsideTicket.objects.create(
        **{
            "outside_order": row,
            "position": position,
            "asset": asset,
            "wallet_key": asset.wallet_id,
            "component_key": asset.component_id,
            "unit": asset.unit,
            "outside_id": f"T-{position}",
            "number": f"OB{position:010}",
            "url": "https://onebox.example/t/1",
            "status_since": timezone.now(),
            **columns,
        }
    )
