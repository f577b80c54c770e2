"""A backup, restored by the commands of docs/backup.md: everything is there, guarded, and goes on."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from psycopg import sql
from psycopg.conninfo import make_conninfo

from channel_manager.history.models import Event
from channel_manager.lib.embedded_postgres_place import program
from channel_manager.management.sums import differences
from orders.models import LedgerEntry, Order
from tests.conftest import ApiClient
from tests.invariants import violations
from tests.orders.expected import settle

PAGE = (Path(__file__).resolve().parents[2] / "docs/backup.md").read_text()
RESTORE = re.search(r"^ *pg_restore (--[^\n]*?) --dbname=", PAGE, re.MULTILINE)
MOVE_ON = re.search(r"^ *(SELECT setval\(.*?;)$", PAGE, re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sold(api: ApiClient, tester: ApiClient, issue: Callable[[str], Order]) -> Iterator[None]:
    """Orders that are issued, cancelled and a test; each with its history."""
    settle(api, issue, sellToOrderReference="KEPT")
    cancelled = settle(api, issue, sellToOrderReference="CANCELLED")
    assert api.delete(cancelled["orderId"]).status_code == 200
    settle(tester, issue, sellToOrderReference="TEST")
    return


def test_a_restored_backup_is_whole_and_sells_on(
    sold: None, api: ApiClient, issue: Callable[[str], Order], tmp_path: Path
) -> None:
    call_command("backup", str(tmp_path), stdout=StringIO())
    dump, figures = sorted(tmp_path.iterdir())
    assert [path.stat().st_mode & 0o777 for path in (dump, figures)] == [0o600, 0o600]
    told = json.loads(figures.read_text())
    ledger, orders = told["ledger"], told["orders"]
    assert (ledger["sale EUR"]["gross"], ledger["reversal EUR"]["gross"]) == ("69.000", "-34.500")
    assert {name: entry["rows"] for name, entry in orders.items()} == {
        "Cancelled EUR": 1,
        "Issued EUR": 1,
        "Issued test EUR": 1,
    }
    given = set(Order.objects.values_list("buy_from_order_reference", flat=True))
    settle(api, issue, sellToOrderReference="AFTER THE BACKUP")
    lost = Order.objects.get(sell_to_order_reference="AFTER THE BACKUP")

    with restored(dump):
        assert compared(figures).endswith(f"All is as in {figures}.\n")
        assert wrong() == []
        for model in (Event, LedgerEntry):
            with pytest.raises(IntegrityError, match="is append-only: UPDATE refused"):
                model.objects.update(reason="Rewritten")
        assert MOVE_ON is not None
        rows(MOVE_ON[1])
        settle(api, issue, sellToOrderReference="GOES ON")
        order = Order.objects.get(sell_to_order_reference="GOES ON")
        assert order.buy_from_order_reference not in {*given, lost.buy_from_order_reference}
        assert order.buy_from_order_reference > lost.buy_from_order_reference
        assert wrong() == []
        with pytest.raises(CommandError, match="figures are not those of"):
            compared(figures)


def test_what_differs_is_named(sold: None, tmp_path: Path) -> None:
    printed = StringIO()
    call_command("sums", stdout=printed)
    before = tmp_path / "before.json"
    before.write_text(printed.getvalue())
    Order.objects.filter(sell_to_order_reference="KEPT").update(sell_to_name="Somebody Else")
    rows("ALTER TABLE orders_ledgerentry DISABLE TRIGGER orders_ledgerentry_append_only")
    said = StringIO()
    try:
        with pytest.raises(CommandError, match="3 figures"):
            call_command("sums", against=before, stdout=said)
    finally:
        rows("ALTER TABLE orders_ledgerentry ENABLE TRIGGER orders_ledgerentry_append_only")
    contents, missing, added = said.getvalue().splitlines()
    assert contents.startswith("tables orders_order contents: was ")
    name = "orders_ledgerentry.orders_ledgerentry_append_only"
    assert (missing, added) == (
        f"triggers: {name} is missing",
        f"triggers: {name} (off) was not there",
    )


def test_a_sequence_may_have_gone_on_but_not_fallen_back() -> None:
    before = {"sequences": {"numbers": 5, "unused": None}}
    assert differences(before, {"sequences": {"numbers": 6, "unused": 3, "new": 1}}) == []
    assert differences(before, {"sequences": {"numbers": 4}}) == [
        "sequences numbers: was 5, is 4",
        "sequences unused: was nothing, is missing",
    ]


def test_figures_that_are_none_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    with pytest.raises(CommandError, match="cannot be read as figures"):
        call_command("sums", against=file)
    names = ("ledger", "orders", "tables", "sequences")
    guards = ("extensions", "functions", "triggers", "constraints", "indexes")
    figures: dict[str, Any] = {**{name: {} for name in names}, **{name: [] for name in guards}}
    wrong: list[tuple[Any, str]] = [
        ([], "it is no JSON object"),
        *(({**figures, name: None}, f"it has no {name}") for name in figures),
        ({**figures, "sequences": {"numbers": "many"}}, "its sequence numbers is no number"),
    ]
    for told, fault in wrong:
        file.write_text(json.dumps(told))
        with pytest.raises(CommandError) as refused:
            call_command("sums", against=file)
        assert str(refused.value) == f"{file} cannot be read as figures: {fault}"


def test_a_backup_that_cannot_be_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "channel_manager.management.commands.backup.program", lambda _: Path("/bin/false")
    )
    with pytest.raises(CommandError, match="pg_dump failed"):
        call_command("backup", str(tmp_path))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(CommandError, match="cannot be written: No such file"):
        call_command("backup", str(tmp_path / "nowhere"))


def compared(figures: Path) -> str:
    said = StringIO()
    call_command("sums", against=figures, stdout=said)
    return said.getvalue()


def wrong() -> list[str]:
    """Ask the invariants; the jobs of these orders stay, since no worker runs here."""
    return [each for each in violations(rows) if not each.startswith("a job is left of an order")]


def rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def restored(dump: Path) -> Iterator[None]:
    """Restore into a new database, for somebody who is no superuser, and work there."""
    assert RESTORE is not None
    was = {name: connection.settings_dict[name] for name in ("NAME", "USER")}
    now = {"NAME": f"{was['NAME']}_restored", "USER": "park"}
    ((is_superuser,),) = rows("SELECT current_setting('is_superuser') = 'on'")
    if is_superuser:
        rows("CREATE ROLE park LOGIN")
    else:
        now["USER"] = was["USER"]
    owner = sql.Identifier(now["USER"] or "").as_string()
    rows(f'CREATE DATABASE "{now["NAME"]}" OWNER {owner} TEMPLATE template0')
    try:
        connection.close()
        connection.settings_dict.update(now)
        address = connection.get_connection_params()
        done = subprocess.run(
            [
                str(program("pg_restore")),
                *RESTORE[1].split(),
                "--dbname="
                + make_conninfo(
                    **{n: address[n] for n in ("dbname", "host", "port", "user") if n in address}
                ),
                str(dump),
            ],
            env={**os.environ, "PGPASSWORD": address.get("password") or ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        yield
    finally:
        connection.close()
        connection.settings_dict.update(was)
        rows(f'DROP DATABASE "{now["NAME"]}" WITH (FORCE)')
        if is_superuser:
            rows("DROP ROLE park")
