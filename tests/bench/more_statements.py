"""Client SQL statements of what is not an order's own path: availability, tickets, finance.

Counted in this process: `Stack.django("tests.bench.more_statements", key, partner_id)` runs it on a
stack without workers and prints a JSON object. The second partner's endpoint is a receiver of ours.
"""

from __future__ import annotations

import datetime
import functools
import json
import sys
import tempfile
from pathlib import Path

from django.test import Client
from django.utils import timezone

from channel_manager.lib.sealing import seal
from orders.finance import exports
from orders.finance.line_reading import read_statement
from orders.finance.reconciling import match_period
from orders.finance.reports.filters import ReportFilters
from orders.models import LedgerEntry
from partners.models import WebhookDelivery, WebhookEndpoint
from partners.webhooks import delivering, publishing
from partners.webhooks.signing import new_secret
from tests.bench import events
from tests.bench.matching import as_csv
from tests.bench.statement import upload
from tests.bench.statements import count
from tests.fakes.receiver import running_receiver
from tests.traffic import BASE
from wallets.models import Asset


def count_more(key: str, partner_id: str) -> dict[str, int]:
    """Return how many statements each took; wants an order that was issued."""
    client = Client(headers={"x-api-key": key})
    today = timezone.now().date()
    days = f"from={today}&to={today + datetime.timedelta(days=30)}"
    found = {}
    for name, path in (
        ("Availability", f"{BASE}/availability?itemNumber=DAY&{days}"),
        ("PDF ticket", f"/w/{_issued_token()}.pdf"),
    ):
        found[name], response = count(functools.partial(client.get, path))
        assert response.status_code == 200, response.content
    found.update(_count_webhook(partner_id))
    return found | _count_finance()


def _count_finance() -> dict[str, int]:
    """Write the register, and read and match a statement of what was issued so far."""
    export = exports.request_export(
        report="register",
        format="csv",
        filters=ReportFilters(),
        actor="staff:1",
        now=timezone.now(),
    )
    written, _ = count(lambda: exports.write_export(export_id=export.pk, clock=timezone.now))
    export.refresh_from_db()
    assert export.status == "Done", export.message
    entries = LedgerEntry.objects.select_related("partner__venue").filter(kind="sale")
    sales = entries.filter(partner=entries[0].partner)
    rows = sales.values_list("buy_from_order_reference", "accounting_date", "gross", "commission")
    days = [day for _ours, day, _gross, _commission in rows]
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "statement.csv"
        file.write_text(as_csv(rows), encoding="utf-8")
        statement = upload(file, sales[0].partner, min(days), max(days))
    read, _ = count(lambda: read_statement(statement_id=statement.pk, clock=timezone.now))
    statement.refresh_from_db()
    assert (statement.status, statement.line_count) == ("Read", len(rows)), statement.message
    statement.period.refresh_from_db()
    assert statement.period.matched_at is not None
    matched, _ = count(lambda: match_period(period_id=statement.period_id, now=timezone.now()))
    return {
        "Export of the register": written,
        "Statement, read and matched": read,
        "Statement, matched anew": matched,
    }


def _issued_token() -> str:
    return str(Asset.objects.filter(status="Valid").select_related("wallet")[0].wallet.token)


def _count_webhook(partner_id: str) -> dict[str, int]:
    now = timezone.now()
    with running_receiver() as receiver:
        endpoint = WebhookEndpoint.objects.create(
            partner_id=partner_id,
            url=receiver.url,
            sealed_secret=seal(new_secret()),
            status_since=now,
            created_at=now,
            updated_at=now,
        )
        events.record(partner_id, 1)
        numbered, _ = count(lambda: publishing.publish_events(now=timezone.now()))
        delivery = WebhookDelivery.objects.get(endpoint=endpoint)
        sent, _ = count(
            lambda: delivering.deliver(
                delivery_id=delivery.pk, attempt=delivery.attempts, clock=timezone.now
            )
        )
        assert len(receiver.received) == 1, "the delivery was not made"
        endpoint.delete()
    return {"Webhook events, numbered and handed out": numbered, "Webhook delivery": sent}


if __name__ == "__main__":
    print(json.dumps(count_more(*sys.argv[1:])))
