"""The admin of venues."""

from __future__ import annotations

import base64
import io
import zoneinfo
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from PIL import Image, UnidentifiedImageError

from channel_manager.lib.admin import columns
from channel_manager.lib.admin.base import StaffAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.typed import (
    ColorInput,
    FileInput,
    ModelForm,
    SearchableSelect,
    Switch,
)
from partners.models import Venue

_MAX_LOGO_BYTES = 200 * 1024
_MAX_LOGO_SIDE = 2000
_NO_PICTURE = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    OSError,
    SyntaxError,
    ValueError,
)
_FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg"}


class VenueForm(ModelForm[Venue]):
    """A venue with its logo as a file."""

    timezone = forms.ChoiceField(
        label="Time zone",
        widget=SearchableSelect,
        initial="Europe/Amsterdam",
        choices=lambda: [(name, name) for name in sorted(zoneinfo.available_timezones())],
    )
    logo_file = forms.FileField(
        label="Logo",
        required=False,
        widget=FileInput(attrs={"accept": "image/png,image/jpeg"}),
        help_text="PNG or JPEG, at most 200 KB and 2000 pixels a side; shown on manifests.",
    )
    remove_logo = forms.BooleanField(required=False, widget=Switch)

    class Meta:
        model = Venue
        exclude = ("logo",)
        widgets = {"brand_color": ColorInput}

    def clean_logo_file(self) -> bytes | None:
        """Return the bytes of the picture; refuse what is none, or too large."""
        upload: UploadedFile[bytes] | None = self.cleaned_data["logo_file"]
        if not upload:
            return None
        if (upload.size or 0) > _MAX_LOGO_BYTES:
            raise forms.ValidationError(
                f"The file has {(upload.size or 0) // 1024} KB; at most 200 KB are taken."
            )
        contents: bytes = upload.read()
        try:
            with Image.open(io.BytesIO(contents), formats=list(_FORMATS)) as picture:
                if max(picture.size) > _MAX_LOGO_SIDE:
                    raise forms.ValidationError(
                        f"The picture is {picture.width} x {picture.height} pixels; at most "
                        f"{_MAX_LOGO_SIDE} a side are taken."
                    )
                picture.load()
        except _NO_PICTURE as fault:
            raise forms.ValidationError("This is not a PNG or JPEG picture.") from fault
        return contents

    def clean(self) -> dict[str, Any]:
        """Refuse a venue that closes before it opens."""
        answers: dict[str, Any] = super().clean() or self.cleaned_data
        opens, closes = answers.get("opens_at"), answers.get("closes_at")
        if opens and closes and opens >= closes:
            self.add_error("closes_at", "It must close after it opens, on the same day.")
        return answers

    def save(self, commit: bool = True) -> Venue:
        """Keep the new logo, or none when it is to be removed."""
        if self.cleaned_data["logo_file"]:
            self.instance.logo = self.cleaned_data["logo_file"]
        elif self.cleaned_data["remove_logo"]:
            self.instance.logo = b""
        return super().save(commit)


@register(Venue)
class VenueAdmin(StaffAdmin[Venue]):
    """A park: its clock, numbers and look."""

    form = VenueForm
    list_display = ("name", "code", "reference_prefix", "timezone", "currency", "opening_hours")
    search_fields = ("name", "code")
    search_help_text = "Name or code"
    fieldsets = (
        (None, {"fields": ("name", "code", "reference_prefix")}),
        (
            "Time and money",
            {"fields": ("timezone", ("opens_at", "closes_at"), "currency", "language")},
        ),
        (
            "Look of manifests",
            {"fields": ("brand_color", "logo_preview", "logo_file", "remove_logo")},
        ),
        ("Contact", {"fields": ("address", "contact_email", "contact_phone")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Venue]:
        """Leave the logos where they are; the page of one venue reads its own."""
        return super().get_queryset(request).defer("logo")

    def get_readonly_fields(
        self, request: HttpRequest, obj: Venue | None = None
    ) -> tuple[str, ...]:
        """Fix the prefix once there is a venue: numbers with it may have been given out."""
        return ("reference_prefix", "currency", "logo_preview") if obj else ("logo_preview",)

    def has_delete_permission(self, request: HttpRequest, obj: Venue | None = None) -> bool:
        """Refuse: numbers, orders and postings hang on a venue."""
        return False

    @column("Opening hours")
    def opening_hours(self, venue: Venue) -> str:
        """Return the daily opening hours."""
        return f"{venue.opens_at:%H:%M} – {venue.closes_at:%H:%M}"

    @column("Current logo")
    def logo_preview(self, venue: Venue) -> SafeString | str:
        """Return the logo as a picture in the page."""
        contents = bytes(venue.logo or b"")
        if not contents:
            return columns.EMPTY
        kind = _FORMATS["PNG" if contents.startswith(b"\x89PNG") else "JPEG"]
        source = f"data:{kind};base64,{base64.b64encode(contents).decode()}"
        return format_html('<img class="cm-logo" src="{}" alt="Logo of {}">', source, venue)
