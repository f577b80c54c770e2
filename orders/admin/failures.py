"""Why an order is in Error, in words, and what somebody can do about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TypedDict
from urllib.parse import urlencode

from django.urls import reverse

from catalog.magic import why_not_mapped
from catalog.mapping import Offer, read_catalogue
from catalog.models import Package, PackageStatus
from catalog.pricing import choose_price
from channel_manager.lib.admin.confirmation import describe
from channel_manager.lib.errors import ErrorCode, Fault, Refusal
from orders import magic
from orders.models import FailureCode, Order, OrderLine, OrderStatus
from orders.resolution import faults_of, shortage_of
from wallets.connectors.base import Cause
from wallets.models import OutsideOrder, OutsideOrderStatus


@dataclasses.dataclass(frozen=True, kw_only=True)
class Remedy:
    """One thing that keeps an order from being issued: what, what to do, and where.

    permission: what one needs to follow the link; `is_mended` says that a replay will do.
    """

    what: str
    advice: str
    link: str = ""
    link_text: str = ""
    permission: str = ""
    is_mended: bool = False


class _Way(TypedDict):
    """The part of a remedy that says what to do and where."""

    advice: str
    link: str
    link_text: str
    permission: str


def find_remedies(order: Order, lines: Sequence[OrderLine]) -> list[Remedy]:
    """Return what keeps an Error order from being issued, as things stand now."""
    if order.status != OrderStatus.ERROR:
        return []
    if magic.has_asked_to_fail(order, lines):
        advice = "This test asked for it by its item number: there is nothing to mend."
        return [Remedy(what=order.status_message, advice=advice)]
    unresolved = [line for line in lines if line.unresolved_cause]
    if not unresolved:
        shortage = shortage_of(order, lines)
        return [_general(order) if shortage is None else _for_lost_places(order, shortage)]
    offers = read_catalogue(
        account=order.account,
        asked=[(line.item_number, None) for line in unresolved],
        on=order.received_at.astimezone(order.venue.zone).date(),
    ).offers
    faults = faults_of(order=order, lines=unresolved)
    return [
        _for_line(order, line, offers.get(line.item_number), faults.get(line.line_no, []))
        for line in unresolved
    ]


def _general(order: Order) -> Remedy:
    if order.failure_code == FailureCode.OUTCOME_UNKNOWN:
        return _for_unknown_outcome(order)
    match order.failure_code:
        case FailureCode.STALLED:
            what = "Issuing made no progress for too long, so it was given up."
            advice = "Replay the order. Its numbers and prices stay."
        case code if code in list(Cause):
            what = order.status_message or str(order.get_failure_code_display())
            advice = "Mend it there, at the connection or the outside id; then replay the order."
        case _:
            what = order.status_message or "Issuing failed."
            advice = (
                "Replay the order. If it fails again, look in the worker's log for the order's id."
            )
    return Remedy(what=what, advice=advice)


def _for_unknown_outcome(order: Order) -> Remedy:
    """Lead to what a person has to look up at the other system."""
    unknown = OutsideOrder.objects.filter(order=order, status=OutsideOrderStatus.UNKNOWN)
    row = unknown.current().select_related("connection").first()
    if row is None:
        return Remedy(
            what="What was uncertain at the other system is settled.",
            advice="Replay the order.",
            is_mended=True,
        )
    return Remedy(
        what=row.message or order.status_message,
        advice=f"Look for {row} at {row.connection}, and say what you found. Then replay the order.",
        link=reverse("admin:wallets_outsideorder_change", args=[row.pk]),
        link_text="Settle it",
        permission="wallets.view_outsideorder",
    )


def _for_lost_places(order: Order, shortage: Refusal) -> Remedy:
    """Tell of places that went back because the order stood in Error for too long."""
    if shortage.error_code != ErrorCode.SOLD_OUT:
        return Remedy(
            what=describe(shortage), advice="Ask the partner to replace the order, or remove it."
        )
    return Remedy(what=f"Its places went back. {describe(shortage)}", **_over_capacity(order))


def _over_capacity(order: Order) -> _Way:
    return {
        "advice": "Wait until places are free, ask the partner to replace the order, or replay it "
        "over the capacity.",
        "link": reverse("admin:orders_order_overbook", args=[order.pk]),
        "link_text": "Replay over the capacity",
        "permission": "orders.overbook_order",
    }


def _for_line(
    order: Order, line: OrderLine, offer: Offer | None, faults: Sequence[Fault]
) -> Remedy:
    subject = f"Line {line.line_no}: {line.item_number}"
    if offer is None and (refused := why_not_mapped(line.item_number)):
        advice = "Ask the partner to replace the order, or remove it."
        return Remedy(what=f"{subject} is not mapped to a package. {refused}", advice=advice)
    if offer is None:
        query = {
            "partner": order.partner_id,
            "item_number": line.item_number,
            "next": reverse("admin:orders_order_change", args=[order.pk]),
        }
        return Remedy(
            what=f"{subject} is not mapped to a package.",
            advice=f"Map {order.partner}'s item number {line.item_number} to a package, valid on "
            f"the day of receipt, then replay the order.",
            link=f"{reverse('admin:catalog_packagemapping_add')}?{urlencode(query)}",
            link_text=f"Map {line.item_number}",
            permission="catalog.add_packagemapping",
        )
    package = offer.package
    lacking = _lacking(order, line, offer)
    told = " ".join(fault.detail for fault in faults)
    if lacking is None and any(fault.code == ErrorCode.SOLD_OUT for fault in faults):
        return Remedy(
            what=f"{subject} means {package.code} now, but there is no room. {told}",
            **_over_capacity(order),
        )
    if lacking is None and faults:
        return Remedy(
            what=f"{subject} means {package.code} now, but the order does not fit it. " + told,
            advice="Map the number to another package, or ask the partner to replace the order.",
            link=reverse("admin:catalog_packagemapping_changelist")
            + f"?{urlencode({'q': line.item_number})}",
            link_text="Look at the mapping",
            permission="catalog.view_packagemapping",
        )
    if lacking is None:
        return Remedy(
            what=f"{subject} means {package.code} now and can be issued.",
            advice="Replay the order.",
            is_mended=True,
        )
    what, advice = lacking
    return Remedy(
        what=f"{subject} ({package.code}) {what}",
        advice=f"{advice}, then replay the order.",
        link=_package_url(package),
        link_text=f"Open {package.code}",
        permission="catalog.view_package",
    )


def _lacking(order: Order, line: OrderLine, offer: Offer) -> tuple[str, str] | None:
    """Return what the package lacks and what to do, None when it can be sold."""
    package = offer.package
    if package.status != PackageStatus.ON_SALE:
        return "is not on sale.", "Put it on sale"
    if not offer.components:
        return "has no active component to issue.", "Add or activate a component"
    if package.is_group and len(offer.components) > 1:
        return "is a group package with several components.", "Leave one component active"
    if choose_price(offer.prices, partner_id=order.partner_id, visit_date=line.visit_date) is None:
        when = f"for {line.visit_date:%-d %b %Y}" if line.visit_date else "without dates"
        return f"has no price {when}.", "Add a price"
    return None


def _package_url(package: Package) -> str:
    return reverse("admin:catalog_package_change", args=[package.pk])
