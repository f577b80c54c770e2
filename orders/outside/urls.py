"""The addresses that outside systems are given: one to push to, one to send browsers back to."""

from django.urls import path

from orders.outside import views

urlpatterns = [
    path("outside/<uuid:connection_id>/notices", views.take_notice),
    path("outside/<uuid:connection_id>/return", views.come_back),
]
