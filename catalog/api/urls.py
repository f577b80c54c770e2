"""The addresses of the native catalogue API."""

from django.urls import path

from catalog.api import views

urlpatterns = [
    path("channelManager/packages", views.PackageListView.as_view()),
    path("channelManager/availability", views.AvailabilityView.as_view()),
]
