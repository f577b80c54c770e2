"""What is measured of the order desk: how long pages of the admin take with a million orders."""

from __future__ import annotations

import re
import time
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from tests.bench import crowd
from tests.bench.client import Sample
from tests.bench.measuring import Result, cpu
from tests.bench.scenarios import Bench, Figure, figure
from tests.traffic import Answer, Caller

TIMES = 30  # each page is opened
_WARM = 3
ORDER_LIST = "Orders, the newest"


class Clerk(Caller):
    """Somebody at the order desk with a browser of their own."""

    def __init__(self, port: int) -> None:
        super().__init__(port, key="")
        self._cookies: dict[str, str] = {}

    def sign_in(self, name: str, password: str) -> None:
        """Sign in as a person would; raises AssertionError when the admin says no."""
        page = self.open("/admin/login/")
        token = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert token is not None
        form = {"username": name, "password": password, "csrfmiddlewaretoken": token[1].decode()}
        answer = self._send("POST", "/admin/login/?next=/admin/", urlencode(form))
        assert answer.status == 302, answer.text

    def open(self, path: str) -> Answer:
        """Open a page."""
        return self._send("GET", path)

    def send(self, path: str, form: str) -> Answer:
        """Send a form."""
        return self._send("POST", path, form)

    def _send(self, method: str, path: str, form: str | None = None) -> Answer:
        headers = {"Cookie": "; ".join(f"{name}={one}" for name, one in self._cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        sent_at, started = time.time(), time.perf_counter()
        self._connection.request(method, path, form, headers)
        response = self._connection.getresponse()
        text = response.read()
        seconds = time.perf_counter() - started
        for value in response.headers.get_all("Set-Cookie", ()):
            self._cookies.update((name, one.value) for name, one in SimpleCookie(value).items())
        return Answer(response.status, {}, text, sent_at, seconds)


def signed_in(bench: Bench) -> Clerk:
    """Return the owner at a browser, signed in; close it in the end."""
    owner = bench.stack.demo["admin"]["users"][0]
    clerk = Clerk(bench.stack.port)
    clerk.sign_in(owner["username"], owner["password"])
    return clerk


def open_pages(bench: Bench) -> list[Figure]:
    """Open pages of the admin one after the other, as one person does."""
    bench.fill_up()
    orders = bench.orders
    one = bench.stack.sql(
        "SELECT id::text, sell_to_name FROM orders_order WHERE id = %s", crowd.order_id(orders // 2)
    )
    order_id, name = one[0]
    pages = {
        ORDER_LIST: "/admin/orders/order/",
        "Orders of a partner": f"/admin/orders/order/?partner__id__exact={bench.stack.seller().partner_id}",
        "Orders that failed": "/admin/orders/order/?status=Error",
        "Orders, our number": f"/admin/orders/order/?q=CROWD-{orders // 2}",
        "Orders, part of a number": f"/admin/orders/order/?q={orders // 2}",
        "Orders, a guest's name": f"/admin/orders/order/?q={name.replace(' ', '+')}",
        "One order": f"/admin/orders/order/{order_id}/change/",
        "Failures": "/admin/orders/batch/causes/",
        "Home": "/admin/",
    }
    figures = []
    with signed_in(bench) as clerk:
        for title, path in pages.items():
            bench.say(f"  {title}")
            counted = "Orders in the admin, the newest" if title == ORDER_LIST else ""
            figures.append(
                figure(title, opened(bench, clerk, path, bench.times(TIMES, 3)), counted)
            )
    return figures


def opened(bench: Bench, clerk: Clerk, path: str, times: int = TIMES) -> Result:
    """Open a page so many times, after some that do not count; raises AssertionError for a fault."""
    for _ in range(_WARM):
        clerk.open(path)
    before, started = cpu(bench.stack), time.perf_counter()
    answers = [clerk.open(path) for _ in range(times)]
    seconds = time.perf_counter() - started
    if wrong := {answer.status for answer in answers} - {200}:
        raise AssertionError(f"{path} was answered {wrong}")
    samples = [Sample(each.sent_at, each.seconds, each.status, "") for each in answers]
    return Result(samples, seconds, cpu(bench.stack).since(before))
