"""The wallets app."""

from django.apps import AppConfig


class WalletsConfig(AppConfig):
    name = "wallets"
    verbose_name = "Wallets"

    def ready(self) -> None:
        """Have gate devices and outside systems named where the event log is shown."""
        from partners.actors import register_namer  # noqa: PLC0415  # models are not loaded before
        from wallets.connectors.registry import name_systems  # noqa: PLC0415
        from wallets.devices import name_devices  # noqa: PLC0415

        register_namer("gate", name_devices)
        register_namer("connector", name_systems)
