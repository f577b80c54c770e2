"""The page that `redirectUrl` names: on to the payment while one is due, then how the order stands.

Its address is what the guest has of the order; its GUID is another one than the order's.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from orders import checkouts, paying
from orders.dialects.openticket import guids
from orders.dialects.openticket.errors import PREFIX
from orders.manifests import order_url
from orders.models import Checkout, CheckoutStatus, OrderStatus
from partners.models import Storefront

# Whoever comes back from the payment is not sent there again.
CAME_BACK = "returned"
_AWAITING = (CheckoutStatus.AWAITING_PAYMENT, CheckoutStatus.PARTLY_PAID)

_TEXTS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "en": {
        "issuing": ("Thank you", "Your tickets are being made. This page opens them in a moment."),
        "delayed": ("Thank you", "Your tickets take longer than usual. You will get an e-mail."),
        "waiting": ("Your payment", "We are waiting for your payment to be confirmed."),
        "ended": ("Your order has ended", "Nothing was paid in time. Please order again."),
        "given_up": ("Your order has ended", "It was not paid. Please order again."),
        "part": ("Your payment", "A part of the money has arrived. Please pay the rest."),
        "late": (
            "Your payment came too late",
            "We have your money, but your places were no longer kept. We will contact you by e-mail.",
        ),
        "short": (
            "Not all of it was paid in time",
            "A part of the money has arrived, and your places are no longer kept. We will contact you "
            "by e-mail.",
        ),
        "settled": ("Your order is closed", "Your payment has been dealt with."),
        "cancelled": ("Your order was cancelled", "Your tickets are not valid any more."),
        "pay": ("Go to the payment", ""),
    },
    "nl": {
        "issuing": ("Bedankt", "Je tickets worden gemaakt. Deze pagina opent ze zo meteen."),
        "delayed": (
            "Bedankt",
            "Het maken van je tickets duurt langer dan anders. Je krijgt een e-mail.",
        ),
        "waiting": ("Je betaling", "We wachten op de bevestiging van je betaling."),
        "ended": ("Je bestelling is gestopt", "Er is niet op tijd betaald. Bestel opnieuw."),
        "given_up": ("Je bestelling is gestopt", "Er is niet betaald. Bestel opnieuw."),
        "part": ("Je betaling", "Een deel van het geld is binnen. Betaal ook de rest."),
        "late": (
            "Je betaling kwam te laat",
            "We hebben je geld, maar je plaatsen werden niet meer vastgehouden. We nemen per e-mail "
            "contact op.",
        ),
        "short": (
            "Niet alles is op tijd betaald",
            "Een deel van het geld is binnen, en je plaatsen worden niet meer vastgehouden. We nemen "
            "per e-mail contact op.",
        ),
        "settled": ("Je bestelling is afgesloten", "Je betaling is afgehandeld."),
        "cancelled": ("Je bestelling is geannuleerd", "Je tickets zijn niet meer geldig."),
        "pay": ("Naar de betaling", ""),
    },
    "de": {
        "issuing": ("Danke", "Ihre Tickets werden erstellt. Diese Seite öffnet sie gleich."),
        "delayed": ("Danke", "Ihre Tickets brauchen länger als sonst. Sie erhalten eine E-Mail."),
        "waiting": ("Ihre Zahlung", "Wir warten auf die Bestätigung Ihrer Zahlung."),
        "ended": (
            "Ihre Bestellung ist beendet",
            "Es wurde nicht rechtzeitig bezahlt. Bitte bestellen Sie neu.",
        ),
        "given_up": (
            "Ihre Bestellung ist beendet",
            "Es wurde nicht bezahlt. Bitte bestellen Sie neu.",
        ),
        "part": ("Ihre Zahlung", "Ein Teil des Geldes ist eingegangen. Bitte zahlen Sie den Rest."),
        "late": (
            "Ihre Zahlung kam zu spät",
            "Wir haben Ihr Geld, aber Ihre Plätze waren nicht mehr reserviert. Wir melden uns per "
            "E-Mail.",
        ),
        "short": (
            "Es wurde nicht alles rechtzeitig bezahlt",
            "Ein Teil des Geldes ist eingegangen, und Ihre Plätze sind nicht mehr reserviert. Wir "
            "melden uns per E-Mail.",
        ),
        "settled": ("Ihre Bestellung ist abgeschlossen", "Ihre Zahlung ist geklärt."),
        "cancelled": ("Ihre Bestellung wurde storniert", "Ihre Tickets gelten nicht mehr."),
        "pay": ("Zur Zahlung", ""),
    },
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Standing:
    """What a guest is shown: an address to go on to, or a text, which may be looked at again."""

    go_to: str = ""
    title: str = ""
    text: str = ""
    pay_url: str = ""
    pay_text: str = ""
    looks_again: bool = False


def url_of(checkout: Checkout) -> str:
    """Return the absolute address of a checkout's page."""
    key = str(checkout.pk)
    storefront = checkout.storefront
    guid = guids.guids_of(storefront, guids.RETURN_PAGE, [key])[key]
    return f"{settings.PUBLIC_URL}{PREFIX}/{storefront.public_id}/return/{guid}"


