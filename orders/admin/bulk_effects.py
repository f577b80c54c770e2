"""What acting on many orders at once would do, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from catalog.rescheduling import in_words
from channel_manager.lib.admin.confirmation import Confirmation
from orders.admin.waiting import unsettled_in_words
from orders.admin.wording import ONE_BY_ONE, about_cancelling, amounts_of, count_of, counted
from orders.choosing import ELSEWHERE, ENTERED, NO_VISIT, Choice
from orders.models import BatchAction, OrderStatus
from orders.models.order import IN_FLIGHT

_VERBS: Mapping[BatchAction, str] = {
    BatchAction.REPLAY: "Replay",
    BatchAction.CONFIRM: "Confirm",
    BatchAction.MOVE: "Move",
    BatchAction.CANCEL: "Cancel",
}

_REASONS: Mapping[str, str] = {
    ENTERED: "guests have entered",
    NO_VISIT: "nothing is visited on that day",
    ELSEWHERE: "issued by another system, where it stays on its day: cancel and order anew",
}


def of_many(choice: Choice, *, back: str, post_to: str) -> Confirmation:
    """Tell what a batch does with the chosen orders, how many are left out, and why."""
    title = f"{_VERBS[choice.action]} {count_of(len(choice.acted), 'order')}"
    if len(choice.days) > 1:
        # How many depends on the day that is chosen, which says so itself.
        title = "Move orders to another day"
    lists = {
        "Orders": choice.acted,
        "Left out": [o for some in choice.left_out.values() for o in some],
    }
    return Confirmation(
        title=title,
        button=title,
        effects=list(_effects(choice)),
        warnings=list(_warnings(choice)),
        numbers={heading: [str(order) for order in some] for heading, some in lists.items()},
        back=back,
        post_to=post_to,
        is_destructive=choice.action == BatchAction.CANCEL,
        is_blocked=not choice.acted,
    )


def _effects(choice: Choice) -> Iterator[str]:
    if not choice.acted:
        yield "Nothing can be done with these orders as they stand."
        return
    match choice.action:
        case BatchAction.REPLAY:
            yield from _replaying(choice)
        case BatchAction.CONFIRM:
            yield from _confirming(choice)
        case BatchAction.MOVE:
            yield from _moving(choice)
        case BatchAction.CANCEL:
            yield from about_cancelling(
                issued=choice.count(OrderStatus.ISSUED),
                taken_back=choice.totals(OrderStatus.ISSUED),
                removed=choice.count(OrderStatus.DRAFT, OrderStatus.ERROR),
            )
    yield f"They are for {count_of(choice.guests, 'guest')} at most."
    yield ONE_BY_ONE


def _replaying(choice: Choice) -> Iterator[str]:
    are = counted(len(choice.acted), "order is", "orders are")
    yield f"{are} submitted again. Numbers and prices that were given stay."
    yield "Guests get their tickets as soon as they are issued."
    yield "An order whose cause is not mended stays in Error and says why."


def _confirming(choice: Choice) -> Iterator[str]:
    become = counted(len(choice.acted), "draft becomes", "drafts become")
    yield f"{become} Issued, and the tickets valid at once."
    amounts = amounts_of(choice.totals(OrderStatus.DRAFT))
    if amounts:
        yield f"{amounts} is posted to the ledger."


def _moving(choice: Choice) -> Iterator[str]:
    days = list(choice.days)
    when = f"on {in_words(days[0])}" if len(days) == 1 else "on the day you choose"
    move = counted(len(choice.acted), "order", "orders")
    yield f"{move}: everything that is visited {when} moves to the new day, at the same times."
    if len(days) > 1:
        yield "Orders that are not visited on that day are left as they are."
    yield (
        "New tickets take the place of the old ones, at the links that guests have, in the same "
        "seats where they are free; wallets and prices stay."
    )
    yield "An order that finds no room on the new day stays as it is and says so."


def _warnings(choice: Choice) -> Iterator[str]:
    for why, orders in choice.left_out.items():
        number = len(orders)
        stays = "is left out" if number == 1 else "are left out"
        yield f"{count_of(number, 'order')} {stays}: {_reason(why)}."
    if choice.unsettled:
        told = unsettled_in_words(choice.unsettled, len(choice.acted))
        what = "it" if len(choice.acted) == 1 else "them"
        yield f"{told} Nobody knows whether another system made {what}: see Outside orders."
    if choice.changed:
        yield (
            f"{count_of(len(choice.changed), 'order')} changed while this page was open, and "
            "will be left alone."
        )
    if choice.tests:
        yield f"{count_of(choice.tests, 'test order')} among them: the ledger does not know tests."


def _reason(why: str) -> str:
    if why in IN_FLIGHT:
        return f"{why}, being issued at this moment"
    return _REASONS.get(why, why)
