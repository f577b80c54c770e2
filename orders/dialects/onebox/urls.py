"""The addresses of the Onebox API."""

from django.urls import path

from orders.dialects.onebox import catalogue_views, management_views, oauth, views

_DISTRIBUTION = "onebox/distribution-api/v1/orders"
_CATALOGUE = "onebox/catalog-api/v1"
_MANAGEMENT = "onebox/orders-mgmt-api/v1/orders"

urlpatterns = [
    path("onebox/oauth/token", oauth.TokenView.as_view()),
    path(_DISTRIBUTION, views.OrdersView.as_view()),
    path(f"{_DISTRIBUTION}/seats", views.SeatsView.as_view()),
    path(f"{_DISTRIBUTION}/seats-auto", views.SeatsAutoView.as_view()),
    path(f"{_DISTRIBUTION}/buyer-data", views.BuyerDataView.as_view()),
    path(f"{_DISTRIBUTION}/pre-confirm", views.PreConfirmView.as_view()),
    path(f"{_DISTRIBUTION}/confirm", views.ConfirmView.as_view()),
    path(f"{_CATALOGUE}/events", catalogue_views.EventsView.as_view()),
    path(f"{_CATALOGUE}/events/<str:event_id>", catalogue_views.EventView.as_view()),
    path(f"{_CATALOGUE}/sessions", catalogue_views.SessionsView.as_view()),
    path(f"{_CATALOGUE}/sessions/<str:session_id>", catalogue_views.SessionView.as_view()),
    path(
        f"{_CATALOGUE}/sessions/<str:session_id>/availability",
        catalogue_views.AvailabilityView.as_view(),
    ),
    path(f"{_MANAGEMENT}/<str:code>", management_views.OrderView.as_view()),
    path(f"{_MANAGEMENT}/<str:code>/refund", management_views.RefundView.as_view()),
]
