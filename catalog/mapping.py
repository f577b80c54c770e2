"""From a partner's item numbers to the venue's packages, with all that is needed to sell them."""

from __future__ import annotations

import dataclasses
import datetime
import json
import uuid
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import Model

from catalog.elsewhere import Elsewhere
from catalog.magic import MAGIC
from catalog.models import (
    SUPPLIER_PAID,
    Allotment,
    CalendarDay,
    Component,
    Item,
    OpeningHours,
    Package,
    Price,
    Session,
)
from catalog.opening import OpeningTimes, read_opening_times
from catalog.trial_ticket import ticket_of
from channel_manager.lib import prepared
from partners.account import Account
from partners.models import Partner

_Model = TypeVar("_Model", bound=Model)


@dataclasses.dataclass(frozen=True)
class Offer:
    """A package behind an item number, with what is needed to sell it.

    Active components, the prices that may hold, the sessions of its attractions on the days asked
    for (those on sale), and the partner's allotment with what is taken of it, by session.
    """

    package: Package
    mapping_id: uuid.UUID | None
    components: tuple[Component, ...]
    prices: tuple[Price, ...]
    sessions: tuple[Session, ...] = ()
    allotment: Allotment | None = None
    allotment_taken: Mapping[uuid.UUID, int] = dataclasses.field(default_factory=dict)

    @property
    def can_be_issued(self) -> bool:
        """Tell whether there is something to issue; a group is issued as one ticket."""
        most = 1 if self.package.is_group else len(self.components)
        return 1 <= len(self.components) <= most

    def issued_elsewhere(self, attraction_id: uuid.UUID | None) -> list[Component]:
        """Return the components that an outside system issues for an attraction's sessions."""
        return [
            component
            for component in self.components
            if component.is_outside and component.item.attraction_id == attraction_id
        ]

    def as_of(self, later: Offer) -> Offer:
        """Return the offer with the sessions that it has, and its allotment, as a later one has them."""
        if later.package != self.package:
            return self
        own = {session.pk for session in self.sessions}
        return dataclasses.replace(
            self,
            sessions=tuple(session for session in later.sessions if session.pk in own),
            allotment=later.allotment,
            allotment_taken=later.allotment_taken,
        )


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """What the item numbers of a request mean, and when the venue is open on its days."""

    offers: Mapping[str, Offer]
    opening_times: OpeningTimes

    def as_of(self, later: Catalogue) -> Catalogue:
        """Return what its numbers mean, with sessions and allotments as a later reading has them.

        Sessions that were put on sale since, and numbers that were mapped, are left out.
        """
        offers = {
            number: offer.as_of(later.offers.get(number, offer))
            for number, offer in self.offers.items()
        }
        return dataclasses.replace(self, offers=offers)


def read_catalogue(
    *,
    account: Account,
    asked: Iterable[tuple[str, datetime.date | None]],
    on: datetime.date,
) -> Catalogue:
    """Return what each item number means to this account, with the sessions of the days asked for.

    Unknown numbers are left out. A mapping valid on the day (of receipt, venue's calendar) wins
    over a package code, which counts where the partner may sell by it. Packages that are not on
    sale are returned too, for the caller to refuse by name. One statement, whatever the number of
    items (contract section 3); as text, because building it with the ORM took a third of
    createOrder's CPU time.
    """
    partner, pairs = account.partner, set(asked)
    numbers = list({number for number, _day in pairs})
    codes = numbers if partner.sell_by_package_code else []
    rows = _select(partner, pairs, numbers=numbers, codes=codes, on=on)
    offers: dict[str, Offer] = {}
    unmapped: dict[str, Offer] = {}
    for package_json, number, mapping_id, *rest in rows:
        package = _made(Package, _loaded(package_json))
        selling = _selling_data(*map(_loaded, rest[:5]))
        if number is not None:
            offers[number] = Offer(package, mapping_id, **selling)
        if package.code in codes:
            unmapped[package.code] = Offer(package, None, **selling)
    catalogue = Catalogue({**unmapped, **offers}, _opening_times(partner, rows))
    return _with_magic(catalogue, pairs, on) if account.test_mode else catalogue


