"""`/llms.txt`: the documentation's contents for language models, as llmstxt.org describes it."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from channel_manager.docs import sample_files
from channel_manager.docs.lifecycle import TRANSITIONS
from channel_manager.docs.pages import PAGES
from channel_manager.docs.views import page
from channel_manager.lib.errors import ErrorCode

_HEAD = """\
# OTA Channel Manager partner API

> Sales channels order a park's tickets and coupons over this JSON API. Orders are issued in the \
background, in wallets that guests open on their phone and show at the gate.

- Base address: {base}/channelManager. Every request carries the partner's key in the header \
`x-api-key`; a key belongs to one partner, a partner to one venue.
- `POST /channelManager` creates an order and answers 201 `Submitted` at once. \
`GET /channelManager/{{orderId}}?wait=20` answers when it has settled: `Issued`, `Draft` (not paid), \
`Error` or `Cancelled`.
- Requests refuse members they do not know. In answers every member is there, `null` when not \
known; clients ignore members they do not know.
- Refusals are problem bodies (RFC 9457) with a stable `code`. An `Idempotency-Key` on every POST, \
PUT and DELETE makes it safe to repeat.
- Visit dates and times are the venue's local ones; moments are UTC; money is a decimal string.
"""
_SAMPLES = {
    "first_order.sh": "A first order with curl; reads CM_URL, CM_KEY, CM_PARTNER and CM_DATE.",
    "first_order.py": "A first order with Python's standard library.",
    "first_order.mjs": "A first order with Node.js 18 or newer.",
    "verify_webhook.py": "Checks a webhook's signature, standard library only.",
    "verify_webhook_package.py": "Checks a webhook's signature with the package standardwebhooks.",
    "verify_webhook.mjs": "Checks a webhook's signature with node:crypto.",
    "verify_webhook_package.mjs": "Checks a webhook's signature with the npm package standardwebhooks.",
    "webhook_receiver.py": "A local receiver to try webhooks with.",
    "python_client/channel_manager_client.py": "A typed Python client in one file.",
}


@page
def llms(request: HttpRequest) -> HttpResponse:
    """Answer the file."""
    text = "\n".join(_lines(settings.PUBLIC_URL))
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def _lines(base: str) -> Iterator[str]:
    yield _HEAD.format(base=base)
    yield "## Documentation\n"
    yield from (_link(one.title, base + one.path, one.text) for one in PAGES)
    yield _link(
        "OpenAPI file", f"{base}/openapi.json", "OpenAPI 3.1, with every field and refusal."
    )
    yield "\n## Samples\n"
    for name in sorted(sample_files.names()):
        yield _link(name, f"{base}/docs/samples/{name}", _SAMPLES[name])
    yield "\n## Life of an order\n"
    for step in TRANSITIONS:
        yield f"- {' or '.join(step.sources) or 'new'} to {step.target}: {step.event}"
    yield "\n## Error codes\n"
    for code in ErrorCode:
        address = f"{base}/docs/errors/{code.value}"
        yield _link(code.value, address, f"{code.text.status}. {code.text.title}.")
    yield "\n## Optional\n"
    yield _link("Error codes as JSON", f"{base}/docs/errors", "With Accept: application/json.")
    yield _link("Changelog as Markdown", f"{base}/docs/changelog.md", "The page's source.")
    yield ""


def _link(title: str, address: str, text: str) -> str:
    return f"- [{title}]({address}): {text}"
