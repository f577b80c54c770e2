"""The link of a manifest sent again: to the partner's webhook, or to the guest by e-mail, once."""

from __future__ import annotations

import smtplib
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail as outbox_of
from django.core.mail.backends import locmem
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from channel_manager.lib.mail import MailServerAway
from orders import mailing
from orders.models import Order, OrderEvent
from partners.models import Partner, WebhookEvent
from tests.conftest import ApiClient
from tests.orders.expected import Clock, line, settle
from tests.staff import messages_of, person, signed_in, text_of
from wallets.models import ManifestMail

pytestmark = pytest.mark.usefixtures("clock")
Issue = Callable[[str], Order]
GUEST = {"sellToEmail": "renee@example.com", "sellToName": "Renée", "sellToLanguage": "nl"}


@pytest.fixture(autouse=True)
def mails_may_be_sent(settings: Any) -> None:
    """Have a mail server."""
    settings.MAIL_ENABLED = True
    settings.DEFAULT_FROM_EMAIL = "tickets@dunes.example"


@pytest.fixture
def desk(order_desk: User) -> Client:
    """The browser of somebody at the order desk."""
    return signed_in(order_desk)


@pytest.fixture
def allowed(partner: Partner) -> Partner:
    """Our partner, who lets the venue mail its guests."""
    Partner.objects.update(mails_manifests=True)
    return partner


@pytest.fixture
def issued(api: ApiClient, issue: Issue) -> dict[str, Any]:
    """Two day tickets, one line of which has a guest of its own."""
    other = line(quantity=2, sellToEmail="bob@example.com", sellToName="Bob", sellToLanguage="en")
    return settle(api, issue, line(), other, **GUEST)


def url(order: dict[str, Any], name: str) -> str:
    return reverse(f"admin:orders_order_{name}", args=[order["orderId"]])


def press(client: Client, page_url: str, **answers: str) -> Any:
    page = client.get(page_url)
    seen = page.context["form"]["seen"].value()
    return client.post(page_url, {"seen": seen, "reason": "Lost it", **answers}, follow=True)


def run_job(*, is_last_try: bool = False) -> None:
    """Do what the worker does for the mail that was asked for."""
    job = ProcrastinateJob.objects.filter(task_name="orders.send_mail").latest("id")
    mail_id = uuid.UUID(job.args["mail_id"])
    mailing.send_mail(mail_id=mail_id, clock=timezone.now, is_last_try=is_last_try)


def history() -> list[tuple[str, str, dict[str, Any]]]:
    events = OrderEvent.objects.filter(name__startswith="mail_").order_by("id")
    return [(event.name, event.reason, event.data) for event in events]


def test_the_partner_is_told_the_link(desk: Client, issued: dict[str, Any]) -> None:
    assert "Sunny Trips has no webhook endpoint that takes this event" in text_of(
        desk.get(url(issued, "resend"))
    )
    done = press(desk, url(issued, "resend"))
    assert "stands in the feed of Sunny Trips." in messages_of(done)[0]
    event = WebhookEvent.objects.latest("pk")
    assert (event.type, event.data["manifestUrl"], event.data["status"]) == (
        *("ota_cm_order_changed", issued["manifestUrl"], "Issued"),
    )
    assert OrderEvent.objects.latest("id").reason == "Lost it"


def test_the_guest_gets_the_link_in_his_language(
    desk: Client, issued: dict[str, Any], allowed: Partner
) -> None:
    done = press(desk, url(issued, "mail"), to="0")
    assert "is on its way" in messages_of(done)[0]
    assert outbox_of.outbox == []
    run_job()
    (sent,) = outbox_of.outbox
    (html, kind), *_ = sent.alternatives
    assert (sent.to, sent.subject, sent.from_email, kind) == (
        ["renee@example.com"],
        "Je tickets voor Dune Park",
        "Dune Park <tickets@dunes.example>",
        "text/html",
    )
    for body in (sent.body, html):
        assert "Beste Renée," in body
        assert issued["manifestUrl"] in body
    assert "die je bij Sunny Trips hebt gekocht" in sent.body
    assert history() == [
        ("mail_asked", "Lost it", {"to": "guest of the order"}),
        ("mail_sent", "", {"to": "guest of the order"}),
    ]
    run_job()
    assert len(outbox_of.outbox) == 1
    row = ManifestMail.objects.get()
    assert (row.status, row.attempts) == ("Sent", 1)