def read_catalogue_of(
    *,
    partner: Partner,
    package: Package,
    item_number: str,
    mapping_id: uuid.UUID | None,
    days: Iterable[datetime.date | None],
) -> Catalogue:
    """Return the catalogue of one item number that means this package, whatever is mapped.

    As `read_catalogue` would once a mapping says so; empty when the package is gone. The same
    statement.
    """
    code = package.code
    asked = {(code, day) for day in days}
    rows = _select(partner, asked, numbers=[], codes=[code], on=datetime.date.min)
    offers: dict[str, Offer] = {}
    for package_json, _number, _mapping_id, *rest in rows:
        selling = _selling_data(*map(_loaded, rest[:5]))
        offers[item_number] = Offer(_made(Package, _loaded(package_json)), mapping_id, **selling)
    return Catalogue(offers, _opening_times(partner, rows))


def _select(
    partner: Partner,
    asked: Iterable[tuple[str, datetime.date | None]],
    *,
    numbers: list[str],
    codes: list[str],
    on: datetime.date,
) -> list[tuple[Any, ...]]:
    """Read the packages behind numbers and codes, with the sessions of the days asked for."""
    dated = [(number, day) for number, day in asked if day]
    values = {
        "partner": partner.pk,
        "venue": partner.venue_id,
        "numbers": numbers,
        "codes": codes,
        "on": on,
        "supplier_paid": list(SUPPLIER_PAID),
        "asked_numbers": [number for number, _day in dated],
        "asked_days": [day for _number, day in dated],
    }
    return prepared.rows_of(_CATALOGUE, values)


def _opening_times(partner: Partner, rows: list[tuple[Any, ...]]) -> OpeningTimes:
    if not rows:
        return OpeningTimes(partner.venue)
    seasons, days = map(_loaded, rows[0][-2:])
    return OpeningTimes(
        partner.venue,
        tuple(_made(OpeningHours, row) for row in seasons),
        tuple(_made(CalendarDay, row) for row in days),
    )


def _with_magic(
    catalogue: Catalogue,
    asked: Iterable[tuple[str, datetime.date | None]],
    on: datetime.date,
) -> Catalogue:
    """Let the magic item numbers mean what they mean to test orders, whatever is mapped.

    Two statements more where nothing else is asked for, which would have brought the hours along.
    """
    magic = {number: MAGIC[number] for number, _day in asked if number in MAGIC}
    if not magic:
        return catalogue
    offers = {number: offer for number, offer in catalogue.offers.items() if number not in magic}
    times, days = catalogue.opening_times, [day for _number, day in asked if day] or [on]
    if not catalogue.offers:
        times = read_opening_times(venue=times.venue, first=min(days), last=max(days))
    for number, row in magic.items():
        if row.is_known:
            ticket = ticket_of(times.venue, row.outcome)
            offers[number] = Offer(ticket.package, None, (ticket.component,), (ticket.price,))
    return Catalogue(offers, times)


