"""Who may do what in the admin: the one table of roles and permissions.

To add something, add a line to its area, or a permission to a line; the owner has them all. Every
installation follows at the end of its next `migrate` (roles.py). Refused are things by their
permission, never by a role's name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

OWNER = "owner"
ORDERDESK = "orderdesk"
CATALOG = "catalog"
PARTNERS = "partners"
FINANCE = "finance"
VIEWER = "viewer"

ROLES: Mapping[str, str] = {
    OWNER: "Runs the place: everything below, people and roles included.",
    ORDERDESK: "Helps guests and partners on the phone: mends, moves and cancels orders.",
    CATALOG: "Decides what is sold, when and how many: packages, prices, mappings, calendar.",
    PARTNERS: "Looks after sales channels: agreements, keys, webhooks, what they may sell.",
    FINANCE: "Reconciles: contracts, statements, periods and exports; looks at what staff did.",
    VIEWER: "Looks at everything in daily use and changes nothing.",
}
EVERYBODY = (ORDERDESK, CATALOG, PARTNERS, FINANCE, VIEWER)
NOBODY: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Deed:
    """Something that can be done: in a sentence, by which permissions, by whom beside the owner."""

    what: str
    permissions: tuple[str, ...]
    roles: tuple[str, ...]


def _each(app: str, verbs: str, models: str) -> tuple[str, ...]:
    """Return the permissions for each verb and model, such as catalog.add_item."""
    return tuple(f"{app}.{verb}_{model}" for model in models.split() for verb in verbs.split())


MATRIX: Mapping[str, tuple[Deed, ...]] = {
    "Orders": (
        Deed(
            "See orders with their tickets, money and history, holds, and why orders failed",
            (
                *_each("orders", "view", "order hold checkout orderevent"),
                *_each("wallets", "view", "wallet asset"),
            ),
            EVERYBODY,
        ),
        Deed(
            "See guests' names and e-mail addresses, and find orders by them",
            ("orders.view_personal_data",),
            (ORDERDESK,),
        ),
        Deed("Erase guests' personal data", ("orders.erase_personal_data",), NOBODY),
        Deed("Confirm a draft", ("orders.confirm_order",), (ORDERDESK,)),
        Deed(
            "Replay failed orders, one by one or all of a cause",
            ("orders.replay_order",),
            (ORDERDESK, CATALOG),
        ),
        Deed("Move an order to another day", ("orders.move_order",), (ORDERDESK,)),
        Deed("Cancel an order", ("orders.cancel_order",), (ORDERDESK,)),
        Deed("Cancel single wallets of an order", ("orders.cancel_wallet",), (ORDERDESK,)),
        Deed("Reissue a ticket or coupon", ("orders.reissue_asset",), (ORDERDESK,)),
        Deed(
            "Send the link to the tickets again, to the partner or the guest",
            ("wallets.resend_manifest",),
            (ORDERDESK, PARTNERS),
        ),
        Deed("Cancel what was used", ("orders.cancel_used_order",), NOBODY),
        Deed("Replay an order over the capacity", ("orders.overbook_order",), NOBODY),
        Deed("Release a hold", ("orders.change_hold",), (ORDERDESK,)),
        Deed(
            "Settle a checkout that was paid late: order after all, or note that the money went back",
            ("orders.settle_checkout",),
            (ORDERDESK, FINANCE),
        ),
        Deed(
            "See closed days and what became of their orders", ("orders.view_closure",), EVERYBODY
        ),
        Deed(
            "Close a day; its orders move or are cancelled by those who may do that",
            ("orders.add_closure",),
            (ORDERDESK,),
        ),
    ),
    "Gate": (
        Deed("See scans and gate devices", _each("wallets", "view", "scan gatedevice"), EVERYBODY),
        Deed(
            "Set up gate devices, give them keys, revoke them",
            _each("wallets", "add change", "gatedevice"),
            NOBODY,
        ),
        Deed(
            "See virtual queues and their reservations",
            _each("orders", "view", "virtualqueue reservation"),
            EVERYBODY,
        ),
        Deed(
            "Set up virtual queues; pause, resume and give up reservations",
            (*_each("orders", "add change", "virtualqueue"), "orders.change_reservation"),
            (ORDERDESK, CATALOG),
        ),
    ),
    "Catalogue": (
        Deed(
            "See packages, prices, items, mappings and allotments",
            _each("catalog", "view", "package component price item packagemapping allotment"),
            EVERYBODY,
        ),
        Deed(
            "Make and change packages with components and prices; put on sale, withdraw",
            _each("catalog", "add change delete", "package component price item"),
            (CATALOG,),
        ),
        Deed(
            "Map partners' item numbers to packages",
            _each("catalog", "add change", "packagemapping"),
            (ORDERDESK, CATALOG, PARTNERS),
        ),
        Deed("Delete a mapping", ("catalog.delete_packagemapping",), (CATALOG, PARTNERS)),
        Deed(
            "Set places aside for a partner",
            _each("catalog", "add change delete", "allotment"),
            (CATALOG, PARTNERS),
        ),
    ),
    "Outside systems": (
        Deed(
            "See connections to other systems, what components are there, and outside orders",
            (
                *_each("catalog", "view", "connection componentsource"),
                "wallets.view_outsideorder",
            ),
            EVERYBODY,
        ),
        Deed(
            "Set up and change connections with their credentials; switch them off",
            _each("catalog", "add change", "connection"),
            NOBODY,
        ),
        Deed("Test a connection", ("catalog.check_connection",), (ORDERDESK, CATALOG)),
        Deed(
            "Say by which system a component is issued, and as what",
            _each("catalog", "add change delete", "componentsource"),
            (CATALOG,),
        ),
        Deed(
            "Settle an order at another system whose outcome is not known, or that is left there",
            ("wallets.settle_outsideorder",),
            (ORDERDESK,),
        ),
    ),
    "Calendar": (
        Deed(
            "See sessions, rules, opening hours, closed days and seat plans",
            _each(
                "catalog",
                "view",
                "session attraction sessionrule sessionexception openinghours calendarday seatplan",
            ),
            EVERYBODY,
        ),
        Deed(
            "Change the calendar and seat plans, and single sessions",
            (
                *_each(
                    "catalog",
                    "add change delete",
                    "attraction sessionrule sessionexception openinghours calendarday seatplan",
                ),
                "catalog.change_session",
            ),
            (CATALOG,),
        ),
    ),
    "Partners": (
        Deed(
            "See partners, their keys by name, webhooks, storefronts and venues",
            _each("partners", "view", "partner apikey webhookendpoint storefront venue"),
            EVERYBODY,
        ),
        Deed(
            "Set up and change partners; activate, pause, close",
            _each("partners", "add change", "partner"),
            (PARTNERS,),
        ),
        Deed(
            "Make and revoke API keys, and secrets of storefronts",
            _each("partners", "add change", "apikey"),
            (PARTNERS,),
        ),
        Deed(
            "Open storefronts: let a shop sell in another system's words",
            ("partners.add_storefront",),
            (PARTNERS,),
        ),
        Deed(
            "Let a storefront sell on account",
            ("partners.change_storefront",),
            (PARTNERS,),
        ),
        Deed(
            "See and set who vouches for the guests of storefronts",
            _each("orders", "view add change delete", "guestissuer"),
            (PARTNERS,),
        ),
        Deed(
            "Set up, change, pause and delete webhook endpoints",
            _each("partners", "add change delete", "webhookendpoint"),
            (PARTNERS,),
        ),
        Deed("Send webhook events again", ("partners.replay_webhook",), (ORDERDESK, PARTNERS)),
        Deed("Set up and change venues", _each("partners", "add change", "venue"), NOBODY),
    ),
    "Finance": (
        Deed(
            "See the ledger",
            ("orders.view_ledgerentry",),
            (ORDERDESK, PARTNERS, FINANCE, VIEWER),
        ),
        Deed(
            "See contracts: what was agreed with partners on money",
            ("partners.view_contract",),
            (PARTNERS, FINANCE, VIEWER),
        ),
        Deed(
            "Agree on contracts, end them, remove those that nothing was sold under",
            _each("partners", "add change delete", "contract"),
            (PARTNERS, FINANCE),
        ),
        Deed(
            "See periods with their statements, positions, decisions, and exports",
            _each("orders", "view", "period statement position decision export"),
            (FINANCE, VIEWER),
        ),
        Deed(
            "Begin periods and upload partners' statements",
            _each("orders", "add", "period statement"),
            (FINANCE,),
        ),
        Deed(
            "Decide on differences, adjust the ledger, apply a contract to what was sold without",
            ("orders.decide_difference",),
            (FINANCE,),
        ),
        Deed("Review and close a period", ("orders.close_period",), (FINANCE,)),
        Deed("Reopen a closed period", ("orders.reopen_period",), NOBODY),
        Deed("Make exports of reports and download them", ("orders.add_export",), (FINANCE,)),
    ),
    "People and system": (
        Deed(
            "Manage people, as far as one's own rights reach",
            _each("auth", "view add change delete", "user"),
            NOBODY,
        ),
        Deed(
            "Manage groups of one's own beside these roles",
            _each("auth", "view add change delete", "group"),
            NOBODY,
        ),
        Deed("See what everybody did: the audit log", ("history.view_auditentry",), (FINANCE,)),
        Deed("See background jobs", ("procrastinate.view_procrastinatejob",), NOBODY),
    ),
}


def deeds() -> Iterator[Deed]:
    """Go through all lines of the table."""
    for lines in MATRIX.values():
        yield from lines


def may(role: str, deed: Deed) -> bool:
    """Tell whether a role may do something: the owner may do everything."""
    return role == OWNER or role in deed.roles


def permissions_of(role: str) -> frozenset[str]:
    """Return a role's permissions, such as orders.view_order."""
    return frozenset(name for deed in deeds() if may(role, deed) for name in deed.permissions)
