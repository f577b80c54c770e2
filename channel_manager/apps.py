"""The app that wires the others together."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class ChannelManagerConfig(AppConfig):
    name = "channel_manager"
    verbose_name = "OTA Channel Manager"

    def ready(self) -> None:
        """Register the system checks, and note when sessions begin."""
        from channel_manager import checks, sign_in  # noqa: F401, PLC0415

        user_logged_in.connect(sign_in.begin_session)
