"""Orders as the native API answers them (contract section 4).

Plain dictionaries: the serializers document the same shapes, and a test holds the two together.
"""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from channel_manager.lib.moments import in_utc
from channel_manager.lib.money import rounded
from orders.manifests import order_url, wallet_url
from orders.models import Hold, Order, OrderLine, OrderStatus
from wallets.models import Asset, Wallet, WalletStatus, newest
from wallets.outside_tickets import outside_of, render_outside


def render_order(order: Order) -> dict[str, Any]:
    """Return a whole order; its lines, wallets and assets must be at hand."""
    return {
        **render_summary(order),
        "items": [_line(order, line) for line in order.lines.all()],
    }


def render_summary(order: Order) -> dict[str, Any]:
    """Return the header of an order."""
    issued = order.status == OrderStatus.ISSUED
    return {
        "orderId": str(order.pk),
        "status": order.status,
        "statusMessage": order.status_message or None,
        "partnerId": str(order.partner_id),
        "sellToOrderReference": order.sell_to_order_reference,
        "buyFromOrderReference": order.buy_from_order_reference,
        "sellToEmail": order.sell_to_email,
        "sellToName": order.sell_to_name,
        "sellToLanguage": order.sell_to_language,
        "paymentReference": order.payment_reference,
        "receivedAt": in_utc(order.received_at),
        "updatedAt": in_utc(order.updated_at),
        "testMode": order.test_mode,
        "currencyCode": order.currency,
        "totalInclVat": _money(order.total_incl_vat, order.currency),
        "totalExclVat": _money(order.total_excl_vat, order.currency),
        "manifestUrl": order_url(order) if issued else None,
    }


def render_hold(hold: Hold) -> dict[str, Any]:
    """Return a hold; moments of its places have the venue's offset."""
    zone = hold.partner.venue.zone
    return {
        "holdId": str(hold.pk),
        "status": hold.status,
        "partnerId": str(hold.partner_id),
        "createdAt": in_utc(hold.created_at),
        "expiresAt": in_utc(hold.expires_at),
        "endedAt": hold.ended_at and in_utc(hold.ended_at),
        "items": [
            {
                "itemNumber": line["itemNumber"],
                "quantity": line["quantity"],
                "visitDate": line["visitDate"],
                "visitTime": line["visitTime"],
                "places": [_held_places(entry, zone) for entry in line["places"]],
            }
            for line in hold.lines
        ],
    }


def _line(order: Order, line: OrderLine) -> dict[str, Any]:
    return {
        "lineNo": line.line_no,
        "itemNumber": line.item_number,
        "packageCode": line.package.code if line.package else None,
        "description": line.description or None,
        "isPackage": line.is_package,
        "isGroup": line.is_group,
        "quantity": line.quantity,
        "visitDate": line.visit_date and line.visit_date.isoformat(),
        "visitTime": line.visit_time and line.visit_time.isoformat(),
        "sellToEmail": line.sell_to_email,
        "sellToName": line.sell_to_name,
        "sellToLanguage": line.sell_to_language,
        "componentSchedule": _schedule(line),
        "wallets": [_wallet(order, line, wallet) for wallet in line.wallets.all()],
    }


def _schedule(line: OrderLine) -> list[dict[str, Any]]:
    """Return when each component is visited: as planned, or as asked while there is no plan."""
    if line.plan and not line.is_package:
        return []
    return [
        {
            "itemNumber": entry["itemNumber"],
            "visitDate": entry["visitDate"],
            "visitTime": entry["visitTime"],
        }
        for entry in line.plan or line.component_schedule
    ]


def _wallet(order: Order, line: OrderLine, wallet: Wallet) -> dict[str, Any]:
    active = wallet.status == WalletStatus.ACTIVE
    return {
        "seqNo": wallet.seq_no,
        "walletId": str(wallet.pk),
        "walletReferenceNumber": wallet.reference_number,
        "externalReferenceNumber": wallet.external_reference_number,
        "name": wallet.name,
        "status": wallet.status,
        "issuedAt": wallet.issued_at and in_utc(wallet.issued_at),
        "unitPriceInclVat": _money(line.unit_price_incl_vat, order.currency),
        "unitPriceExclVat": _money(line.unit_price_excl_vat, order.currency),
        "currencyCode": order.currency,
        "manifestUrl": wallet_url(wallet) if active else None,
        "assets": [_asset(asset) for asset in newest(wallet.assets.all())],
    }


def _asset(asset: Asset) -> dict[str, Any]:
    outside = outside_of(asset)
    return {
        "assetId": str(asset.pk),
        "type": asset.type,
        "referenceNumber": asset.reference_number,
        "itemNumber": asset.item.number,
        "description": asset.description,
        "status": asset.status,
        "validFrom": in_utc(asset.valid_from),
        "validUntil": in_utc(asset.valid_until),
        **({"seat": asset.seat} if asset.seat else {}),
        **({"outside": render_outside(outside)} if outside else {}),
    }


def _held_places(entry: Mapping[str, Any], zone: zoneinfo.ZoneInfo) -> dict[str, Any]:
    def local(text: str) -> str:
        return datetime.datetime.fromisoformat(text).astimezone(zone).isoformat()

    return {
        "itemNumber": entry["itemNumber"],
        "visitDate": entry["visitDate"],
        "visitTime": entry["visitTime"],
        "startsAt": local(entry["startsAt"]),
        "endsAt": local(entry["endsAt"]),
        "quantity": entry["quantity"],
        "seats": entry["seats"],
    }


def _money(amount: Decimal | None, currency: str) -> str | None:
    return None if amount is None else str(rounded(amount, currency))
