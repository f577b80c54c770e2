"""Where OpenTicket is spoken; the API's host first, since its paths begin with a word."""

from django.urls import path

from orders.dialects.openticket import pages, views

_API = "openticket/shop/<str:shop>"
_SHOP = "openticket/<str:shop>"

urlpatterns = [
    path(f"{_API}/payment_methods", views.PaymentMethodsView.as_view()),
    path(f"{_API}/ticketswap/order/<str:order>", views.SoldOrderView.as_view()),
    path("openticket/ticketswap/order/<str:order>", views.SoldOrderView.as_view()),
    path(f"{_SHOP}/data", views.DataView.as_view()),
    path(f"{_SHOP}/reserve/ticket/<str:ticket>", views.ReserveView.as_view()),
    path(f"{_SHOP}/order", views.OrderView.as_view()),
    path(f"{_SHOP}/return/<str:guid>", pages.return_page),
]
