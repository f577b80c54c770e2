"""Checkouts: purchases through other systems' words, their payments, and money to settle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from channel_manager.history.models import Event
from channel_manager.lib.admin import columns, people
from channel_manager.lib.admin.base import ReadOnlyAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.confirmation import actor_of
from channel_manager.lib.admin.standing import Standing, StateBar, StatusAction
from channel_manager.lib.admin.typed import ChoicesDropdownFilter, RelatedDropdownFilter
from orders import paying
from orders.models import CHECKOUT_KIND, PAYMENT_KIND, Checkout, CheckoutStatus, Payment
from partners.admin.filters import ModeFilter
from partners.timeline import Look, tell

SETTLE = "orders.settle_checkout"
LOOKS = {
    "opened": Look("Begun", "shopping_cart"),
    "payment_asked": Look("Asked for payment", "request_quote"),
    "provider_asked": Look("Guest goes to pay", "outbound"),
    "provider_began": Look("Payment page made", "open_in_browser"),
    "paid": Look("Paid", "paid", "success"),
    "paid_in_part": Look("Paid in part", "payments", "warning"),
    "paid_more": Look("More was paid", "payments", "warning"),
    "paid_in_other_currency": Look("Paid in another currency", "currency_exchange", "danger"),
    "payment_failed": Look("Payment failed", "credit_card_off", "danger"),
    "payment_cancelled": Look("Payment given up", "block"),
    "paid_late": Look("Money kept for staff", "error", "danger"),
    "ordered": Look("Became an order", "receipt_long", "success"),
    "cancelled": Look("Cancelled", "cancel"),
    "expired": Look("Time was over", "timer_off", "warning"),
    "settled": Look("Settled", "done_all", "success"),
    "refunded": Look("Money went back", "undo", "success"),
    "erased": Look("Personal data erased", "person_off"),
}


def _order_after_all(request: HttpRequest, row: Checkout, reason: str) -> str:
    done = paying.order_after_all(
        checkout_id=row.pk, reason=reason, now=timezone.now(), actor=actor_of(request)
    )
    return f"The checkout became order {done.order}." if done.order else "It became an order."


def _settle(request: HttpRequest, row: Checkout, reason: str) -> str:
    paying.note_money_back(
        checkout_id=row.pk, reason=reason, now=timezone.now(), actor=actor_of(request)
    )
    return "It is settled: the money went back."


def _about_order(_request: HttpRequest, row: Checkout) -> Sequence[str]:
    count = row.items.count()
    places = "One place is" if count == 1 else f"{count} places are"
    return (
        f"{places} taken from those that are free now, at the price agreed.",
        f"{row.storefront.partner} is told of the order as of any other.",
    )


def _about_less(_request: HttpRequest, row: Checkout) -> Sequence[str]:
    if row.paid_amount >= row.amount_due:
        return ()
    paid, due = (columns.money(x, row.currency) for x in (row.paid_amount, row.amount_due))
    return (f"Only {paid} of {due} was paid.",)


_STANDING = Standing(
    model=Checkout,
    permission=SETTLE,
    colours={
        CheckoutStatus.OPEN: "info",
        CheckoutStatus.AWAITING_PAYMENT: "info",
        CheckoutStatus.PARTLY_PAID: "warning",
        CheckoutStatus.ORDERED: "success",
        CheckoutStatus.CANCELLED: "",
        CheckoutStatus.EXPIRED: "warning",
        CheckoutStatus.PAID_LATE: "danger",
        CheckoutStatus.SETTLED: "success",
    },
    meanings={
        CheckoutStatus.OPEN: "The guest is choosing; the places are kept meanwhile.",
        CheckoutStatus.AWAITING_PAYMENT: "What is bought is fixed; the places are kept for the "
        "money to come.",
        CheckoutStatus.PARTLY_PAID: "A part of the money has come; the places are kept for the "
        "rest.",
        CheckoutStatus.ORDERED: "It was paid and became an order.",
        CheckoutStatus.CANCELLED: "It was given up; its places are for sale again.",
        CheckoutStatus.EXPIRED: "Its time was over; its places are for sale again.",
        CheckoutStatus.PAID_LATE: "Money has come, but no order could be made of it: make one "
        "after all, or send the money back and note it here.",
        CheckoutStatus.SETTLED: "It was paid late, and staff have settled it.",
    },
    actions={
        "order_after_all": StatusAction(
            label="Order after all",
            icon="receipt_long",
            statuses=(CheckoutStatus.PAID_LATE,),
            look="primary",
            run=_order_after_all,
            about=_about_order,
            cautions=_about_less,
            asks_why=True,
        ),
        "settle": StatusAction(
            label="Note that the money went back",
            icon="undo",
            statuses=(CheckoutStatus.PAID_LATE,),
            run=_settle,
            effects=(
                "No money moves by this: send it back at the payment provider first.",
                "The checkout is closed without an order.",
            ),
            is_destructive=True,
        ),
    },
)


# The dialects' shorter names are shown whole, GUIDs and tokens by their beginning.
_WHOLE, _BEGINNING = 24, 13


class _ModeFilter(ModeFilter):
    """By the storefront's mode."""

    of_tests = Q(storefront__test_mode=True)


