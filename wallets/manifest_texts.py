"""What a manifest says in each language it can speak, and how that language writes a day and time.

Placeholders in braces are filled by `wallets.manifest`; a test holds the languages together.
"""

import datetime
import functools
from collections.abc import Mapping

from django.utils import dateformat, translation

_ENGLISH = {
    "your_tickets": "Your tickets",
    "your_ticket": "Your ticket",
    "one_ticket": "1 ticket",
    "many_tickets": "{count} tickets",
    "one_coupon": "1 coupon",
    "many_coupons": "{count} coupons",
    "position": "{position} of {total}",
    "ticket": "Ticket",
    "coupon": "Coupon",
    "not_valid_yet": "Not valid yet",
    "valid": "Valid",
    "used": "Used",
    "expired": "Expired",
    "destroyed": "Cancelled",
    "seat": "Seat",
    "date": "Date",
    "time": "Time",
    "valid_from": "Valid from",
    "valid_until": "Valid until",
    "on_day": "{day}, {hours}",
    "on_day_until": "{day}, {hours}, valid until {until}",
    "until": "Valid until {until}",
    "from_until": "Valid from {start} until {until}",
    "moment": "{day}, {time}",
    "hours": "{start} – {end}",
    "clock": "{time}",
    "day_format": "l j F Y",
    "admits": "Admits {count} people",
    "wallet_number": "Wallet number",
    "number_at_seller": "Number at {seller}",
    "order_at_seller": "Order number at {seller}",
    "order_at_venue": "Reference at {venue}",
    "sold_by": "Sold by {seller}",
    "order_details": "Your order",
    "how_to": "Have the QR codes scanned at the entrance, from your screen or from paper.",
    "how_to_one": "Have the QR code scanned at the entrance, from your screen or from paper.",
    "qr_alt": "QR code of number {number}",
    "how_to_there": "These tickets are not scanned from this page. Below it says where they are.",
    "issued_there": "Issued by {system}.",
    "shown_there": "This ticket is at {system}. Open it there and show it at the entrance: it is not "
    "scanned from this page.",
    "linked_there": "{system} has issued this ticket, as order {reference}. Show it at the entrance "
    "from your account there, or name that order: it is not scanned from this page.",
    "with_order_there": "This ticket is at {system}, together with the others of its order. Whoever "
    "ordered can open it there: it is not scanned from this page.",
    "open_there": "Open at {system}",
    "number": "Number",
    "print": "Print",
    "download_pdf": "Download PDF",
    "on_its_own": "Open separately, to pass it on",
    "address": "Address",
    "email": "E-mail",
    "phone": "Telephone",
    "page_of_wallet": "Page {page}",
    "test_order": "Test order: not valid for entry",
    "cancelled_title": "These tickets were cancelled",
    "cancelled_one_title": "This ticket was cancelled",
    "cancelled_text": "The QR codes no longer give access to {venue}.",
    "cancelled_advice": "Did you not expect this? Please contact {seller}, where the order was "
    "placed, and mention the numbers below.",
    "not_found_title": "There is no ticket at this address",
    "not_found_text": "Check that you have the whole address: it is long, and upper and lower case "
    "matter.",
    "not_found_advice": "Have you just ordered? Then try again in a few minutes. If it still does "
    "not work, please contact the shop where you bought your tickets.",
}

