"""The documentation's pages: what the navigation, the footer and llms.txt list."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Page:
    """One page; `label` is its short name, `text` says what a reader finds there."""

    path: str
    label: str
    title: str
    text: str


PAGES = (
    Page(
        "/docs",
        "Guide",
        "Guide",
        "A first order in five minutes in curl, Python and JavaScript; keys and scopes, the life "
        "of an order, every field, availability, places and holds, repeating safely, limits.",
    ),
    Page(
        "/docs/webhooks",
        "Webhooks",
        "Webhooks and events",
        "What is sent when, how to check a signature, when it is sent again, the feed for whoever "
        "missed something.",
    ),
    Page(
        "/docs/reference",
        "Reference",
        "API reference",
        "Every operation with its fields, answers and errors, drawn from the OpenAPI file.",
    ),
    Page(
        "/docs/dialects",
        "Other systems",
        "Shops of other systems",
        "How a shop that was written for Ordino, Onebox, OpenTicket or VoordeMensen sells here.",
    ),
    Page(
        "/docs/gate",
        "Gate",
        "At the gate",
        "How scanners and turnstiles admit guests. Needs a device's key, not a partner's.",
    ),
    Page(
        "/docs/errors",
        "Errors",
        "Error codes",
        "Every code of a refusal with its cause and the next step. JSON when asked for it.",
    ),
    Page(
        "/docs/changelog",
        "Changelog",
        "Changelog",
        "What was added, changed and deprecated, and what may change without notice.",
    ),
)
PATHS = {page.label: page.path for page in PAGES}
