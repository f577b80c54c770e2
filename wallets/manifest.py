"""The manifest: what a guest is shown of an order's wallets, or of one of them. Pure.

HTML, PDF and JSON are all made from a ManifestPage; what is said on it is decided here only.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from catalog.models import ItemType
from partners.models import Venue
from wallets import qr
from wallets.manifest_outside import CLOSED_THERE, ManifestOutside, describe, shown_tickets
from wallets.manifest_texts import (
    TEXTS,
    choose_language,
    write_day,
)
from wallets.manifest_validity import Fact, capital, validity_of
from wallets.models import Asset, AssetStatus, Wallet
from wallets.outside_tickets import Outside, TicketThere, outside_of
from wallets.venue_look import VenueLook, look_of

_STATUS_TEXTS = {
    AssetStatus.MINTED: "not_valid_yet",
    AssetStatus.VALID: "valid",
    AssetStatus.USED: "used",
    AssetStatus.EXPIRED: "expired",
    AssetStatus.DESTROYED: "destroyed",
}
# What a QR code of such an asset still opens; the others are shown as crossed off.
_OPEN = (AssetStatus.MINTED, AssetStatus.VALID)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sale:
    """What a manifest says of the purchase. `seller` is the partner's name."""

    seller: str
    sell_to_order_reference: str
    buy_from_order_reference: str
    test_mode: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class WalletContents:
    """A wallet to show, the name of the package it was sold as, and its living assets in order.

    redemptions: how often each of its guests may come.
    """

    wallet: Wallet
    package_name: str
    assets: Sequence[Asset]
    redemptions: int = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class ManifestAsset:
    """A ticket or coupon as the guest sees it; moments are in the venue's time zone.

    qr_content: what the QR code holds and the gate looks up. Empty where another system has issued
    it and tells no number of its own: its gate would refuse a code of ours, so none is shown.
    """

    type: str
    label: str
    description: str
    reference_number: str
    status: str
    status_text: str
    is_open: bool
    admissions: int
    admits: str
    visit_date: datetime.date | None
    visit_time: datetime.time | None
    valid_from: datetime.datetime
    valid_until: datetime.datetime
    validity: str
    validity_facts: tuple[Fact, ...]
    seat: str
    qr_content: str
    qr_alt: str
    outside: ManifestOutside | None = None

    @property
    def qr_svg(self) -> qr.SvgCode:
        """Return the QR code."""
        return qr.svg(self.qr_content)

    @property
    def number_text(self) -> str:
        """Return the number in groups that can be read out."""
        return spaced(self.qr_content or self.reference_number)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ManifestWallet:
    """One recipient's card. `path` is the address of its own manifest on this host."""

    path: str
    position: str
    description: str
    name: str
    reference_number: str
    external_reference_number: str | None
    status: str
    facts: tuple[Fact, ...]
    assets: tuple[ManifestAsset, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ManifestPage:
    """Everything a manifest shows. `path` is its own address on this host."""

    path: str
    file_name: str
    language: str
    texts: Mapping[str, str]
    venue: VenueLook
    sale: Sale
    title: str
    summary: str
    how_to: str
    sold_by: str
    ticket_count: int
    coupon_count: int
    order_facts: tuple[Fact, ...]
    wallets: tuple[ManifestWallet, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Notice:
    """What a guest reads where there is no manifest (any more); `is_gone` when there was one."""

    is_gone: bool
    language: str
    venue: VenueLook
    title: str
    text: str
    advice: str
    facts: tuple[Fact, ...] = ()


def build_page(
    *,
    path: str,
    number: str,
    venue: Venue,
    sale: Sale,
    language_tag: str | None,
    contents: Sequence[WalletContents],
    wallet_path: Callable[[Wallet], str],
    now: datetime.datetime,
) -> ManifestPage:
    """Return the manifest of some wallets of one sale, in the language of the tag or the venue's.

    `number` names the document: the order's reference or the wallet's.
    """
    language = choose_language(language_tag, venue.language)
    texts = TEXTS[language]
    wallets = tuple(
        _wallet(
            entry,
            path=wallet_path(entry.wallet),
            position=_position(texts, index, len(contents)),
            seller=sale.seller,
            language=language,
            venue=venue,
            now=now,
        )
        for index, entry in enumerate(contents, start=1)
    )
    shown = [asset for wallet in wallets for asset in wallet.assets]
    counts = Counter(asset.type for asset in shown)
    tickets, coupons = counts[ItemType.TICKET], counts[ItemType.COUPON]
    return ManifestPage(
        path=path,
        file_name=f"tickets-{_file_safe(number)}.pdf",
        language=language,
        texts=texts,
        venue=look_of(venue),
        sale=sale,
        title=texts["your_ticket" if tickets + coupons == 1 else "your_tickets"],
        summary=_summary(contents, language, tickets, coupons),
        how_to=texts[_how_to(shown)],
        sold_by=texts["sold_by"].format(seller=sale.seller),
        ticket_count=tickets,
        coupon_count=coupons,
        order_facts=_order_facts(texts, venue, sale),
        wallets=wallets,
    )


def cancelled_notice(
    *, venue: Venue, sale: Sale, language_tag: str | None, wallet: Wallet | None = None
) -> Notice:
    """Return the notice that an order, or one wallet of it, was cancelled."""
    language = choose_language(language_tag, venue.language)
    texts = TEXTS[language]
    return Notice(
        is_gone=True,
        language=language,
        venue=look_of(venue),
        title=texts["cancelled_one_title" if wallet else "cancelled_title"],
        text=texts["cancelled_text"].format(venue=venue.name),
        advice=texts["cancelled_advice"].format(seller=sale.seller),
        facts=(
            *_order_facts(texts, venue, sale),
            *(_wallet_facts(texts, wallet, sale.seller) if wallet else ()),
        ),
    )


def not_found_notice(*, language_tag: str | None) -> Notice:
    """Return the notice that an address has no manifest, or not yet; it tells nothing else."""
    language = choose_language(language_tag)
    texts = TEXTS[language]
    return Notice(
        is_gone=False,
        language=language,
        venue=VenueLook(name=""),
        title=texts["not_found_title"],
        text=texts["not_found_text"],
        advice=texts["not_found_advice"],
    )


def spaced(number: str) -> str:
    """Write a number in groups of four, its leading letter apart; others stay in one piece."""
    if not re.fullmatch(r"[0-9A-Z]{7,}", number):
        return number
    lead = 1 if number[0].isalpha() and len(number) % 4 == 1 else 0
    groups = [number[at : at + 4] for at in range(lead, len(number), 4)]
    return " ".join([number[:lead], *groups] if lead else groups)


def _wallet(
    contents: WalletContents,
    *,
    path: str,
    position: str,
    seller: str,
    language: str,
    venue: Venue,
    now: datetime.datetime,
) -> ManifestWallet:
    wallet = contents.wallet
    return ManifestWallet(
        path=path,
        position=position,
        description=contents.package_name,
        name=wallet.name or "",
        reference_number=wallet.reference_number,
        external_reference_number=wallet.external_reference_number,
        status=wallet.status,
        facts=_wallet_facts(TEXTS[language], wallet, seller),
        assets=tuple(
            shown
            for asset in contents.assets
            for shown in _assets(
                asset, asset.admissions // contents.redemptions, language, venue, now
            )
        ),
    )


def _assets(
    asset: Asset, guests: int, language: str, venue: Venue, now: datetime.datetime
) -> Iterator[ManifestAsset]:
    """Yield an asset as it is shown: once, or once for each ticket that has a number elsewhere."""
    outside = outside_of(asset)
    whole = _asset(asset, guests, language, venue, now)
    if outside is None:
        yield whole
        return
    tickets = shown_tickets(outside)
    if len(tickets) > 1:
        # Each of a group is scanned by itself there.
        whole = dataclasses.replace(whole, admissions=1, admits="")
    for ticket in tickets:
        yield _elsewhere(whole, outside, ticket, language)


def _elsewhere(
    shown: ManifestAsset, outside: Outside, ticket: TicketThere, language: str
) -> ManifestAsset:
    """Show an asset by the ticket that stands behind it at the system that issued it."""
    texts, status, facts = TEXTS[language], AssetStatus(shown.status), shown.validity_facts
    if shown.is_open:
        status = CLOSED_THERE.get(ticket.status, status)
    if not ticket.number:
        facts = (*facts, Fact(texts["number"], spaced(shown.reference_number)))
    return dataclasses.replace(
        shown,
        status=status,
        status_text=texts[_STATUS_TEXTS[status]],
        is_open=status in _OPEN,
        validity_facts=facts,
        qr_content=ticket.number,
        qr_alt=texts["qr_alt"].format(number=spaced(ticket.number)),
        outside=describe(outside, ticket, texts),
    )


def _how_to(shown: Sequence[ManifestAsset]) -> str:
    """Return the name of the text that says what a guest does with what is shown."""
    codes = sum(bool(asset.qr_content) for asset in shown)
    if shown and not codes:
        return "how_to_there"
    return "how_to_one" if codes == 1 and len(shown) == 1 else "how_to"


def _asset(
    asset: Asset, guests: int, language: str, venue: Venue, now: datetime.datetime
) -> ManifestAsset:
    texts = TEXTS[language]
    start, end = asset.valid_from.astimezone(venue.zone), asset.valid_until.astimezone(venue.zone)
    status = AssetStatus(asset.status)
    if status in _OPEN and end <= now:
        status = AssetStatus.EXPIRED
    validity, facts = validity_of(asset, start, end, language, now)
    if asset.seat:
        facts = (*facts, Fact(texts["seat"], asset.seat))
    return ManifestAsset(
        type=asset.type,
        label=texts[asset.type],
        description=asset.description,
        reference_number=asset.reference_number,
        status=status,
        status_text=texts[_STATUS_TEXTS[status]],
        is_open=status in _OPEN,
        admissions=asset.admissions,
        admits=texts["admits"].format(count=guests) if guests > 1 else "",
        visit_date=asset.visit_date,
        visit_time=asset.visit_time,
        valid_from=start,
        valid_until=end,
        validity=validity,
        validity_facts=facts,
        seat=asset.seat,
        qr_content=asset.reference_number,
        qr_alt=texts["qr_alt"].format(number=spaced(asset.reference_number)),
    )


def _order_facts(texts: Mapping[str, str], venue: Venue, sale: Sale) -> tuple[Fact, ...]:
    at_seller = texts["order_at_seller"].format(seller=sale.seller)
    at_venue = texts["order_at_venue"].format(venue=venue.name)
    return (
        Fact(at_seller, sale.sell_to_order_reference),
        Fact(at_venue, sale.buy_from_order_reference),
    )


def _wallet_facts(texts: Mapping[str, str], wallet: Wallet, seller: str) -> tuple[Fact, ...]:
    own = Fact(texts["wallet_number"], spaced(wallet.reference_number))
    if not wallet.external_reference_number:
        return (own,)
    label = texts["number_at_seller"].format(seller=seller)
    return (Fact(label, wallet.external_reference_number), own)


def _summary(contents: Sequence[WalletContents], language: str, tickets: int, coupons: int) -> str:
    """Say how many tickets and coupons there are, and for which day if it is one."""
    texts = TEXTS[language]
    counted = {"ticket": tickets, "coupon": coupons}
    counts = ", ".join(
        texts[f"one_{kind}"] if count == 1 else texts[f"many_{kind}s"].format(count=count)
        for kind, count in counted.items()
        if count
    )
    days = {asset.visit_date for wallet in contents for asset in wallet.assets}
    day = days.pop() if len(days) == 1 else None
    written = capital(write_day(day, language)) if day else ""
    return " · ".join(filter(None, (counts, written)))


def _position(texts: Mapping[str, str], index: int, total: int) -> str:
    return texts["position"].format(position=index, total=total) if total > 1 else ""


def _file_safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)
