"""What the order desk searches for parts of: one text for each order and for each line.

The trigram indexes are made of these very expressions; a search that says them otherwise is not
served by any index.
"""

from __future__ import annotations

from django.db.models import Expression, F, Func, Q, TextField, Value
from django.db.models.functions import Concat

# New rows wait in a list, which the one that fills it sorts in: a short list keeps that order from
# standing still, and searches from reading much of it.
SEARCH_BACKLOG_KB = 1024
# Nobody types a line break, so nothing is found across two columns.
_BREAK = Value("\n")


def names(text: str, word: str) -> Q:
    """Keep the rows of which a text, an alias, has a word somewhere, in any case.

    Names stand in it without their accents, so a word is looked for without them, too.
    """
    return says(text, word) if word.isascii() else says(text, _folded(Value(word)))


def says(text: str, word: str | Func) -> Q:
    """Keep the rows of which a text, an alias, has a word somewhere as it stands, in any case."""
    return Q(**{f"{text}__icontains": word})


def _folded(text: Expression | F) -> Func:
    """Take the accents off by a function of ours, which asks PostgreSQL's unaccent: ü is u, ß is ss."""
    return Func(text, function="orders_folded", output_field=TextField())


def _joined(column: str) -> Func:
    """Join an array to a text by a function of ours: PostgreSQL's own is not fit for an index."""
    return Func(F(column), function="orders_joined", output_field=TextField())


def order_text() -> Concat:
    """Return both references of an order, its payment reference and its guest."""
    return Concat(
        "buy_from_order_reference",
        _BREAK,
        "sell_to_order_reference",
        _BREAK,
        "payment_reference",
        _BREAK,
        _folded(F("sell_to_name")),
        _BREAK,
        "sell_to_email",
        output_field=TextField(),
    )


def order_numbers() -> Concat:
    """Return the part of an order's text that names nobody."""
    return Concat(
        "buy_from_order_reference",
        _BREAK,
        "sell_to_order_reference",
        _BREAK,
        "payment_reference",
        output_field=TextField(),
    )


def line_numbers() -> Func:
    """Return the part of a line's text that names nobody."""
    return _joined("external_reference_numbers")


def line_text() -> Concat:
    """Return the guests of a line and the numbers they may show, as the partner sent them.

    A line has them before it has wallets, and still has them when it failed.
    """
    return Concat(
        _folded(Concat("sell_to_name", _BREAK, _joined("names"), output_field=TextField())),
        _BREAK,
        "sell_to_email",
        _BREAK,
        _joined("external_reference_numbers"),
        output_field=TextField(),
    )
