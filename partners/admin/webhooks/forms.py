"""What staff are asked about an endpoint: where it is, what it is told, why, and which period."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

from django import forms
from django.utils import timezone

from channel_manager.lib.admin.confirmation import ReasonForm
from channel_manager.lib.admin.typed import (
    Checkboxes,
    Radios,
    SearchableSelect,
    Textarea,
    TextInput,
)
from partners.models import MAX_URL_LENGTH, EventType, Partner, WebhookEndpoint

_MOMENT = "%Y-%m-%dT%H:%M"


class MomentInput(TextInput):
    """The browser's own input for a day and a time."""

    input_type = "datetime-local"


class SettingsForm(forms.Form):
    """Where an endpoint is and what it is told."""

    url = forms.CharField(
        label="URL",
        max_length=MAX_URL_LENGTH,
        widget=TextInput(attrs={"inputmode": "url", "placeholder": "https://"}),
        help_text="Begins with https:// and is reachable from the internet.",
    )
    description = forms.CharField(
        max_length=100,
        required=False,
        widget=TextInput,
        help_text="What it is called here, such as web shop. Empty: it is called by its URL.",
    )
    event_types = forms.MultipleChoiceField(
        label="Events",
        required=False,
        widget=Checkboxes,
        help_text="Tick none to send all of them, also kinds that come later.",
    )

    def __init__(self, *args: Any, endpoint: WebhookEndpoint | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = endpoint.event_types if endpoint else []
        # A test event goes to whom it is sent, whatever is ticked.
        self.fields["event_types"].choices = [  # type: ignore[attr-defined]
            (value, f"{label} – {value}")
            for value, label in EventType.choices
            if value != EventType.TEST or value in chosen
        ]


class NewEndpointForm(SettingsForm):
    """Whose a new endpoint is, and which orders it hears of."""

    partner = forms.ModelChoiceField(queryset=Partner.objects.only("name"), widget=SearchableSelect)
    mode = forms.ChoiceField(
        choices=[("live", "Live orders"), ("test", "Test orders")], initial="live", widget=Radios
    )
    field_order = ("partner", "mode", "url", "description", "event_types")


class WhyForm(ReasonForm):
    """Asks why."""

    reason = forms.CharField(
        label="Reason",
        max_length=200,
        required=False,
        widget=Textarea(attrs={"rows": 3}),
        help_text="Kept in the history. Do not write names of guests here.",
    )


class RequiredWhyForm(WhyForm):
    """Asks why; something ends, so an answer is needed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, is_required=True, **kwargs)


class NothingForm(forms.Form):
    """Asks nothing but the button."""


class RangeForm(forms.Form):
    """Asks which period, on the clock of the partner's venue."""

    since = forms.DateTimeField(label="From", widget=MomentInput, input_formats=[_MOMENT])
    until = forms.DateTimeField(label="Until", widget=MomentInput, input_formats=[_MOMENT])

    def __init__(self, *args: Any, zone: zoneinfo.ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._zone = zone
        for field in self.fields.values():
            field.help_text = f"On the clock in {zone.key.replace('_', ' ')}."

    def full_clean(self) -> None:
        """Read the moments on the venue's clock."""
        with timezone.override(self._zone):
            super().full_clean()

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it begins; its last minute counts in full."""
        answers: dict[str, Any] = super().clean() or self.cleaned_data
        since, until = answers.get("since"), answers.get("until")
        if since and until:
            if until < since:
                self.add_error("until", "It must end after it begins.")
            answers["until"] = until + datetime.timedelta(seconds=59, microseconds=999_999)
        return answers


def since_text(moment: datetime.datetime, zone: zoneinfo.ZoneInfo) -> str:
    """Return a moment as its input shows it."""
    return moment.astimezone(zone).strftime(_MOMENT)
