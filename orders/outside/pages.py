"""The small page that a browser sees which an outside system sends back to us."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.models import Connection
from wallets.manifest import Notice
from wallets.manifest_texts import choose_language
from wallets.venue_look import VenueLook, look_of

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Thank you",
        "text": "Your order is being processed.",
        "advice": "You can close this page. Your tickets come from the shop where you bought them.",
        "unknown_title": "There is nothing at this address",
        "unknown_text": "Check that you have the whole address.",
        "unknown_advice": "Go back to the shop where you bought your tickets.",
    },
    "nl": {
        "title": "Bedankt",
        "text": "Je bestelling wordt verwerkt.",
        "advice": "Je kunt deze pagina sluiten. Je krijgt je tickets van de winkel waar je ze hebt "
        "gekocht.",
        "unknown_title": "Op dit adres staat niets",
        "unknown_text": "Controleer of je het hele adres hebt.",
        "unknown_advice": "Ga terug naar de winkel waar je je tickets hebt gekocht.",
    },
    "de": {
        "title": "Vielen Dank",
        "text": "Ihre Bestellung wird bearbeitet.",
        "advice": "Sie können diese Seite schließen. Ihre Tickets erhalten Sie von dem Shop, in dem "
        "Sie sie gekauft haben.",
        "unknown_title": "Unter dieser Adresse gibt es nichts",
        "unknown_text": "Prüfen Sie, ob die Adresse vollständig ist.",
        "unknown_advice": "Gehen Sie zurück zu dem Shop, in dem Sie Ihre Tickets gekauft haben.",
    },
}


def came_back(connection: Connection, language_tag: str | None) -> Notice:
    """Return the same thanks for every reference: the page tells nothing about an order."""
    language = choose_language(language_tag, connection.venue.language)
    return _notice("", language, look_of(connection.venue))


def unknown(language_tag: str | None) -> Notice:
    """Return the notice that the address is nobody's."""
    return _notice("unknown_", choose_language(language_tag), VenueLook(name=""))


def _notice(kind: str, language: str, venue: VenueLook) -> Notice:
    texts = _TEXTS[language]
    return Notice(
        is_gone=False,
        language=language,
        venue=venue,
        title=texts[f"{kind}title"],
        text=texts[f"{kind}text"],
        advice=texts[f"{kind}advice"],
    )
