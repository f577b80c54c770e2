"""What providers notify us of: signed or asked about, taken any number of times and in any order."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from channel_manager.lib.errors import NotFound
from orders.models import Payment
from orders.payment import outcomes
from orders.payment.providers.base import Notification, ProviderAway, provider_of

_log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def notify(request: HttpRequest, variant: str) -> HttpResponse:
    """Take a provider's notification: 200 and its effect, 401 unsigned, 400 unreadable, 404 unknown."""
    try:
        provider = provider_of(variant)
    except ValueError:
        raise NotFound("No provider of this name is configured.") from None
    now = timezone.now()
    notification = provider.read_notification(request)
    if notification is None:
        return _answer("ignored")
    payment = _find(variant, notification)
    if payment is None:
        _log.warning("A notification of %s names no payment of ours", variant)
        raise NotFound("The notification names no payment of ours.")
    report = notification.report
    try:
        if report is None:
            report = provider.ask(payment)
    except ProviderAway as away:
        # It stays for the next look of the background's, which is now.
        _log.warning("Payment %s could not be asked about: %s", payment.pk, away)
        Payment.objects.filter(pk=payment.pk).update(next_check_at=now)
        return _answer("asked_again_later")
    return _answer(outcomes.apply(payment_id=payment.pk, report=report, now=now))


def _find(variant: str, notification: Notification) -> Payment | None:
    if "\0" in notification.transaction_id + notification.token:
        return None
    payments = Payment.objects.filter(variant=variant)
    if notification.transaction_id:
        found = payments.filter(transaction_id=notification.transaction_id).first()
        if found is not None or not notification.token:
            return found
    return payments.filter(token=notification.token).first()


def _answer(effect: str) -> HttpResponse:
    return JsonResponse({"effect": str(effect)})
