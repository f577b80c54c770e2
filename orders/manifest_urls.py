"""The addresses a guest opens; the suffix names the media type, else the Accept header does."""

from django.urls import path

from orders import manifest_views as views

urlpatterns = [
    path("m/<slug:token>", views.order_manifest),
    path("m/<slug:token>.pdf", views.order_manifest, {"media_type": views.PDF}),
    path("w/<slug:token>", views.wallet_manifest),
    path("w/<slug:token>.pdf", views.wallet_manifest, {"media_type": views.PDF}),
]
