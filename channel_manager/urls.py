"""Every address of the host."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from channel_manager import health, openapi, two_factor_pages

urlpatterns = [
    # First: most requests are for these, and addresses are tried one after the other.
    path("", include("catalog.api.urls")),
    path("", include("partners.api.urls")),
    path("", include("orders.api.urls")),
    path("admin", RedirectView.as_view(url="/admin/", query_string=True)),
    path("admin/two-factor/", two_factor_pages.own_page, name="two_factor"),
    path("admin/two-factor/code/", two_factor_pages.code_page, name="two_factor_code"),
    path("admin/", admin.site.urls),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("openapi.json", openapi.DocumentView.as_view()),
    path("", include("channel_manager.docs.urls")),
    path("", include("orders.dialects.urls")),
    path("", include("orders.gate.urls")),
    path("", include("orders.manifest_urls")),
    path("", include("orders.outside.urls")),
    path("", include("orders.payment.urls")),
]

handler400 = "channel_manager.api.bad_request"
handler403 = "channel_manager.admin_errors.forbidden"
handler404 = "channel_manager.admin_errors.not_found"
handler500 = "channel_manager.admin_errors.server_error"
