"""The manifest as JSON: the same content as the page, in the API's spelling. Pure."""

import datetime
from collections.abc import Callable
from typing import Any

from wallets.manifest import ManifestAsset, ManifestPage, ManifestWallet
from wallets.manifest_outside import ManifestOutside
from wallets.venue_look import VenueLook


def render_page(page: ManifestPage, *, absolute: Callable[[str], str]) -> dict[str, Any]:
    """Return a manifest as plain data; `absolute` makes an address of a path.

    Moments carry the offset of the venue's time zone; texts are in the page's language.
    """
    return {
        "manifestUrl": absolute(page.path),
        "pdfUrl": absolute(f"{page.path}.pdf"),
        "language": page.language,
        "title": page.title,
        "testMode": page.sale.test_mode,
        "venue": _venue(page.venue),
        "seller": page.sale.seller,
        "sellToOrderReference": page.sale.sell_to_order_reference,
        "buyFromOrderReference": page.sale.buy_from_order_reference,
        "ticketCount": page.ticket_count,
        "couponCount": page.coupon_count,
        "wallets": [_wallet(wallet, absolute) for wallet in page.wallets],
    }


def _venue(venue: VenueLook) -> dict[str, Any]:
    return {
        "name": venue.name,
        "address": venue.address or None,
        "contactEmail": venue.contact_email or None,
        "contactPhone": venue.contact_phone or None,
        "timezone": venue.timezone,
        "brandColor": venue.brand_color,
        "logo": venue.logo and venue.logo.data_uri,
    }


def _wallet(wallet: ManifestWallet, absolute: Callable[[str], str]) -> dict[str, Any]:
    return {
        "manifestUrl": absolute(wallet.path),
        "pdfUrl": absolute(f"{wallet.path}.pdf"),
        "walletReferenceNumber": wallet.reference_number,
        "externalReferenceNumber": wallet.external_reference_number,
        "name": wallet.name or None,
        "description": wallet.description,
        "status": wallet.status,
        "assets": [_asset(asset) for asset in wallet.assets],
    }


def _asset(asset: ManifestAsset) -> dict[str, Any]:
    return {
        "type": asset.type,
        "label": asset.label,
        "description": asset.description,
        "referenceNumber": asset.reference_number,
        "qrContent": asset.qr_content or None,
        "status": asset.status,
        "statusText": asset.status_text,
        "admissions": asset.admissions,
        "visitDate": asset.visit_date and asset.visit_date.isoformat(),
        "visitTime": asset.visit_time and asset.visit_time.isoformat(),
        "validFrom": _moment(asset.valid_from),
        "validUntil": _moment(asset.valid_until),
        "validity": asset.validity,
        "seat": asset.seat or None,
        "outside": _outside(asset.outside) if asset.outside else None,
    }


def _outside(outside: ManifestOutside) -> dict[str, Any]:
    return {
        "system": outside.system,
        "orderReference": outside.order_reference or None,
        "number": outside.number or None,
        "ticketUrl": outside.url or None,
        "status": outside.status,
        "note": outside.note,
    }


def _moment(moment: datetime.datetime) -> str:
    return moment.isoformat(timespec="seconds")