def find_checkout(*, storefront: Storefront, guid: str) -> Checkout | None:
    """Return the checkout whose page has a GUID at this shop."""
    key = guids.key_of(storefront, guids.RETURN_PAGE, guid)
    return _with_order().filter(storefront=storefront, pk=key).first() if key else None


def _with_order() -> QuerySet[Checkout]:
    return Checkout.objects.select_related("order", "storefront__partner__venue")


def _again(checkout: Checkout) -> Checkout:
    return _with_order().get(pk=checkout.pk)


def open_payment(*, checkout: Checkout, now: datetime.datetime) -> str:
    """Return the address at which a checkout is paid; empty where it cannot be paid any more."""
    with transaction.atomic():
        locked = checkouts.lock_checkout(Checkout.objects.filter(pk=checkout.pk))
        if locked.status not in _AWAITING or locked.expires_at <= now:
            return ""
        back = f"{url_of(locked)}?{CAME_BACK}=1"
        try:
            return paying.start(checkout=locked, return_url=back, now=now)
        except paying.CannotBePaid:
            return ""


def standing_of(
    checkout: Checkout, *, language: str, came_back: bool, now: datetime.datetime
) -> Standing:
    """Return what the guest of a checkout is shown in a language."""
    texts = _TEXTS[language]
    if came_back:
        paying.recheck(checkout_id=checkout.pk, now=now)
        checkout = _again(checkout)
    if checkout.order is not None and checkout.order.status == OrderStatus.ISSUED:
        return Standing(go_to=order_url(checkout.order))
    pay_url = open_payment(checkout=checkout, now=now)
    if pay_url and not came_back:
        return Standing(go_to=pay_url)
    name = _name_of(checkout)
    title, text = texts[name]
    return Standing(
        title=title,
        text=text,
        pay_url=pay_url,
        pay_text=texts["pay"][0],
        looks_again=name in ("issuing", "waiting"),
    )


def _name_of(checkout: Checkout) -> str:
    if checkout.order is not None:
        match checkout.order.status:
            case OrderStatus.CANCELLED:
                return "cancelled"
            case OrderStatus.ERROR:
                return "delayed"
        return "issuing"
    match checkout.status:
        case CheckoutStatus.PAID_LATE:
            return "short" if checkout.is_short else "late"
        case CheckoutStatus.SETTLED:
            return "settled"
        case CheckoutStatus.PARTLY_PAID:
            return "part"
        case CheckoutStatus.CANCELLED:
            return "given_up"
        case CheckoutStatus.EXPIRED:
            return "ended"
    return "waiting"
