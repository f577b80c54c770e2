"""What cancelling single wallets of an order would do, in sentences."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal

from catalog import expansion
from catalog.models import Session
from channel_manager.lib.admin.columns import money
from channel_manager.lib.admin.confirmation import Confirmation
from orders.admin import effects
from orders.admin.effects import count, first_of, warnings_of_deadline, warnings_of_uses
from orders.admin.page import OrderPage
from orders.cancellation import used_numbers
from wallets.models import Asset


def of_cancelling(page: OrderPage, back: str) -> Confirmation:
    """Tell what cancelling the chosen wallets does, and whether they were used."""
    used = used_numbers(_assets(page))
    warnings = warnings_of_deadline(page)
    if used:
        warnings.append(
            f"Already used: {first_of(used)}. Only somebody who may cancel orders with used "
            "tickets can cancel it."
        )
    return Confirmation(
        title=f"Cancel {_which(page)}",
        button=f"Cancel {_wallets(page)}",
        effects=_effects(page),
        warnings=warnings,
        numbers=_numbers(page),
        back=back,
        is_destructive=True,
        is_blocked=bool(used),
    )


def of_cancelling_used(page: OrderPage, back: str) -> Confirmation:
    """Tell what cancelling the chosen wallets does though guests have entered with them."""
    used = len(used_numbers(_assets(page)))
    what = "this wallet" if len(page.chosen) == 1 else "these wallets"
    return Confirmation(
        title=f"Cancel {_which(page)}, {'which was' if len(page.chosen) == 1 else 'some'} used",
        button=f"Cancel the used {_wallets(page)}",
        effects=_effects(page),
        warnings=[
            *warnings_of_uses(page, page.chosen, used=used, what=what),
            *warnings_of_deadline(page),
        ],
        numbers=_numbers(page),
        back=back,
        is_destructive=True,
    )


def _which(page: OrderPage) -> str:
    if len(page.chosen) == 1:
        return f"wallet {page.chosen[0]} of order {page.order}"
    return f"{len(page.chosen)} wallets of order {page.order}"


def _wallets(page: OrderPage) -> str:
    return "wallet" if len(page.chosen) == 1 else "wallets"


def _effects(page: OrderPage) -> list[str]:
    order = page.order
    others = len(page.living_wallets) - len(page.chosen)
    if not others:
        last = "It is the last wallet" if len(page.chosen) == 1 else "They are all the wallets"
        return [f"{last} of the order: the order is cancelled.", *effects.of_cancelled(page)]
    content = f"{count(len(page.chosen), 'wallet')} with " + count(
        len(_assets(page)), "ticket or coupon"
    )
    is_one = len(page.chosen) == 1
    return [
        f"{content} {'is' if is_one else 'are'} destroyed. The gate refuses "
        f"{'it' if is_one else 'them'} from then on; the manifest no longer shows "
        f"{'it' if is_one else 'them'}.",
        _money(page),
        *_places(page),
        f"The order stays Issued with {count(others, 'other wallet')}; {order.partner} is told "
        "that it has changed.",
    ]


def _money(page: OrderPage) -> str:
    order = page.order
    if order.test_mode:
        return "Nothing is posted to the ledger: this is a test order."
    back = sum(
        (
            wallet.line.unit_price_incl_vat * wallet.line.units_of(1)
            for wallet in page.chosen
            if wallet.line and wallet.line.unit_price_incl_vat is not None
        ),
        Decimal(0),
    )
    left = (order.total_incl_vat or Decimal(0)) - back
    return (
        f"{money(back, order.currency)} of the order's {page.total_incl_vat} is taken back in the "
        f"ledger; {money(left, order.currency)} is left."
    )


def _places(page: OrderPage) -> list[str]:
    """Tell which sessions get how many places back."""
    sessions = {session.pk: session for view in page.lines for session, _count in view.places}
    returned = Counter[Session]()
    numbers: dict[object, int] = defaultdict(int)
    for wallet in page.chosen:
        numbers[wallet.line_id] += 1
    for view in page.lines:
        for component in map(expansion.from_json, view.line.plan):
            if component.session_id in sessions and numbers[view.line.pk]:
                session = sessions[component.session_id]
                returned[session] += component.places(numbers[view.line.pk])
    return [
        f"{count(number, 'place')} of {session} can be sold again."
        for session, number in returned.items()
    ]


def _assets(page: OrderPage) -> Sequence[Asset]:
    chosen = {wallet.pk for wallet in page.chosen}
    return [asset for asset in page.living_assets if asset.wallet_id in chosen]


def _numbers(page: OrderPage) -> dict[str, list[str]]:
    return {
        "Wallets": [wallet.reference_number for wallet in page.chosen],
        "Tickets and coupons": [asset.reference_number for asset in _assets(page)],
    }
