"""The shape of what another system of the venue's has issued (contract section 4)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from wallets.outside_tickets import StateThere


class OutsideTicketSerializer(serializers.Serializer[Any]):
    """One ticket at another system of the venue's."""

    number = serializers.CharField(
        allow_null=True, help_text="What is scanned; null where that system does not tell it."
    )
    ticketUrl = serializers.CharField(
        allow_null=True, help_text="Its page or PDF there, https; null where there is none."
    )
    status = serializers.ChoiceField(
        choices=[state.value for state in StateThere],
        help_text="As that system told last. `Cancelling`: we have asked for it to be cancelled.",
    )


class OutsideSerializer(OutsideTicketSerializer):
    """Where an asset was issued when the venue sells it through another system."""

    system = serializers.CharField(
        help_text="Its name: Ordino, Onebox, OpenTicket or VoordeMensen."
    )
    orderReference = serializers.CharField(
        allow_null=True, help_text="What that system calls the order."
    )
    tickets = OutsideTicketSerializer(
        many=True,
        required=False,
        help_text="Only where several tickets there stand behind one of ours, as for a group: "
        "`number` is the one they have between them or null, `ticketUrl` their common page, and "
        "`status` that of all.",
    )
