"""The check that every torture ends with finds what it is there for."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from orders.models import Order
from tests.conftest import ApiClient
from tests.invariants import ORDER_RULES, violations
from tests.traffic import Expected

Issue = Callable[[str], Order]

NEW = "gen_random_uuid()"
# Each breaks an order that is Issued with one guest number, beside one that was cancelled.
BREAKS: dict[str, str] = {
    "an order has not settled": "UPDATE orders_order SET status = 'Processing'",
    "a job is left of an order that has settled": (
        "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('orders', 'issue')"
    ),
    "a partner's reference stands on two orders": """
        ALTER TABLE orders_order DROP CONSTRAINT order_reference_once_per_partner;
        UPDATE orders_order SET sell_to_order_reference = 'WEB-1'
    """,
    "a document number stands on two orders, one of them deleted maybe": f"""
        INSERT INTO history_event
            (kind, subject_id, name, from_state, to_state, actor, reason, at, data)
        SELECT 'order', {NEW}, 'deleted', '', 'Cancelled', '', '', now(),
            jsonb_build_object('buyFromOrderReference', buy_from_order_reference)
        FROM orders_order
    """,
    "an asset was minted twice": """
        ALTER TABLE wallets_asset DROP CONSTRAINT asset_minted_once;
        SELECT copy('wallets_asset', 'id', 'reference_number')
    """,
    "an asset's number stands on two": """
        ALTER TABLE wallets_asset DROP CONSTRAINT asset_number_once_per_venue;
        UPDATE wallets_asset SET reference_number = 'T1'
    """,
    "a guest's number stands on two living wallets": """
        DROP INDEX external_reference_once_among_living;
        SELECT copy('wallets_wallet', 'id', 'reference_number', 'token', 'line_id')
    """,
    "a line has not the wallets it was sold with": "UPDATE orders_orderline SET quantity = 2",
    "a wallet has not the assets that were planned": "DELETE FROM wallets_asset",
    "a wallet has more assets than were planned": (
        "SELECT copy('wallets_asset', 'id', 'reference_number', 'unit')"
    ),
    "generations of an asset do not follow one another, or another than the last one lives": (
        "SELECT copy('wallets_asset', 'id', 'reference_number', 'generation')"
    ),
    "a wallet's state does not fit its order's": (
        "UPDATE wallets_wallet SET status = 'Minted' WHERE status = 'Active'"
    ),
    "an asset's state does not fit its wallet's": "UPDATE wallets_asset SET status = 'Minted'",
    "the ledger does not add up to the order": (
        "UPDATE orders_ledgerentry SET gross = gross + 1, excl_vat = excl_vat + 1"
        " WHERE kind = 'sale'"
    ),
    "an issued or cancelled order was not posted line by line": "DELETE FROM orders_ledgerentry",
    "a cancelled order keeps some of its commission": (
        "UPDATE orders_ledgerentry SET commission = 1 WHERE kind = 'reversal'"
    ),
    "a reversal has other terms than its sale": (
        "UPDATE orders_ledgerentry SET contract_id = gen_random_uuid() WHERE kind = 'reversal'"
    ),
    "a sale has terms of another partner, or of other days": """
        INSERT INTO partners_contract (id, partner_id, version, valid_from, terms, percent, fee,
            currency, date_basis, billed_by, tolerance, note, created_at)
        SELECT gen_random_uuid(), id, 1, '2999-01-01', 'net_rate', 0, 0, 'EUR', 'booked',
            'partner', 0, '', now()
        FROM partners_partner;
        UPDATE orders_ledgerentry e SET contract_id = c.id FROM partners_contract c
        WHERE c.partner_id = e.partner_id
    """,
    "a cancelled wallet was not taken back, or another one was": """
        UPDATE orders_ledgerentry SET wallet_id = (SELECT id FROM wallets_wallet LIMIT 1)
        WHERE kind = 'reversal'
    """,
    "an order's events do not follow from one another": (
        "UPDATE history_event SET from_state = 'Submitted' WHERE name = 'issued'"
    ),
    "an order's last event does not say where it is": (
        "UPDATE history_event SET to_state = 'Draft' WHERE name = 'issued'"
    ),
    "an order has no event": "DELETE FROM history_event",
    "a transition was recorded twice": "SELECT copy('history_event', 'id')",
    "the events of something of an order's do not follow from one another": """
        UPDATE history_event SET kind = 'wallet';
        UPDATE history_event SET from_state = 'Submitted' WHERE name = 'issued'
    """,
    "a partner is not told once of each time that its order settled": (
        "DELETE FROM partners_webhookevent"
    ),
    "a stored answer names an order that there never was": f"""
        INSERT INTO partners_idempotencyrecord
            (partner_id, key, fingerprint, status_code, location, body, order_id, created_at)
        SELECT id, 'KEY', '', 201, '', '', {NEW}, now() FROM partners_partner
    """,
}
# Copies every row of a table, with the named columns made new.
_COPY = """
    CREATE FUNCTION pg_temp.copy(relation text, VARIADIC fresh text[]) RETURNS void
    LANGUAGE plpgsql AS $$
    DECLARE taken text; given text;
    BEGIN
        SELECT string_agg(quote_ident(attname), ', '),
            string_agg(CASE WHEN attname <> ALL (fresh) THEN quote_ident(attname)
                WHEN atttypid = 'uuid'::regtype THEN 'gen_random_uuid()'
                WHEN attname = 'id' THEN 'id + 1000000'
                WHEN atttypid = 'varchar'::regtype THEN 'left(md5(random()::text), 20)'
                ELSE quote_ident(attname) || ' + 1' END, ', ')
        FROM pg_attribute WHERE attrelid = relation::regclass AND attnum > 0 AND NOT attisdropped
        INTO taken, given;
        EXECUTE format('INSERT INTO %I (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %I',
            relation, taken, given, relation);
    END $$
"""


@pytest.fixture
def orders(api: ApiClient, issue: Issue) -> list[str]:
    """An Issued order and a cancelled one; triggers and keys to other tables are off."""
    made = [
        api.create(
            {**api.order_body()["items"][0], "wallet": {"externalReferenceNumbers": [reference]}},
            sellToOrderReference=reference,
        )["orderId"]
        for reference in ("WEB-1", "WEB-2")
    ]
    for order_id in made:
        issue(order_id)
    api.delete(made[1])
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("SET LOCAL session_replication_role = 'replica'")
    sql("DELETE FROM procrastinate_jobs")
    sql(_COPY)
    return made


def sql(query: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values or None)
        return cursor.fetchall() if cursor.description else []


def test_orders_that_are_whole_violate_nothing(orders: list[str]) -> None:
    expected = [Expected("Issued", 1, 1), Expected("Cancelled", 0, 0)]
    assert violations(sql, dict(zip(orders, expected, strict=True))) == []


@pytest.mark.parametrize("rule", ORDER_RULES)
def test_a_broken_rule_is_named(orders: list[str], rule: str) -> None:
    for statement in BREAKS[rule].replace("copy(", "pg_temp.copy(").split(";"):
        sql(statement)
    assert any(found.startswith(f"{rule}: ") for found in violations(sql))


def test_an_accepted_order_that_is_lost_or_became_another_is_named(orders: list[str]) -> None:
    lost = str(uuid.uuid4())
    accepted = {lost: Expected("Issued", 1, 1), orders[0]: Expected("Issued", 2, 2)}
    assert violations(sql, accepted) == [
        f"an accepted order is lost: {lost}",
        f"order {orders[0]} should be {accepted[orders[0]]} and is {Expected('Issued', 1, 1)}",
    ]
