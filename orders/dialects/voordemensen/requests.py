"""What shops send: checked as strictly as it is documented, all faults at once.

Members that are not documented are left alone: their shops send them to VoordeMensen, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from rest_framework import serializers

from channel_manager.lib.strict_fields import (
    EmailAddressField,
    FlagField,
    LanguageField,
    TextField,
    WholeNumberField,
    json_type,
)
from orders.checkouts import Buyer
from orders.dialects.voordemensen.purchases import OrderWish, find_method
from orders.paying import PaymentMethod

# With `?return=` and the key behind it, it fits into a column of 2,000.
_LONGEST_REDIRECT = 1900
_LONGEST_NAME = 100
_LOOPBACK = ("localhost", "127.0.0.1")


class _Body(serializers.Serializer[Any]):
    """A JSON object; a member that is null counts as left out."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return self.to_internal_value(data) if data is None else super().run_validation(data)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError(
                {"non_field_errors": [f"The body must be a JSON object, not {json_type(data)}."]}
            )
        sent = {name: value for name, value in data.items() if value is not None}
        return super().to_internal_value(sent)


class AddToCart(_Body):
    """`POST cart/:cart_id`."""

    event_id = WholeNumberField()
    numberoftickets = WholeNumberField(min_value=1)
    discount_id = TextField(max_length=64)


class RedirectField(TextField):
    """An https address to send a browser to; http only to this machine, and only in a sandbox."""

    default_error_messages = {
        "invalid": "Must be an https address, such as https://shop.example/thanks.",
    }

    def __init__(self) -> None:
        super().__init__(max_length=_LONGEST_REDIRECT)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not _is_web_address(text):
            self.fail("invalid")
        return text


class CreateOrder(_Body):
    """`POST order/create`."""

    cart_id = TextField(max_length=64)
    payment_id = WholeNumberField()
    redirectURL = RedirectField()  # noqa: N815 - as VoordeMensen spells it
    email = EmailAddressField()
    firstname = TextField(max_length=_LONGEST_NAME)
    lastname = TextField(max_length=_LONGEST_NAME)
    phone = TextField(max_length=50, allow_blank=True, default="")
    address = TextField(max_length=200, allow_blank=True, default="")
    city = TextField(max_length=100, allow_blank=True, default="")
    zip = TextField(max_length=20, allow_blank=True, default="")
    avg_optin = FlagField(default=False)
    avg_mailinglist = FlagField(default=False)

    def validate_payment_id(self, value: int) -> PaymentMethod:
        """Refuse an id that is none of the client's payment methods."""
        method = find_method(self.context["storefront"], value, is_known=self.context["is_known"])
        if method is None:
            raise serializers.ValidationError("There is no payment method of this id.")
        return method

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a name that is too long as a whole."""
        if len(f"{attrs['firstname']} {attrs['lastname']}") > _LONGEST_NAME:
            raise serializers.ValidationError(
                {"lastname": f"First and last name have {_LONGEST_NAME} characters at most."}
            )
        return attrs

    def to_wish(self, language: str) -> OrderWish:
        """Return the checked body; `language` is what the guest is written in, if known."""
        sent = self.validated_data
        kept = ("phone", "address", "city", "zip", "avg_optin", "avg_mailinglist")
        return OrderWish(
            cart_id=sent["cart_id"],
            method=sent["payment_id"],
            redirect_url=sent["redirectURL"],
            buyer=Buyer(
                email=sent["email"],
                name=f"{sent['firstname']} {sent['lastname']}",
                language=language,
                data={"firstname": sent["firstname"], "lastname": sent["lastname"]}
                | {name: sent[name] for name in kept},
            ),
        )


def _is_web_address(text: str) -> bool:
    if any(character.isspace() for character in text):
        return False
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or "\\" in text:
        return False
    if parts.scheme == "http":
        return settings.REDIRECT_ALLOW_LOOPBACK and host in _LOOPBACK
    return parts.scheme == "https"


def language_of(accepted: str) -> str:
    """Return the language that a request prefers (its first BCP 47 tag), as that of its guest.

    A shop's own server asks for none or for any: then it is the venue's that counts.
    """
    tag = accepted.split(",", maxsplit=1)[0].split(";", maxsplit=1)[0].strip()
    try:
        return str(LanguageField().run_validation(tag))
    except serializers.ValidationError:
        return ""
