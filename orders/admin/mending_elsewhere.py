"""What failures at outside systems are called, what mends them, and whether that has happened."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import TypedDict
from urllib.parse import urlencode

from django.contrib.admin import site
from django.db.models import Exists, OuterRef
from django.urls import reverse

from catalog.models import Component, ComponentSource, Connection
from orders.causes import CauseGroup
from orders.models import FailureCode
from wallets.connectors.registry import CONNECTORS
from wallets.models import OutsideOrder, OutsideOrderStatus


class Telling(TypedDict):
    """What is told of a cause: as `mending.Told` has it."""

    title: str
    advice: str
    link: str
    link_text: str
    permission: str
    is_mended: bool


_AGAIN = "Test the connection; once it answers, replay them."
# What happened there, after the connection's name, and what to do.
_TEXTS: Mapping[str, tuple[str, str]] = {
    FailureCode.OUTCOME_UNKNOWN: (
        "may have issued it or not: nobody knows",
        "Look in that system for each order, say in its page here what you found (done there, or "
        "not done there), then replay them.",
    ),
    FailureCode.TIMED_OUT_THERE: ("did not answer in time", _AGAIN),
    FailureCode.SYSTEM_AWAY: ("is away, or fails", _AGAIN),
    FailureCode.SYSTEM_BUSY: ("asks to be left alone", "Wait some minutes, then replay them."),
    FailureCode.SYSTEM_UNREACHABLE: (
        "cannot be reached",
        "Check the address on the connection and test it, then replay them.",
    ),
    FailureCode.CERTIFICATE_ERROR: (
        "has no valid certificate",
        "Nothing is sent there until it has one: tell whoever runs that system. Test the connection, "
        "then replay them.",
    ),
    FailureCode.ANSWER_REDIRECTS: (
        "sends us to another address",
        "Ask whoever runs that system for the address of its API, set it on the connection and test "
        "it, then replay them.",
    ),
    FailureCode.ANSWER_TOO_LARGE: (
        "answers with more than we read",
        "Check the address on the connection: it may not be that of the API. Test it, then replay "
        "them.",
    ),
    FailureCode.ANSWER_UNREADABLE: (
        "answers what we cannot read",
        "Check the address on the connection and test it. If it is right, tell whoever runs that "
        "system what an order's history says; then replay them.",
    ),
    FailureCode.CREDENTIALS_REFUSED: (
        "refuses our credentials",
        "Set new credentials on the connection and test it, then replay them.",
    ),
    FailureCode.NOT_KNOWN_THERE: (
        "does not know an outside id",
        "Pick the outside ids of the components again, then replay them.",
    ),
    FailureCode.REFUSED_THERE: (
        "refused the order",
        "An order's history says why. Mend that there, then replay them; or ask the partner to "
        "replace the order.",
    ),
    FailureCode.SOLD_OUT_THERE: (
        "is sold out",
        "Have places added there and replay them, or ask the partner for another day.",
    ),
    FailureCode.WRONG_CURRENCY_THERE: (
        "sells in another currency",
        "Its outside ids must be of something in the venue's currency: pick others, then replay "
        "them.",
    ),
    FailureCode.GUEST_PAYMENT_NEEDED: (
        "would ask a guest to pay",
        "Set a prepaid payment method on the connection, then replay them.",
    ),
    FailureCode.NOT_PAID_THERE: (
        "has not taken the order as paid",
        "Check there that the prepaid payment method of the connection settles orders at once, then "
        "replay them.",
    ),
    FailureCode.TWO_ORDERS_THERE: (
        "made it twice",
        "Cancel one of the two in that system, settle the order on its page here, then replay it.",
    ),
    FailureCode.CONNECTION_OFF: (
        "is switched off",
        "Switch the connection on, then replay them.",
    ),
    FailureCode.CONNECTION_INCOMPLETE: (
        "is not set up completely",
        "Fill in what the connection's page asks for, then replay them.",
    ),
}
# What a test of the connection that went well since shows to be over.
_TESTED = (
    FailureCode.TIMED_OUT_THERE,
    FailureCode.SYSTEM_AWAY,
    FailureCode.SYSTEM_BUSY,
    FailureCode.SYSTEM_UNREACHABLE,
    FailureCode.CERTIFICATE_ERROR,
    FailureCode.ANSWER_REDIRECTS,
    FailureCode.ANSWER_TOO_LARGE,
    FailureCode.CREDENTIALS_REFUSED,
)
# Settled on the pages of the orders there rather than on the connection's.
_BY_ORDER = (FailureCode.OUTCOME_UNKNOWN, FailureCode.TWO_ORDERS_THERE)


def read_connections(keys: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Connection]:
    """Return connections, with whether something at them waits for a person; none without keys."""
    if not keys:
        return {}
    unknown = OutsideOrder.objects.filter(
        connection=OuterRef("pk"), status=OutsideOrderStatus.UNKNOWN
    )
    return Connection.objects.annotate(has_unknown=Exists(unknown)).in_bulk(keys)


def read_components(keys: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Component]:
    """Return components, with whether they have an outside id; none without keys."""
    if not keys:
        return {}
    sources = ComponentSource.objects.filter(component=OuterRef("pk"))
    rows = Component.objects.select_related("item", "package").annotate(has_id=Exists(sources))
    return rows.in_bulk(keys)


def tell_component(component: Component) -> Telling:
    """Tell of a component that no outside id fits."""
    has_id: bool = component.has_id  # type: ignore[attr-defined]
    lacking = "has outside ids, but none for the visit" if has_id else "has no outside id any more"
    telling = Telling(
        title=f"{component.item.number} of package {component.package.code} {lacking}",
        advice="Give it one for that session, or one for all, then replay them.",
        link=reverse("admin:catalog_package_change", args=[component.package_id]),
        link_text=f"Open {component.package.code}",
        permission="catalog.view_package",
        is_mended=False,
    )
    if site.is_registered(ComponentSource):
        telling["link"] = reverse("admin:catalog_componentsource_component", args=[component.pk])
        telling["link_text"] = f"Outside ids of {component.item.number}"
        telling["permission"] = "catalog.view_componentsource"
    return telling


def tell_connection(group: CauseGroup, connection: Connection) -> Telling:
    """Tell what an outside system said no with, and where that is mended."""
    code = FailureCode(group.failure_code)
    happened, advice = _TEXTS[code]
    is_mended = _is_mended(code, group, connection)
    telling = Telling(
        title=f"{connection} {happened}",
        advice="That is mended. Replay them." if is_mended else advice,
        link="",
        link_text="",
        permission="orders.view_order",
        is_mended=is_mended,
    )
    if code in _BY_ORDER and site.is_registered(OutsideOrder):
        asked = {"connection__id__exact": str(connection.pk)}
        if code == FailureCode.OUTCOME_UNKNOWN:
            asked["status__exact"] = OutsideOrderStatus.UNKNOWN.value
        listed = reverse("admin:wallets_outsideorder_changelist")
        telling["link"] = f"{listed}?{urlencode(asked)}"
        telling["link_text"] = "Settle what is uncertain"
        telling["permission"] = "wallets.view_outsideorder"
    elif site.is_registered(Connection):
        telling["link"] = reverse("admin:catalog_connection_change", args=[connection.pk])
        telling["link_text"] = f"Open {connection.name}"
        telling["permission"] = "catalog.view_connection"
    return telling


def is_told(code: str) -> bool:
    """Tell whether a failure is one of an outside system's."""
    return code in _TEXTS


def _is_mended(code: FailureCode, group: CauseGroup, connection: Connection) -> bool:
    """Tell whether a replay is all it takes, as far as can be seen from here."""
    if code == FailureCode.OUTCOME_UNKNOWN:
        has_unknown: bool = connection.has_unknown  # type: ignore[attr-defined]
        return not has_unknown
    if code == FailureCode.CONNECTION_OFF:
        return connection.is_active
    if code == FailureCode.GUEST_PAYMENT_NEEDED:
        return not connection.asks_guests_for_money
    if code == FailureCode.CONNECTION_INCOMPLETE:
        connector = CONNECTORS.get(connection.system)
        has_faults = connector is None or bool(connector.faults_of(connection))
        return bool(connection.buyer_email) and not has_faults
    checked_at = connection.checked_at
    was_tested = checked_at is not None and checked_at > group.last_at
    return code in _TESTED and was_tested and not connection.check_message
