"""The manifest: what a guest is shown of an order's wallets, or of one of them. Pure.

HTML, PDF and JSON are all made from a ManifestPage; what is said on it is decided here only.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from catalog.models import ItemType
from partners.models import Venue
from wallets import qr
from wallets.manifest_texts import (
    TEXTS,
    choose_language,
    write_day,
    write_hours,
    write_moment,
    write_time,
)
from wallets.models import Asset, AssetStatus, Wallet
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


@dataclasses.dataclass(frozen=True)
class Fact:
    """A label and what it stands for."""

    label: str
    value: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class ManifestAsset:
    """A ticket or coupon as the guest sees it; moments are in the venue's time zone."""

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
    qr_alt: str

    @property
    def qr_content(self) -> str:
        """Return what the QR code holds and the gate looks up."""
        return self.reference_number

    @property
    def qr_svg(self) -> qr.SvgCode:
        """Return the QR code."""
        return qr.svg(self.qr_content)

    @property
    def number_text(self) -> str:
        """Return the number in groups that can be read out."""
        return spaced(self.reference_number)


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
    counts = Counter(asset.type for wallet in contents for asset in wallet.assets)
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
        how_to=texts["how_to_one" if tickets + coupons == 1 else "how_to"],
        sold_by=texts["sold_by"].format(seller=sale.seller),
        ticket_count=tickets,
        coupon_count=coupons,
        order_facts=_order_facts(texts, venue, sale),
        wallets=tuple(
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
        ),
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
            _asset(asset, asset.admissions // contents.redemptions, language, venue, now)
            for asset in contents.assets
        ),
    )


def _asset(
    asset: Asset, guests: int, language: str, venue: Venue, now: datetime.datetime
) -> ManifestAsset:
    texts = TEXTS[language]
    start, end = asset.valid_from.astimezone(venue.zone), asset.valid_until.astimezone(venue.zone)
    status = AssetStatus(asset.status)
    if status in _OPEN and end <= now:
        status = AssetStatus.EXPIRED
    validity, facts = _validity(asset, start, end, language, now)
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
        qr_alt=texts["qr_alt"].format(number=spaced(asset.reference_number)),
    )


def _validity(
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
        return texts["until"].format(until=until), (Fact(texts["valid_until"], _capital(until)),)
    within_a_day = start.date() == end.date() == asset.visit_date
    if asset.visit_date is None or not (within_a_day or asset.visit_time):
        since = write_moment(start, language)
        return texts["from_until"].format(start=since, until=until), (
            Fact(texts["valid_from"], _capital(since)),
            Fact(texts["valid_until"], _capital(until)),
        )
    day = _capital(write_day(asset.visit_date, language))
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
        Fact(texts["valid_until"], _capital(until)),
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
    written = _capital(write_day(day, language)) if day else ""
    return " · ".join(filter(None, (counts, written)))


def _position(texts: Mapping[str, str], index: int, total: int) -> str:
    return texts["position"].format(position=index, total=total) if total > 1 else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _file_safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)
