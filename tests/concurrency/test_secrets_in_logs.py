"""Real processes, real faults, and then their logs: no key, password or person stands in one."""

from __future__ import annotations

import http.client
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.stack import Stack
from tests.traffic import Caller, Seller

Reference = Callable[[], str]
# Words that stand nowhere else.
PERSON = {
    "sellToName": "Quirinius Zandvoort",
    "sellToEmail": "quirinius@guest.example",
    "paymentReference": "PAY-7d1f0c9b",
}
IDEMPOTENCY_KEY = "idem-5c0ffee5-0001"


@pytest.fixture
def logs(working_stack: Stack) -> Iterator[Callable[[], Mapping[str, str]]]:
    """What the processes have logged since the test began; what it provoked is removed after it."""
    (postgres,) = working_stack.sql("SHOW data_directory")[0]
    paths = [*working_stack.directory.glob("*.log"), *Path(postgres).parents[1].glob("*.log")]
    assert {path.stem.split("-")[0] for path in paths} >= {"web", "worker", "postgres"}
    before = {path: path.stat().st_size for path in paths}
    yield lambda: {path.name: path.read_bytes()[before[path] :].decode() for path in paths}
    for path, size in before.items():
        os.truncate(path, size)  # the processes append


@contextmanager
def refusing(stack: Stack, table: str, condition: str) -> Iterator[None]:
    """Let the database refuse rows of a table, as a fault of ours would."""
    stack.sql(f"ALTER TABLE {table} ADD CONSTRAINT refusing CHECK ({condition}) NOT VALID")
    try:
        yield
    finally:
        stack.sql(f"ALTER TABLE {table} DROP CONSTRAINT refusing")


class Browser:
    """Somebody who signs in by the form; keeps the cookies, which are secrets as well."""

    def __init__(self, port: int) -> None:
        self.cookies: dict[str, str] = {}
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def send(self, method: str, path: str, **form: str) -> int:
        """Send a form and return the status."""
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "text/html",
        }
        self._connection.request(method, path, urlencode(form), headers)
        response = self._connection.getresponse()
        text = response.read().decode(errors="replace")
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', text)
        self.token = found[1] if found else ""
        return response.status

    def close(self) -> None:
        self._connection.close()


def test_no_secret_and_no_person_stands_in_a_log(
    working_stack: Stack,
    seller: Seller,
    reference: Reference,
    logs: Callable[[], Mapping[str, str]],
) -> None:
    stack = working_stack
    log_in = stack.demo["admin"]["users"][0]
    wrong_password = f"wrong-{secrets.token_hex(8)}"
    paid, draft = (
        {**seller.order(reference(), paid=paid), **PERSON, "paymentReference": payment}
        for paid, payment in ((True, PERSON["paymentReference"]), (False, None))
    )
    order = seller.send("POST", "/channelManager", paid, **{"Idempotency-Key": IDEMPOTENCY_KEY})
    assert order.status == 201
    addresses = [seller.wait(order.body["orderId"]).body["manifestUrl"]]
    draft_id = seller.create(draft).body["orderId"]
    seller.wait(draft_id)
    ((draft_token,),) = stack.sql("SELECT token FROM orders_order WHERE id = %s", draft_id)
    tokens = [addresses[0].rsplit("/", 1)[1], draft_token]

    # Faults of ours, with the whole order in the database's words: the web's, then the worker's.
    unlucky = {**paid, "sellToOrderReference": reference()}
    with refusing(stack, "orders_order", "sell_to_name IS NULL"):
        assert seller.create(unlucky).status == 500
    with refusing(stack, "orders_ledgerentry", "false"):
        failed = seller.create(unlucky).body["orderId"]
        assert seller.wait(failed).body["status"] == "Error"

    # Refusals, with secrets where they belong and where they do not.
    key, gate_key = seller.key, stack.demo["gate"]["deviceKey"]
    for path in (
        f"/channelManager/{key}",
        f"/{gate_key}?key={key}",
        f"/channelManager/orders/{PERSON['sellToEmail']}",
        *(f"/m/{token}/x" for token in tokens),
        f"/m/{draft_token}",
    ):
        assert seller.send("GET", path).status == 404
    assert seller.send("POST", f"/m/{tokens[0]}").status in (403, 405)
    assert seller.create({**paid, **PERSON}).status == 400
    assert seller.create({**paid, PERSON["sellToName"]: 1}).status == 400
    for headers in (
        {"Idempotency-Key": IDEMPOTENCY_KEY * 30},
        {"X-Request-Id": f"{key} {PERSON['sellToName']}"},
        {"Authorization": f"Bearer {gate_key}"},
        {"Content-Type": f"text/{key}"},
        {"Host": f"{key}, {PERSON['sellToEmail']}"},
    ):
        assert 400 <= seller.send("POST", "/channelManager", paid, **headers).status < 500
    with Caller(stack.port, gate_key) as gate:
        assert gate.send("GET", "/channelManager/packages").status == 401
        scan = {"referenceNumber": addresses[0], "requestId": IDEMPOTENCY_KEY}
        assert gate.send("POST", "/gate/admissions", scan).status == 200

    # Signing in, and out by a form without its token.
    browser = Browser(stack.port)
    for password in (wrong_password, log_in["password"]):
        browser.send("GET", "/admin/login/")
        form = {"username": log_in["username"], "password": password, "next": "/admin/"}
        browser.send("POST", "/admin/login/", csrfmiddlewaretoken=browser.token, **form)
    assert browser.send("GET", "/admin/") == 200
    assert browser.send("POST", "/admin/logout/") == 403
    browser.close()

    seeded = {
        "API key": key,
        "gate key": gate_key,
        "secret key": stack.environment["SECRET_KEY"],
        "idempotency key": IDEMPOTENCY_KEY,
        "password": log_in["password"],
        "wrong password": wrong_password,
        **{f"cookie {name}": value for name, value in browser.cookies.items() if len(value) > 20},
        **{f"manifest {n}": token for n, token in enumerate(tokens)},
        **PERSON,
    }
    assert any("session" in name for name in seeded)
    written = logs()
    assert "IntegrityError" in written["web.log"]
    assert any(
        "IntegrityError" in text for name, text in written.items() if name.startswith("worker")
    )
    assert "refusing" in written["postgres.log"]
    found = [
        (name, what)
        for name, text in written.items()
        for what, secret in seeded.items()
        if secret in text
    ]
    assert found == []
