"""Who vouches for a storefront's guests: set here, its shared secret written and never shown."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from channel_manager.lib.admin.base import StaffAdmin, register
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.typed import ModelForm, RelatedDropdownFilter, TextInput
from channel_manager.lib.sealing import seal
from orders.models import GuestIssuer
from partners.models import Dialect, Storefront

_SHORTEST_SECRET = 32


class GuestIssuerForm(ModelForm[GuestIssuer]):
    """An issuer with published keys, or with a secret that is shared with it."""

    secret = forms.CharField(
        label="Shared secret",
        required=False,
        min_length=_SHORTEST_SECRET,
        max_length=500,
        strip=False,
        widget=TextInput(attrs={"autocomplete": "off"}),
        help_text="For tokens signed with HS256. Stored sealed and not shown again; left empty, "
        "the one that is there stays. Empty too where there is a JWKS address.",
    )

    class Meta:
        model = GuestIssuer
        fields = ("storefront", "issuer", "audience", "identity_claim", "jwks_url")

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        """Refuse both ways to check tokens at once, and none."""
        answers: dict[str, Any] = super().clean() or self.cleaned_data
        secret, url = answers.get("secret", ""), answers.get("jwks_url", "")
        if self.errors:
            return answers
        if secret and url:
            self.add_error("secret", "Give the JWKS address or the shared secret, not both.")
        elif not secret and not url and not self.instance.sealed_secret:
            self.add_error("jwks_url", "Give the JWKS address, or the shared secret.")
        return answers


@register(GuestIssuer)
class GuestIssuerAdmin(StaffAdmin[GuestIssuer]):
    """Whose tokens say who a guest is."""

    form = GuestIssuerForm
    list_display = ("issuer", "storefront", "checked", "identity_claim")
    list_select_related = ("storefront__partner",)
    list_filter = (("storefront", RelatedDropdownFilter),)
    fieldsets = (
        (None, {"fields": ("storefront", "issuer", "audience", "identity_claim")}),
        ("How its tokens are checked", {"fields": ("jwks_url", "secret")}),
    )

    def get_readonly_fields(
        self, request: HttpRequest, obj: GuestIssuer | None = None
    ) -> tuple[str, ...]:
        """Fix the storefront once it has an issuer."""
        return ("storefront",) if obj else ()

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer the storefronts whose guests sign in."""
        if db_field.name == "storefront":
            rows: QuerySet[Storefront] = Storefront.objects.filter(dialect=Dialect.ORDINO)
            kwargs["queryset"] = rows.select_related("partner")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @sensitive_variables()
    def save_model(self, request: HttpRequest, obj: GuestIssuer, form: Any, change: bool) -> None:
        """Seal a secret that was given; forget keys that are no longer published there."""
        if obj.jwks_url:
            obj.sealed_secret = ""
        elif secret := cast("str", form.cleaned_data["secret"]):
            obj.sealed_secret = seal(secret)
        if "jwks_url" in form.changed_data:
            obj.keys, obj.keys_fetched_at, obj.keys_asked_at = {}, None, None
        super().save_model(request, obj, form, change)

    @column("Checked by")
    def checked(self, issuer: GuestIssuer) -> str:
        """Return how its tokens are checked."""
        return issuer.jwks_url or "A shared secret"
