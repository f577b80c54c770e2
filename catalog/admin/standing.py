"""The ways from one status of a package to another."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.utils import timezone

from catalog import selling
from catalog.models import Package, PackageStatus
from channel_manager.lib.admin.confirmation import actor_of
from channel_manager.lib.admin.standing import Standing, StatusAction


def _run(change: Callable[..., Package]) -> Callable[[HttpRequest, Package, str], str]:
    def run(request: HttpRequest, package: Package, reason: str) -> str:
        changed = change(
            package_id=package.pk, actor=actor_of(request), now=timezone.now(), reason=reason
        )
        return f"{changed.code} is {changed.get_status_display().lower()}."

    return run


STANDING = Standing(
    model=Package,
    colours={
        PackageStatus.DRAFT: "info",
        PackageStatus.ON_SALE: "success",
        PackageStatus.WITHDRAWN: "",
    },
    meanings={
        PackageStatus.DRAFT: "Being set up. Orders for it are refused with not_on_sale.",
        PackageStatus.ON_SALE: "Partners can order it.",
        PackageStatus.WITHDRAWN: "Orders for it are refused with not_on_sale. Sold ones stay valid.",
    },
    actions={
        "put-on-sale": StatusAction(
            label="Put on sale",
            icon="storefront",
            statuses=(PackageStatus.DRAFT, PackageStatus.WITHDRAWN),
            run=_run(selling.put_on_sale),
            effects=("Partners can order it at once, by their mapping or by its code.",),
            obstacles=lambda package: [fault.detail for fault in selling.find_faults(package)],
            look="primary",
        ),
        "withdraw": StatusAction(
            label="Withdraw",
            icon="block",
            statuses=(PackageStatus.ON_SALE,),
            run=_run(selling.withdraw),
            effects=(
                "New orders for it are refused with not_on_sale.",
                "What was sold stays valid. It can be put on sale again.",
            ),
        ),
    },
)
