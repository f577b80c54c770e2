# A receiver to try webhooks with, beside verify_webhook.py: python3 webhook_receiver.py 9000
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from verify_webhook import NotGenuine, verify

SECRET = os.environ["CM_WEBHOOK_SECRET"]
seen: set[str] = set()  # in your shop: a unique column of your database


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            event = verify(SECRET, dict(self.headers), body)
        except NotGenuine as error:
            print("refused:", error, flush=True)
            self.answer(400)
            return
        if event["eventId"] not in seen:
            seen.add(event["eventId"])
            # In your shop: write the event down here and work on it after you have answered.
            print(event["type"], event.get("orderId"), event.get("status"), flush=True)
        self.answer(204)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Print nothing but the events."""


port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
print(f"Listening on http://127.0.0.1:{port}", flush=True)
ThreadingHTTPServer(("127.0.0.1", port), Receiver).serve_forever()
