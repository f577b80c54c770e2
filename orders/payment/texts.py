"""What the payment pages say in each language; how it names a method and writes an amount."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from channel_manager.lib.money import rounded
from channel_manager.lib.payment_settings import METHOD_NAMES

_ENGLISH = {
    "pay_title": "Pay for your tickets",
    "order": "Your order",
    "piece": "{count} × {name}",
    "cost": "Payment by {method}",
    "method_creditcard": "credit card",
    "total": "To pay",
    "paid_so_far": "Paid so far",
    "still_due": "Still to pay",
    "kept_until": "Your places are kept until {time}.",
    "time_left": "Time left:",
    "pay": "Pay {amount}",
    "pay_now": "Continue to the payment",
    "go_on": "Continue your payment",
    "give_up": "Cancel the purchase",
    "waiting": "Your payment has begun, but has not been confirmed yet. This page keeps looking.",
    "to_shop": "Back to the shop",
    "sold_by": "You buy from {seller}",
    "test": "Test: nothing is sold and nothing is charged",
    "unavailable": "The payment service does not answer at the moment. Nothing was charged: please "
    "try again.",
    "unknown_title": "There is no payment at this address",
    "unknown_text": "Check that you have the whole address: it is long, and upper and lower case "
    "matter.",
    "unknown_advice": "Go back to the shop and start your purchase again.",
    "expired_title": "The time to pay is over",
    "expired_text": "Your places were kept for as long as was agreed, and are for sale again.",
    "expired_advice": "Go back to the shop to choose again. If you have paid after all, the venue is "
    "told of it and will either send your tickets or pay the money back.",
    "cancelled_title": "The purchase was cancelled",
    "cancelled_text": "Nothing was bought, and your places are for sale again.",
    "cancelled_advice": "Go back to the shop to choose again.",
    "paid_title": "Thank you, your payment has arrived",
    "paid_text": "Your tickets are on their way: by e-mail, or in the shop where you bought them.",
    "paid_advice": "You can close this page.",
    "late_title": "Your payment arrived too late",
    "late_text": "Your money has arrived, but your places were no longer kept for you.",
    "late_advice": "{venue} has been told. You will either get your tickets after all or get your "
    "money back.",
    "short_title": "Not all of it was paid in time",
    "short_text": "A part of the money has arrived. The rest has not, and your places are no longer "
    "kept for you.",
    "short_advice": "{venue} has been told. You will either get your tickets after all or get your "
    "money back.",
    "settled_title": "This purchase is closed",
    "settled_text": "{venue} has dealt with your payment.",
    "settled_advice": "If you have a question about it, please contact {venue}.",
    "sandbox_title": "Payment sandbox",
    "sandbox_text": "This is not a real payment page. No money moves: choose what should happen.",
    "sandbox_ended": "This sandbox payment has ended.",
    "sandbox_pay": "Pay {amount}",
    "sandbox_pending": "Pay later",
    "sandbox_part": "Pay a part ({amount})",
    "sandbox_fail": "Let the payment fail",
    "sandbox_cancel": "Cancel the payment",
    "sandbox_silent": "Pay, but tell nobody",
}

_DUTCH = {
    "pay_title": "Betaal je tickets",
    "order": "Je bestelling",
    "piece": "{count} × {name}",
    "cost": "Betalen met {method}",
    "method_creditcard": "creditcard",
    "total": "Te betalen",
    "paid_so_far": "Al betaald",
    "still_due": "Nog te betalen",
    "kept_until": "Je plaatsen worden vastgehouden tot {time}.",
    "time_left": "Resterende tijd:",
    "pay": "Betaal {amount}",
    "pay_now": "Verder naar de betaling",
    "go_on": "Ga verder met betalen",
    "give_up": "Aankoop annuleren",
    "waiting": "Je betaling is begonnen, maar nog niet bevestigd. Deze pagina kijkt vanzelf opnieuw.",
    "to_shop": "Terug naar de winkel",
    "sold_by": "Je koopt bij {seller}",
    "test": "Test: er wordt niets verkocht en niets afgeschreven",
    "unavailable": "De betaaldienst antwoordt op dit moment niet. Er is niets afgeschreven: probeer "
    "het nog eens.",
    "unknown_title": "Op dit adres staat geen betaling",
    "unknown_text": "Controleer of je het hele adres hebt: het is lang, en hoofdletters en kleine "
    "letters maken verschil.",
    "unknown_advice": "Ga terug naar de winkel en begin je aankoop opnieuw.",
    "expired_title": "De tijd om te betalen is voorbij",
    "expired_text": "Je plaatsen zijn zo lang vastgehouden als was afgesproken, en zijn weer te koop.",
    "expired_advice": "Ga terug naar de winkel om opnieuw te kiezen. Heb je toch betaald, dan weet "
    "het park dat en krijg je alsnog je tickets of je geld terug.",
    "cancelled_title": "De aankoop is geannuleerd",
    "cancelled_text": "Er is niets gekocht en je plaatsen zijn weer te koop.",
    "cancelled_advice": "Ga terug naar de winkel om opnieuw te kiezen.",
    "paid_title": "Bedankt, je betaling is binnen",
    "paid_text": "Je tickets komen eraan: per e-mail, of in de winkel waar je ze hebt gekocht.",
    "paid_advice": "Je kunt deze pagina sluiten.",
    "late_title": "Je betaling kwam te laat",
    "late_text": "Je geld is binnen, maar je plaatsen werden niet meer voor je vastgehouden.",
    "late_advice": "{venue} weet ervan. Je krijgt alsnog je tickets, of je geld terug.",
    "short_title": "Niet alles is op tijd betaald",
    "short_text": "Een deel van het geld is binnen. De rest niet, en je plaatsen worden niet meer voor "
    "je vastgehouden.",
    "short_advice": "{venue} weet ervan. Je krijgt alsnog je tickets, of je geld terug.",
    "settled_title": "Deze aankoop is afgesloten",
    "settled_text": "{venue} heeft je betaling afgehandeld.",
    "settled_advice": "Heb je er een vraag over, neem dan contact op met {venue}.",
    "sandbox_title": "Betaalzandbak",
    "sandbox_text": "Dit is geen echte betaalpagina. Er wordt niets betaald: kies wat er moet gebeuren.",
    "sandbox_ended": "Deze zandbakbetaling is klaar.",
    "sandbox_pay": "Betaal {amount}",
    "sandbox_pending": "Later betalen",
    "sandbox_part": "Een deel betalen ({amount})",
    "sandbox_fail": "Laat de betaling mislukken",
    "sandbox_cancel": "Annuleer de betaling",
    "sandbox_silent": "Betaal, maar vertel het niemand",
}

_GERMAN = {
    "pay_title": "Ihre Tickets bezahlen",
    "order": "Ihre Bestellung",
    "piece": "{count} × {name}",
    "cost": "Zahlung mit {method}",
    "method_creditcard": "Kreditkarte",
    "total": "Zu zahlen",
    "paid_so_far": "Bisher bezahlt",
    "still_due": "Noch zu zahlen",
    "kept_until": "Ihre Plätze sind bis {time} für Sie reserviert.",
    "time_left": "Verbleibende Zeit:",
    "pay": "{amount} bezahlen",
    "pay_now": "Weiter zur Zahlung",
    "go_on": "Zahlung fortsetzen",
    "give_up": "Kauf abbrechen",
    "waiting": "Ihre Zahlung hat begonnen, ist aber noch nicht bestätigt. Diese Seite prüft es "
    "weiter.",
    "to_shop": "Zurück zum Shop",
    "sold_by": "Sie kaufen bei {seller}",
    "test": "Test: Es wird nichts verkauft und nichts abgebucht",
    "unavailable": "Der Zahlungsdienst antwortet gerade nicht. Es wurde nichts abgebucht: Bitte "
    "versuchen Sie es noch einmal.",
    "unknown_title": "Unter dieser Adresse gibt es keine Zahlung",
    "unknown_text": "Prüfen Sie, ob die Adresse vollständig ist: Sie ist lang, und Groß- und "
    "Kleinschreibung machen einen Unterschied.",
    "unknown_advice": "Gehen Sie zurück zum Shop und beginnen Sie Ihren Kauf von vorn.",
    "expired_title": "Die Zeit zum Bezahlen ist abgelaufen",
    "expired_text": "Ihre Plätze waren so lange reserviert wie vereinbart und sind wieder im Verkauf.",
    "expired_advice": "Gehen Sie zurück zum Shop, um neu zu wählen. Falls Sie doch bezahlt haben, "
    "weiß der Park davon: Sie erhalten dann doch noch Ihre Tickets oder Ihr Geld zurück.",
    "cancelled_title": "Der Kauf wurde abgebrochen",
    "cancelled_text": "Es wurde nichts gekauft, und Ihre Plätze sind wieder im Verkauf.",
    "cancelled_advice": "Gehen Sie zurück zum Shop, um neu zu wählen.",
    "paid_title": "Danke, Ihre Zahlung ist eingegangen",
    "paid_text": "Ihre Tickets sind unterwegs: per E-Mail oder im Shop, in dem Sie gekauft haben.",
    "paid_advice": "Sie können diese Seite schließen.",
    "late_title": "Ihre Zahlung kam zu spät",
    "late_text": "Ihr Geld ist eingegangen, aber Ihre Plätze waren nicht mehr für Sie reserviert.",
    "late_advice": "{venue} weiß davon. Sie erhalten Ihre Tickets doch noch oder Ihr Geld zurück.",
    "short_title": "Es wurde nicht alles rechtzeitig bezahlt",
    "short_text": "Ein Teil des Geldes ist eingegangen. Der Rest nicht, und Ihre Plätze sind nicht mehr "
    "für Sie reserviert.",
    "short_advice": "{venue} weiß davon. Sie erhalten Ihre Tickets doch noch oder Ihr Geld zurück.",
    "settled_title": "Dieser Kauf ist abgeschlossen",
    "settled_text": "{venue} hat Ihre Zahlung geklärt.",
    "settled_advice": "Bei Fragen dazu wenden Sie sich bitte an {venue}.",
    "sandbox_title": "Zahlungs-Sandbox",
    "sandbox_text": "Dies ist keine echte Zahlungsseite. Es fließt kein Geld: Wählen Sie, was "
    "geschehen soll.",
    "sandbox_ended": "Diese Sandbox-Zahlung ist beendet.",
    "sandbox_pay": "{amount} bezahlen",
    "sandbox_pending": "Später bezahlen",
    "sandbox_part": "Einen Teil bezahlen ({amount})",
    "sandbox_fail": "Zahlung fehlschlagen lassen",
    "sandbox_cancel": "Zahlung abbrechen",
    "sandbox_silent": "Bezahlen, aber niemandem sagen",
}

PAYMENT_TEXTS: Mapping[str, Mapping[str, str]] = {"en": _ENGLISH, "nl": _DUTCH, "de": _GERMAN}
_SYMBOLS: Mapping[str, str] = {"EUR": "€", "GBP": "£", "USD": "$"}


def write_method(code: str, language: str) -> str:
    """Return what a payment method is called within a sentence; most have one name everywhere."""
    return PAYMENT_TEXTS[language].get(f"method_{code}") or METHOD_NAMES.get(code, code)


def write_amount(amount: Decimal, currency: str, language: str) -> str:
    """Write an amount as a language does: €34.50, € 34,50, 34,50 €; a space that does not break."""
    symbol = _SYMBOLS.get(currency, currency)
    english = f"{rounded(amount, currency):,f}"
    if language == "en":
        return f"{symbol}{english}" if len(symbol) == 1 else f"{symbol}\u00a0{english}"
    number = english.translate(str.maketrans(",.", ".,"))
    return f"{number}\u00a0{symbol}" if language == "de" else f"{symbol}\u00a0{number}"
