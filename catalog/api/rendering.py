"""From articles and places to the members of answers."""

from __future__ import annotations

import secrets
import zoneinfo
from typing import Any

from catalog.assortment import Article
from catalog.availability import Places
from catalog.pricing import split_price
from partners.models import Partner


def render_article(article: Article, partner: Partner) -> dict[str, Any]:
    """Return an article with a sample order that can be sent as it is."""
    offer, currency = article.offer, partner.venue.currency
    unit = split_price(article.sample_price.amount_incl_vat, offer.components, currency=currency)
    return {
        "itemNumber": article.item_number,
        "packageCode": offer.package.code,
        "name": offer.package.name,
        "description": offer.package.description,
        "dating": offer.package.dating,
        "isPackage": len(offer.components) > 1,
        "isGroup": offer.package.is_group,
        "components": [
            {
                "itemNumber": component.item.number,
                "description": component.item.description,
                "type": component.item.type,
                "quantity": component.quantity,
            }
            for component in offer.components
        ],
        "unitPriceInclVat": str(unit.incl_vat),
        "unitPriceExclVat": str(unit.excl_vat),
        "currencyCode": currency,
        "sampleOrder": {
            "partnerId": str(partner.pk),
            "sellToOrderReference": f"SAMPLE-{secrets.token_hex(4)}",
            "paymentReference": "PAY-SAMPLE",
            "items": [_sample_line(article)],
        },
    }


def _sample_line(article: Article) -> dict[str, Any]:
    visit = article.sample_visit
    line: dict[str, Any] = {"itemNumber": article.item_number, "quantity": 1}
    if visit.date is not None:
        line["visitDate"] = visit.date.isoformat()
    if visit.time is not None:
        line["visitTime"] = visit.time.isoformat()
    if visit.schedule:
        schedule = [
            {"itemNumber": number, "visitTime": time.isoformat()}
            for number, time in visit.schedule.items()
        ]
        line["wallet"] = {"componentSchedule": schedule}
    return line


def render_places(places: Places, zone: zoneinfo.ZoneInfo) -> dict[str, Any]:
    """Return a row of availability.

    By hand: a serializer takes ten times as long, and a year may have thousands of rows.
    """
    return {
        "itemNumber": places.item_number,
        "visitDate": places.date.isoformat(),
        "visitTime": places.time and places.time.isoformat(),
        "startsAt": places.starts_at.astimezone(zone).isoformat(),
        "endsAt": places.ends_at.astimezone(zone).isoformat(),
        "capacity": places.capacity,
        "placesLeft": places.left,
    }
