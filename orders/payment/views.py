"""The payment pages over HTTP: our own page, the way to the provider and back, the sandbox's page.

Whoever has the address of a page may pay or give up: no cookie and no log-in is part of it, so that
a token against forged requests would guard nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import wraps
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from channel_manager.lib import content_policy
from channel_manager.lib.money import rounded
from orders import paying
from orders.models import CheckoutStatus, Payment, SandboxPayment, SandboxStatus
from orders.payment import pages
from orders.payment.pages import PayNotice, PayPage, Shown
from orders.payment.providers import sandbox
from orders.payment.providers.base import ProviderAway, provider_of
from orders.payment.texts import PAYMENT_TEXTS, write_amount
from wallets.manifest_texts import choose_language
from wallets.venue_look import VenueLook, look_of

PRIVATE_HEADERS: Mapping[str, str] = {
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",
}
_UNDER_WAY = (CheckoutStatus.AWAITING_PAYMENT, CheckoutStatus.PARTLY_PAID)
_log = logging.getLogger(__name__)
_PaymentView = Callable[[HttpRequest, Payment], HttpResponse]


def _of_a_payment(view: _PaymentView) -> Callable[[HttpRequest, str], HttpResponse]:
    """Hand a view the payment that the address names, or answer that there is none."""

    @wraps(view)
    def with_payment(request: HttpRequest, token: str) -> HttpResponse:
        payment = (
            Payment.objects.filter(token=token)
            .select_related("checkout__storefront__partner__venue")
            .first()
        )
        if payment is None:
            return _notice(pages.unknown(translation.get_language_from_request(request)))
        return view(request, payment)

    return with_payment


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@_of_a_payment
def pay(request: HttpRequest, payment: Payment) -> HttpResponse:
    """Answer our own page; a POST begins the payment and leads on to the provider's."""
    if request.method != "POST":
        paying.recheck(checkout_id=payment.checkout_id, now=timezone.now())
        return _answer(payment)
    try:
        return _lead_to(paying.begin(payment_id=payment.pk, now=timezone.now()))
    except paying.CannotBePaid:
        return _see(payment)
    except ProviderAway as away:
        _log.warning("Payment %s could not be begun: %s", payment.pk, away)
        return _answer(payment, unavailable=True)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@_of_a_payment
def give_up(request: HttpRequest, payment: Payment) -> HttpResponse:
    """Cancel the purchase and send the browser back to the shop; a GET shows the payment."""
    if request.method != "POST":
        return _see(payment)
    try:
        paying.give_up(payment_id=payment.pk, now=timezone.now())
    except ProviderAway as away:
        _log.warning("Payment %s could not be given up: %s", payment.pk, away)
        return _answer(payment, unavailable=True)
    return _to_shop(payment)


@require_safe
@_of_a_payment
def come_back(request: HttpRequest, payment: Payment) -> HttpResponse:
    """Ask how the payment stands, for the browser's word counts for nothing, and go on to the shop."""
    paying.recheck(checkout_id=payment.checkout_id, now=timezone.now())
    return _to_shop(payment)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def sandbox_page(request: HttpRequest, reference: str) -> HttpResponse:
    """Answer the sandbox provider's page; a POST does what was chosen and leads back to us."""
    found = SandboxPayment.objects.filter(reference=reference).first()
    if found is None:
        return _notice(pages.unknown(translation.get_language_from_request(request)))
    choice = request.POST.get("choice", "") if request.method == "POST" else ""
    if choice in _CHOICES:
        status, share, tells = _CHOICES[choice]
        left = found.amount - found.paid
        paid = rounded(left * share, found.currency)
        sandbox.choose(reference=reference, status=status, paid=paid, tells=tells)
        return _lead_to(found.return_url)
    return _sandbox_page(found)


# By the button: how it stands then, the share of what is left that is paid, whether we are told.
_CHOICES: Mapping[str, tuple[SandboxStatus, Decimal, bool]] = {
    "pay": (SandboxStatus.PAID, Decimal(1), True),
    "silent": (SandboxStatus.PAID, Decimal(1), False),
    "pending": (SandboxStatus.PENDING, Decimal(0), True),
    "part": (SandboxStatus.PENDING, Decimal("0.5"), True),
    "fail": (SandboxStatus.FAILED, Decimal(0), True),
    "cancel": (SandboxStatus.CANCELLED, Decimal(0), True),
}


