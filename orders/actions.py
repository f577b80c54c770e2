"""What may be done with an order in each status, for partners and for staff."""

from channel_manager.lib.errors import ErrorCode, Refusal
from orders.models import Order, OrderStatus

_ALLOWED: dict[str, tuple[str, ...]] = {
    OrderStatus.DRAFT: ("confirm", "replace", "delete"),
    OrderStatus.ERROR: ("replace", "delete"),
    OrderStatus.ISSUED: ("delete",),
}


class OrderStateConflict(Refusal):
    """The order's status does not allow what was asked."""

    code = ErrorCode.ORDER_STATE_CONFLICT


def allowed_actions(order: Order) -> tuple[str, ...]:
    """Return what the partner may do with the order now (contract section 5)."""
    return _ALLOWED.get(order.status, ())


def require_issued(order: Order) -> None:
    """Raise OrderStateConflict unless the order is Issued, for what staff do to such a one only."""
    if order.status == OrderStatus.ISSUED:
        return
    detail = f"Order {order} is {order.status}, and no longer Issued. Nothing was done."
    if order.status != OrderStatus.CANCELLED:
        detail = f"Order {order} is {order.status}; this can be done once it is Issued."
    raise OrderStateConflict(
        detail, members={"currentStatus": order.status}, retryable=order.is_in_flight
    )


def require_action(order: Order, action: str) -> None:
    """Raise OrderStateConflict unless the order's status allows the action."""
    if action in allowed_actions(order):
        return
    detail = f"The order is {order.status}; {action} is not possible now."
    if order.is_in_flight:
        detail = f"The order is {order.status}; wait until it has settled."
    raise OrderStateConflict(
        detail,
        members={
            "currentStatus": order.status,
            "allowedActions": list(allowed_actions(order)),
        },
        retryable=order.is_in_flight,
    )
