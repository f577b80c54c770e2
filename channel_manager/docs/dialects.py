"""The page for shops that were written for Ordino, Onebox, OpenTicket or VoordeMensen."""

from __future__ import annotations

import dataclasses

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from channel_manager.docs.pages import PATHS
from channel_manager.docs.views import page
from partners.models import Dialect


@dataclasses.dataclass(frozen=True, kw_only=True)
class System:
    """What a shop of one system changes, and which of its calls are answered."""

    dialect: Dialect
    was: str
    becomes: str
    credentials: str
    calls: tuple[tuple[str, str], ...]
    becomes_order: str
    refusals: str

    @property
    def name(self) -> str:
        """Return the system's name."""
        return str(self.dialect.label)


SYSTEMS = (
    System(
        dialect=Dialect.ORDINO,
        was="https://{park_id}.dev.ordino.global",
        becomes="/ordino",
        credentials="`x-api-key` of your back end; the guest's app sends its bearer token (JWT), "
        "whose issuer the venue sets. Both at once are refused.",
        calls=(
            (
                "POST /api/orders",
                "A paid order. Repeating `metadata.order_id` orders nothing anew.",
            ),
            ("GET /api/entitlements", "What the guest may redeem, for one queue or all."),
            ("POST /api/sessions/actions/reserve", "Joins the virtual queue of an attraction."),
            ("GET, DELETE /api/reservations/{id}", "Where the guest stands; leaves the queue."),
            ("GET /api/reservations", "Where all parties of the guest stand."),
            ("GET /api/reservations/{id}/token", "The QR code that is shown at the ride."),
            ("POST /api/reservations/complete", "The scan at the ride: always 200, with a result."),
            ("GET /api/queues", "The queues there are."),
            ("GET /.well-known/jwks.json", "What the QR code's token is checked with."),
        ),
        becomes_order="The POST itself. `package_id` is your item number here. The order is issued "
        "within seconds, and its entitlements are there then.",
        refusals="Problem bodies with `success: false` and an `error_code`; `errors` names fields "
        "as `Guest_email` and `Packages[0].Quantity`.",
    ),
    System(
        dialect=Dialect.ONEBOX,
        was="https://api.oneboxtds.com",
        becomes="/onebox",
        credentials="`channel_id` and `client_secret` in the form of `POST /oauth/token`; the "
        "token lasts 12 hours.",
        calls=(
            ("POST /distribution-api/v1/orders", "A basket; its `id` goes into `ob-order-id`."),
            ("POST …/orders/seats, …/orders/seats-auto", "Holds places, and renews what is held."),
            ("POST …/orders/buyer-data", "Who buys; an e-mail address at least."),
            ("POST …/orders/pre-confirm", "Fixes the basket, and gives it its `code`."),
            ("POST …/orders/confirm", "You have the money: the order is made."),
            ("GET /catalog-api/v1/events, …/sessions", "What is sold, when, and what is left."),
            ("GET /orders-mgmt-api/v1/orders/{code}", "The order with its tickets."),
            ("POST …/orders/{code}/refund", "Takes single items back."),
        ),
        becomes_order="`confirm`. Until then a basket is kept for ten minutes after each call, and "
        "for ten minutes from `pre-confirm` on.",
        refusals='`{"code": …, "message": …}`; branch on the HTTP status first.',
    ),
    System(
        dialect=Dialect.OPENTICKET,
        was="https://shop.api.openticket.tech and https://api.openticket.tech",
        becomes="/openticket",
        credentials="The shop's GUID in the path; a bearer token only for addresses that begin "
        "with `/openticket/shop/`.",
        calls=(
            ("GET /{shop}/data", "Events and tickets of the shop."),
            ("GET /{shop}/reserve/ticket/{ticket}", "Takes one ticket for 8 minutes, each time."),
            ("GET /shop/{shop}/payment_methods", "How the guest may pay."),
            ("POST /{shop}/order", "The order; the guest goes on to `redirectUrl`."),
            ("GET /shop/{shop}/ticketswap/order/{order}", "The paid order with its tickets."),
        ),
        becomes_order="The payment; a free order, or one on account, is complete at once. The "
        "tickets are mailed.",
        refusals="The six members of the order's answer, with what is wrong in `errors` and no "
        "`order_id`; the status is 422, or what HTTP has for the fault.",
    ),
    System(
        dialect=Dialect.VOORDEMENSEN,
        was="https://api.voordemensen.nl",
        becomes="/voordemensen",
        credentials="Your client name in the path, and nothing else. To buy on account, your secret "
        "in `Authorization`, without Bearer, of `paymentmethods` and `order/create`.",
        calls=(
            (
                "GET /v1/{client}/events, …/tickettypes/{sub_event}",
                "What is sold, and at what price.",
            ),
            ("POST /v1/{client}/cart/", "A cart; its places are kept for 15 minutes."),
            ("POST, GET /v1/{client}/cart/{cart}", "Adds tickets; shows the cart with its total."),
            ("DELETE /v1/{client}/cart/{cart}/{seat}", "Gives one back."),
            ("GET /v1/{client}/paymentmethods", "How the guest may pay."),
            ("POST /v1/{client}/order/create", "An address to pay at, and the `order_key`."),
            ("GET /v1/{client}/order/{order_key}", "The status; tickets and receipt once paid."),
        ),
        becomes_order="The payment. The guest returns to `redirectURL?return=<order_key>`; ask for "
        "the status then, at most once in ten seconds: nearer calls are told the last one. An order "
        "on account is `paid` at once.",
        refusals='`{"message": …}` with the HTTP status.',
    ),
)


@page
def dialects(request: HttpRequest) -> HttpResponse:
    """Show the page."""
    context = {
        "active": PATHS["Other systems"],
        "base_url": settings.PUBLIC_URL,
        "systems": SYSTEMS,
    }
    return render(request, "docs/dialects.html", context)
