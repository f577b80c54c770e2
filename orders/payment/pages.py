"""What the payment pages show: what is bought, until when it is kept, or why there is nothing to pay."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
from collections.abc import Mapping
from decimal import Decimal

from orders.models import Checkout, CheckoutItem, CheckoutStatus, Payment, PaymentState
from orders.payment.texts import PAYMENT_TEXTS, write_amount, write_method
from wallets.manifest_texts import TEXTS, choose_language, write_day, write_time
from wallets.venue_look import VenueLook, look_of

_PAYABLE = (CheckoutStatus.AWAITING_PAYMENT, CheckoutStatus.PARTLY_PAID)
# Which notice a checkout has that cannot be paid (any more), and with which HTTP status.
_NOTICES: Mapping[str, tuple[str, int]] = {
    CheckoutStatus.ORDERED: ("paid", 200),
    CheckoutStatus.PAID_LATE: ("late", 200),
    CheckoutStatus.SETTLED: ("settled", 410),
    CheckoutStatus.CANCELLED: ("cancelled", 410),
    CheckoutStatus.EXPIRED: ("expired", 410),
    CheckoutStatus.OPEN: ("unknown", 404),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shown:
    """What every payment page has. `return_url` is the shop's, if it named one to go back to."""

    language: str
    venue: VenueLook
    title: str
    return_url: str = ""

    @property
    def texts(self) -> Mapping[str, str]:
        """Return the sentences of its language."""
        return {**TEXTS[self.language], **PAYMENT_TEXTS[self.language]}


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of what is bought: what, when, and what it costs."""

    name: str
    when: str
    amount: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class PayPage(Shown):
    """A checkout to pay. Moments are aware; `seconds_left` is the time until `until`."""

    path: str
    seller: str
    rows: tuple[Row, ...]
    cost: Row | None
    total: str
    paid: str
    due: str
    kept_until: str
    until: datetime.datetime
    seconds_left: int
    has_begun: bool
    test_mode: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class PayNotice(Shown):
    """Why there is nothing to pay; answered with `status`."""

    text: str
    advice: str
    status: int


def build(payment: Payment, *, now: datetime.datetime) -> PayPage | PayNotice:
    """Return the page of a payment whose checkout, storefront, partner and venue are at hand."""
    checkout = payment.checkout
    if checkout.status == CheckoutStatus.PAID_LATE and checkout.is_short:
        return _notice_of(checkout, "short", 200)
    if checkout.status not in _PAYABLE:
        return _notice_of(checkout, *_NOTICES[checkout.status])
    if checkout.expires_at <= now:
        return _notice_of(checkout, "expired", 410)
    if payment.status != PaymentState.WAITING:
        return _notice_of(checkout, "cancelled", 410)
    return _page(payment, checkout, now)


def unknown(language_tag: str | None) -> PayNotice:
    """Return the notice that an address has no payment; it tells nothing else."""
    language = choose_language(language_tag)
    return _notice("unknown", 404, language=language, venue=VenueLook(name=""), return_url="")


def _page(payment: Payment, checkout: Checkout, now: datetime.datetime) -> PayPage:
    venue = checkout.storefront.partner.venue
    language = checkout.language
    texts = PAYMENT_TEXTS[language]

    def written(amount: Decimal) -> str:
        return write_amount(amount, payment.currency, language)

    until = checkout.expires_at.astimezone(venue.zone)
    method = write_method(checkout.payment_method, language)
    cost = None
    if checkout.payment_cost:
        cost = Row(texts["cost"].format(method=method), "", written(checkout.payment_cost))
    paid = payment.captured_amount
    return PayPage(
        language=language,
        venue=look_of(venue),
        title=texts["pay_title"],
        return_url=checkout.return_url,
        path=f"/pay/{payment.token}",
        seller=texts["sold_by"].format(seller=checkout.storefront.partner.name),
        rows=_rows(checkout, language),
        cost=cost,
        total=written(payment.total),
        paid=written(paid) if paid else "",
        due=written(max(payment.total - paid, Decimal(0))),
        kept_until=texts["kept_until"].format(time=write_time(until, language)),
        until=until,
        seconds_left=max(0, int((checkout.expires_at - now).total_seconds())),
        has_begun=bool(payment.transaction_id) and not paid,
        test_mode=checkout.storefront.test_mode,
    )


def _rows(checkout: Checkout, language: str) -> tuple[Row, ...]:
    """Return what is bought, the same tickets for the same visit together."""

    def alike(item: CheckoutItem) -> tuple[object, ...]:
        return (
            item.visit_date or datetime.date.min,
            item.visit_time or datetime.time.min,
            item.package.name,
            item.package_id,
            item.unit_price,
        )

    items = sorted(checkout.items.select_related("package"), key=alike)
    rows = []
    for _, group in itertools.groupby(items, key=alike):
        together = list(group)
        first = together[0]
        when = []
        if first.visit_date:
            when.append(write_day(first.visit_date, language))
        if first.visit_time:
            when.append(write_time(first.visit_time, language))
        seats = ", ".join(item.seat for item in together if item.seat)
        if seats:
            when.append(f"{TEXTS[language]['seat']} {seats}")
        name = PAYMENT_TEXTS[language]["piece"].format(count=len(together), name=first.package.name)
        amount = first.unit_price * len(together)
        rows.append(Row(name, ", ".join(when), write_amount(amount, checkout.currency, language)))
    return tuple(rows)


def _notice_of(checkout: Checkout, kind: str, status: int) -> PayNotice:
    venue = checkout.storefront.partner.venue
    return _notice(
        kind,
        status,
        language=checkout.language,
        venue=look_of(venue),
        return_url=checkout.return_url,
    )


def _notice(
    kind: str, status: int, *, language: str, venue: VenueLook, return_url: str
) -> PayNotice:
    texts = PAYMENT_TEXTS[language]
    return PayNotice(
        language=language,
        venue=venue,
        title=texts[f"{kind}_title"],
        text=texts[f"{kind}_text"].format(venue=venue.name),
        advice=texts[f"{kind}_advice"].format(venue=venue.name),
        return_url=return_url,
        status=status,
    )
