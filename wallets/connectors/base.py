"""What orders and connectors say to each other: what is to be issued, what came of it, and faults.

A connector is stateless: what it must remember between its calls is the desk's `progress`. It
returns results; orders applies them.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, Protocol

from catalog.expansion import PlannedComponent
from catalog.models import Connection
from wallets.models import CallEffect, OutsideOrder, Wallet

if TYPE_CHECKING:
    from wallets.connectors.desk import Desk


class AssetKey(NamedTuple):
    """Which ticket or coupon of an order is meant: its identity without the generation."""

    wallet_id: uuid.UUID
    component_id: uuid.UUID
    unit: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class LineToIssue:
    """The wallets of one line, and what goes into each of them."""

    wallets: Sequence[Wallet]
    components: Sequence[PlannedComponent]

    def assets(self) -> Iterator[tuple[AssetKey, PlannedComponent]]:
        """Return every asset that is wanted, with the component it is a unit of."""
        for wallet in self.wallets:
            for component in self.components:
                for unit in range(1, component.units + 1):
                    yield AssetKey(wallet.pk, component.component_id, unit), component


@dataclasses.dataclass(frozen=True)
class Issued:
    """The number that the gate scans, for every asset that was wanted."""

    numbers: Mapping[AssetKey, str]


class NumberSource(Protocol):
    """Gives the numbers of a whole order's tickets; stores nothing itself."""

    name: str

    def issue(self, lines: Sequence[LineToIssue]) -> Issued:
        """Return a number for every asset of the lines."""


class Cause(enum.StrEnum):
    """Why an outside system did not do what it was asked; staff read its text (orders/causes)."""

    TIMED_OUT = "timed_out_there"
    AWAY = "system_away"
    BUSY = "system_busy"
    UNREACHABLE = "system_unreachable"
    CERTIFICATE = "certificate_error"
    REDIRECTED = "answer_redirects"
    TOO_LARGE = "answer_too_large"
    UNREADABLE = "answer_unreadable"
    CREDENTIALS = "credentials_refused"
    NOT_KNOWN = "not_known_there"
    NO_OUTSIDE_ID = "no_outside_id"
    REFUSED = "refused_there"
    SOLD_OUT = "sold_out_there"
    CURRENCY = "wrong_currency_there"
    PAYMENT_NEEDED = "guest_payment_needed"
    NOT_PAID = "not_paid_there"
    TWO_ORDERS = "two_orders_there"
    OUTCOME_UNKNOWN = "outcome_unknown"
    SWITCHED_OFF = "connection_off"
    MISCONFIGURED = "connection_incomplete"


