"""Finding what a manifest's address stands for: the page, or the notice that there is none."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Sequence

from django.conf import settings
from django.db.models import QuerySet

from orders.models import Order, OrderLine, OrderStatus
from wallets import manifest
from wallets.manifest import ManifestPage, Notice, Sale, WalletContents
from wallets.models import Asset, AssetStatus, Wallet, WalletStatus
from wallets.outside_tickets import with_outside, with_outside_orders


def order_path(order: Order) -> str:
    """Return the path of an order's manifest."""
    return f"/m/{order.token}"


def wallet_path(wallet: Wallet) -> str:
    """Return the path of a wallet's manifest."""
    return f"/w/{wallet.token}"


def order_url(order: Order) -> str:
    """Return the absolute address of an order's manifest."""
    return f"{settings.PUBLIC_URL}{order_path(order)}"


def wallet_url(wallet: Wallet) -> str:
    """Return the absolute address of a wallet's manifest."""
    return f"{settings.PUBLIC_URL}{wallet_path(wallet)}"


def find_order_manifest(
    *, token: str, language_tag: str | None, now: datetime.datetime
) -> ManifestPage | Notice:
    """Return the manifest of an Issued order with its living wallets.

    Three statements, whatever their number. A Cancelled order has the notice that it was; for an
    unknown one, and one that is not Issued yet, there is a notice in the language of the tag.
    """
    order = Order.objects.filter(token=token).select_related("venue", "partner").first()
    if order is None or order.status not in {OrderStatus.ISSUED, OrderStatus.CANCELLED}:
        return manifest.not_found_notice(language_tag=language_tag)
    wallets = list(
        Wallet.objects.filter(order=order, status=WalletStatus.ACTIVE)
        .select_related("line")
        .order_by("line__line_no", "seq_no")
    )
    if order.status == OrderStatus.CANCELLED or not wallets:
        return manifest.cancelled_notice(
            venue=order.venue, sale=sale_of(order), language_tag=order.sell_to_language
        )
    return manifest.build_page(
        path=order_path(order),
        number=order.buy_from_order_reference,
        venue=order.venue,
        sale=sale_of(order),
        language_tag=order.sell_to_language,
        contents=_contents(wallets, with_outside_orders(Asset.objects.all())),
        wallet_path=wallet_path,
        now=now,
    )


def find_wallet_manifest(
    *, token: str, language_tag: str | None, now: datetime.datetime
) -> ManifestPage | Notice:
    """Return the manifest of one Active wallet, or the notice why there is none (two statements).

    A destroyed wallet has the notice that it was cancelled, whatever became of its order.
    """
    wallet = (
        Wallet.objects.filter(token=token).select_related("venue", "line", "order__partner").first()
    )
    if wallet is None or wallet.status not in {WalletStatus.ACTIVE, WalletStatus.DESTROYED}:
        return manifest.not_found_notice(language_tag=language_tag)
    order = wallet.order
    if wallet.status == WalletStatus.DESTROYED:
        return manifest.cancelled_notice(
            venue=wallet.venue,
            sale=sale_of(order),
            language_tag=_language_tag(wallet.line, order),
            wallet=wallet,
        )
    return manifest.build_page(
        path=wallet_path(wallet),
        number=wallet.reference_number,
        venue=wallet.venue,
        sale=sale_of(order),
        language_tag=_language_tag(wallet.line, order),
        contents=_contents([wallet], with_outside(Asset.objects.all())),
        wallet_path=wallet_path,
        now=now,
    )


def _contents(wallets: Sequence[Wallet], known: QuerySet[Asset]) -> list[WalletContents]:
    """Return what is in wallets, of assets with what is read along."""
    by_wallet: dict[object, list[Asset]] = defaultdict(list)
    assets = known.filter(wallet__in=[wallet.pk for wallet in wallets])
    for asset in assets.exclude(status=AssetStatus.DESTROYED).order_by(
        "position", "unit", "generation"
    ):
        by_wallet[asset.wallet_id].append(asset)
    return [
        WalletContents(
            wallet=wallet,
            package_name=wallet.line.description if wallet.line else "",
            assets=by_wallet[wallet.pk],
            redemptions=(wallet.line.max_redemptions if wallet.line else None) or 1,
        )
        for wallet in wallets
    ]


def sale_of(order: Order) -> Sale:
    """Return what a manifest says of the purchase."""
    return Sale(
        seller=order.partner.name,
        sell_to_order_reference=order.sell_to_order_reference,
        buy_from_order_reference=order.buy_from_order_reference,
        test_mode=order.test_mode,
    )


def _language_tag(line: OrderLine | None, order: Order) -> str | None:
    """Return the line's language; a line that was replaced leaves the order's."""
    return line.sell_to_language if line else order.sell_to_language