@register(Checkout)
class CheckoutAdmin(ReadOnlyAdmin[Checkout]):
    """Purchases through storefronts; the way to those that were paid late stands first."""

    list_display = ("opened", "state", "known_as", "shop", "due", "paid", "became")
    list_display_links = ("opened",)
    list_select_related = ("storefront__partner__venue", "order")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("storefront", RelatedDropdownFilter),
        ("storefront__partner", RelatedDropdownFilter),
        _ModeFilter,
    )
    list_before_template = "admin/orders/checkout/quick_filters.html"
    search_fields = ("code__exact", "public_id__exact", "payments__transaction_id__exact")
    search_help_text = "What the shop calls it, or the payment's number at the provider"
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        "id",
        "called",
        "shop",
        "mode",
        "status_message",
        "opened",
        "until",
        "due",
        "paid",
        "buyer",
        "became",
        "units",
        "payments",
    )
    readonly_fields = fields[1:]
    change_form_outer_after_template = "admin/catalog/package/below.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Checkout]:
        """Leave the venues' logos where they are, and in the list carts that are empty."""
        rows: QuerySet[Checkout] = super().get_queryset(request)
        asked = request.resolver_match
        if asked is not None and asked.url_name == "orders_checkout_changelist":
            rows &= Checkout.objects.with_something_in_it()
        return rows.defer("storefront__partner__venue__logo")

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Checkout | None:
        """Mask the buyer on the page, too."""
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            self.hide_people(request, [row])
        return row

    def get_urls(self) -> list[URLPattern]:
        """Add the pages that settle a checkout."""
        return [*_STANDING.urls(self), *super().get_urls()]

    def hide_people(self, request: HttpRequest, rows: Sequence[Checkout]) -> None:
        """Mask the buyers."""
        people.hide(request, rows, "buyer_name", "buyer_email")

    def state_bar(self, request: HttpRequest, row: Checkout) -> StateBar:
        """Return its status, and the buttons that settle money which came late."""
        return _STANDING.bar(request, row)

    def surroundings(self, request: HttpRequest, row: Checkout) -> Mapping[str, Any]:
        """Return its history together with that of its payments."""
        payments = [payment.pk for payment in row.payments.all()]
        events = Event.objects.filter(
            Q(kind=CHECKOUT_KIND, subject_id=row.pk) | Q(kind=PAYMENT_KIND, subject_id__in=payments)
        )
        return {"happenings": tell(events.order_by("-id"), LOOKS), "zone": _venue(row).timezone}

    @column("Begun")
    def opened(self, row: Checkout) -> str:
        """Return the moment on the venue's clock."""
        return columns.moment(row.opened_at, _venue(row).zone)

    @column("Status", badges=_STANDING.colours)
    def state(self, row: Checkout) -> tuple[str, str]:
        """Return the status as a badge."""
        return str(row.status), str(row.get_status_display())

    @column("At the shop")
    def known_as(self, row: Checkout) -> str:
        """Return what the shop calls it, as much of it as tells it apart in a list."""
        name = str(row)
        return name if len(name) <= _WHOLE else f"{name[:_BEGINNING]}…"

    @column("At the shop")
    def called(self, row: Checkout) -> str:
        """Return what the shop calls it."""
        return str(row)

    @column("Storefront")
    def shop(self, row: Checkout) -> str:
        """Return whose shop it is, and in whose words it sells."""
        kind = " test" if row.storefront.test_mode else ""
        return f"{row.storefront.partner}, {row.storefront.get_dialect_display()}{kind}"

    @column("Mode", badges={"test": "warning"})
    def mode(self, row: Checkout) -> tuple[str, str]:
        """Return whether it is a test, for which no money moves."""
        return ("test", "TEST") if row.storefront.test_mode else ("live", "Live")

    @column("To pay")
    def due(self, row: Checkout) -> str:
        """Return what is due, the cost of paying included."""
        return columns.money(row.amount_due, row.currency)

    @column("Paid")
    def paid(self, row: Checkout) -> str:
        """Return what has come so far."""
        return columns.money(row.paid_amount, row.currency) if row.paid_amount else columns.EMPTY

    @column("Until")
    def until(self, row: Checkout) -> str:
        """Return until when its places are, or were, kept."""
        return columns.moment(row.expires_at, _venue(row).zone)

    @column("Order")
    def became(self, row: Checkout) -> SafeString | str:
        """Return the order that it became."""
        if row.order is None:
            return columns.EMPTY
        address = reverse("admin:orders_order_change", args=[row.order.pk])
        return columns.link(address, row.order.buy_from_order_reference)

    @column("Buyer")
    def buyer(self, row: Checkout) -> str:
        """Return who buys, as far as one may see it."""
        return ", ".join(filter(None, (row.buyer_name, row.buyer_email))) or columns.EMPTY

    @column("Units")
    def units(self, row: Checkout) -> SafeString | str:
        """Return what is bought, unit by unit."""
        rows = [
            (
                item.number,
                item.package.name,
                columns.day(item.visit_date, item.visit_time),
                item.seat,
                columns.money(item.unit_price, row.currency),
            )
            for item in row.items.select_related("package")
        ]
        line = '<p class="cm-data"><b>{}</b> {}, {} {} {}</p>'
        return format_html_join("", line, rows) or columns.EMPTY

    @column("Payments")
    def payments(self, row: Checkout) -> SafeString | str:
        """Return its payments, each with where it stands and what the provider calls it."""
        zone = _venue(row).zone
        rows = [
            (
                str(payment),
                payment.variant,
                payment.get_status_display(),
                columns.money(payment.captured_amount or Decimal(0), payment.currency),
                columns.money(payment.total, payment.currency),
                columns.moment(payment.status_since, zone),
                payment.message,
            )
            for payment in Payment.objects.filter(checkout=row)
        ]
        line = '<p class="cm-data"><b>{}</b> {}, {}: {} of {}, {} {}</p>'
        return format_html_join("", line, rows) or columns.EMPTY


def _venue(row: Checkout) -> Any:
    return row.storefront.partner.venue
