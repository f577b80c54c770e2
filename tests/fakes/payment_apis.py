"""Mollie and Stripe as far as we use them: real HTTP on loopback, payments that a test sets."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class PaymentApi:
    """Payments by their id, what was asked of it, and whether it is away (`status = 503`)."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.payments: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.status = 200

    def answer(self, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
        """Return a status and a document."""
        self.asked.append((method, path, body))
        self.headers.append(headers)
        if self.status != 200:
            return self.status, {"title": "Away"}
        if path.startswith("/v2/payments"):
            return self._mollie(method, path, body, headers)
        return self._stripe(method, path, body, headers)

    def _mollie(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        reference = path.removeprefix("/v2/payments").strip("/")
        if method not in (("GET", "DELETE") if reference else ("POST",)):
            return 405, {"status": 405}
        if not reference:
            reference = f"tr_{headers['idempotency-key'][:10]}"
            self.payments[reference] = {
                "id": reference,
                "status": "open",
                "amount": body["amount"],
                "_links": {"checkout": {"href": f"https://pay.example/{reference}"}},
            }
            return 201, self.payments[reference]
        if reference not in self.payments:
            return 404, {"status": 404}
        if method == "DELETE":
            if self.payments[reference]["status"] != "open":
                return 422, {"status": 422}
            self.payments[reference]["status"] = "canceled"
        return 200, self.payments[reference]

    def _stripe(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        reference, _, action = path.removeprefix("/v1/checkout/sessions").strip("/").partition("/")
        if method != ("GET" if reference and not action else "POST"):
            return 405, {"error": {}}
        if not reference:
            reference = f"cs_{headers['idempotency-key'][:10]}"
            self.payments[reference] = {
                "id": reference,
                "object": "checkout.session",
                "status": "open",
                "payment_status": "unpaid",
                "amount_total": int(body["line_items[0][price_data][unit_amount]"]),
                "currency": body["line_items[0][price_data][currency]"],
                "client_reference_id": body["client_reference_id"],
                "payment_intent": None,
                "url": f"https://pay.example/{reference}",
            }
            return 200, self.payments[reference]
        if reference not in self.payments:
            return 404, {"error": {}}
        if action == "expire":
            if self.payments[reference]["status"] != "open":
                return 400, {"error": {}}
            self.payments[reference]["status"] = "expired"
        return 200, self.payments[reference]


@contextmanager
def running_payment_api() -> Iterator[PaymentApi]:
    """Serve on a free port until the block is left."""
    api: PaymentApi

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            body: Any = None
            if headers.get("content-type") == "application/json":
                body = json.loads(sent)
            elif sent:
                body = {name: values[0] for name, values in parse_qs(sent.decode()).items()}
            status, document = api.answer(self.command, urlsplit(self.path).path, body, headers)
            answer = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_DELETE(self) -> None:
            self._answer()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        api = PaymentApi(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()