class ConnectorError(Exception):
    """An outside system did not do what it was asked.

    permanent: asking again changes nothing until a person mends something. effect: whether it may
    have done it all the same; DONE never. wait: seconds that it asked to be left alone.
    """

    def __init__(
        self,
        cause: Cause,
        detail: str,
        *,
        permanent: bool,
        effect: CallEffect = CallEffect.NONE,
        wait: int | None = None,
        status_code: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail
        self.permanent = permanent
        self.effect = effect
        self.wait = wait
        self.status_code = status_code


class NothingThere(ConnectorError):
    """It failed, and that system has said that nothing of the order exists there (any more)."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(cause, detail, permanent=True)


class UnsupportedByPartner(Exception):
    """The outside system has no way to do this; `capability` names what it lacks."""

    def __init__(self, connection: Connection, capability: str) -> None:
        super().__init__(f"{connection.get_system_display()} has no way to {capability}.")
        self.capability = capability


class TryLater(Exception):
    """Nothing is wrong, or nothing for good: the same is to be asked again after so many seconds."""

    def __init__(self, seconds: int, why: str) -> None:
        super().__init__(why)
        self.seconds = seconds


@dataclasses.dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What an outside system can do. What it cannot raises UnsupportedByPartner.

    cancel: a whole order; refund: single tickets of it. read_back: how an order of ours stands.
    push: it tells us of changes. catalogue: it lists what it sells. poll_seconds: the least time
    between two questions about one order.
    """

    hold: bool
    availability: bool
    cancel: bool
    refund: bool
    read_back: bool
    push: bool
    catalogue: bool
    poll_seconds: int = 60


@dataclasses.dataclass(frozen=True, kw_only=True)
class Unit:
    """One ticket or coupon that is wanted elsewhere: `count` tickets there, for a group's asset.

    outside_session and outside_item: what that system calls it.
    """

    key: AssetKey
    outside_session: str
    outside_item: str
    count: int
    valid_from: datetime.datetime
    valid_until: datetime.datetime


@dataclasses.dataclass(frozen=True, kw_only=True)
class Buyer:
    """Who the tickets are for; nothing of it is empty.

    Where the partner did not say: the connection's own address, and our document number for a name.
    language: BCP 47, such as nl or nl-NL.
    """

    email: str
    first_name: str
    last_name: str
    language: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wish:
    """What one connection is to issue for one order.

    reference: what we call it there, the same however often it is asked. amount: what the partner
    sold all of the order for, VAT included, in `currency`.
    """

    reference: str
    units: Sequence[Unit]
    buyer: Buyer
    amount: Decimal | None
    currency: str
    redemptions: int | None = None

    def by_item(self) -> dict[tuple[str, str], int]:
        """Return how many tickets are wanted of each outside session and item."""
        counts: dict[tuple[str, str], int] = {}
        for unit in self.units:
            key = (unit.outside_session, unit.outside_item)
            counts[key] = counts.get(key, 0) + unit.count
        return counts


class TicketState(enum.StrEnum):
    """How a ticket stands at the other side."""

    VALID = "valid"
    USED = "used"
    CANCELLED = "cancelled"


@dataclasses.dataclass(frozen=True, kw_only=True)
class OutsideTicketData:
    """One ticket as an outside system tells it; what it does not tell is empty.

    outside_session and outside_item: what it is one of, as in the units that were asked for.
    outside_id: what that system knows it by; number: what is scanned. state None: not told, or in a
    word that nobody knows; it changes nothing.
    """

    outside_session: str = ""
    outside_item: str = ""
    outside_id: str = ""
    number: str = ""
    url: str = ""
    state: TicketState | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Standing:
    """How an order stands at the other side.

    exists None: it cannot be told. tickets: in no order; none where that system does not list them.
    """

    exists: bool | None
    outside_reference: str = ""
    tickets_url: str = ""
    tickets: Sequence[OutsideTicketData] = ()
    is_cancelled: bool = False
    remarks: Sequence[Remark] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Remark:
    """What a system tells of an order and we can do nothing about: staff read it, noted once.

    name: of the event in the order's history there. detail: a sentence, without people.
    """

    name: str
    detail: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class CatalogueEntry:
    """Something an outside system sells, for staff to pick.

    starts_at: aware, or naive in the venue's time zone; price: of one, in its currency.
    """

    outside_session: str
    outside_item: str
    label: str
    starts_at: datetime.datetime | None = None
    price: Decimal | None = None


class Catalogue(list[CatalogueEntry]):
    """What may be picked as an outside id; `is_cut` where that system sells more than was read."""

    def __init__(self, entries: Iterable[CatalogueEntry] = (), *, is_cut: bool = False) -> None:
        super().__init__(entries)
        self.is_cut = is_cut


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlacesThere:
    """How many places are left of one thing there; None: it does not count them."""

    outside_session: str
    outside_item: str
    left: int | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class PushedNotice:
    """What a verified push tells: once per `dedupe_key`, about the order of `outside_reference`."""

    dedupe_key: str
    event: str
    outside_reference: str


class BadSignature(Exception):
    """A push does not prove that it comes from the outside system."""


class Connector(Protocol):
    """One outside system. No method keeps anything but through the desk; all may raise ConnectorError.

    What its `capabilities` deny raises UnsupportedByPartner.
    """

    capabilities: Capabilities
    # Names of the secrets of a connection, in the order in which staff are asked for them; and
    # those it can do without.
    credentials: Sequence[str]
    optional_credentials: Sequence[str]

    def faults_of(self, connection: Connection) -> Mapping[str, str]:
        """Return what is wrong with a connection's settings, by field; asks nobody."""

    def check(self, connection: Connection) -> str:
        """Try address and credentials with a call that changes nothing; say what was found."""

    def prepare(self, desk: Desk, wish: Wish) -> None:
        """Do what can be let lapse: hold places, fill a basket. Resumes where it stopped."""

    def commit(self, desk: Desk, wish: Wish) -> Standing:
        """Do what counts, and return what was made. Resumes where it stopped. Raises TryLater."""

    def read_back(self, desk: Desk) -> Standing:
        """Tell how an order that was begun stands; `exists` None where that cannot be told."""

    def can_change(self, outside_order: OutsideOrder) -> bool:
        """Tell whether there is anything to learn of an order by reading it back; asks nobody."""

    def cancel(self, desk: Desk, tickets: Sequence[OutsideTicketData]) -> None:
        """Cancel these tickets of an order that was made; all of them are all of it."""

    def list_catalogue(self, connection: Connection) -> Catalogue:
        """Return what may be picked as the outside id of a component, and whether that is all."""

    def ask_places(self, connection: Connection, outside_session: str) -> Sequence[PlacesThere]:
        """Return what is left of each item of an outside session."""

    def read_push(
        self, connection: Connection, headers: Mapping[str, str], body: bytes
    ) -> PushedNotice:
        """Verify a push and return what it tells; raises BadSignature. Asks nobody.

        headers: by lower-case name.
        """
