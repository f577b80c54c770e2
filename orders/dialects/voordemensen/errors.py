"""Refusals as VoordeMensen tells them: one message, with every fault in it (contract section 5)."""

from __future__ import annotations

from django.http import HttpRequest

from channel_manager.lib.errors import ErrorCode, Fault, NotFound, Refusal
from channel_manager.lib.strict_fields import MAX_FAULTS
from orders.dialects.errors import Rendered, speaks

# The shop's pages may ask from the guest's browser, whatever their host: no cookie and no key is part
# of it, so that they learn no more than anybody does.
FOR_SCRIPTS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Location, Retry-After",
}


class ClientNotFound(NotFound):
    """No shop is called so."""

    def __init__(self) -> None:
        super().__init__("Client not found")


class EventNotFound(NotFound):
    """The id names no main event or sub-event of this client."""

    def __init__(self) -> None:
        super().__init__("Event not found")


class CartNotFound(NotFound):
    """The id names no cart of this client, or one that is empty or whose time is over."""

    def __init__(self) -> None:
        super().__init__("Cart not found")


class CartConverted(Refusal):
    """The cart has become an order: nothing goes in or out any more."""

    code = ErrorCode.ORDER_STATE_CONFLICT

    def __init__(self) -> None:
        super().__init__("The cart has become an order.")


class NotOrderable(Refusal):
    """What is in the cart is not sold any more; every fault is told."""

    code = ErrorCode.ORDER_STATE_CONFLICT

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail, faults=refusal.faults)


class LimitReached(Refusal):
    """An order may not have so many tickets."""

    code = ErrorCode.SOLD_OUT


@speaks("/voordemensen")
def render(refusal: Refusal, request: HttpRequest) -> Rendered:
    """Tell any refusal of these addresses."""
    if refusal.error_code == ErrorCode.RATE_LIMITED:
        message = f"Too many requests. Try again in {refusal.retry_after} s."
        return _told(refusal, message)
    told = [_sentence(fault) for fault in refusal.faults[:MAX_FAULTS] if fault.detail]
    return _told(refusal, " ".join(told) or refusal.detail)


def _told(refusal: Refusal, message: str) -> Rendered:
    status = refusal.error_code.text.status
    return Rendered(status=status, body={"message": message}, headers=FOR_SCRIPTS)


def _sentence(fault: Fault) -> str:
    """Return a fault with the name of the member that it is about.

    What the domain says of a line needs none: the shop sent no lines.
    """
    member = fault.pointer.removeprefix("/")
    return f"{member}: {fault.detail}" if member and "/" not in member else fault.detail