def test_the_guest_of_a_line_gets_the_links_of_its_wallets_only(
    desk: Client, issued: dict[str, Any], allowed: Partner
) -> None:
    press(desk, url(issued, "mail"), to="200000")
    run_job()
    (sent,) = outbox_of.outbox
    links = [wallet["manifestUrl"] for wallet in issued["items"][1]["wallets"]]
    assert (sent.to, sent.subject) == (["bob@example.com"], "Your tickets for Dune Park")
    assert [link in sent.body for link in links] == [True, True]
    assert issued["manifestUrl"] not in sent.body
    assert history()[0][2] == {"to": "guest of line 200000"}


def test_guests_are_mailed_only_where_the_partner_allows_it_and_never_by_tests(
    desk: Client, issued: dict[str, Any], tester: ApiClient, issue: Issue, settings: Any
) -> None:
    page = desk.get(reverse("admin:orders_order_change", args=[issued["orderId"]]))
    assert "E-mail link" not in [button.label for button in page.context["buttons"]]
    assert desk.get(url(issued, "mail"), follow=True).redirect_chain
    Partner.objects.update(mails_manifests=True)
    test = settle(tester, issue, line(), **GUEST)
    assert desk.get(url(test, "mail"), follow=True).redirect_chain
    for order, told in ((test, "Test orders mail nobody."), (issued, "No mail server is set up")):
        settings.MAIL_ENABLED = order is test
        with pytest.raises(mailing.MailNotPossible, match=told):
            mailing.ask_for_mail(
                orders=Order.objects.all(),
                order_id=uuid.UUID(order["orderId"]),
                line_no=None,
                actor="staff:1",
                now=timezone.now(),
            )
    assert "No mail server is set up" in text_of(desk.get(url(issued, "mail")))
    clerk = signed_in(person("clerk", "orders.view_order"))
    assert [clerk.get(url(issued, name)).status_code for name in ("mail", "resend")] == [403, 403]


def test_two_presses_are_one_mail_and_a_cancelled_order_sends_none(
    desk: Client, issued: dict[str, Any], allowed: Partner, api: ApiClient
) -> None:
    press(desk, url(issued, "mail"), to="0")
    again = press(desk, url(issued, "mail"), to="0")
    assert messages_of(again) == ["An e-mail of this order is on its way already."]
    api.delete(issued["orderId"])
    run_job()
    assert outbox_of.outbox == []
    assert history()[-1][:2] == (
        *("mail_failed", "The order is Cancelled: there is no manifest to send."),
    )


def test_a_server_that_is_away_is_tried_again_and_one_that_refuses_is_not(
    desk: Client,
    issued: dict[str, Any],
    allowed: Partner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(_self: object) -> None:
        raise ConnectionRefusedError

    def refuse(_self: object, _messages: object) -> None:
        raise smtplib.SMTPRecipientsRefused({"renee@example.com": (550, b"No such user")})

    press(desk, url(issued, "mail"), to="0")
    with monkeypatch.context() as patch:
        patch.setattr(locmem.EmailBackend, "open", away)
        with pytest.raises(MailServerAway):
            run_job()
        assert ManifestMail.objects.get().status == "Waiting"
    with monkeypatch.context() as patch:
        patch.setattr(locmem.EmailBackend, "send_messages", refuse)
        run_job()
    assert history()[-1][:2] == ("mail_failed", "The mail server refused the address (550).")
    press(desk, url(issued, "mail"), to="0")
    with monkeypatch.context() as patch:
        patch.setattr(locmem.EmailBackend, "open", away)
        run_job(is_last_try=True)
    assert history()[-1][:2] == ("mail_failed", "The mail server could not be reached.")


def test_a_mail_that_may_have_left_is_not_sent_again(
    desk: Client, issued: dict[str, Any], allowed: Partner
) -> None:
    press(desk, url(issued, "mail"), to="0")
    ManifestMail.objects.update(status="Sending")
    run_job()
    assert outbox_of.outbox == []
    assert "whether it left is not known" in history()[-1][1]


def test_a_mail_whose_job_was_lost_fails_so_that_another_can_be_asked_for(
    desk: Client, issued: dict[str, Any], allowed: Partner, clock: Clock
) -> None:
    press(desk, url(issued, "mail"), to="0")
    mailing.give_up_mails(now=clock.forward(minutes=59))
    assert ManifestMail.objects.get().status == "Waiting"
    mailing.give_up_mails(now=clock.forward(minutes=2))
    assert history()[-1][1] == "It waited for too long: nothing was sent."
    run_job()
    assert outbox_of.outbox == []
