"""Every address of the host."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView

from channel_manager import health

urlpatterns = [
    path("admin/", admin.site.urls),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path(
        "openapi.json",
        SpectacularJSONAPIView.as_view(authentication_classes=[], permission_classes=[]),
    ),
    path("", include("catalog.api.urls")),
    path("", include("orders.api.urls")),
]

handler400 = "channel_manager.api.bad_request"
handler403 = "channel_manager.api.forbidden"
handler404 = "channel_manager.api.not_found"
handler500 = "channel_manager.api.server_error"
