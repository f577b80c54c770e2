"""The forms of contracts: all terms of a new one, the last day of one that ends."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms

from channel_manager.lib.admin.confirmation import ReasonForm
from channel_manager.lib.admin.fields import DayInput
from channel_manager.lib.admin.typed import ModelForm, Select, Textarea, TextInput
from partners.models import Contract

# What is agreed on, in the order of the form.
TERMS = ("terms", "percent", "fee", "currency", "date_basis", "billed_by", "tolerance", "note")
_HELP = {
    "valid_from": "It holds for orders that are received from this day on, on the venue's clock.",
    "valid_until": "The last day, included. Empty: until it is ended.",
    "terms": "What the partner keeps. Prices of packages stay as they are.",
    "percent": "Only for a commission in percent, such as 12.5; else 0.",
    "fee": "Only for a fixed fee: an amount for each guest or ticket sold; else 0.",
    "currency": "The venue's. Empty: that one.",
    "date_basis": "An order of March that is visited in April is of March if booking counts, of "
    "April if the visit does. It decides in which period a sale is reconciled.",
    "billed_by": "Tells finance what to expect: a statement to check, or a bill to write.",
    "note": "Such as where the signed contract is kept.",
}


class ContractForm(ModelForm[Contract]):
    """A contract with all that is agreed on."""

    class Meta:
        model = Contract
        fields = ("partner", "valid_from", "valid_until", *TERMS)
        widgets = {
            "partner": Select,
            "valid_from": DayInput,
            "valid_until": DayInput,
            "terms": Select,
            "percent": TextInput,
            "fee": TextInput,
            "currency": TextInput,
            "date_basis": Select,
            "billed_by": Select,
            "tolerance": TextInput,
            "note": TextInput,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, text in _HELP.items():
            if name in self.fields:
                self.fields[name].help_text = text
        if "currency" in self.fields:
            self.fields["currency"].required = False

    def clean(self) -> dict[str, Any]:
        """Take the venue's currency where none is named; refuse days in the wrong order."""
        cleaned = super().clean() or self.cleaned_data
        partner = cleaned.get("partner") or (self.instance.partner_id and self.instance.partner)
        if partner and not cleaned.get("currency"):
            cleaned["currency"] = partner.venue.currency
        first, last = cleaned.get("valid_from"), cleaned.get("valid_until")
        if first and last and last < first:
            self.add_error("valid_until", "This is before the first day.")
        return cleaned


class AgreeAnewForm(ContractForm):
    """The terms that follow, of the same partner, from a day on."""

    class Meta(ContractForm.Meta):
        fields = ("valid_from", "valid_until", *TERMS)  # type: ignore[assignment]

    reason = forms.CharField(
        label="Reason (optional)",
        max_length=500,
        required=False,
        widget=Textarea(attrs={"rows": 3}),
        help_text="Kept in the partner's history.",
    )

    def validate_constraints(self) -> None:
        """Leave overlaps to the database: the contract before still covers these days."""


class EndForm(ReasonForm):
    """Asks for the last day, and why."""

    last_day = forms.DateField(
        label="Last day",
        widget=DayInput,
        help_text="Orders that are received later are sold without these terms.",
    )
    field_order = ("last_day", "reason")

    def __init__(self, *args: Any, today: datetime.date, **kwargs: Any) -> None:
        super().__init__(*args, initial={"last_day": today}, **kwargs)
