"""The addresses of the documentation, and of the host itself."""

from django.urls import path

from channel_manager.docs import dialects, gate, llms, views, webhooks

urlpatterns = [
    path("", views.home),
    path("favicon.ico", views.favicon),
    path("docs", views.guide, name="docs"),
    path("docs/reference", views.reference, name="docs-reference"),
    path("docs/webhooks", webhooks.webhooks, name="docs-webhooks"),
    path("docs/dialects", dialects.dialects, name="docs-dialects"),
    path("docs/gate", gate.gate, name="docs-gate"),
    path("docs/errors", views.error_list, name="docs-errors"),
    path("docs/errors/<str:code>", views.error_page, name="docs-error"),
    path("docs/changelog", views.changelog, name="docs-changelog"),
    path("docs/changelog.md", views.changelog_source),
    path("docs/samples/<path:name>", views.sample),
    path("llms.txt", llms.llms),
]
