"""The programs that the documentation shows: they run as they are pasted."""

from __future__ import annotations

import datetime
import html
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from catalog.models import Session
from channel_manager.docs import sample_files
from orders.models import Order
from partners.keys import create_test_key
from partners.models import Venue
from tests.channel_manager.test_docs_pages import open_page, sell_cinema
from tests.conftest import ApiClient

Paste = Callable[..., str]
COMMANDS = {
    "curl": ("curl", "bash", "-eu"),
    "python": (sys.executable, sys.executable),
    "javascript": ("node", "node"),
}


def sample(path: str, name: str) -> str:
    """Return a sample as a reader would copy it."""
    page = open_page(path).content.decode()
    found = re.search(rf'<pre id="{name}"><code[^>]*>(.*?)</code></pre>', page, re.DOTALL)
    assert found, name
    return html.unescape(found[1])


@pytest.fixture
def settings_of_the_reader(live_server: Any, api: ApiClient, settings: Any) -> str:
    """What the guide's first lines become when our own key stands in them."""
    settings.PUBLIC_URL = live_server.url
    own = sample("/docs", "paste-settings").replace("your API key", api.key)
    return own.replace("your partnerId", str(api.partner.pk))


@pytest.fixture
def paste(settings_of_the_reader: str, api: ApiClient, tmp_path: Path) -> Paste:
    """Paste samples of the guide into a terminal and return what is printed."""
    test_key = create_test_key(partner=api.partner)[1]

    def run_samples(*names: str) -> str:
        script = "\n".join([settings_of_the_reader, *(sample("/docs", name) for name in names)])
        script = script.replace("your test key", test_key)
        run = subprocess.run(
            ["bash", "-eu", "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    return run_samples


def wait_for_an_order() -> Order:
    """Return the order that another process is just making."""
    deadline = time.monotonic() + 30
    while (order := Order.objects.first()) is None:
        assert time.monotonic() < deadline, "No order came."
        time.sleep(0.02)
    return order


@pytest.mark.parametrize("language", COMMANDS)
@pytest.mark.django_db(transaction=True)
def test_the_first_order_works_when_it_is_pasted(
    live_server: Any,
    settings_of_the_reader: str,
    issue: Callable[[str], Order],
    tmp_path: Path,
    language: str,
) -> None:
    tool, *command = COMMANDS[language]
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")
    program = tmp_path / ("first_order" + (".mjs" if language == "javascript" else ""))
    program.write_text(sample("/docs", f"paste-{language}"))
    script = f"{settings_of_the_reader}\nexec {' '.join(command)} {program}"

    def run() -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", "-eu", "-c", script],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    first = run()
    order = wait_for_an_order()
    issue(str(order.pk))
    printed, _ = first.communicate(timeout=60)
    assert first.returncode == 0, printed
    assert printed == (
        "status: Issued\n"
        f"buyFromOrderReference: {order.buy_from_order_reference}\n"
        f"manifestUrl: {live_server.url}/m/{order.token}\n"
    )

    with connection.cursor() as cursor:
        cursor.execute("UPDATE partners_partner SET status = 'Paused'")
    refused, _ = run().communicate(timeout=60)
    assert "partner_not_active" in refused
    assert "The partnership is Paused." in refused
    assert f"{live_server.url}/docs/errors/partner_not_active" in refused
    assert Order.objects.count() == 1


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.django_db(transaction=True)
def test_packages_a_hold_and_its_order_work_when_they_are_pasted(
    paste: Paste, venue: Venue
) -> None:
    # As the guide's first lines say: the machine's own date, a week from now.
    sell_cinema(venue, datetime.date.today() + datetime.timedelta(days=7))  # noqa: DTZ011
    assert '"itemNumber": "DAY"' in paste("paste-packages")
    assert '"testMode": true' in paste("paste-test")
    assert '"status": "Held"' in paste("paste-hold")
    assert Session.objects.get().held == 2
    assert '"status": "Submitted"' in paste("paste-hold-order")
    found = Session.objects.get()
    assert (found.held, found.sold) == (0, 2)
    # Its reference is the second in which it is pasted: the next one gets an order of its own.
    Order.objects.update(sell_to_order_reference="HELD-BEFORE")
    assert '"code": "hold_ended"' in paste("paste-hold-order")
    assert '"status": "Converted"' in paste("paste-hold-order", "paste-hold-end")


def test_a_sandbox_reads_the_demos_key(settings: Any, tmp_path: Path) -> None:
    assert "paste-sandbox" not in open_page("/docs").content.decode()
    settings.DEMO = True
    settings.VAR_DIR = tmp_path
    (tmp_path / "demo.json").write_text(
        '{"partners": [{"apiKey": "cm_live_x", "partnerId": "our id"}, {}]}'
    )
    printed = subprocess.run(
        ["bash", "-euc", sample("/docs", "paste-sandbox") + '\necho "$CM_KEY, $CM_PARTNER"'],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert printed.stdout == "cm_live_x, our id\n"


@pytest.mark.parametrize("name", sorted(sample_files.names()))
def test_a_sample_can_be_fetched_by_its_name(name: str, settings: Any) -> None:
    settings.PUBLIC_URL = "https://tickets.example.com"
    response = Client().get(f"/docs/samples/{name}")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content.decode() == sample_files.text(name)
    assert "http://127.0.0.1:8000" not in response.content.decode()


@pytest.mark.parametrize("name", ["nothing.py", "../changelog.md", "../../manage.py"])
def test_nothing_else_is_handed_out(name: str) -> None:
    assert Client().get(f"/docs/samples/{name}").status_code == 404
