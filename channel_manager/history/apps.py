"""The history app."""

from django.apps import AppConfig


class HistoryConfig(AppConfig):
    name = "channel_manager.history"
    label = "history"
    verbose_name = "History"