_DUTCH = {
    "your_tickets": "Je tickets",
    "your_ticket": "Je ticket",
    "one_ticket": "1 ticket",
    "many_tickets": "{count} tickets",
    "one_coupon": "1 coupon",
    "many_coupons": "{count} coupons",
    "position": "{position} van {total}",
    "ticket": "Ticket",
    "coupon": "Coupon",
    "not_valid_yet": "Nog niet geldig",
    "valid": "Geldig",
    "used": "Gebruikt",
    "expired": "Verlopen",
    "destroyed": "Geannuleerd",
    "seat": "Stoel",
    "date": "Datum",
    "time": "Tijd",
    "valid_from": "Geldig vanaf",
    "valid_until": "Geldig tot",
    "on_day": "{day}, {hours}",
    "on_day_until": "{day}, {hours}, geldig tot {until}",
    "until": "Geldig tot {until}",
    "from_until": "Geldig van {start} tot {until}",
    "moment": "{day}, {time}",
    "hours": "{start} – {end} uur",
    "clock": "{time} uur",
    "day_format": "l j F Y",
    "admits": "Toegang voor {count} personen",
    "wallet_number": "Walletnummer",
    "number_at_seller": "Nummer bij {seller}",
    "order_at_seller": "Bestelnummer bij {seller}",
    "order_at_venue": "Referentie bij {venue}",
    "sold_by": "Verkocht door {seller}",
    "order_details": "Je bestelling",
    "how_to": "Laat de QR-codes scannen bij de ingang, vanaf je scherm of op papier.",
    "how_to_one": "Laat de QR-code scannen bij de ingang, vanaf je scherm of op papier.",
    "qr_alt": "QR-code van nummer {number}",
    "how_to_there": "Deze tickets worden niet vanaf deze pagina gescand. Hieronder staat waar ze zijn.",
    "issued_there": "Uitgegeven door {system}.",
    "shown_there": "Dit ticket staat bij {system}. Open het daar en laat het bij de ingang zien: het "
    "wordt niet vanaf deze pagina gescand.",
    "linked_there": "{system} heeft dit ticket uitgegeven, als bestelling {reference}. Laat het bij de "
    "ingang vanuit je account daar zien of noem die bestelling: het wordt niet vanaf deze pagina "
    "gescand.",
    "with_order_there": "Dit ticket staat bij {system}, samen met de andere van de bestelling. Wie "
    "besteld heeft, kan het daar openen: het wordt niet vanaf deze pagina gescand.",
    "open_there": "Openen bij {system}",
    "number": "Nummer",
    "print": "Afdrukken",
    "download_pdf": "PDF downloaden",
    "on_its_own": "Apart openen, om door te sturen",
    "address": "Adres",
    "email": "E-mail",
    "phone": "Telefoon",
    "page_of_wallet": "Pagina {page}",
    "test_order": "Testbestelling: geeft geen toegang",
    "cancelled_title": "Deze tickets zijn geannuleerd",
    "cancelled_one_title": "Dit ticket is geannuleerd",
    "cancelled_text": "De QR-codes geven geen toegang meer tot {venue}.",
    "cancelled_advice": "Had je dit niet verwacht? Neem dan contact op met {seller}, waar de "
    "bestelling is geplaatst, en noem de nummers hieronder.",
    "not_found_title": "Op dit adres staat geen ticket",
    "not_found_text": "Controleer of je het hele adres hebt: het is lang, en hoofdletters en kleine "
    "letters maken verschil.",
    "not_found_advice": "Heb je net besteld? Probeer het dan over een paar minuten opnieuw. Werkt "
    "het dan nog niet, neem dan contact op met de winkel waar je je tickets hebt gekocht.",
}

