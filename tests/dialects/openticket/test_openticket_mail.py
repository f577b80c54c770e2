"""The mail with the tickets: asked for as the order is issued, sent once, in the guest's language."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pypdfium2
import pytest
from django.core import mail as outbox_of
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from orders import mailing
from orders.models import Checkout, Order, OrderEvent
from partners.models import Storefront
from tests.dialects.openticket.shop import Shop
from tests.orders.expected import Clock
from wallets.models import Asset, ManifestMail

pytestmark = pytest.mark.usefixtures("clock")
Buy = Callable[..., Order]


@pytest.fixture(autouse=True)
def mails_may_be_sent(settings: Any) -> None:
    """Have a mail server."""
    settings.MAIL_ENABLED = True
    settings.DEFAULT_FROM_EMAIL = "tickets@dunes.example"


@pytest.fixture
def buy(issue: Callable[[str], Order], pay: Callable[[Any], Checkout]) -> Buy:
    """Buy a ticket of a shop, and issue it."""

    def bought(shop: Shop) -> Order:
        answer = shop.order(shop.body(shop.reserve(shop.ticket("Show"))))
        return issue(str(pay(answer).order_id))

    return bought


def run_jobs() -> None:
    ours = [str(mail.pk) for mail in ManifestMail.objects.all()]
    for job in ProcrastinateJob.objects.filter(
        task_name="orders.send_mail", args__mail_id__in=ours
    ):
        mail_id = uuid.UUID(job.args["mail_id"])
        mailing.send_mail(mail_id=mail_id, clock=timezone.now, is_last_try=False)


def history() -> list[tuple[str, str, str]]:
    events = OrderEvent.objects.filter(name__startswith="mail_").order_by("id")
    return [(event.name, event.actor, event.reason) for event in events]


def text_of_pdf(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    return "".join(page.get_textpage().get_text_range() for page in document)


def test_the_receiver_is_mailed_the_tickets_in_the_receivers_language(shop: Shop, buy: Buy) -> None:
    order = buy(shop)
    run_jobs()
    (sent,) = outbox_of.outbox
    assert (sent.to, sent.subject) == (["jane.appleseed@example.com"], "Je tickets voor Dune Park")
    assert f"/m/{order.token}" in sent.body
    ((name, data, kind),) = sent.attachments
    assert (name.endswith(".pdf"), kind) == (True, "application/pdf")
    number = Asset.objects.get(wallet__order=order).reference_number
    assert number in "".join(text_of_pdf(data).split())
    assert history() == [("mail_asked", "worker", ""), ("mail_sent", "worker", "")]


def test_it_is_sent_once_however_often_the_jobs_run(
    shop: Shop, buy: Buy, issue: Callable[[str], Order]
) -> None:
    order = buy(shop)
    issue(str(order.pk))
    run_jobs()
    run_jobs()
    assert len(outbox_of.outbox) == 1
    assert [(row.status, row.attempts) for row in ManifestMail.objects.all()] == [("Sent", 1)]


def test_a_mail_whose_worker_died_while_it_was_sent_is_not_sent_again(
    shop: Shop, buy: Buy, monkeypatch: pytest.MonkeyPatch
) -> None:
    buy(shop)
    with monkeypatch.context() as patch:
        patch.setattr(mailing.mail_server, "send", _die)
        with pytest.raises(SystemExit):
            run_jobs()
    assert ManifestMail.objects.get().status == "Sending"
    run_jobs()
    assert outbox_of.outbox == []
    row = ManifestMail.objects.get()
    assert (row.status, "whether it left is not known" in row.failure) == ("Failed", True)


def _die(_message: object) -> None:
    raise SystemExit


def test_a_job_that_is_lost_leaves_a_failure_that_staff_see(
    shop: Shop, buy: Buy, clock: Clock
) -> None:
    buy(shop)
    mailing.give_up_mails(now=clock.forward(hours=1, seconds=1))
    assert history()[-1] == (
        *("mail_failed", "worker", "It waited for too long: nothing was sent."),
    )


def test_a_shop_that_has_it_disabled_mails_nobody(shop: Shop, buy: Buy) -> None:
    Storefront.objects.update(mails_tickets=False)
    buy(shop)
    assert (ManifestMail.objects.count(), history()) == (0, [])


def test_tests_mail_nobody(test_shop: Shop, buy: Buy) -> None:
    buy(test_shop)
    assert ManifestMail.objects.count() == 0


def test_without_a_mail_server_the_failure_says_so(shop: Shop, buy: Buy, settings: Any) -> None:
    settings.MAIL_ENABLED = False
    buy(shop)
    run_jobs()
    assert history()[-1] == (
        *("mail_failed", "worker", "No mail server is set up: EMAIL_URL is not set."),
    )
