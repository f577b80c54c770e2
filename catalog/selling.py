"""Putting packages on sale and taking them off; ending what limits a partner's share."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.db.models import QuerySet

from catalog.models import Allotment, AllotmentUse, Dating, Package, PackageStatus, Session
from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.errors import ErrorCode, Fault, NotFound, Refusal


class NotSellable(Refusal):
    """The package cannot be issued as it is set up; every fault found is listed."""

    code = ErrorCode.PACKAGE_NOT_READY


def find_faults(package: Package) -> list[Fault]:
    """Return what keeps a package from being sold and issued: two statements."""
    components = package.components.filter(is_active=True).select_related("item")
    attractions = [component.item.attraction_id for component in components]
    active = len(attractions)
    prices = list(package.prices.all())
    faults = []
    if active == 0:
        detail = "It has no active component, so there is nothing to issue."
        faults.append(Fault("/components", "no_active_component", detail))
    if package.is_group and active > 1:
        detail = f"It is a group package and has {active} active components; it needs exactly one."
        faults.append(Fault("/components", "group_of_several", detail))
    if active and package.dating == Dating.TIMED and not any(attractions):
        detail = (
            "It is timed, and none of its items has an attraction whose sessions could be named."
        )
        faults.append(Fault("/components", "no_attraction", detail))
    if not prices:
        faults.append(Fault("/prices", "no_price", "It has no price."))
    elif package.dating == Dating.OPEN and all(
        price.visit_from or price.visit_until for price in prices
    ):
        detail = "It is open-dated and has only prices for certain dates; it needs one without."
        faults.append(Fault("/prices", "no_price", detail))
    return faults


def put_on_sale(
    *, package_id: uuid.UUID, actor: str, now: datetime.datetime, reason: str = ""
) -> Package:
    """Let partners sell a package; raises NotFound, NotSellable, TransitionNotAllowed."""
    with transaction.atomic():
        package = _lock(package_id)
        faults = find_faults(package)
        if package.status != PackageStatus.ON_SALE and faults:
            detail = f"{package.code} cannot be put on sale: {faults[0].detail}"
            raise NotSellable(detail, faults=faults)
        change = Change(name="put_on_sale", actor=actor, now=now, reason=reason)
        runner.apply_to([package], Package.put_on_sale, change=change)
        return package


def withdraw(
    *, package_id: uuid.UUID, actor: str, now: datetime.datetime, reason: str = ""
) -> Package:
    """Refuse new orders for a package; what was sold stays valid.

    Raises NotFound, TransitionNotAllowed.
    """
    with transaction.atomic():
        package = _lock(package_id)
        change = Change(name="withdrawn", actor=actor, now=now, reason=reason)
        runner.apply_to([package], Package.withdraw, change=change)
        return package


def remove_allotments(*, allotments: QuerySet[Allotment]) -> None:
    """End allotments; what was sold under them stays sold.

    Their sessions are locked first, as everybody does who moves places.
    """
    with transaction.atomic():
        uses = AllotmentUse.objects.filter(allotment__in=allotments)
        runner.lock(Session.objects.filter(pk__in=uses.values("session")))
        allotments.delete()


def _lock(package_id: uuid.UUID) -> Package:
    locked = runner.lock(Package.objects.filter(pk=package_id))
    if not locked:
        raise NotFound("There is no such package.")
    return locked[0]