_GERMAN = {
    "your_tickets": "Ihre Tickets",
    "your_ticket": "Ihr Ticket",
    "one_ticket": "1 Ticket",
    "many_tickets": "{count} Tickets",
    "one_coupon": "1 Gutschein",
    "many_coupons": "{count} Gutscheine",
    "position": "{position} von {total}",
    "ticket": "Ticket",
    "coupon": "Gutschein",
    "not_valid_yet": "Noch nicht gültig",
    "valid": "Gültig",
    "used": "Benutzt",
    "expired": "Abgelaufen",
    "destroyed": "Storniert",
    "seat": "Sitzplatz",
    "date": "Datum",
    "time": "Uhrzeit",
    "valid_from": "Gültig ab",
    "valid_until": "Gültig bis",
    "on_day": "{day}, {hours}",
    "on_day_until": "{day}, {hours}, gültig bis {until}",
    "until": "Gültig bis {until}",
    "from_until": "Gültig von {start} bis {until}",
    "moment": "{day}, {time}",
    "hours": "{start} – {end} Uhr",
    "clock": "{time} Uhr",
    "day_format": "l, j. F Y",
    "admits": "Eintritt für {count} Personen",
    "wallet_number": "Walletnummer",
    "number_at_seller": "Nummer bei {seller}",
    "order_at_seller": "Bestellnummer bei {seller}",
    "order_at_venue": "Referenz bei {venue}",
    "sold_by": "Verkauft von {seller}",
    "order_details": "Ihre Bestellung",
    "how_to": "Lassen Sie die QR-Codes am Eingang scannen, vom Bildschirm oder vom Ausdruck.",
    "how_to_one": "Lassen Sie den QR-Code am Eingang scannen, vom Bildschirm oder vom Ausdruck.",
    "qr_alt": "QR-Code der Nummer {number}",
    "how_to_there": "Diese Tickets werden nicht von dieser Seite gescannt. Unten steht, wo sie sind.",
    "issued_there": "Ausgestellt von {system}.",
    "shown_there": "Dieses Ticket liegt bei {system}. Öffnen Sie es dort und zeigen Sie es am Eingang "
    "vor: Es wird nicht von dieser Seite gescannt.",
    "linked_there": "{system} hat dieses Ticket ausgestellt, als Bestellung {reference}. Zeigen Sie es "
    "am Eingang aus Ihrem dortigen Konto vor oder nennen Sie diese Bestellung: Es wird nicht von "
    "dieser Seite gescannt.",
    "with_order_there": "Dieses Ticket liegt bei {system}, zusammen mit den anderen der Bestellung. "
    "Wer bestellt hat, kann es dort öffnen: Es wird nicht von dieser Seite gescannt.",
    "open_there": "Bei {system} öffnen",
    "number": "Nummer",
    "print": "Drucken",
    "download_pdf": "PDF herunterladen",
    "on_its_own": "Einzeln öffnen, zum Weiterleiten",
    "address": "Adresse",
    "email": "E-Mail",
    "phone": "Telefon",
    "page_of_wallet": "Seite {page}",
    "test_order": "Testbestellung: berechtigt nicht zum Eintritt",
    "cancelled_title": "Diese Tickets wurden storniert",
    "cancelled_one_title": "Dieses Ticket wurde storniert",
    "cancelled_text": "Die QR-Codes sind für {venue} nicht mehr gültig.",
    "cancelled_advice": "Haben Sie das nicht erwartet? Bitte wenden Sie sich an {seller}, wo die "
    "Bestellung aufgegeben wurde, und nennen Sie die Nummern unten.",
    "not_found_title": "Unter dieser Adresse gibt es kein Ticket",
    "not_found_text": "Prüfen Sie, ob die Adresse vollständig ist: Sie ist lang, und Groß- und "
    "Kleinschreibung machen einen Unterschied.",
    "not_found_advice": "Haben Sie gerade bestellt? Dann versuchen Sie es in einigen Minuten noch "
    "einmal. Wenn es weiterhin nicht klappt, wenden Sie sich bitte an den Shop, bei dem Sie Ihre "
    "Tickets gekauft haben.",
}

TEXTS: Mapping[str, Mapping[str, str]] = {"en": _ENGLISH, "nl": _DUTCH, "de": _GERMAN}


def choose_language(*tags: str | None) -> str:
    """Return the language of the first BCP 47 tag that a manifest can speak, else English."""
    for tag in tags:
        language = (tag or "").replace("_", "-").split("-")[0].strip().lower()
        if language in TEXTS:
            return language
    return "en"


@functools.lru_cache(maxsize=1024)
def write_day(day: datetime.date, language: str) -> str:
    """Write a day with its weekday, such as `Saturday 21 November 2026`."""
    with translation.override(language):
        return dateformat.format(day, TEXTS[language]["day_format"])


def write_time(time: datetime.time | datetime.datetime, language: str) -> str:
    """Write a time of day on the 24-hour clock, such as `14:00 Uhr`."""
    return TEXTS[language]["clock"].format(time=f"{time:%H:%M}")


def write_hours(start: datetime.datetime, end: datetime.datetime, language: str) -> str:
    """Write a span within one day, such as 08:00 to 20:00."""
    return TEXTS[language]["hours"].format(start=f"{start:%H:%M}", end=f"{end:%H:%M}")


def write_moment(moment: datetime.datetime, language: str) -> str:
    """Write a day and time, such as `Saturday 21 November 2026, 14:00`."""
    return TEXTS[language]["moment"].format(
        day=write_day(moment.date(), language), time=write_time(moment, language)
    )
