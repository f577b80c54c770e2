"""What staff are asked before they act on many orders, and the orders as they have seen them."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from channel_manager.lib.admin.confirmation import ReasonForm
from channel_manager.lib.admin.typed import TextInput
from orders.admin.moving import DaysForm
from orders.choosing import MOST_ORDERS, Seen
from orders.models import BatchAction

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_TICK = datetime.timedelta(microseconds=1)
# An id, a colon, the moment of the last change in microseconds.
_LETTERS = 60
_UNREADABLE = "The page does not say any more which orders were chosen."


class BulkForm(ReasonForm):
    """Asks why; carries the batch's id, so that it is done once, and the orders as they were seen."""

    batch_id = forms.UUIDField(widget=forms.HiddenInput)
    chosen = forms.CharField(widget=forms.HiddenInput, max_length=_LETTERS * MOST_ORDERS)

    def clean_chosen(self) -> list[Seen]:
        """Return the chosen orders."""
        texts = self.cleaned_data["chosen"].split()
        try:
            seen = [_read(one) for one in texts[: MOST_ORDERS + 1]]
        except (ValueError, OverflowError) as fault:
            raise forms.ValidationError(_UNREADABLE) from fault
        if len(seen) > MOST_ORDERS:
            raise forms.ValidationError(_UNREADABLE)
        return seen

    @property
    def is_readable(self) -> bool:
        """Tell whether it still says what was chosen, whatever else is wrong."""
        return not ({"batch_id", "chosen"} & set(self.errors))


class BulkCancelForm(BulkForm):
    """Asks why; something is destroyed, so an answer is needed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, is_required=True, **kwargs)


class BulkConfirmForm(BulkForm):
    """Asks for the payment that all the drafts are released on."""

    payment_reference = forms.CharField(
        label="Payment reference",
        max_length=128,
        widget=TextInput,
        help_text="What all of these were paid with, such as the partner's invoice.",
    )
    field_order = ("payment_reference", "reason")


class BulkMoveForm(DaysForm, BulkForm):
    """Asks from which day to which, and why."""

    field_order = ("from_date", "to_date", "reason")


FORMS: Mapping[BatchAction, type[BulkForm]] = {
    BatchAction.REPLAY: BulkForm,
    BatchAction.CONFIRM: BulkConfirmForm,
    BatchAction.MOVE: BulkMoveForm,
    BatchAction.CANCEL: BulkCancelForm,
}


def write_chosen(seen: Sequence[Seen]) -> str:
    """Return the chosen orders as the form carries them."""
    return " ".join(f"{one.order_id.hex}:{(one.updated_at - _EPOCH) // _TICK}" for one in seen)


def _read(text: str) -> Seen:
    key, _, ticks = text.partition(":")
    return Seen(uuid.UUID(key), _EPOCH + int(ticks) * _TICK)
