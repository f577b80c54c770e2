"""Admitting at the gate: one scan, one answer, however often it is asked."""

from __future__ import annotations

import dataclasses
import datetime
import uuid

from django.db import IntegrityError, transaction

from channel_manager.history import runner
from channel_manager.history.runner import Change
from channel_manager.lib.errors import ErrorCode, Refusal
from channel_manager.lib.identity import time_ordered_uuid
from channel_manager.lib.moments import in_utc
from orders.announcing import announce
from orders.gate import words
from orders.gate.answer import compose
from orders.gate.counting import left_of_scanned, scans_of
from orders.gate.recognition import Recognised, recognise
from orders.gate.verdict import Candidate, Question, choose, judge, refusal_of_wallet
from orders.gate.words import Background, LastAdmission
from partners.models import EventType
from wallets.models import Asset, GateDevice, Scan, ScanCode, Wallet

EVENT = "admitted"
# Each time another gate was faster, something was admitted; nobody is overtaken this often.
_MOST_TRIES = 20


class RequestIdReused(Refusal):
    """The device has used this request id for another scan."""

    code = ErrorCode.IDEMPOTENCY_MISMATCH


class Contended(Refusal):
    """Other gates were faster again and again."""

    code = ErrorCode.BUSY


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Asked:
    """One scan as a device sent it."""

    device: GateDevice
    scanned: str
    request_id: str
    question: Question


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Verdict:
    """What is decided: a code, its words, and what it is about."""

    code: ScanCode
    reason: str
    candidate: Candidate | None = None
    wallet: Wallet | None = None


def admit(
    *,
    device: GateDevice,
    reference_number: str,
    request_id: str,
    quantity: int = 1,
    now: datetime.datetime,
) -> Scan:
    """Admit or refuse what a device scanned, and return the scan with its answer.

    A repeated request id has its first answer. Raises RequestIdReused when it stood for another
    number or quantity, Contended when other gates were faster all the time.
    """
    question = Question(quantity=quantity, now=now, zone=device.venue.zone)
    asked = _Asked(
        device=device, scanned=reference_number, request_id=request_id, question=question
    )
    if stored := _stored(asked):
        return stored
    for tries_left in reversed(range(_MOST_TRIES)):
        try:
            with transaction.atomic():
                scan = _answer(asked)
        except IntegrityError:
            # The same request was answered meanwhile, or the asset went with its order.
            scan = _stored(asked)
            if scan is None and not tries_left:
                raise
        if scan is not None:
            return scan
    raise Contended("Other gates were scanning the same ticket. Scan it again.", retry_after=1)


def _stored(asked: _Asked) -> Scan | None:
    """Return the answer that this request was given before."""
    found = Scan.objects.filter(device=asked.device, request_id=asked.request_id).first()
    if found is None:
        return None
    if (found.reference_number, found.quantity) != (asked.scanned, asked.question.quantity):
        raise RequestIdReused("This requestId was used for another scan of this device.")
    found.device = asked.device
    return found


def _answer(asked: _Asked) -> Scan | None:
    """Answer a scan in the open transaction; None when another gate was faster.

    Only what is about to be admitted is locked, one asset, and judged again under the lock.
    """
    found = recognise(device=asked.device, scanned=asked.scanned)
    if not found.candidates:
        return _store(asked, _nothing_there(found))
    code, candidate = _choose(found, asked.question)
    if code == ScanCode.ADMITTED:
        locked = runner.lock(Asset.objects.filter(pk=candidate.asset.pk))
        if not locked:
            return None
        asset = _at_hand(locked[0], candidate)
        left = None
        if candidate.number_left is not None:
            # Another gate may have scanned the same guest's number meanwhile.
            left = left_of_scanned(asset, asked.scanned)
        candidate = dataclasses.replace(candidate, asset=asset, number_left=left)
        if judge(candidate, asked.question) != ScanCode.ADMITTED:
            return None
        return _admit(asked, candidate)
    background = _background(code, candidate, asked)
    reason = words.say_ticket(code, candidate, asked.question, background)
    return _store(
        asked, _Verdict(code=code, reason=reason, candidate=candidate, wallet=candidate.wallet)
    )


def _choose(found: Recognised, question: Question) -> tuple[ScanCode, Candidate]:
    if found.by_own_number:
        (only,) = found.candidates
        return judge(only, question), only
    return choose(found.candidates, question)


def _at_hand(locked: Asset, candidate: Candidate) -> Asset:
    """Give a row that was read again what had been read along with it."""
    locked.item = candidate.asset.item
    locked.outside_rows = candidate.asset.outside_rows  # type: ignore[attr-defined]
    locked.wallet = candidate.wallet
    return locked


