"""The form of a connection: its settings in its system's words, and secrets that are written only."""

from __future__ import annotations

import copy
from typing import Any, ClassVar

from django import forms
from django.views.decorators.debug import sensitive_variables

from catalog.models import Connection, System
from channel_manager.lib.admin import columns
from channel_manager.lib.admin.typed import ModelForm, PasswordInput, Radios
from channel_manager.lib.sealing import Unsealable
from wallets.admin.connections.words import WORDS, FieldWords, name_secret
from wallets.connectors.base import Connector
from wallets.connectors.registry import CONNECTORS

# The audit log keeps no field of such a name.
_PREFIX = "secret_"
_LONGEST_SECRET = 4000


class SystemForm(forms.Form):
    """Which system it is to be; asked first, since everything else follows from it."""

    system = forms.ChoiceField(widget=Radios)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["system"]
        chosen.choices = [one for one in System.choices if one[0] in CONNECTORS]


class ConnectionForm(ModelForm[Connection]):
    """What every system is asked for; `form_for` adds the system's own."""

    connector: ClassVar[Connector]
    system: ClassVar[str]

    class Meta:
        model = Connection
        fields = (
            *("venue", "name", "base_url", "second_url", "account", "is_active"),
            *("payment_method", "payment_minutes", "buyer_email", "repeats_safely"),
            *("connect_seconds", "read_seconds", "availability_seconds", "poll_seconds"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.system = self.system
        _rename(self.fields, self.system)
        self._tell_of_secrets()

    def _tell_of_secrets(self) -> None:
        """Say of each secret since when there is one, and nothing more."""
        stored, connection = stored_secrets(self.instance), self.instance
        for name in secrets_of(self.connector):
            field = self.fields.get(_PREFIX + name)
            if field is None:
                continue
            since = connection.credentials_set_at
            on = f" on {columns.moment(since, connection.venue.zone)}" if since else ""
            kept = f"Set{on}. Left empty, it stays." if name in stored else "Not set yet."
            field.help_text = f"{kept} Stored sealed and never shown again."

    @sensitive_variables()
    def given(self) -> dict[str, str]:
        """Return the secrets that were typed, by their name."""
        names = secrets_of(self.connector)
        typed = {name: self.cleaned_data.get(_PREFIX + name) or "" for name in names}
        return {name: secret for name, secret in typed.items() if secret}

    @sensitive_variables()
    def _post_clean(self) -> None:
        """Ask the connector, too, once the row has what was typed."""
        super()._post_clean()  # type: ignore[misc]  # Django's own hook, which stubs leave out
        if self.errors:
            return
        tried = copy.copy(self.instance)
        tried.set_credentials({**open_secrets(tried), **self.given()})
        for name, fault in self.connector.faults_of(tried).items():
            self.add_error(self._field_of(name, tried), fault)

    def _field_of(self, name: str, tried: Connection) -> str | None:
        """Return the field at which a fault is shown: of secrets, the first that is missing."""
        if name == "credentials":
            there = tried.credentials
            missing = [one for one in self.connector.credentials if not there.get(one)]
            name = _PREFIX + missing[0] if missing else ""
        return name if name in self.fields else None


def form_for(system: str) -> type[ConnectionForm]:
    """Return the form of a system's connections, with a field for each of its secrets."""
    connector = CONNECTORS[system]
    secrets = {
        _PREFIX + name: forms.CharField(
            label=name_secret(name) + ("" if name in connector.credentials else " (optional)"),
            required=False,
            max_length=_LONGEST_SECRET,
            widget=PasswordInput(attrs={"autocomplete": "new-password"}),
        )
        for name in secrets_of(connector)
    }
    members = {**secrets, "system": system, "connector": connector, "__module__": __name__}
    return type("ConnectionForm", (ConnectionForm,), members)


def fields_of(system: str) -> list[tuple[str | None, dict[str, Any]]]:
    """Return the fields that a system's connections are asked for, under their headings."""
    words, connector = WORDS[system], CONNECTORS[system]
    there = [name for name in ("account", "second_url") if getattr(words, name)]
    paying = ("payment_method", "payment_minutes") if words.payment else ()
    repeating = ("repeats_safely",) if words.repeats else ()
    secrets = tuple(_PREFIX + name for name in secrets_of(connector))
    found: list[tuple[str | None, dict[str, Any]]] = [
        (None, {"fields": ("venue", "system_name", "name", "is_active")}),
        ("Where", {"fields": ("base_url", *there)}),
    ]
    if secrets:
        found.append(("Credentials", {"fields": secrets}))
    return [
        *found,
        ("Outside orders", {"fields": (*paying, "buyer_email", *repeating)}),
        (
            "Timing",
            {
                "fields": (
                    ("connect_seconds", "read_seconds"),
                    ("availability_seconds", "poll_seconds"),
                )
            },
        ),
    ]


def secrets_of(connector: Connector) -> list[str]:
    """Return the names of all secrets that a connection of this kind can have."""
    return [*connector.credentials, *connector.optional_credentials]


@sensitive_variables()
def open_secrets(connection: Connection) -> dict[str, str]:
    """Return a connection's secrets; none where no key of ours opens them any more."""
    try:
        return connection.credentials
    except Unsealable:
        return {}


def stored_secrets(connection: Connection) -> list[str]:
    """Return the names of the secrets that a connection has."""
    return sorted(name for name, secret in open_secrets(connection).items() if secret)


def _rename(fields: dict[str, forms.Field], system: str) -> None:
    """Give the fields the words of a system."""
    words = WORDS[system]
    if "is_active" in fields:
        fields["is_active"].label = "In use"
    if "base_url" in fields:
        fields["base_url"].help_text = words.base_url
    if "buyer_email" in fields:
        fields["buyer_email"].required = True
        fields["buyer_email"].help_text = (
            "The park's own address. It is given there for orders whose partner told no e-mail "
            "address, which would stop without it. That system may mail its tickets to it."
        )
    if words.account is not None and "account" in fields:
        fields["account"].required = True
    own: dict[str, FieldWords | None] = {
        "account": words.account,
        "second_url": words.second_url,
        "payment_method": words.payment,
    }
    for name, told in own.items():
        if told is not None and name in fields:
            fields[name].label, fields[name].help_text = told.label, told.help
