"""The one page of OpenTicket that a guest's browser opens."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from channel_manager.lib import content_policy
from orders.dialects.openticket import return_page as page_of
from orders.manifest_views import PRIVATE_HEADERS, html_of
from partners.models import Dialect
from partners.storefronts import find_storefront
from wallets import manifest
from wallets.manifest import Notice
from wallets.venue_look import look_of

_SECONDS_UNTIL_NEXT_LOOK = 3


@csrf_exempt
@require_safe
def return_page(request: HttpRequest, shop: str, guid: str) -> HttpResponse:
    """Send a guest on to the payment or the tickets, or say how the order stands."""
    storefront = find_storefront(Dialect.OPENTICKET, shop.lower())
    checkout = page_of.find_checkout(storefront=storefront, guid=guid) if storefront else None
    if checkout is None:
        tag = translation.get_language_from_request(request)
        return _answer(manifest.not_found_notice(language_tag=tag), status=404)
    venue = checkout.storefront.partner.venue
    language = checkout.language
    standing = page_of.standing_of(
        checkout,
        language=language,
        came_back=page_of.CAME_BACK in request.GET,
        now=timezone.now(),
    )
    if standing.go_to:
        response: HttpResponse = HttpResponseRedirect(standing.go_to)
        return _private(response)
    shown = Notice(
        is_gone=False,
        language=language,
        venue=look_of(venue),
        title=standing.title,
        text=standing.text,
        advice="",
    )
    response = _answer(shown, pay_url=standing.pay_url, pay_text=standing.pay_text)
    if standing.looks_again:
        response["Refresh"] = str(_SECONDS_UNTIL_NEXT_LOOK)
    return response


def _answer(notice: Notice, *, status: int = 200, **more: str) -> HttpResponse:
    response = HttpResponse(
        html_of("openticket/return.html", {"notice": notice, **more}, notice), status=status
    )
    response["Content-Security-Policy"] = content_policy.header(
        content_policy.PAGE, style_src=content_policy.hash_of(notice.venue.style)
    )
    response["Content-Language"] = notice.language
    return _private(response)


def _private(response: HttpResponse) -> HttpResponse:
    for name, value in PRIVATE_HEADERS.items():
        response[name] = value
    return response
