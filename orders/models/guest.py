"""Guests that a storefront names by an identity of its own: their orders, and who vouches for them."""

from __future__ import annotations

import datetime

from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from channel_manager.lib.identity import time_ordered_uuid
from orders.models.order import Order
from partners.models import Storefront


class GuestOrder(models.Model):
    """Whose an order is that came for a guest's identity, and which request made it.

    `external_id` is the seller's own id of the order, if it sent one: a request with the same is
    answered as the first was, for good. The identity is personal data, and goes when it is erased.
    """

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    storefront = models.ForeignKey(
        Storefront, models.PROTECT, related_name="guest_orders", db_index=False
    )
    order = models.OneToOneField(
        Order, models.SET_NULL, null=True, blank=True, related_name="guest_order"
    )
    guest = models.CharField(
        max_length=256, blank=True, help_text="The identity, as it is compared. Empty once erased."
    )
    external_id = models.CharField(max_length=256, null=True, blank=True)
    request_hash = models.CharField(
        max_length=64, help_text="Tells a repeated request from another one."
    )
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=("storefront", "external_id"), name="guest_order_external_id_once"
            ),
        ]
        indexes = [
            models.Index(fields=("storefront", "guest"), name="guest_order_by_guest"),
            # To erase a guest by an identity in any case.
            models.Index(Upper("guest"), "order", name="guest_order_by_identity"),
        ]

    def __str__(self) -> str:
        return self.external_id or str(self.pk)


class GuestIssuer(models.Model):
    """Who vouches for a storefront's guests: the issuer of their tokens, and how they are checked.

    By the keys that it publishes (`jwks_url`), or by a secret that it shares with us.
    """

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    storefront = models.OneToOneField(Storefront, models.CASCADE, related_name="guest_issuer")
    issuer = models.CharField(max_length=500, help_text="What its tokens say in iss.")
    audience = models.CharField(
        max_length=255, blank=True, help_text="What they must say in aud. Empty: anything."
    )
    identity_claim = models.CharField(
        max_length=60,
        default="email",
        help_text="The claim with the identity that orders name the guest by, such as email or sub.",
    )
    jwks_url = models.CharField(
        "JWKS address",
        max_length=500,
        blank=True,
        validators=[URLValidator(["https"], message="An address by https is expected.")],
        help_text="Where it publishes its keys. Empty: a shared secret.",
    )
    sealed_secret = models.TextField(blank=True, editable=False)
    keys = models.JSONField(default=dict, editable=False, help_text="The keys as last fetched.")
    keys_fetched_at = models.DateTimeField(null=True, editable=False)
    keys_asked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ("issuer",)
        constraints = [
            models.UniqueConstraint(
                fields=("issuer", "audience"),
                name="guest_issuer_once_per_audience",
                violation_error_message="Another storefront takes this issuer's tokens for this "
                "audience: a token would belong to both.",
            ),
            models.CheckConstraint(
                condition=~Q(issuer="") & ~Q(identity_claim=""), name="guest_issuer_is_named"
            ),
            models.CheckConstraint(
                condition=Q(jwks_url="") ^ Q(sealed_secret=""),
                name="guest_issuer_has_keys_or_a_secret",
                violation_error_message="Tokens are checked by published keys or by a shared "
                "secret: give one of the two.",
            ),
        ]

    def __str__(self) -> str:
        return self.issuer

    def knows_keys_since(self, moment: datetime.datetime) -> bool:
        """Tell whether its keys were fetched after a moment."""
        return self.keys_fetched_at is not None and self.keys_fetched_at > moment


class SigningKey(models.Model):
    """A key that we sign the tokens of reservations with, its private half sealed."""

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    sealed_private = models.TextField(editable=False)
    public = models.JSONField(help_text="The public half, as a JWK.")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-created_at",)
        constraints = [
            models.UniqueConstraint(
                fields=("is_active",), condition=Q(is_active=True), name="signing_key_one_active"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
