"""What confirming, replaying and cancelling an order would do, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from channel_manager.lib.admin.columns import moment
from channel_manager.lib.admin.confirmation import Confirmation
from orders.admin.page import OrderPage
from orders.cancellation import cancel_deadline, used_numbers
from orders.models import OrderStatus
from wallets.models import Scan, Wallet

# Beyond these a page would only grow longer.
_MOST_SHOWN = 10


def of_confirming(page: OrderPage, back: str) -> Confirmation:
    """Tell what confirming a Draft does."""
    order = page.order
    money = f"The sale of {page.total_incl_vat} is posted to the ledger."
    effects = [
        f"{_content(page)} {'becomes' if _is_one(page) else 'become'} valid at once.",
        "Nothing is posted to the ledger: this is a test order." if order.test_mode else money,
        "The order becomes Issued, and its manifest can be opened.",
    ]
    return Confirmation(
        title=f"Confirm order {order}", button="Confirm order", effects=effects, back=back
    )


def of_replaying(page: OrderPage, back: str) -> Confirmation:
    """Tell what replaying an Error order does, and whether it would be refused."""
    order = page.order
    return Confirmation(
        title=f"Replay order {order}",
        button="Replay order",
        effects=[
            "The order goes back to Submitted and is issued in the background, within seconds.",
            "Both references stay, and so do the numbers and prices that were given.",
        ],
        warnings=[
            f"{remedy.what} The replay is refused until that is mended." for remedy in page.to_mend
        ],
        back=back,
    )


def of_overbooking(page: OrderPage, back: str) -> Confirmation:
    """Tell what replaying over the capacity does."""
    order = page.order
    return Confirmation(
        title=f"Replay order {order} over the capacity",
        button="Replay over the capacity",
        effects=[
            "Every session that is full gets as many places more as this order misses, for good.",
            "The order goes back to Submitted and is issued in the background, within seconds.",
        ],
        warnings=["More guests may come than the session was made for."],
        back=back,
        is_destructive=True,
    )


def of_cancelling(page: OrderPage, back: str) -> Confirmation:
    """Tell what cancelling does: an Issued order is kept as Cancelled, any other is removed."""
    order = page.order
    issued = order.status == OrderStatus.ISSUED
    used = used_numbers(page.living_assets)
    warnings = warnings_of_deadline(page) if issued else []
    if used:
        warnings.append(
            f"Already used: {first_of(used)}. Only somebody who may cancel orders with used "
            "tickets can cancel it."
        )
    return Confirmation(
        title=f"Cancel order {order}" if issued else f"Remove order {order}",
        button="Cancel order" if issued else "Remove order for good",
        effects=of_cancelled(page) if issued else _removing(page),
        warnings=warnings,
        numbers=_numbers(page),
        back=back,
        is_destructive=True,
        is_blocked=bool(used),
    )


def of_cancelling_used(page: OrderPage, back: str) -> Confirmation:
    """Tell what cancelling does though guests have entered, and what was used when and where."""
    used = len(used_numbers(page.living_assets))
    return Confirmation(
        title=f"Cancel order {page.order}, which was used",
        button="Cancel the used order",
        effects=of_cancelled(page),
        warnings=[
            *warnings_of_uses(page, page.living_wallets, used=used, what="this order"),
            *warnings_of_deadline(page),
        ],
        numbers=_numbers(page),
        back=back,
        is_destructive=True,
    )


def of_cancelled(page: OrderPage) -> list[str]:
    """Tell what cancelling an Issued order does, sentence by sentence."""
    order = page.order
    money = f"The sale of {page.total_incl_vat} is taken back in the ledger."
    return [
        f"{_content(page)} {'is' if _is_one(page) else 'are'} destroyed. The gate refuses "
        f"{'it' if _is_one(page) else 'them'} from then on.",
        "Nothing is posted to the ledger: this is a test order." if order.test_mode else money,
        f"The order stays in the list as Cancelled; {order.partner} cannot use the reference "
        f"{order.sell_to_order_reference} again.",
    ]


def _removing(page: OrderPage) -> list[str]:
    order = page.order
    return [
        f"The order is removed for good, with its {count(len(page.lines), 'line')}, "
        f"{_content(page)}.",
        f"{order.partner} may use the reference {order.sell_to_order_reference} again.",
        "The history keeps every number, so that it can still be found.",
    ]


def warnings_of_uses(
    page: OrderPage, wallets: Sequence[Wallet], *, used: int, what: str
) -> list[str]:
    """Tell what was admitted when and where, the last first; one statement.

    wallets: those that are to end; used: how many of their tickets were; what: this order, say.
    """
    scans = Scan.objects.standing().filter(asset__wallet__in=[wallet.pk for wallet in wallets])
    found = list(scans.select_related("device", "asset").order_by("-at", "-id")[: _MOST_SHOWN + 1])
    zone = page.order.venue.zone
    told = [
        f"{scan.asset.reference_number}, {scan.asset.description}: {_how_many(scan)} "
        f"{moment(scan.at, zone)} at {scan.device.name}."
        for scan in found[:_MOST_SHOWN]
        if scan.asset
    ]
    if len(found) > _MOST_SHOWN:
        told.append("There were more before these.")
    summary = f"{count(used, 'ticket or coupon')} of {what} {'was' if used == 1 else 'were'} used."
    return [f"Guests have entered: {summary} You cancel as an exception.", *told]


def _how_many(scan: Scan) -> str:
    return "used" if scan.quantity == 1 else f"{scan.quantity} entered"


def _numbers(page: OrderPage) -> dict[str, list[str]]:
    return {
        "Wallets": [wallet.reference_number for wallet in page.living_wallets],
        "Tickets and coupons": [asset.reference_number for asset in page.living_assets],
    }


def _content(page: OrderPage) -> str:
    wallets = count(len(page.living_wallets), "wallet")
    return f"{wallets} with {count(len(page.living_assets), 'ticket or coupon')}"


def _is_one(page: OrderPage) -> bool:
    return len(page.living_wallets) == 1


def first_of(numbers: Sequence[str]) -> str:
    """Return the first of some numbers, and how many more there are."""
    shown = ", ".join(numbers[:_MOST_SHOWN])
    more = len(numbers) - _MOST_SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown


def count(number: int, what: str) -> str:
    """Return a number with what it counts, such as `2 wallets`."""
    plural = {"ticket or coupon": "tickets and coupons"}.get(what, f"{what}s")
    return f"{number} {what if number == 1 else plural}"


def warnings_of_deadline(page: OrderPage) -> list[str]:
    """Tell when the partner itself could no longer cancel."""
    order = page.order
    deadline = cancel_deadline(order, page.living_assets)
    if deadline is None or timezone.now() <= deadline:
        return []
    return [
        f"{order.partner} could cancel until {moment(deadline, order.venue.zone)}. "
        "You cancel as an exception."
    ]
