"""The orders app."""

import importlib

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"
    verbose_name = "Orders"

    def ready(self) -> None:
        """Let every dialect say how it refuses, before a request is refused that no view sees."""
        importlib.import_module("orders.dialects.urls")
