"""Whatever guests read says the same things in each language, and fills the same places."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from orders.dialects.openticket import return_page
from orders.outside import pages
from orders.payment.texts import PAYMENT_TEXTS
from orders.payment_receipt_texts import TEXTS as RECEIPT_TEXTS
from partners.models import Venue
from wallets import mail
from wallets.manifest_texts import TEXTS as MANIFEST_TEXTS

# One text for each key; a title and a sentence are read as one.
TABLES: dict[str, Mapping[str, Mapping[str, str]]] = {
    "manifest": MANIFEST_TEXTS,
    "mail": mail.TEXTS,
    "payment": PAYMENT_TEXTS,
    "receipt": RECEIPT_TEXTS,
    "page an outside system sends back to": pages._TEXTS,
    "return page": {
        language: {name: " ".join(said) for name, said in texts.items()}
        for language, texts in return_page._TEXTS.items()
    },
}
LANGUAGES = {"en", "nl", "de"}


@pytest.mark.parametrize("table", list(TABLES))
def test_every_language_has_every_text_with_the_same_places_to_fill(table: str) -> None:
    spoken = TABLES[table]
    assert set(spoken) == LANGUAGES
    filled = {
        language: {name: sorted(set(re.findall(r"\{\w*\}", text))) for name, text in texts.items()}
        for language, texts in spoken.items()
    }
    assert filled["nl"] == filled["en"]
    assert filled["de"] == filled["en"]


@pytest.mark.parametrize("table", list(TABLES))
def test_no_sentence_is_left_in_english(table: str) -> None:
    english = TABLES[table]["en"]
    for language in ("nl", "de"):
        left = {
            name
            for name, text in TABLES[table][language].items()
            if text == english[name]
            and len(re.findall(r"[a-z]{2,}", re.sub(r"\{.*?\}", "", text))) > 2
        }
        assert left == set()


def test_a_venue_may_speak_every_language_that_there_is() -> None:
    assert {code for code, _ in Venue._meta.get_field("language").choices or ()} == LANGUAGES
