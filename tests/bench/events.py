"""Events of a partner, recorded as changes of orders record them: `Stack.django` runs it."""

from __future__ import annotations

import sys
import uuid

from django.db import transaction
from django.utils import timezone

from partners.models import EventType
from partners.webhooks.recording import NewEvent, record_events


def record(partner_id: str, count: int) -> None:
    """Record so many in one transaction, so that all are due at the same moment."""
    events = [
        NewEvent(
            event_type=EventType.PROCESSED,
            partner_id=uuid.UUID(partner_id),
            test_mode=False,
            order_id=None,
            data={"number": number, "partnerId": partner_id},
        )
        for number in range(count)
    ]
    with transaction.atomic():
        record_events(events, now=timezone.now())


if __name__ == "__main__":
    record(sys.argv[1], int(sys.argv[2]))
