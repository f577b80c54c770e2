"""The partners app."""

from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "partners"
    verbose_name = "Partners"

    def ready(self) -> None:
        """Have the settings checked."""
        from partners import checks  # noqa: F401, PLC0415 - needs the models
