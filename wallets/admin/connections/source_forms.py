"""The forms of outside ids: one by hand, the search of a catalogue, and what sessions are matched by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from catalog.models import Component, ComponentSource, Connection, Session
from channel_manager.lib.admin import columns
from channel_manager.lib.admin.typed import ModelForm, Select, TextInput
from wallets.admin.connections.catalogue import MOST_SESSIONS, Kind
from wallets.admin.connections.words import WORDS, FieldWords


class SessionField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic when it runs
    """A session, by its start on the venue's clock."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the start; a whole day has none."""
        if obj.time is None:
            return f"{columns.day(obj.date)}, whole day"
        return columns.day(obj.date, obj.time)


class SourceForm(ModelForm[ComponentSource]):
    """What one component is at one connection; both are fixed by the page that leads here."""

    component_there: ClassVar[Component]
    connection_there: ClassVar[Connection]

    session = SessionField(
        label="Only for the session",
        queryset=Session.objects.none(),
        required=False,
        empty_label="Always, where no other fits",
        widget=Select,
    )

    class Meta:
        model = ComponentSource
        fields = (
            *("component", "connection", "session"),
            *("outside_session", "outside_item", "label", "outside_price"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "component" not in self.fields:
            return  # for somebody who may only look
        self._fix("component", self.component_there)
        self._fix("connection", self.connection_there)
        session: Any = self.fields["session"]
        session.queryset = _sessions_of(self.component_there, self.instance.session_id)
        if self.component_there.item.attraction_id is None:
            session.widget = forms.HiddenInput()
        words = WORDS[self.connection_there.system]
        item, outside_session = self.fields["outside_item"], self.fields["outside_session"]
        item.label, item.help_text = words.item.label, words.item.help
        if words.session is None:
            outside_session.widget = forms.HiddenInput()
        else:
            outside_session.label = words.session.label
            outside_session.help_text = words.session.help

    def clean_outside_session(self) -> str:
        """Refuse what no session or event of that system is called."""
        return self._checked("outside_session", WORDS[self.connection_there.system].session)

    def clean_outside_item(self) -> str:
        """Refuse what nothing of that system is called."""
        return self._checked("outside_item", WORDS[self.connection_there.system].item)

    def _checked(self, name: str, words: FieldWords | None) -> str:
        text: str = self.cleaned_data[name]
        if text and words is not None and words.form is not None and not words.form(text):
            raise ValidationError(words.fault)
        return text

    def _fix(self, name: str, row: Any) -> None:
        """Show a row that cannot be chosen; the model's own rules need it in the form."""
        field: Any = self.fields[name]
        field.queryset = type(row)._default_manager.filter(pk=row.pk)
        field.initial, field.disabled, field.required = row, True, False
        self.initial[name] = row.pk
        setattr(self.instance, name, row)


class SearchForm(forms.Form):
    """What is looked for in a catalogue."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=100,
        widget=TextInput,
        help_text="Name, id or day. Empty: everything.",
    )


class KindForm(forms.Form):
    """Which of the things that are sold at each start a component is."""

    kind = forms.ChoiceField(
        label="The component is there",
        widget=Select,
        error_messages={"required": "Say what the component is there."},
    )

    def __init__(self, *args: Any, kinds: Sequence[Kind], guess: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["kind"]
        chosen.choices = [("", "Choose one"), *((kind.key, kind.label) for kind in kinds)]
        chosen.initial = guess


def form_for(component: Component, connection: Connection) -> type[SourceForm]:
    """Return the form of a component's outside ids at a connection."""
    members = {
        "component_there": component,
        "connection_there": connection,
        "__module__": __name__,
    }
    return type("SourceForm", (SourceForm,), members)


def _sessions_of(component: Component, chosen: object) -> QuerySet[Session]:
    """Return the coming sessions that a component may be told for, and the one that is chosen."""
    attraction = component.item.attraction_id
    if attraction is None:
        return Session.objects.none()
    coming = Session.objects.filter(attraction=attraction, ends_at__gte=timezone.now())
    keys = list(coming.order_by("starts_at").values_list("pk", flat=True)[:MOST_SESSIONS])
    shown = Session.objects.filter(pk__in=[*keys, chosen] if chosen else keys)
    return shown.order_by("starts_at")
