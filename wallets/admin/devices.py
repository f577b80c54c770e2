"""The admin of gate devices: made here with a key that is shown once, renamed, set, revoked."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.debug import sensitive_variables

from catalog.admin.opening import initial_venue
from catalog.models import Item
from channel_manager.lib.admin import columns
from channel_manager.lib.admin.base import StaffAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.confirmation import Confirmation, ReasonForm, show_confirmation
from channel_manager.lib.admin.standing import StateBar, StateButton
from channel_manager.lib.admin.typed import ModelForm
from partners.admin.filters import VenueFilter
from wallets.admin.device_keys import show_key
from wallets.devices import create_device, replace_key, revoke_device
from wallets.models import GateDevice

WORKING, REVOKED = "Working", "Revoked"
_COLOURS = {WORKING: "success", REVOKED: "danger"}
_MEANINGS = {
    WORKING: "Its key opens the gate's page and its API.",
    REVOKED: "Its key opens nothing. A new key lets it work again.",
}
_MOST_NAMED = 3


def state_of(device: GateDevice) -> str:
    """Return whether its key works, in a word."""
    return REVOKED if device.revoked_at else WORKING


class GateDeviceForm(ModelForm[GateDevice]):
    """A device with what it admits."""

    class Meta:
        model = GateDevice
        fields = ("venue", "name", "admits_every_item", "items")
        help_texts = {"items": "What it admits and redeems. Begin to type to find an item."}

    def clean(self) -> dict[str, Any]:
        """Refuse items of another venue, and a gate that is set to nothing."""
        answers: dict[str, Any] = super().clean() or self.cleaned_data
        venue = answers.get("venue") or getattr(self.instance, "venue", None)
        items: QuerySet[Item] | None = answers.get("items")
        if items and venue:
            foreign = [item for item in items if item.venue_id != venue.pk]
            if foreign:
                self.add_error("items", f"{foreign[0]} belongs to another venue.")
        if items is not None and not items and not answers.get("admits_every_item"):
            message = "Choose what this gate admits, or let it admit every item."
            self.add_error("items", forms.ValidationError(message, code="nothing"))
        return answers


@register(GateDevice)
class GateDeviceAdmin(StaffAdmin[GateDevice]):
    """A scanner, phone or turnstile at the gate."""

    form = GateDeviceForm
    list_display = ("name", "state", "admits", "key", "last_used", "venue")
    list_select_related = ("venue",)
    list_filter = (VenueFilter,)
    search_fields = ("name",)
    search_help_text = "Name of the gate"
    autocomplete_fields = ("items",)
    asked = (
        (None, {"fields": ("venue", "name")}),
        ("Admits", {"fields": ("admits_every_item", "items")}),
    )
    change_form_outer_after_template = "admin/wallets/gatedevice/below.html"

    def get_fieldsets(self, request: HttpRequest, obj: GateDevice | None = None) -> Any:
        """Ask for what is needed; tell of the key once there is one."""
        key = ("Key", {"fields": ("key", "made", "last_used")})
        return [*self.asked, key] if obj else self.asked

    def get_readonly_fields(
        self, request: HttpRequest, obj: GateDevice | None = None
    ) -> tuple[str, ...]:
        """Fix the venue once there is a device: its scans are that venue's."""
        told = ("key", "made", "last_used")
        return ("venue", *told) if obj else told

    def get_queryset(self, request: HttpRequest) -> QuerySet[GateDevice]:
        """Leave out what stands for an outside system; leave the venues' logos where they are."""
        return super().get_queryset(request).filter(connection=None).defer("venue__logo")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the only venue there is."""
        return {**initial_venue(), **super().get_changeform_initial_data(request)}

    def prepare_rows(self, rows: Sequence[GateDevice]) -> None:
        """Read what a page of devices admits in one statement."""
        named: dict[Any, list[str]] = {row.pk: [] for row in rows}
        through = GateDevice.items.through._default_manager.filter(gatedevice__in=named)
        for key, text in through.order_by("item__number").values_list(
            "gatedevice", "item__description"
        ):
            named[key].append(text)
        for row in rows:
            row.item_names = named[row.pk]  # type: ignore[attr-defined]

    def has_delete_permission(self, request: HttpRequest, obj: GateDevice | None = None) -> bool:
        """Refuse: a device is revoked, its scans stay."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Add the pages that give a new key and that revoke."""
        wrap = self.admin_site.admin_view
        return [
            path(
                "<uuid:device_id>/key/", wrap(self.new_key_view), name="wallets_gatedevice_new_key"
            ),
            path(
                "<uuid:device_id>/revoke/", wrap(self.revoke_view), name="wallets_gatedevice_revoke"
            ),
            *super().get_urls(),
        ]

    @sensitive_variables("key")
    def save_model(self, request: HttpRequest, obj: GateDevice, form: Any, change: bool) -> None:
        """Make a new device with its key, which the answer shows."""
        if change:
            return super().save_model(request, obj, form, change)
        made, key = create_device(
            venue=obj.venue,
            name=obj.name,
            items=form.cleaned_data["items"],
            admits_every_item=obj.admits_every_item,
        )
        # The rest of the view goes on with the row that was made.
        for field in GateDevice._meta.concrete_fields:
            setattr(obj, field.attname, getattr(made, field.attname))
        obj._state.adding = False
        request.shown_key = key  # type: ignore[attr-defined]
        return None

    def response_add(
        self, request: HttpRequest, obj: GateDevice, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the key, once."""
        key: str = request.shown_key  # type: ignore[attr-defined]
        return show_key(self, request, obj, key)

    def surroundings(self, request: HttpRequest, row: GateDevice) -> Mapping[str, Any]:
        """Return where its scans are listed."""
        return {"scans_url": f"{reverse('admin:wallets_scan_changelist')}?device={row.pk}"}

    @sensitive_variables("key")
    def new_key_view(self, request: HttpRequest, device_id: uuid.UUID) -> HttpResponse:
        """Ask before a device gets another key (GET); make and show it (POST)."""
        device = self._device_to_change(request, device_id)
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            with transaction.atomic():
                key = replace_key(device=device)
                self.log_change(request, device, f"New key {device.prefix}…")
            return show_key(self, request, device, key)
        return show_confirmation(
            request,
            model_admin=self,
            subject=device,
            confirmation=Confirmation(
                title=f"New key for {device}",
                button="Make a new key",
                effects=(
                    "The old key stops working at once: whoever scans with it is told so.",
                    "The new key is shown once, with a code to scan from the device.",
                ),
                back=reverse("admin:wallets_gatedevice_change", args=[device.pk]),
            ),
            form=form,
        )

    def revoke_view(self, request: HttpRequest, device_id: uuid.UUID) -> HttpResponse:
        """Ask before a device is revoked (GET); revoke it (POST)."""
        device = self._device_to_change(request, device_id)
        form = ReasonForm(request.POST if request.method == "POST" else None, is_required=True)
        back = reverse("admin:wallets_gatedevice_change", args=[device.pk])
        if form.is_valid():
            with transaction.atomic():
                revoke_device(device=device, now=timezone.now())
                self.log_change(request, device, f"Revoked: {form.cleaned_data['reason']}")
            messages.success(request, f"{device} is revoked.")
            return redirect(back)
        return show_confirmation(
            request,
            model_admin=self,
            subject=device,
            confirmation=Confirmation(
                title=f"Revoke {device}",
                button="Revoke device",
                effects=(
                    "It scans nothing from now on, and its admissions can no longer be undone.",
                    "What it has admitted stays admitted. A new key lets it work again.",
                ),
                back=back,
                is_destructive=True,
            ),
            form=form,
        )

    @column("Status", badges=_COLOURS)
    def state(self, device: GateDevice) -> str:
        """Return whether its key works."""
        return state_of(device)

    @column("Admits")
    def admits(self, device: GateDevice) -> SafeString | str:
        """Return what it is set to, in short."""
        if device.admits_every_item:
            return "Every item"
        names: list[str] = device.item_names  # type: ignore[attr-defined]
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        return columns.cut(", ".join(names[:_MOST_NAMED]) + more, ", ".join(names))

    @column("Key")
    def key(self, device: GateDevice) -> SafeString | str:
        """Return how its key begins."""
        return columns.number(f"{device.prefix}…")

    @column("Last used")
    def last_used(self, device: GateDevice) -> str:
        """Return when it was last heard of, on the venue's clock."""
        return columns.moment(device.last_used_at, device.venue.zone)

    @column("Made")
    def made(self, device: GateDevice) -> str:
        """Return when it was made, on the venue's clock."""
        return columns.moment(device.created_at, device.venue.zone)

    def _device_to_change(self, request: HttpRequest, device_id: uuid.UUID) -> GateDevice:
        if not self.has_change_permission(request):
            raise PermissionDenied
        devices = GateDevice.objects.own().select_related("venue").defer("venue__logo")
        return get_object_or_404(devices, pk=device_id)

    def state_bar(self, request: HttpRequest, row: GateDevice) -> StateBar:
        """Return whether its key works, with the ways to a new one and to none."""
        state = state_of(row)
        new_key = StateButton(
            label="New key",
            icon="key",
            url=reverse("admin:wallets_gatedevice_new_key", args=[row.pk]),
        )
        revoke = StateButton(
            label="Revoke",
            icon="block",
            url=reverse("admin:wallets_gatedevice_revoke", args=[row.pk]),
            look="quiet-danger",
        )
        buttons = [new_key, revoke] if state == WORKING else [new_key]
        return StateBar(
            text=state,
            colour=_COLOURS[state],
            meaning=_MEANINGS[state],
            buttons=buttons if self.has_change_permission(request) else (),
        )
