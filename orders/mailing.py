"""E-mailing a guest the link of a manifest: asked for by staff, sent in the background, once.

Guests of storefronts that mail tickets are mailed without being asked for, as soon as their order is
issued, with the tickets as a PDF besides.

The order is locked before its e-mail.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import QuerySet

from channel_manager.history import runner
from channel_manager.history.runner import WORKER, Change
from channel_manager.lib import mail as mail_server
from channel_manager.lib.errors import ErrorCode, Refusal
from channel_manager.lib.mail import MailNotSent, MailServerAway
from orders import reading
from orders.manifests import find_order_manifest, order_url, sale_of, wallet_url
from orders.models import Checkout, Order, OrderLine, OrderStatus
from orders.queueing import enqueue_mail
from wallets import mail, pdf
from wallets.mail import Guest
from wallets.manifest import ManifestPage
from wallets.models import MailStatus, ManifestMail, Wallet

ASKED, SENT, FAILED = "mail_asked", "mail_sent", "mail_failed"
_NO_ADDRESS = "There is no e-mail address to send it to."
_LONGEST = datetime.timedelta(hours=1)
_WAITED = "It waited for too long: nothing was sent."
_UNKNOWN = "The worker stopped while it was sent: whether it left is not known."


class MailNotPossible(Refusal):
    """The guest cannot be mailed as things stand; the text says why."""

    code = ErrorCode.ORDER_STATE_CONFLICT


def ask_for_mail(
    *,
    orders: QuerySet[Order],
    order_id: uuid.UUID,
    line_no: int | None,
    actor: str,
    now: datetime.datetime,
    reason: str = "",
) -> ManifestMail:
    """Have a guest of an Issued order mailed the link: the order's, or a line's own.

    Raises NotFound, MailNotPossible.
    """
    with transaction.atomic():
        order = reading.lock_order(orders, order_id)
        if obstacle := obstacle_of(order):
            raise MailNotPossible(obstacle)
        if guest_of(_whose(order, line_no)) is None:
            raise MailNotPossible(_NO_ADDRESS)
        if ManifestMail.objects.filter(order=order, ended_at=None).exists():
            raise MailNotPossible("An e-mail of this order is on its way already.")
        row = ManifestMail.objects.create(
            order=order, line_no=line_no, asked_by=actor, asked_at=now
        )
        enqueue_mail(row.pk)
        _record(order, ASKED, row, actor=actor, now=now, reason=reason)
        return row


def mail_tickets(*, order: Order, now: datetime.datetime) -> None:
    """Have the guest of an order that is being issued mailed the tickets, if its storefront does.

    In the transaction that issues it. What keeps the mail from being sent is noted as its outcome.
    """
    if _storefront_mails(order) and not order.test_mode and guest_of(order) is not None:
        row = ManifestMail.objects.create(order=order, asked_by=WORKER, asked_at=now)
        enqueue_mail(row.pk)
        _record(order, ASKED, row, actor=WORKER, now=now)


def send_mail(
    *, mail_id: uuid.UUID, clock: Callable[[], datetime.datetime], is_last_try: bool
) -> None:
    """Send an e-mail that was asked for; one that may have left before is not sent again.

    Raises MailServerAway, for the job to be tried again, unless it is the last try.
    """
    attached = _tickets_of(mail_id, clock())
    message = _begin(mail_id, clock())
    if message is None:
        return
    if attached is not None:
        message.attach(*attached)
    try:
        mail_server.send(message)
    except MailNotSent as fault:
        _end(mail_id, why=str(fault), now=clock())
    except MailServerAway:
        if is_last_try:
            _end(mail_id, why="The mail server could not be reached.", now=clock())
            return
        _put_off(mail_id)
        raise
    else:
        _end(mail_id, why="", now=clock())


def give_up_mails(*, now: datetime.datetime) -> None:
    """Fail what was asked for an hour ago and has no outcome: its job is lost."""
    open_ones = ManifestMail.objects.filter(status__in=(MailStatus.WAITING, MailStatus.SENDING))
    for key in open_ones.filter(asked_at__lt=now - _LONGEST).values_list("pk", flat=True):
        with transaction.atomic():
            order, row = _lock(key)
            if order is not None and row is not None and row.ended_at is None:
                why = _UNKNOWN if row.status == MailStatus.SENDING else _WAITED
                _fail(order, row, why=why, now=now)


def obstacle_of(order: Order) -> str:
    """Return why no guest of an order can be mailed; empty when one can."""
    if order.test_mode:
        return "Test orders mail nobody."
    if not allows_mails(order):
        return f"{order.partner} does not allow that its guests are mailed."
    if order.status != OrderStatus.ISSUED:
        return f"The order is {order.status}: there is no manifest to send."
    if not settings.MAIL_ENABLED:
        return "No mail server is set up: EMAIL_URL is not set."
    return ""


def allows_mails(order: Order) -> bool:
    """Tell whether the partner lets its guests be mailed, everywhere or by the storefront."""
    return order.partner.mails_manifests or _storefront_mails(order)


def guest_of(whose: Order | OrderLine | None) -> Guest | None:
    """Return the guest of an order or a line; None without an address."""
    if whose is None or not whose.sell_to_email:
        return None
    return Guest(
        address=whose.sell_to_email,
        name=whose.sell_to_name or "",
        language=whose.sell_to_language,
    )


def _storefront_mails(order: Order) -> bool:
    checkout: Checkout | None = getattr(order, "checkout", None)
    return checkout is not None and checkout.storefront.mails_tickets


def _tickets_of(mail_id: uuid.UUID, now: datetime.datetime) -> tuple[str, bytes, str] | None:
    """Return the tickets of an order as a PDF to attach, where its storefront mails them.

    Drawn before the order is locked: it takes a while.
    """
    orders = Order.objects.filter(manifest_mails=mail_id, manifest_mails__line_no=None)
    order = orders.select_related("checkout__storefront").first()
    if order is None or not _storefront_mails(order):
        return None
    page = find_order_manifest(token=order.token, language_tag=order.sell_to_language, now=now)
    if not isinstance(page, ManifestPage):
        return None
    return page.file_name, pdf.render_page(page), "application/pdf"


def _begin(mail_id: uuid.UUID, now: datetime.datetime) -> EmailMultiAlternatives | None:
    """Claim an e-mail that waits and return its message; None when there is nothing to send."""
    with transaction.atomic():
        order, row = _lock(mail_id)
        if order is None or row is None or row.ended_at is not None:
            return None
        whose = _whose(order, row.line_no)
        guest = guest_of(whose)
        obstacle = obstacle_of(order) or ("" if guest else _NO_ADDRESS)
        if row.status == MailStatus.SENDING:
            obstacle = _UNKNOWN
        links = _links(whose)
        if obstacle or guest is None or not links:
            _fail(order, row, why=obstacle or "Nothing of it is left.", now=now)
            return None
        runner.apply_to([row], lambda one: one.begin())
        return mail.compose(guest=guest, venue=order.venue, sale=sale_of(order), links=links)


def _whose(order: Order, line_no: int | None) -> Order | OrderLine | None:
    """Return what the guest stands on: the order, or its line of this number."""
    return order if line_no is None else order.lines.filter(line_no=line_no).first()


def _links(whose: Order | OrderLine | None) -> list[str]:
    """Return the order's manifest, or those of the wallets of a line whose guest is another."""
    if isinstance(whose, Order):
        return [order_url(whose)]
    wallets = Wallet.objects.living().filter(line=whose).order_by("seq_no")
    return [wallet_url(wallet) for wallet in wallets]