def _admit(asked: _Asked, candidate: Candidate) -> Scan:
    """Take the admissions of a locked asset, and record it on the order.

    The order is not locked: whoever ends it needs the lock on this asset first.
    """
    quantity = asked.question.quantity
    runner.apply_to([candidate.asset], lambda asset: asset.admit(quantity))
    reason = words.say_ticket(ScanCode.ADMITTED, candidate, asked.question, Background())
    scan = _store(
        asked,
        _Verdict(
            code=ScanCode.ADMITTED, reason=reason, candidate=candidate, wallet=candidate.wallet
        ),
    )
    runner.note(
        candidate.order,
        change=Change(
            name=EVENT,
            actor=asked.device.actor,
            now=asked.question.now,
            data=event_data(scan, candidate.asset),
        ),
    )
    announce(
        candidate.order,
        EventType.ADMITTED,
        now=asked.question.now,
        **announced_data(scan, candidate.asset),
    )
    return scan


def admit_elsewhere(
    *,
    device: GateDevice,
    candidate: Candidate,
    scanned: str,
    request_id: str,
    quantity: int,
    now: datetime.datetime,
) -> Scan:
    """Write down that an outside system has admitted a locked asset; nothing of it is judged.

    request_id: unused by the device, which stands for that system.
    """
    question = Question(quantity=quantity, now=now, zone=device.venue.zone)
    asked = _Asked(device=device, scanned=scanned, request_id=request_id, question=question)
    return _admit(asked, candidate)


def announced_data(scan: Scan, asset: Asset) -> dict[str, object]:
    """Return what a partner is told of an admission, beside its order."""
    return {
        "walletReferenceNumber": asset.wallet.reference_number,
        "assetReferenceNumber": asset.reference_number,
        "quantity": scan.quantity,
        "admittedAt": in_utc(scan.at),
    }


def event_data(scan: Scan, asset: Asset) -> dict[str, object]:
    """Return what an order's history keeps of an admission."""
    return {
        "assetReferenceNumber": asset.reference_number,
        "walletReferenceNumber": asset.wallet.reference_number,
        "device": scan.device.name,
        "quantity": scan.quantity,
        "scanId": str(scan.pk),
    }


def _nothing_there(found: Recognised) -> _Verdict:
    """Return the refusal of a scan that stands for no ticket."""
    if found.is_test:
        return _Verdict(code=ScanCode.TEST_MODE, reason=words.say(ScanCode.TEST_MODE))
    if found.is_whole_order:
        return _Verdict(code=ScanCode.UNKNOWN, reason=words.WHOLE_ORDER)
    if found.was_removed:
        return _Verdict(code=ScanCode.CANCELLED, reason=words.REMOVED)
    if found.wallet is None:
        return _Verdict(code=ScanCode.UNKNOWN, reason=words.say(ScanCode.UNKNOWN))
    code = refusal_of_wallet(found.wallet)
    reason = words.say(code, found.wallet.order)
    return _Verdict(code=code, reason=reason, wallet=found.wallet)


def _background(code: ScanCode, candidate: Candidate, asked: _Asked) -> Background:
    """Read what the words of some refusals need beside the ticket."""
    if code == ScanCode.ALREADY_USED:
        last = _last_admission(candidate, asked.scanned)
        if last is not None:
            return Background(
                last_admission=LastAdmission(at=last.at, device_name=last.device.name)
            )
    if code == ScanCode.REPLACED:
        day = candidate.asset.visit_date
        newer = Asset.objects.living().like(candidate.asset).exclude(visit_date=day)
        return Background(moved_to=newer.values_list("visit_date", flat=True).first())
    if code == ScanCode.WRONG_GATE:
        items = asked.device.items.order_by("description").values_list("description", flat=True)
        return Background(gate_items=list(items))
    return Background()


def _last_admission(candidate: Candidate, scanned: str) -> Scan | None:
    """Return the newest admission: of the ticket, or of one guest of it whose number this is."""
    if candidate.number_left is not None:
        return next(iter(scans_of(candidate.asset, scanned)), None)
    scans = Scan.objects.standing().filter(asset__in=Asset.objects.like(candidate.asset))
    return scans.select_related("device").order_by("-at").first()


def _store(asked: _Asked, verdict: _Verdict) -> Scan:
    scan_id: uuid.UUID = time_ordered_uuid()
    return Scan.objects.create(
        id=scan_id,
        device=asked.device,
        request_id=asked.request_id,
        reference_number=asked.scanned,
        quantity=asked.question.quantity,
        admitted=verdict.code == ScanCode.ADMITTED,
        code=verdict.code,
        reason=verdict.reason,
        asset=verdict.candidate.asset if verdict.candidate else None,
        answer=compose(
            scan_id=scan_id,
            request_id=asked.request_id,
            scanned=asked.scanned,
            code=verdict.code,
            reason=verdict.reason,
            question=asked.question,
            candidate=verdict.candidate,
            wallet=verdict.wallet,
        ),
        at=asked.question.now,
    )
