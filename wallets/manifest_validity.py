"""When a ticket is valid, as a manifest says it: in a sentence and in facts. Pure."""

from __future__ import annotations

import dataclasses
import datetime

from wallets.manifest_texts import TEXTS, write_day, write_hours, write_moment, write_time
from wallets.models import Asset


@dataclasses.dataclass(frozen=True)
class Fact:
    """A label and what it stands for."""

    label: str
    value: str


def validity_of(
    asset: Asset,
    start: datetime.datetime,
    end: datetime.datetime,
    language: str,
    now: datetime.datetime,
) -> tuple[str, tuple[Fact, ...]]:
    """Say in a sentence and in facts when an asset is valid."""
    texts = TEXTS[language]
    until = write_moment(end, language)
    if asset.visit_date is None and start <= now:
        return texts["until"].format(until=until), (Fact(texts["valid_until"], capital(until)),)
    within_a_day = start.date() == end.date() == asset.visit_date
    if asset.visit_date is None or not (within_a_day or asset.visit_time):
        since = write_moment(start, language)
        return texts["from_until"].format(start=since, until=until), (
            Fact(texts["valid_from"], capital(since)),
            Fact(texts["valid_until"], capital(until)),
        )
    day = capital(write_day(asset.visit_date, language))
    if asset.visit_time is None:
        hours = write_hours(start, end, language)
        return texts["on_day"].format(day=day, hours=hours), (
            Fact(texts["date"], day),
            Fact(texts["time"], hours),
        )
    # Who asked for an earlier time than the session's begins with the session.
    hours = write_time(start.time(), language)
    if end.date() == asset.visit_date:
        until = write_time(end, language)
    return texts["on_day_until"].format(day=day, hours=hours, until=until), (
        Fact(texts["date"], day),
        Fact(texts["time"], hours),
        Fact(texts["valid_until"], capital(until)),
    )


def capital(text: str) -> str:
    """Write a text with a capital letter."""
    return text[:1].upper() + text[1:]