def _put_off(mail_id: uuid.UUID) -> None:
    with transaction.atomic():
        _order, row = _lock(mail_id)
        if row is not None and row.status == MailStatus.SENDING:
            runner.apply_to([row], lambda one: one.put_off())


def _end(mail_id: uuid.UUID, *, why: str, now: datetime.datetime) -> None:
    """Write what became of an e-mail that was being sent: why it failed, or that it was sent."""
    with transaction.atomic():
        order, row = _lock(mail_id)
        if order is None or row is None or row.status != MailStatus.SENDING:
            return
        if why:
            _fail(order, row, why=why, now=now)
        else:
            runner.apply_to([row], lambda one: one.succeed(now=now))
            _record(order, SENT, row, actor=WORKER, now=now)


def _fail(order: Order, row: ManifestMail, *, why: str, now: datetime.datetime) -> None:
    runner.apply_to([row], lambda one: one.fail(why=why, now=now))
    _record(order, FAILED, row, actor=WORKER, now=now, reason=why)


def _lock(mail_id: uuid.UUID) -> tuple[Order | None, ManifestMail | None]:
    """Lock the order, then its e-mail; nothing when they went meanwhile."""
    mails = ManifestMail.objects.filter(pk=mail_id)
    orders = Order.objects.filter(manifest_mails__in=mails)
    orders = orders.select_related("partner", "venue", "checkout__storefront")
    for order in runner.lock(orders):
        for row in runner.lock(mails):
            return order, row
    return None, None


def _record(
    order: Order,
    name: str,
    row: ManifestMail,
    *,
    actor: str,
    now: datetime.datetime,
    reason: str = "",
) -> None:
    """Append an event to the order's history; it names whose address, never the address."""
    to = f"guest of line {row.line_no}" if row.line_no else "guest of the order"
    change = Change(name=name, actor=actor, now=now, reason=reason, data={"to": to})
    runner.note(order, change=change)
