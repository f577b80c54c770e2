"""The addresses of Ordino's API."""

from django.urls import path

from orders.dialects.ordino import guest_views, views

urlpatterns = [
    path("ordino/api/orders", views.OrdersView.as_view()),
    path("ordino/api/entitlements", guest_views.EntitlementsView.as_view()),
    path("ordino/api/sessions/actions/reserve", guest_views.ReserveView.as_view()),
    path("ordino/api/reservations", guest_views.ReservationsView.as_view()),
    path("ordino/api/reservations/complete", views.CompleteView.as_view()),
    path("ordino/api/reservations/<str:reservation_id>", guest_views.ReservationView.as_view()),
    path("ordino/api/reservations/<str:reservation_id>/token", guest_views.TokenView.as_view()),
    path("ordino/api/queues", views.QueuesView.as_view()),
    path("ordino/api/queues/<str:queue_id>", views.QueueView.as_view()),
    path("ordino/.well-known/jwks.json", views.JwksView.as_view()),
]
