"""The addresses of hosted payment: the guest's, the sandbox's, and the one that providers notify."""

from django.urls import path

from orders.payment import notifications, views

urlpatterns = [
    path("pay/notify/<slug:variant>", notifications.notify),
    path("pay/sandbox/<slug:reference>", views.sandbox_page),
    path("pay/<slug:token>", views.pay),
    path("pay/<slug:token>/return", views.come_back),
    path("pay/<slug:token>/cancel", views.give_up),
]
