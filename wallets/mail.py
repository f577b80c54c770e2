"""The e-mail that brings a guest the link of a manifest. Pure, but for the templates."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from email.utils import formataddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from partners.models import Venue
from wallets.manifest import Sale
from wallets.manifest_texts import choose_language
from wallets.venue_look import look_of

TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "subject": "Your tickets for {venue}",
        "hello": "Hello {name},",
        "hello_you": "Hello,",
        "lead": "Here are your tickets for {venue}, which you bought at {seller}.",
        "open": "Open your tickets",
        "open_one": "Open ticket {number}",
        "keep": "Keep this link to yourself: whoever has it has your tickets. It says what "
        "to show at the entrance, on your screen or on paper.",
        "questions": "Questions about your order? Please contact {seller} and mention {reference}.",
    },
    "nl": {
        "subject": "Je tickets voor {venue}",
        "hello": "Beste {name},",
        "hello_you": "Hallo,",
        "lead": "Hier zijn je tickets voor {venue}, die je bij {seller} hebt gekocht.",
        "open": "Open je tickets",
        "open_one": "Open ticket {number}",
        "keep": "Houd deze link voor jezelf: wie hem heeft, heeft je tickets. Daar staat wat je bij "
        "de ingang laat zien, op je scherm of op papier.",
        "questions": "Vragen over je bestelling? Neem contact op met {seller} en noem {reference}.",
    },
    "de": {
        "subject": "Ihre Tickets für {venue}",
        "hello": "Guten Tag {name},",
        "hello_you": "Guten Tag,",
        "lead": "Hier sind Ihre Tickets für {venue}, die Sie bei {seller} gekauft haben.",
        "open": "Tickets öffnen",
        "open_one": "Ticket {number} öffnen",
        "keep": "Behalten Sie diesen Link für sich: Wer ihn hat, hat Ihre Tickets. Dort steht, was "
        "Sie am Eingang vorzeigen, auf dem Bildschirm oder auf Papier.",
        "questions": "Fragen zu Ihrer Bestellung? Wenden Sie sich an {seller} und nennen Sie "
        "{reference}.",
    },
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Guest:
    """Whom an e-mail is for. language: as the partner gave it."""

    address: str
    name: str
    language: str | None


def compose(
    *, guest: Guest, venue: Venue, sale: Sale, links: Sequence[str]
) -> EmailMultiAlternatives:
    """Return the message with the links of manifests, as text and as HTML, in the guest's language."""
    language = choose_language(guest.language, venue.language)
    texts = TEXTS[language]
    fills = {
        "venue": venue.name,
        "seller": sale.seller,
        "reference": sale.sell_to_order_reference,
        "name": guest.name,
    }
    several = len(links) > 1
    context = {
        "language": language,
        "venue": look_of(venue),
        "title": texts["subject"].format(**fills),
        "hello": texts["hello" if guest.name else "hello_you"].format(**fills),
        "lead": texts["lead"].format(**fills),
        "links": [
            (texts["open_one" if several else "open"].format(number=number), link)
            for number, link in enumerate(links, start=1)
        ],
        "keep": texts["keep"],
        "questions": texts["questions"].format(**fills),
    }
    message = EmailMultiAlternatives(
        subject=" ".join(texts["subject"].format(**fills).split()),
        body=render_to_string("manifest/mail.txt", context),
        from_email=formataddr((venue.name, settings.DEFAULT_FROM_EMAIL)),
        to=[guest.address],
        reply_to=[venue.contact_email] if venue.contact_email else None,
        headers={"Auto-Submitted": "auto-generated", "Content-Language": language},
    )
    message.attach_alternative(render_to_string("manifest/mail.html", context), "text/html")
    return message
