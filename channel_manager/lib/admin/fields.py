"""Fields of forms that Django's own widgets do not make easy: days, times of day."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms

from channel_manager.lib.admin.typed import TextInput


class DayInput(TextInput):
    """The browser's own input for a day, on a phone its calendar."""

    input_type = "date"

    def format_value(self, value: Any) -> str | None:
        """Return the day as browsers want it, whatever the language."""
        return value.isoformat() if isinstance(value, datetime.date) else value


class ClockInput(TextInput):
    """The browser's own input for a time of day, on a phone a dial."""

    input_type = "time"

    def format_value(self, value: Any) -> str | None:
        """Return the time without its seconds: browsers would ask for them, too."""
        return f"{value:%H:%M}" if isinstance(value, datetime.time) else value


class ClockField(forms.TimeField):
    """A time of day in whole minutes."""

    widget = ClockInput
    input_formats = ("%H:%M", "%H:%M:00")
    default_error_messages = {"invalid": "A time such as 09:30."}
