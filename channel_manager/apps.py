"""The app that wires the others together."""

from django.apps import AppConfig, apps
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_migrate


class ChannelManagerConfig(AppConfig):
    name = "channel_manager"
    verbose_name = "OTA Channel Manager"

    def ready(self) -> None:
        """Register the checks, note when sessions begin, have roles follow, name others' apps."""
        from channel_manager import checks, sign_in  # noqa: F401, PLC0415
        from channel_manager.history import roles  # noqa: PLC0415

        user_logged_in.connect(sign_in.begin_session)
        user_logged_out.connect(sign_in.end_session)
        # Django tells of each app in turn; with the last one all permissions are there.
        last = [each for each in apps.get_app_configs() if each.models_module is not None][-1]
        post_migrate.connect(roles.follow_after_migrate, sender=last)
        # As the admin's navigation calls them.
        apps.get_app_config("auth").verbose_name = "People"
        apps.get_app_config("procrastinate").verbose_name = "Background jobs"
