"""Whether a gate admits a ticket: one code, decided from what is known of it. Pure."""

from __future__ import annotations

import dataclasses
import datetime
import zoneinfo
from collections.abc import Sequence

from catalog.models import ItemType
from orders.models import Order, OrderStatus
from wallets.models import Asset, AssetStatus, ScanCode, Wallet, WalletStatus

_NO_TIME = datetime.timedelta()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Candidate:
    """A ticket or coupon that a scan may mean, and whether the gate is set to its item.

    is_replaced: a newer one has taken its place, and lives. number_left: what the number of one
    guest has left, where another system gave each of a group its own and that was scanned.
    """

    asset: Asset
    wallet: Wallet
    order: Order
    is_for_gate: bool
    is_replaced: bool = False
    number_left: int | None = None

    @property
    def admissions_left(self) -> int:
        """Return how many may still enter with what was scanned."""
        left = self.asset.admissions_left
        return left if self.number_left is None else min(left, self.number_left)

    @property
    def is_coupon(self) -> bool:
        """Tell whether it is redeemed rather than admitted."""
        return self.asset.type == ItemType.COUPON


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of the gate: so many at this moment, on the venue's clock."""

    quantity: int
    now: datetime.datetime
    zone: zoneinfo.ZoneInfo

    def local(self, moment: datetime.datetime) -> datetime.datetime:
        """Return a moment on the venue's clock."""
        return moment.astimezone(self.zone)

    @property
    def today(self) -> datetime.date:
        """Return the day on the venue's clock."""
        return self.local(self.now).date()


def judge(candidate: Candidate, question: Question) -> ScanCode:
    """Return the gate's verdict on one ticket or coupon.

    The reason that staff can do the least about is told first: a cancelled ticket is not also
    called too late.
    """
    asset = candidate.asset
    if candidate.order.test_mode:
        return ScanCode.TEST_MODE
    if asset.status == AssetStatus.DESTROYED:
        return ScanCode.REPLACED if candidate.is_replaced else ScanCode.CANCELLED
    if asset.status == AssetStatus.MINTED:
        return refusal_of_unissued(candidate.order)
    if not candidate.is_for_gate:
        return ScanCode.WRONG_GATE
    if candidate.admissions_left == 0:
        return ScanCode.ALREADY_USED
    if untimely := _judge_time(asset, question):
        return untimely
    if asset.status == AssetStatus.EXPIRED:
        return ScanCode.EXPIRED
    if candidate.admissions_left < question.quantity:
        return ScanCode.TOO_FEW_LEFT
    return ScanCode.ADMITTED


def refusal_of_unissued(order: Order) -> ScanCode:
    """Return why nothing of an order is valid yet."""
    if order.test_mode:
        return ScanCode.TEST_MODE
    return ScanCode.DRAFT if order.status == OrderStatus.DRAFT else ScanCode.NOT_ISSUED


def refusal_of_wallet(wallet: Wallet) -> ScanCode:
    """Return why a wallet without a ticket admits nobody."""
    if wallet.status == WalletStatus.DESTROYED and not wallet.test_mode:
        return ScanCode.CANCELLED
    return refusal_of_unissued(wallet.order)


def choose(candidates: Sequence[Candidate], question: Question) -> tuple[ScanCode, Candidate]:
    """Return which ticket of a wallet is meant, with the verdict on it.

    One that is admitted, the one that ends first; else the one whose refusal is nearest. Coupons
    are only redeemed by their own number.
    """
    tickets = [candidate for candidate in candidates if not candidate.is_coupon]
    verdicts = [(judge(ticket, question), ticket) for ticket in tickets]
    admitted = [verdict for verdict in verdicts if verdict[0] == ScanCode.ADMITTED]
    if admitted:
        return min(admitted, key=lambda verdict: _soonest(verdict[1].asset))
    coupons = [one for one in candidates if one.is_coupon and one.is_for_gate]
    if coupons and not any(ticket.is_for_gate for ticket in tickets):
        verdicts = [(_judge_coupon(coupon, question), coupon) for coupon in coupons]
    verdicts = verdicts or [(judge(candidate, question), candidate) for candidate in candidates]
    return min(verdicts, key=lambda verdict: _remoteness(verdict[0], verdict[1], question))


def _judge_time(asset: Asset, question: Question) -> ScanCode | None:
    """Return what is wrong with the moment; None within the ticket's window."""
    now = question.now
    if asset.valid_from <= now < asset.valid_until:
        return None
    is_early = now < asset.valid_from
    if asset.visit_date is None:
        return ScanCode.NOT_VALID_YET if is_early else ScanCode.EXPIRED
    # A session may end after midnight: both its days are the right one.
    last_moment = asset.valid_until - datetime.timedelta.resolution
    first, last = question.local(asset.valid_from).date(), question.local(last_moment).date()
    if question.today not in {asset.visit_date, first, last}:
        return ScanCode.WRONG_DAY
    return ScanCode.NOT_VALID_YET if is_early else ScanCode.WRONG_TIME


def _judge_coupon(coupon: Candidate, question: Question) -> ScanCode:
    """Return why a coupon is not redeemed by its wallet's number."""
    verdict = judge(coupon, question)
    of_the_order = {ScanCode.TEST_MODE, ScanCode.CANCELLED, ScanCode.DRAFT, ScanCode.NOT_ISSUED}
    return verdict if verdict in of_the_order else ScanCode.COUPON_BY_OWN_NUMBER


def _soonest(asset: Asset) -> tuple[datetime.datetime, int, int]:
    return asset.valid_until, asset.position, asset.unit


def _remoteness(
    code: ScanCode, candidate: Candidate, question: Question
) -> tuple[int, datetime.timedelta, bool, int, int]:
    """Return how far a refused ticket is from what the guest wants here and now."""
    asset = candidate.asset
    place = {ScanCode.WRONG_GATE: 1, ScanCode.CANCELLED: 2}.get(code, 0)
    too_early = max(asset.valid_from - question.now, _NO_TIME)
    too_late = max(question.now - asset.valid_until, _NO_TIME)
    is_used = code == ScanCode.ALREADY_USED
    return place, max(too_early, too_late), is_used, asset.position, asset.unit
