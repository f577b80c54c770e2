"""What staff are asked before they act on an order."""

from __future__ import annotations

from typing import Any

from django import forms

from channel_manager.lib.admin.confirmation import ReasonForm
from channel_manager.lib.admin.typed import TextInput


class ActionForm(ReasonForm):
    """Asks why, and remembers what the page showed when it was opened."""

    seen = forms.CharField(widget=forms.HiddenInput)


class ConfirmForm(ActionForm):
    """Asks for the payment that a Draft is released on."""

    payment_reference = forms.CharField(
        label="Payment reference",
        max_length=128,
        widget=TextInput,
        help_text="What the partner or the payment provider calls this payment.",
    )
    field_order = ("payment_reference", "reason", "seen")


class CancelForm(ActionForm):
    """Asks why; something is destroyed, so an answer is needed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, is_required=True, **kwargs)