_CATALOGUE = """
    WITH asked AS MATERIALIZED (
        SELECT * FROM unnest(%(asked_numbers)s::text[], %(asked_days)s::date[]) AS a(number, day)
    )
    SELECT to_jsonb(p), m.item_number::text, m.id,
        (SELECT coalesce(jsonb_agg(to_jsonb(c) || jsonb_build_object('item', to_jsonb(i),
            'isOutside', EXISTS (SELECT 1 FROM catalog_componentsource e
                WHERE e.component_id = c.id),
            'elsewhere', (SELECT jsonb_agg(jsonb_build_object('session', e.session_id,
                    'guestPays', n.system = ANY(%(supplier_paid)s::text[]) AND n.payment_method = ''
                        AND e.outside_price IS DISTINCT FROM 0,
                    'connection', n.name, 'left', o.left, 'toldAt', o.told_at,
                    'seconds', n.availability_seconds))
                FROM catalog_componentsource e JOIN catalog_connection n ON n.id = e.connection_id
                LEFT JOIN catalog_outsideplaces o ON o.connection_id = e.connection_id
                    AND o.outside_session = e.outside_session AND o.outside_item = e.outside_item
                WHERE e.component_id = c.id AND (e.session_id IS NULL OR EXISTS (
                    SELECT 1 FROM catalog_session s WHERE s.id = e.session_id
                        AND s.date IN (SELECT a.day FROM asked a)))))
            ORDER BY c.position, c.id), '[]')
         FROM catalog_component c JOIN catalog_item i ON i.id = c.item_id
         WHERE c.package_id = p.id AND c.is_active),
        (SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]') FROM catalog_price r
         WHERE r.package_id = p.id AND (r.partner_id IS NULL OR r.partner_id = %(partner)s::uuid)),
        (SELECT coalesce(jsonb_agg(to_jsonb(s) ORDER BY s.starts_at), '[]')
         FROM catalog_session s
         WHERE s.is_on_sale
            AND s.date IN (SELECT a.day FROM asked a WHERE a.number IN (m.item_number, p.code))
            AND s.attraction_id IN (
                SELECT i.attraction_id FROM catalog_component c
                JOIN catalog_item i ON i.id = c.item_id
                WHERE c.package_id = p.id AND c.is_active)),
        coalesce(to_jsonb(t), 'null'),
        (SELECT coalesce(jsonb_object_agg(u.session_id, u.taken), '{}')
         FROM catalog_allotmentuse u JOIN catalog_session s ON s.id = u.session_id
         WHERE u.allotment_id = t.id
            AND s.date IN (SELECT a.day FROM asked a WHERE a.number IN (m.item_number, p.code))),
        (SELECT coalesce(jsonb_agg(to_jsonb(h)), '[]') FROM catalog_openinghours h
         WHERE h.venue_id = %(venue)s::uuid),
        (SELECT coalesce(jsonb_agg(to_jsonb(d)), '[]') FROM catalog_calendarday d
         WHERE d.venue_id = %(venue)s::uuid AND d.date IN (SELECT a.day FROM asked a))
    FROM catalog_package p
    LEFT JOIN catalog_packagemapping m ON m.package_id = p.id AND m.partner_id = %(partner)s::uuid
        AND m.item_number = ANY(%(numbers)s::text[]) AND m.is_active
        AND (m.valid_from IS NULL OR m.valid_from <= %(on)s::date)
        AND (m.valid_until IS NULL OR m.valid_until >= %(on)s::date)
    LEFT JOIN catalog_allotment t ON t.package_id = p.id AND t.partner_id = %(partner)s::uuid
    WHERE p.venue_id = %(venue)s::uuid AND NOT p.is_test AND (m.id IS NOT NULL OR p.code = ANY(%(codes)s::text[]))
"""


def _selling_data(
    components: Any, prices: Any, sessions: Any, allotment: Any, taken: Any
) -> dict[str, Any]:
    """Return what one row of the catalogue says besides the package."""
    return {
        "components": tuple(_component(row) for row in components),
        "prices": tuple(_made(Price, row) for row in prices),
        "sessions": tuple(_made(Session, row) for row in sessions),
        "allotment": allotment and _made(Allotment, allotment),
        "allotment_taken": {uuid.UUID(session): count for session, count in taken.items()},
    }


def _loaded(text: str) -> Any:
    """Read JSON as the cursor hands it out: as text, with its numbers exact."""
    return json.loads(text, parse_float=Decimal)


def _made(model: type[_Model], row: Mapping[str, Any]) -> _Model:
    fields = model._meta.concrete_fields
    return model.from_db(
        None, [f.attname for f in fields], [f.to_python(row[f.attname]) for f in fields]
    )


def _component(row: Mapping[str, Any]) -> Component:
    component = _made(Component, row)
    component.item = _made(Item, row["item"])
    component.is_outside = row["isOutside"]
    component.elsewhere = tuple(map(Elsewhere.from_row, row["elsewhere"] or ()))
    return component
