"""The app that wires the others together."""

from django.apps import AppConfig


class ChannelManagerConfig(AppConfig):
    name = "channel_manager"
    verbose_name = "OTA Channel Manager"

    def ready(self) -> None:
        """Register the system checks."""
        from channel_manager import checks  # noqa: F401, PLC0415