def _answer(payment: Payment, *, unavailable: bool = False) -> HttpResponse:
    payment = Payment.objects.select_related("checkout__storefront__partner__venue").get(
        pk=payment.pk
    )
    shown = pages.build(payment, now=timezone.now())
    if isinstance(shown, PayNotice):
        return _notice(shown)
    context = {"page": shown, "unavailable": unavailable}
    return _render("payment/page.html", context, shown, form_action=_form_action(payment, shown))


def _notice(notice: PayNotice) -> HttpResponse:
    response = _render("payment/notice.html", {"notice": notice}, notice)
    response.status_code = notice.status
    return response


def _sandbox_page(found: SandboxPayment) -> HttpResponse:
    payment = (
        Payment.objects.filter(token=found.shop_reference)
        .select_related("checkout__storefront__partner__venue")
        .first()
    )
    language = choose_language(found.language)
    venue = VenueLook(name="")
    if payment is not None:
        venue = look_of(payment.checkout.storefront.partner.venue)
        language = payment.checkout.language
    texts = PAYMENT_TEXTS[language]
    shown = Shown(language=language, venue=venue, title=texts["sandbox_title"])
    left = found.amount - found.paid
    context = {
        "found": found,
        "is_open": found.status in (SandboxStatus.OPEN, SandboxStatus.PENDING),
        "amount": write_amount(left, found.currency, language),
        "pay_text": texts["sandbox_pay"].format(
            amount=write_amount(left, found.currency, language)
        ),
        "part_text": texts["sandbox_part"].format(
            amount=write_amount(
                rounded(left * _CHOICES["part"][1], found.currency), found.currency, language
            )
        ),
        "ended": texts["sandbox_ended"],
    }
    return _render(
        "payment/sandbox.html",
        context,
        shown,
        form_action=_origin_of(payment.checkout.return_url) if payment else "'self'",
    )


def _render(
    template: str, context: Mapping[str, object], shown: Shown, form_action: str = ""
) -> HttpResponse:
    """Answer a page that loads nothing but our own; its forms lead where they are meant to."""
    frame = {
        "language": shown.language,
        "texts": shown.texts,
        "title": shown.title,
        "venue": shown.venue,
        "shop": _shop_address(shown.return_url),
    }
    response = HttpResponse(render_to_string(template, {**frame, **context}))
    policy = {**content_policy.PAGE}
    if form_action:
        # Browsers hold a form to this also where it is redirected to: the provider, or the shop.
        policy["form-action"] = tuple(dict.fromkeys(("'self'", *form_action.split())))
    response["Content-Security-Policy"] = content_policy.header(
        policy, style_src=content_policy.hash_of(shown.venue.style)
    )
    for name, value in PRIVATE_HEADERS.items():
        response[name] = value
    response["Content-Language"] = shown.language
    return response


def _form_action(payment: Payment, shown: PayPage) -> str:
    try:
        provider = provider_of(payment.variant, payment).form_action
    except ValueError:
        provider = "'self'"
    return f"{provider} {_origin_of(shown.return_url)}"


def _origin_of(address: str) -> str:
    """Return the origin of a shop's address as a source of a policy; our own for none."""
    if not _shop_address(address):
        return "'self'"
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _shop_address(address: str) -> str:
    """Return an address that a browser may be sent to; nothing for one that only looks so."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    plain = parts.netloc.isascii() and not set(parts.netloc) & set("\\ ;,'\"")
    return address if parts.scheme in ("http", "https") and parts.netloc and plain else ""


def _to_shop(payment: Payment) -> HttpResponse:
    address = _shop_address(payment.checkout.return_url)
    return _lead_to(address) if address else _see(payment)


def _see(payment: Payment) -> HttpResponse:
    return _lead_to(f"{settings.PUBLIC_URL}/pay/{payment.token}")


def _lead_to(address: str) -> HttpResponse:
    """Lead the browser on; a POST becomes a GET."""
    response = HttpResponseRedirect(address)
    response.status_code = 303
    for name, value in PRIVATE_HEADERS.items():
        response[name] = value
    return response
