"""The addresses of VoordeMensen; its clients write some of them with a slash in the end."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, path

from orders.dialects.voordemensen import cart_views, order_views, views

_API = "voordemensen/v1/<str:client_name>"
# The documents stand at another host in the original, without a version.
_PAGES = "voordemensen/<str:client_name>"


def _both(route: str, view: Any) -> Iterator[URLPattern]:
    """Serve an address with and without a slash in the end: a redirect would lose a POST's body."""
    yield path(route, view.as_view())
    yield path(f"{route}/", view.as_view())


urlpatterns = [
    *_both(f"{_API}/events", views.EventsView),
    *_both(f"{_API}/events/upcoming", views.EventsView),
    *_both(f"{_API}/events/<str:event_id>", views.EventView),
    *_both(f"{_API}/tickettypes/<str:event_id>", views.TicketTypesView),
    *_both(f"{_API}/locations", views.LocationsView),
    *_both(f"{_API}/eventtypes", views.EventTypesView),
    *_both(f"{_API}/eventtypes/<str:name>", views.EventTypeView),
    *_both(f"{_API}/paymentmethods", views.PaymentMethodsView),
    *_both(f"{_API}/cart", cart_views.CartsView),
    *_both(f"{_API}/cart/<str:cart_id>", cart_views.CartView),
    *_both(f"{_API}/cart/<str:cart_id>/<str:seat_id>", cart_views.SeatView),
    *_both(f"{_API}/order/create", order_views.CreateOrderView),
    *_both(f"{_API}/order/<str:order_key>", order_views.OrderView),
    *_both(f"{_PAGES}/order/<str:order_key>/ticket", order_views.TicketView),
    *_both(f"{_PAGES}/order/<str:order_key>/receipt", order_views.ReceiptView),
]
