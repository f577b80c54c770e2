"""Where the dialects are spoken."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("orders.dialects.onebox.urls")),
    path("", include("orders.dialects.openticket.urls")),
    path("", include("orders.dialects.voordemensen.urls")),
    path("", include("orders.dialects.ordino.urls")),
]
