"""What a partner may sell: its own item numbers, and package codes where it may use them."""

from __future__ import annotations

import dataclasses
import datetime

from django.db.models import QuerySet

from catalog.magic import MAGIC
from catalog.mapping import Offer, read_catalogue
from catalog.models import CalendarDay, Package, PackageMapping, PackageStatus, Price
from catalog.opening import OpeningTimes
from catalog.pricing import choose_price
from catalog.sample_visits import SampleVisit, find_sample_visits
from catalog.visits import MAX_DAYS_AHEAD
from partners.account import Account
from partners.models import Partner


@dataclasses.dataclass(frozen=True)
class Article:
    """An item number this partner may order, the package behind it, and a visit it can be for."""

    item_number: str
    offer: Offer
    sample_visit: SampleVisit
    sample_price: Price


def list_articles(*, account: Account, now: datetime.datetime) -> list[Article]:
    """Return what an order of this account would be taken for now, by item number.

    What is not on sale, has nothing to issue, no price or no room for any visit to come is left
    out. Four statements, whatever the number of packages.
    """
    partner = account.partner
    today = now.astimezone(partner.venue.zone).date()
    last = today + datetime.timedelta(days=MAX_DAYS_AHEAD)
    offers, opening_times = _read_offers(account, today)
    days = CalendarDay.objects.filter(venue=partner.venue_id, date__range=(today, last))
    opening_times = dataclasses.replace(opening_times, days=tuple(days))
    visits = find_sample_visits(
        partner=partner, offers=offers.values(), opening_times=opening_times, now=now
    )
    articles = []
    for number, offer in offers.items():
        visit = visits.get(offer.package.pk)
        if visit is None:
            continue
        price = choose_price(offer.prices, partner_id=partner.pk, visit_date=visit.date)
        if price is not None:
            articles.append(Article(number, offer, visit, price))
    return articles


def list_offers(*, account: Account, now: datetime.datetime) -> dict[str, Offer]:
    """Return what is on sale for this account and can be issued, room or not, by item number.

    What has no price is left out; magic item numbers are, too. Two statements, whatever the number
    of packages.
    """
    offers, _opening_times = _read_offers(
        account, now.astimezone(account.partner.venue.zone).date()
    )
    return {
        number: offer for number, offer in offers.items() if offer.prices and number not in MAGIC
    }


def _read_offers(account: Account, today: datetime.date) -> tuple[dict[str, Offer], OpeningTimes]:
    partner = account.partner
    packages = Package.objects.filter(venue=partner.venue_id, status=PackageStatus.ON_SALE)
    numbers = read_numbers(partner=partner, packages=packages)
    if account.test_mode:
        numbers |= MAGIC.keys()
    catalogue = read_catalogue(
        account=account,
        asked=[(number, None) for number in numbers],
        on=today,
    )
    offers = {
        number: offer
        for number, offer in sorted(catalogue.offers.items())
        if offer.package.status == PackageStatus.ON_SALE and offer.can_be_issued
    }
    return offers, catalogue.opening_times


def read_numbers(*, partner: Partner, packages: QuerySet[Package]) -> set[str]:
    """Return the item numbers that may mean one of these packages to a partner; one statement.

    Which of them do, `read_catalogue` knows.
    """
    own = PackageMapping.objects.filter(partner=partner, is_active=True, package__in=packages)
    numbers = own.order_by().values_list("item_number")
    return {number for (number,) in numbers.union(packages.order_by().values_list("code"))}
